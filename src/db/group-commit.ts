import { Failure } from "../failures";

/**
 * Group commit: commands that arrive while a set is being committed wait and go together in the next
 * one. Alone, a command goes at once, as a set of one; there is no timer.
 */
export interface GroupCommitOptions<Command, Result> {
  /** Runs a set and gives each command's result, in order. A throw means that nothing of the set is known to be done. */
  readonly run: (commands: readonly Command[]) => Promise<readonly Result[]>;
  /**
   * What no two commands of one set may share (an idempotency key, an intent). The later of two waits for the next set,
   * where it finds what the earlier one committed.
   */
  readonly claims: (command: Command) => readonly string[];
  readonly sizeMax: number;
  /** Beyond this many waiting commands new ones are refused at once, rather than answered too late. */
  readonly waitingMax: number;
  /** Whether an error says something about the whole set (the database is away) and not about one command in it. */
  readonly concernsAll: (error: unknown) => boolean;
}

interface Waiting<Command, Result> {
  readonly command: Command;
  readonly claims: readonly string[];
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

export function groupCommit<Command, Result>(
  options: GroupCommitOptions<Command, Result>,
): (command: Command) => Promise<Result> {
  let waiting: Waiting<Command, Result>[] = [];
  let scheduled = false;
  let flying = false;

  function schedule(): void {
    if (scheduled || flying || waiting.length === 0) return;
    scheduled = true;
    // All requests read in this turn of the event loop get into the same set.
    setImmediate(() => {
      scheduled = false;
      takeOff();
    });
  }

  function takeOff(): void {
    if (flying || waiting.length === 0) return;
    flying = true;
    const [set, rest] = takeSet(waiting, options.sizeMax);
    waiting = rest;
    void fly(set, options).then((tell) => {
      flying = false;
      // The next set first: the database works on it while the answers to this one are being written.
      takeOff();
      tell();
    });
  }

  return (command) =>
    new Promise<Result>((resolve, reject) => {
      if (waiting.length >= options.waitingMax) {
        reject(overloaded());
        return;
      }
      waiting.push({ command, claims: options.claims(command), resolve, reject });
      schedule();
    });
}

/** A command that was refused was never in a set. */
function overloaded(): Failure {
  const details = { mayHaveExecuted: false };
  return new Failure("UNAVAILABLE", "The service is overloaded.", details).retryAfter(1_000);
}

function takeSet<Command, Result>(
  waiting: readonly Waiting<Command, Result>[],
  sizeMax: number,
): [Waiting<Command, Result>[], Waiting<Command, Result>[]] {
  const set: Waiting<Command, Result>[] = [];
  const rest: Waiting<Command, Result>[] = [];
  const claimed = new Set<string>();
  for (const entry of waiting) {
    const fits = set.length < sizeMax && !entry.claims.some((claim) => claimed.has(claim));
    (fits ? set : rest).push(entry);
    // This includes a command that waits: a third command on the same key must not overtake the second.
    for (const claim of entry.claims) claimed.add(claim);
  }
  return [set, rest];
}

/** Runs a set and returns each command's result. Never throws. */
async function fly<Command, Result>(
  set: readonly Waiting<Command, Result>[],
  options: GroupCommitOptions<Command, Result>,
): Promise<() => void> {
  try {
    const results = await options.run(set.map((entry) => entry.command));
    return () => {
      set.forEach((entry, index) => {
        entry.resolve(results[index] as Result);
      });
    };
  } catch (error) {
    if (set.length === 1 || options.concernsAll(error)) {
      return () => {
        for (const entry of set) entry.reject(error);
      };
    }
    // One of them is bad; nothing of the set is committed. Each alone, so that only the bad one fails.
    const tell = await Promise.all(set.map((entry) => fly([entry], options)));
    return () => {
      for (const each of tell) each();
    };
  }
}
