import { isDeepStrictEqual } from "node:util";
import type { Cluster } from "./cluster";
import type { Installation, InstallationOptions } from "./installation";
import type { Random } from "./random";

/** One way to make money move twice, or not at all, and what must hold all the same. */
export interface Attack {
  readonly name: string;
  /** What is promised, in a sentence that the run proves or refutes. */
  readonly promise: string;
  /** Its server must survive a crash of Postgres. */
  readonly durable?: true;
  /** Where the standard installation is not what it needs. */
  readonly options?: Partial<InstallationOptions>;
  /** Why it cannot run here, if so. */
  readonly skip?: (given: Pick<Context, "size" | "from">) => string | undefined;
  readonly run: (context: Context) => Promise<Result>;
}

export interface Context {
  readonly seed: number;
  readonly random: Random;
  /** "short": the fixed-seed form that the test suite runs, in seconds. */
  readonly size: "full" | "short";
  /** Given on the command line; each attack has its own numbers otherwise. */
  readonly operations: number | undefined;
  /** How often each operation is asked for. */
  readonly duplication: number | undefined;
  /** The share of answers that are lost, 0 to 1. */
  readonly faults: number | undefined;
  /** The release that an upgrade begins with, as git knows it. */
  readonly from: string | undefined;
  /** Two API and two worker processes, a card network and a consumer, with a proxy on every way. */
  readonly installation: Installation;
  /** The server that it keeps its tables on. */
  readonly cluster: Cluster;
  /** A further installation of its own, on this server or another one, torn down after the attack. */
  readonly install: (options: InstallationOptions, on?: Cluster) => Promise<Installation>;
  /** What is done when the books have been audited, whatever came of it. */
  readonly after: (close: () => Promise<void>) => void;
  readonly progress: (text: string) => void;
  readonly check: Checks;
}

/** What an attack counted, shown as it is named. */
export type Figures = Readonly<Record<string, number | string>>;

export interface Result {
  readonly figures: Figures;
  /** How often each fault really happened: a run in which one never did proves nothing. */
  readonly sometimes: Readonly<Record<string, number>>;
}

const PROMISED_MS = 60_000;

/**
 * What attacks wait for must have come within this: what the full run promises, and in the suite, which shares its
 * machine with whoever, no more than the end of a hang.
 */
export function limitMs({ size }: Pick<Context, "size">): number {
  return size === "full" ? PROMISED_MS : 5 * PROMISED_MS;
}

/** Collects what does not hold; the attack goes on, so that one run tells everything. */
export interface Checks {
  readonly violations: readonly string[];
  equal(what: string, actual: unknown, expected: unknown): void;
  holds(what: string, condition: boolean): void;
}

export function createChecks(): Checks {
  const violations: string[] = [];
  return {
    violations,
    equal: (what, actual, expected) => {
      if (isDeepStrictEqual(actual, expected)) return;
      violations.push(`${what}: ${JSON.stringify(actual)}, and not ${JSON.stringify(expected)}`);
    },
    holds: (what, condition) => {
      if (!condition) violations.push(what);
    },
  };
}
