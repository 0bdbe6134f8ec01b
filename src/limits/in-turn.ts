import { markUnstored } from "../db/errors";
import { overloaded } from "./fair-admission";

/*
 * Mutations of one payment wait for each other, whatever else is done: each of them locks it. They wait here, where
 * that costs nothing, and not each on a connection of its own. Other processes still meet at the lock.
 */
export interface Turns {
  /**
   * Runs the work when what was asked earlier about the same subject is done; fails with `tooLate` when that takes
   * about as long as a lock would be waited for.
   */
  take<Result>(subject: string, turn: Turn<Result>): Promise<Result>;
}

interface Turn<Result> {
  readonly work: () => Promise<Result>;
  readonly tooLate: () => Error;
}

export interface TurnsOptions {
  readonly patienceMs: number;
  /** How many may wait for one subject. */
  readonly waitingMax: number;
}

export function createTurns({ patienceMs, waitingMax }: TurnsOptions): Turns {
  const lines = new Map<string, (() => void)[]>();
  const leave = (subject: string): void => {
    const next = lines.get(subject)?.shift();
    if (next) next();
    else lines.delete(subject);
  };
  const enter = (subject: string, tooLate: () => Error): Promise<void> | undefined => {
    const line = lines.get(subject);
    if (!line) {
      lines.set(subject, []);
      return undefined;
    }
    if (line.length >= waitingMax) return Promise.reject(unstored(overloaded()));
    // What came together must not give up together, and all be answered, and ask again, in one go.
    const ownPatienceMs = patienceMs * (0.5 + Math.random() / 2);
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        line.splice(line.indexOf(begin), 1);
        reject(unstored(tooLate()));
      }, ownPatienceMs);
      line.push(begin);
    });
  };
  return {
    take: async (subject, { work, tooLate }) => {
      await enter(subject, tooLate);
      try {
        return await work();
      } finally {
        leave(subject);
      }
    },
  };
}

/** It has not begun. */
function unstored(error: Error): Error {
  markUnstored(error);
  return error;
}
