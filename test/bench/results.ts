import type { Cores } from "./bench";
import type { HttpCeiling } from "./ceilings/http-ceiling";
import type { StatementCeiling } from "./ceilings/statement-ceiling";
import type { Latency } from "./load/latency";
import type { PaymentsResult } from "./load/payments";

/** What a run found out; this is the JSON file. Parts that did not run are not there. */
export interface Results {
  readonly startedAt: string;
  readonly seconds: number;
  readonly machine: Machine;
  readonly statement?: StatementCeiling;
  /** Requests per second without a database, at the client count of the requirements. */
  readonly http?: HttpCeiling;
  readonly operations?: Partial<Record<MeasuredOperation, readonly Measured[]>>;
  readonly open?: readonly OpenFigures[];
  readonly storms?: readonly StormFigures[];
  readonly payment?: PaymentFigures;
  readonly floor?: FloorFigures;
  readonly cells?: CellsFigures;
  readonly drains?: readonly DrainFigures[];
  readonly merchants?: MerchantFigures;
  readonly size?: SizeFigures;
  readonly memory?: readonly MemoryFigures[];
  readonly start?: { readonly apiMs: readonly number[] };
  readonly recovery?: RecoveryFigures;
  readonly live?: LiveFigures;
  readonly console?: ConsoleFigures;
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly node: string;
  readonly postgres: string;
  readonly platform: string;
}

export const OPERATIONS = ["create", "confirm", "replay", "query", "list"] as const;
export type MeasuredOperation = (typeof OPERATIONS)[number];

export interface Measured {
  readonly clients: number;
  readonly throughput: number;
  readonly latency: Latency;
  readonly cores: Cores;
}

/** Requests that come at a fixed rate. */
export interface OpenFigures {
  readonly operation: string;
  /** Of 64 clients in a closed loop, a second. */
  readonly capacity: number;
  /** Of one client that has the API to itself, ms. */
  readonly aloneP50: number;
  readonly rates: readonly OpenRate[];
}

export interface OpenRate {
  /** Of the capacity. */
  readonly share: number;
  readonly perSecond: number;
  readonly count: number;
  readonly latency: Latency;
}

export interface StormFigures {
  /** Finished: everybody repeats what was answered long ago. At once: the first ones come with their repeats. */
  readonly keys: "finished" | "at once";
  readonly redis: boolean;
  readonly keyCount: number;
  readonly requests: number;
  readonly throughput: number;
  readonly latency: Latency;
  /** What the database was asked, in transactions. */
  readonly transactions: number;
  /** Connections of the API process to the database: open at most, and at work in the mean. */
  readonly connectionsMax: number;
  readonly connectionsBusy: number;
  readonly cores: Cores;
}

export interface PaymentFigures extends PaymentsResult {
  readonly seconds: number;
  readonly cores: Cores;
  /** Rows that wait, sampled once a second while it was measured. */
  readonly backlog: readonly Backlog[];
  readonly settled: number;
  readonly journals: number;
}

/** Whole payments a second of each of two cells, by itself and while the other works as well. */
export interface CellsFigures {
  readonly alone: readonly number[];
  readonly together: readonly number[];
}

/** Of each whole payment: milliseconds of processor, by process. */
export interface FloorFigures {
  readonly payments: number;
  readonly product: Readonly<Record<string, number>>;
  readonly bare: Readonly<Record<string, number>>;
  /** That a payment leaves. */
  readonly rows: number;
}

export interface Backlog {
  readonly atSeconds: number;
  readonly outbox: number;
  readonly queuedAttempts: number;
  readonly dueDeliveries: number;
}

export interface DrainFigures {
  readonly queue: "postgres" | "redis";
  readonly receiverMs: number;
  readonly rows: number;
  readonly throughput: number;
  /** 0 ms: the bare loop's; else the receiver's own limit. */
  readonly ceiling: number;
  readonly cores: Cores;
}

export interface MerchantFigures {
  readonly oneThroughput: number;
  readonly thousandThroughput: number;
  readonly payments: { readonly one: number; readonly thousand: number };
}

export interface SizeFigures {
  readonly small: { readonly payments: number; readonly throughput: number; readonly p99: number };
  readonly large: { readonly payments: number; readonly throughput: number; readonly p99: number };
  readonly fillSeconds: number;
  readonly databaseGb: number;
}

export interface MemoryFigures {
  readonly process: string;
  readonly idleMb: number;
  readonly loadedMb: number;
}

export interface RecoveryFigures {
  readonly inFlight: number;
  /** Of those, sent to the processor and without an answer. */
  readonly sent: number;
  readonly seconds: number;
}

/** Frontends that watch payments. */
export interface LiveFigures {
  /** From the change, by the database's clock, until a client of another process has it. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly changes: number;
  /** What a thousand open subscriptions take. */
  readonly memoryMb: number;
  /** Creates a second, without and with them. */
  readonly alone: number;
  readonly watched: number;
}

/** Everything that a page asks when it is opened. */
interface ConsoleFigures {
  readonly payments: number;
  readonly letters: number;
  readonly pages: readonly ConsolePageFigures[];
}

export interface ConsolePageFigures {
  readonly page: string;
  readonly p50: number;
  readonly p95: number;
  readonly opened: number;
}
