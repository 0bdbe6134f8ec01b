import { Failure } from "../failures";
import { createTally } from "../tally";

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
  /** Whose command it is: when more wait than fit into a set, everybody's are taken in turn. */
  readonly tenantOf: (command: Command) => string;
  readonly sizeMax: number;
  /**
   * How many sets may be committed at a time. One that begins while another is under way has at least as many commands
   * as that one, so that two together cost no more than one after the other.
   */
  readonly setsMax?: number;
  /**
   * Beyond this many waiting commands new ones are refused at once, rather than answered too late. One tenant may
   * have no more than there is room left, so that there is always some for another.
   */
  readonly waitingMax: number;
  /** And so is what would have to wait longer than this, going by how long sets take. */
  readonly patienceMs: number;
  /** Whether an error says something about the whole set (the database is away) and not about one command in it. */
  readonly concernsAll: (error: unknown) => boolean;
}

/** How much the latest set counts in the mean. */
const MEAN_WEIGHT = 1 / 10;

/** A set that is being committed. */
interface Flight {
  readonly size: number;
  readonly claimed: ReadonlySet<string>;
}

interface Waiting<Command, Result> {
  readonly command: Command;
  readonly tenant: string;
  readonly claims: readonly string[];
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

export function groupCommit<Command, Result>(
  options: GroupCommitOptions<Command, Result>,
): (command: Command) => Promise<Result> {
  let waiting: Waiting<Command, Result>[] = [];
  const waitingOf = createTally();
  let meanMs = 0;
  let scheduled = false;
  const flights: Flight[] = [];
  const { setsMax = 1 } = options;

  const isUnderWay = (claim: string): boolean => flights.some(({ claimed }) => claimed.has(claim));

  function mayTakeOff(): boolean {
    const [oldest] = flights;
    return flights.length < setsMax && waiting.length >= (oldest?.size ?? 1);
  }

  function schedule(): void {
    if (scheduled || !mayTakeOff()) return;
    scheduled = true;
    // All requests read in this turn of the event loop get into the same set.
    setImmediate(() => {
      scheduled = false;
      takeOff();
    });
  }

  function takeOff(): void {
    if (!mayTakeOff()) return;
    const inOrder = inFairOrder(waiting, options.sizeMax);
    const [set, rest] = takeSet(inOrder, { sizeMax: options.sizeMax, isUnderWay });
    if (set.length === 0) return;
    waiting = rest;
    const flight = { size: set.length, claimed: new Set(set.flatMap(({ claims }) => claims)) };
    flights.push(flight);
    for (const { tenant } of set) waitingOf.add(tenant, -1);
    const since = performance.now();
    void fly(set, options).then((tell) => {
      flights.splice(flights.indexOf(flight), 1);
      meanMs += (performance.now() - since - meanMs) * MEAN_WEIGHT;
      // The next set first: the database works on it while the answers to this one are being written.
      takeOff();
      tell();
    });
  }

  function isFull(tenant: string): boolean {
    const ahead = waitingOf.of(tenant);
    if (ahead >= options.waitingMax - waiting.length) return true;
    // Of each set it gets its share.
    const sets = (ahead * waitingOf.size()) / options.sizeMax;
    return sets * meanMs > options.patienceMs;
  }

  return (command) =>
    new Promise<Result>((resolve, reject) => {
      const tenant = options.tenantOf(command);
      if (isFull(tenant)) {
        reject(overloaded());
        return;
      }
      const claims = options.claims(command);
      waiting.push({ command, tenant, claims, resolve, reject });
      waitingOf.add(tenant, 1);
      // What has to wait for a set that is under way is no reason to look through all that wait.
      if (!claims.some(isUnderWay)) schedule();
    });
}

/**
 * The oldest command of every tenant, then the second of every tenant, and so on: as they came where they all fit into
 * a set. Each tenant's own stay in their order, and only those can claim the same.
 */
function inFairOrder<Command, Result>(
  waiting: Waiting<Command, Result>[],
  sizeMax: number,
): Waiting<Command, Result>[] {
  if (waiting.length <= sizeMax) return waiting;
  const lines = new Map<string, Waiting<Command, Result>[]>();
  for (const entry of waiting) {
    const line = lines.get(entry.tenant);
    if (line) line.push(entry);
    else lines.set(entry.tenant, [entry]);
  }
  if (lines.size === 1) return waiting;
  const rounds: Waiting<Command, Result>[][] = [];
  for (const line of lines.values()) {
    line.forEach((entry, round) => (rounds[round] ??= []).push(entry));
  }
  return rounds.flat();
}

/** A command that was refused was never in a set. */
function overloaded(): Failure {
  const details = { mayHaveExecuted: false };
  return new Failure("UNAVAILABLE", "The service is overloaded.", details).retryAfter(1_000);
}

function takeSet<Command, Result>(
  waiting: readonly Waiting<Command, Result>[],
  {
    sizeMax,
    isUnderWay,
  }: { readonly sizeMax: number; readonly isUnderWay: (claim: string) => boolean },
): [Waiting<Command, Result>[], Waiting<Command, Result>[]] {
  const set: Waiting<Command, Result>[] = [];
  const rest: Waiting<Command, Result>[] = [];
  const claimed = new Set<string>();
  const isTaken = (claim: string): boolean => claimed.has(claim) || isUnderWay(claim);
  for (const entry of waiting) {
    const fits = set.length < sizeMax && !entry.claims.some(isTaken);
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
