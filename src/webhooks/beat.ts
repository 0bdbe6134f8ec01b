/**
 * Those that arrive within a moment of each other go on together, when there are many: what they then do is done by one
 * statement for all of them, which costs a process some ten times as much as a row in it.
 */
export interface Beat {
  /** At once when few are under way with it, those that wait here included; otherwise for all that have come by then. */
  join(underWay: number): Promise<void> | undefined;
}

/** From so many on it is worth it. */
const MANY = 24;
const TOGETHER_MAX = 100;
const WITHIN_MS = 15;

export function createBeat(): Beat {
  let waiting: (() => void)[] = [];
  let timer: NodeJS.Timeout | undefined;
  const goOn = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const all = waiting;
    waiting = [];
    for (const each of all) each();
  };
  return {
    join: (underWay) => {
      if (underWay < MANY) return undefined;
      return new Promise((resolve) => {
        waiting.push(resolve);
        timer ??= setTimeout(goOn, WITHIN_MS);
        if (waiting.length >= TOGETHER_MAX) goOn();
      });
    },
  };
}
