import type { Processor } from "./processor";
import type { ReportFormat } from "./report";

/**
 * A kind of processor that merchants connect accounts of their own of. It is given what an account has and makes a
 * processor of it; what becomes of accounts is the same for all kinds (src/processor-accounts/).
 */
export interface ProcessorKind {
  /** Kept with each account and attempt, and a part of the address for its webhooks. */
  readonly name: string;
  /** The version of the processor's API that the adapter is written for; null where it has none. */
  readonly apiVersion: string | null;
  /** The names of the credentials that an account must have; it has no others. The first one is shown by its end. */
  readonly credentials: readonly [string, ...string[]];
  /** What is wrong with an account's settings, in a sentence that repeats nothing of them; absent where there are none. */
  readonly faultOfSettings?: (settings: Settings) => string | undefined;
  /** The same of what the processor signs its webhooks with; absent where any text may be one. */
  readonly faultOfWebhookSecret?: (secret: string) => string | undefined;
  /** Of what it writes about an account for whoever downloads it; absent where nothing reads it. */
  readonly reportFormat?: ReportFormat;
  /** Calls nobody. */
  readonly connect: (connection: Connection) => ConnectedProcessor;
}

export type Settings = Readonly<Record<string, string>>;
export type Credentials = Readonly<Record<string, string>>;

export interface Connection {
  readonly credentials: Credentials;
  /** Newest first; while one is rotated there are two, and either may have signed. None: its webhooks are refused. */
  readonly webhookSecrets: readonly string[];
  readonly settings: Settings;
  readonly timeoutMs: number;
}

export interface ProcessorIdentity {
  /** Theirs. */
  readonly externalAccountId: string;
  readonly mode: "TEST" | "LIVE";
}

export interface ConnectedProcessor extends Processor {
  /** Whose credentials these are; undefined when the processor refuses them. Throws when it does not answer. */
  identify(): Promise<ProcessorIdentity | undefined>;
}

export type ProcessorKinds = ReadonlyMap<string, ProcessorKind>;
