import { appendFileSync } from "node:fs";

/**
 * Named places where a test can make the process die, fail, hang or dawdle. Crash tests stop every
 * use case between every two of its steps with them. In production none is configured, and a
 * failpoint costs one check of a boolean.
 */
export const FAILPOINTS = [
  { name: "api.before_commit", description: "A mutation's writes are made, not committed." },
  { name: "api.after_commit", description: "A mutation is committed, its caller not told." },
  { name: "api.before_reply", description: "The answer is built, not sent." },
  { name: "relay.after_claim", description: "Outbox rows are claimed, no job published." },
  { name: "relay.after_publish", description: "Jobs are published, the rows not marked." },
  { name: "relay.after_mark", description: "The rows are marked as relayed." },
  { name: "charge.after_claim", description: "An attempt is claimed, the claim committed." },
  { name: "charge.before_call", description: "The processor is about to be called." },
  { name: "charge.after_call", description: "The processor answered, nothing is written." },
  { name: "charge.before_settle", description: "The answer is read, settling not begun." },
  { name: "charge.after_settle", description: "The attempt is settled and committed." },
  { name: "charge.before_job_done", description: "All is done but to finish the job." },
  { name: "prepare.after_call", description: "An attempt is prepared, nothing is written." },
  {
    name: "prepare.after_commit",
    description: "Its processor's name is committed, it is not sent.",
  },
  { name: "lookup.before_call", description: "An unknown outcome is about to be looked up." },
  { name: "lookup.after_call", description: "The lookup answered, nothing is written." },
  { name: "lookup.after_reverse", description: "A reversal was acknowledged, not written." },
  { name: "webhook.after_claim", description: "A delivery is claimed, nothing sent." },
  { name: "webhook.before_post", description: "A webhook is signed, about to be posted." },
  { name: "webhook.after_post", description: "The receiver answered, nothing is written." },
  { name: "webhook.after_record", description: "The try is recorded, its job not finished." },
  { name: "sweeper.before", description: "A sweep is about to begin." },
  { name: "sweeper.after", description: "A sweep has ended." },
  { name: "inbox.after_store", description: "A processor's webhook is stored, not acknowledged." },
  { name: "inbox.before_apply", description: "A stored webhook is about to be applied." },
  { name: "inbox.after_apply", description: "A stored webhook has been applied." },
  { name: "settle.inside_transaction", description: "Inside settling, before its commit." },
  { name: "capture.inside_transaction", description: "Inside a capture, before its commit." },
  { name: "refund.inside_transaction", description: "Inside a refund, before its commit." },
  { name: "cancel.inside_transaction", description: "Inside a cancellation, before its commit." },
  {
    name: "authorizations.inside_transaction",
    description: "What holds are due for is decided, not committed.",
  },
  { name: "update.inside_transaction", description: "Inside an update, before its commit." },
  { name: "erase.inside_transaction", description: "Inside eraseCustomer, before its commit." },
  { name: "erase.after_slice", description: "Some of a customer's payments are erased." },
  { name: "erase.after_clean", description: "What was copied from some of them is cleaned up." },
  { name: "seal.inside_transaction", description: "A seal is written, not committed." },
  { name: "seal.after_commit", description: "A seal is committed, the next not begun." },
  { name: "replay_plan.inside_transaction", description: "A slice is replayed, not committed." },
  { name: "replay_plan.after_slice", description: "Some of a replay plan's letters are replayed." },
  { name: "reconcile.inside_transaction", description: "What was compared is not committed." },
  { name: "reconcile.after_slice", description: "Some of a comparison is committed." },
  { name: "reconcile.after_claim", description: "What is to be reversed is committed, not asked." },
  { name: "reconcile.after_news", description: "News of a dispute is settled, its break open." },
  { name: "reconcile.after_reverse", description: "Money is given back, its break still open." },
] as const;

export type FailpointName = (typeof FAILPOINTS)[number]["name"];

type Action = "kill" | "throw" | "hang" | "delay";

type Failpoint = {
  action: Action;
  delayMs: number;
  probability: number;
  firesMax: number;
  random: () => number;
};

type FailpointOptions = {
  /** The same seed makes the same failpoints fire at the same passes. */
  seed?: number | undefined;
  /** A file that gets the name of each failpoint that kills this process, one to a line. */
  logFile?: string | undefined;
};

/** What a failpoint throws, so that tests can tell it from a real failure. */
export class FailpointError extends Error {
  override readonly name = "FailpointError";
}

let configured = false;
let logFile: string | undefined;
const failpoints = new Map<string, Failpoint>();
const counts = new Map<string, number>();

/**
 * Replaces the configuration and forgets the counts. A specification is `name:action`, several with
 * `;` between them: `relay.after_publish:kill@0.2#1;charge.before_call:delay=200`. Actions are
 * `kill`, `throw`, `hang` and `delay=milliseconds`; `@` gives the probability (1 when left out) and
 * `#` how often it fires at most in this process.
 */
export function configureFailpoints(
  specification: string | undefined,
  options: FailpointOptions = {},
): void {
  const entries = (specification ?? "").split(";").map((entry) => entry.trim());
  const parsed = entries.filter((entry) => entry !== "").map((entry) => parseEntry(entry));
  failpoints.clear();
  counts.clear();
  for (const { name, ...settings } of parsed) {
    if (failpoints.has(name)) throw new Error(`Failpoints: ${name} is given twice`);
    // Each has its own sequence, or the order in which tasks happen to interleave would decide.
    failpoints.set(name, { ...settings, random: seededRandom(name, options.seed ?? 1) });
  }
  logFile = options.logFile;
  configured = failpoints.size > 0;
}

/** Must be awaited. Throws, never returns, returns late or ends the process when configured to. */
export function failpoint(name: FailpointName): Promise<void> | undefined {
  if (!configured) return undefined;
  return pass(name);
}

/** How often each failpoint has fired since it was configured. */
export function failpointCounts(): Record<string, number> {
  return Object.fromEntries(counts);
}

function pass(name: FailpointName): Promise<void> | undefined {
  const point = failpoints.get(name);
  if (point === undefined) return undefined;
  const fired = counts.get(name) ?? 0;
  if (fired >= point.firesMax || point.random() >= point.probability) return undefined;
  counts.set(name, fired + 1);
  return fire(name, point);
}

function fire(name: FailpointName, point: Failpoint): Promise<void> {
  switch (point.action) {
    case "kill":
      // Written first and synchronously: after the kill this process can no longer be asked anything.
      if (logFile !== undefined) appendFileSync(logFile, `${name}\n`);
      process.kill(process.pid, "SIGKILL");
      // The signal may take a moment to arrive, and no further step may be made until then.
      return new Promise(() => {});
    case "throw":
      throw new FailpointError(`Failpoint ${name} fired`);
    case "hang":
      return new Promise(() => {});
    case "delay":
      return new Promise((resolve) => setTimeout(resolve, point.delayMs));
  }
}

const ENTRY =
  /^(?<name>[a-z._]+):(?<action>kill|throw|hang|delay=(?<delay>\d{1,9}))(?:@(?<probability>\d*\.?\d+))?(?:#(?<fires>\d{1,9}))?$/;

function parseEntry(entry: string): Omit<Failpoint, "random"> & { name: string } {
  const groups = ENTRY.exec(entry)?.groups;
  if (groups === undefined) throw new Error(`Failpoints: "${entry}" is not name:action@p#max`);
  const name = groups["name"] ?? "";
  // A misspelt name would never fire, and the test that relies on it would pass for nothing.
  if (!FAILPOINTS.some((known) => known.name === name)) {
    throw new Error(`Failpoints: there is none named "${name}"`);
  }
  const probability = Number(groups["probability"] ?? 1);
  if (probability > 1) throw new Error(`Failpoints: the probability of ${name} is above 1`);
  return {
    name,
    action: groups["delay"] === undefined ? (groups["action"] as Action) : "delay",
    delayMs: Number(groups["delay"] ?? 0),
    probability,
    firesMax: groups["fires"] === undefined ? Infinity : Number(groups["fires"]),
  };
}

/** Mulberry32, a small generator that is good enough for dice; its seed includes the name. */
function seededRandom(name: string, seed: number): () => number {
  let state = seed | 0;
  for (const character of name) state = (Math.imul(state, 31) + character.charCodeAt(0)) | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
