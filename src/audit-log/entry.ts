import { isIP } from "node:net";
import type { FailureCode } from "../failures";
import type { ApiKeyKind } from "../merchants/api-key";

/**
 * What the audit log says. Every value is from a closed list, an id, or a name of ours: nothing that a caller wrote gets
 * in except for idempotency keys, request ids, and the reason that whoever interferes gives, which are checked where
 * they arrive.
 */
export const AUDIT_ACTIONS = [
  "AUTHENTICATION_REFUSED",
  "ACCESS_REFUSED",
  "API_KEY_USED",
  "READ",
  "WRITE",
  "COMMAND",
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

export type AuditOutcome = "SUCCEEDED" | "REPLAYED" | "REFUSED";

export type ActorKind = ApiKeyKind | "ANONYMOUS" | "COMMAND_LINE" | "SYSTEM";

/** Who asks, as far as it is known. */
export interface Actor {
  readonly kind: ActorKind;
  /** The API key's id; null where there is none that is valid. */
  readonly id: string | null;
  /** What may be shown of the key: its prefix and its last four characters. */
  readonly hint: string | null;
  readonly address: string | null;
  readonly requestId: string | null;
}

export interface AuditDetails {
  /** The scope that the key lacks. */
  readonly scope?: string;
  /** What a read was about, or found: the first ids only. */
  readonly ids?: readonly string[];
  /** How many objects were read, or changed by a command. */
  readonly objects?: number;
  /** The delivery that was replayed. */
  readonly deliveryId?: string;
  /** Whether it was to be repeated although it had been delivered or replayed. */
  readonly force?: boolean;
  /** Why, in the words of whoever interfered. */
  readonly reason?: string;
  /** What the change was from and to, of what it was about. */
  readonly before?: Readonly<Record<string, string | number | null>>;
  readonly after?: Readonly<Record<string, string | number | null>>;
  /** What an operator found out about an attempt. */
  readonly resolution?: string;
  /** What a new API key may do. */
  readonly keyKind?: string;
  readonly scopes?: readonly string[];
  /** The key that a new one takes the place of. */
  readonly rolledFrom?: string;
  /** Who ran a command, as the operating system knows them. */
  readonly user?: string;
}

/** One entry, as it is listed. */
export interface AuditEntry {
  readonly id: string;
  readonly action: AuditAction;
  readonly operation: string | null;
  readonly outcome: AuditOutcome;
  readonly errorCode: FailureCode | null;
  readonly actorKind: ActorKind;
  readonly actorId: string | null;
  readonly actorHint: string | null;
  readonly address: string | null;
  readonly requestId: string | null;
  readonly subjectId: string | null;
  readonly idempotencyKey: string | null;
  readonly count: number;
  /** ISO 8601. */
  readonly at: string;
  readonly lastAt: string;
  readonly details: AuditDetails;
}

/** Whose every read and write is recorded. */
export function isOperator(kind: string): boolean {
  return kind === "OPERATOR" || kind === "PLATFORM";
}

/** Behind a proxy the address is what a header says, which may be anything. */
export function addressOf(text: string | null): string | null {
  const plain = text?.startsWith("::ffff:") === true ? text.slice("::ffff:".length) : text;
  return plain !== null && isIP(plain) > 0 ? plain : null;
}
