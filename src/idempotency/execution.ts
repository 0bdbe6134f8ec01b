import type { AuditDetails } from "../audit-log/entry";
import type { StoredFailure } from "../failures";
import type { FinishedRecord, Outcome } from "./keys";

/* What a keyed write has come to, and how that is kept under its key. */

/** The result of a use case, to be kept under its key. */
export type Execution<Result, Beside> =
  | { readonly failure: StoredFailure }
  /**
   * The result is this event's object; what is shown beside it is kept as well, in the form that may be kept: what is
   * personal in it is sealed (see keepSnapshot).
   */
  | { readonly eventId: string; readonly beside?: Beside; readonly keptBeside?: object }
  /**
   * There is no event, so the result itself is kept, and what is shown beside it: for good, or, what is secret of it,
   * sealed and for a limited time.
   */
  | {
      readonly result: Result;
      readonly beside?: Partial<Beside>;
      readonly secret?: Partial<Beside>;
      /** What the audit log is to say besides, which only the use case knows. */
      readonly audited?: AuditDetails;
    };

export interface OnceOutcome<Result, Beside> extends Outcome<Result> {
  /** What is shown beside the result; null when it is kept no longer. */
  readonly beside: Beside | null;
}

export type Executed<Result, Beside> =
  | { readonly failure: StoredFailure; readonly firstSeenAt: string }
  | { readonly outcome: Omit<OnceOutcome<Result, Beside>, "status"> };

/** In the key's record, all as JSON. */
interface Columns {
  readonly eventId: string | null;
  readonly result: string | null;
  readonly beside: string | null;
  readonly secret: string | null;
  readonly failure: StoredFailure | undefined;
}

export function columnsOf(done: Execution<unknown, unknown>): Columns {
  const none = { eventId: null, result: null, beside: null, secret: null, failure: undefined };
  if ("failure" in done) return { ...none, failure: done.failure };
  if ("eventId" in done) {
    return { ...none, eventId: done.eventId, beside: json(done.keptBeside ?? done.beside) };
  }
  const { result, beside, secret } = done;
  return { ...none, result: json(result), beside: json(beside), secret: json(secret) };
}

/** What is kept for good and what is kept for a time, as they were shown. */
export function together<Beside>(kept: unknown, secret: unknown): Beside | null {
  const both = kept && secret ? { ...kept, ...secret } : (kept ?? secret ?? null);
  return both as Beside | null;
}

export function json(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

/** What was just written under the key, as a repeat would read it. */
export function recordOf(fingerprint: string, written: Executed<unknown, unknown>): FinishedRecord {
  const refused = { result: null, beside: null, failureCode: null, failureDetails: null };
  if ("outcome" in written) {
    const { firstSeenAt, result, beside } = written.outcome;
    return { ...refused, fingerprint, firstSeenAt, result, beside };
  }
  const { firstSeenAt, failure } = written;
  const { code: failureCode, details: failureDetails } = failure;
  return { ...refused, fingerprint, firstSeenAt, failureCode, failureDetails };
}
