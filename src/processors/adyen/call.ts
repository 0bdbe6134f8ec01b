import { redact } from "../../security/sensitive";
import type { Declined, SendOutcome, Unknown } from "../processor";
import { AdyenRefusal, AdyenUnreached } from "./http-client";

/** What a call came to: the package throws, and here that is data. Total: whatever is not understood is unknown. */
export type Called<Value> =
  | { readonly kind: "done"; readonly value: Value }
  /** Proven not to have left this machine. */
  | { readonly kind: "unsent"; readonly reason: string }
  /** Nothing that proves anything. */
  | Unknown
  /** Answered, and this request was not carried out: nobody looked at it (TURNED_AWAY), or it will never be (REJECTED). */
  | { readonly kind: "refused"; readonly as: "TURNED_AWAY" | "REJECTED"; readonly reason: string };

export async function called<Value>(work: () => Promise<Value>): Promise<Called<Value>> {
  try {
    return { kind: "done", value: await work() };
  } catch (error) {
    return failed(error);
  }
}

/**
 * About the key and not about what was asked: it is being carried out, or what it needs is locked. The key is kept, and
 * the same request repeated under it: dropped, it would be asked for a second time under another.
 */
const NO_VERDICTS: ReadonlySet<string> = new Set(["702", "703", "704"]);

const TURNED_AWAY: ReadonlySet<number> = new Set([401, 403]);
const REJECTED: ReadonlySet<number> = new Set([400, 422]);

function failed(error: unknown): Called<never> {
  if (error instanceof AdyenUnreached) {
    return { kind: error.isUnsent ? "unsent" : "unknown", reason: redact(error.message) };
  }
  // Of our own making, or of the package's before it sent anything: not known, and so not said to be unsent.
  if (!(error instanceof AdyenRefusal)) return unknown(redact(String(error)));
  const { status, errorCode, message, isTransient } = error.refused;
  const reason = redact(`answered ${String(status)} ${errorCode}: ${message}`);
  if (isTransient || NO_VERDICTS.has(errorCode)) return unknown(reason);
  if (TURNED_AWAY.has(status)) return { kind: "refused", as: "TURNED_AWAY", reason };
  // 429 and 5xx as well: nothing that is written says that it was not carried out.
  return REJECTED.has(status) ? { kind: "refused", as: "REJECTED", reason } : unknown(reason);
}

export function unknown(reason: string): Unknown {
  return { kind: "unknown", reason };
}

/** It will never do this, however often it is asked. */
export function rejected(message: string, code = "processor_rejected"): Declined {
  return { kind: "declined", code, message, hard: true };
}

/** A refusal of a first sending is final; of a repeat it says nothing about what was sent before. */
export function withoutAnswer(
  failure: Exclude<Called<never>, { readonly kind: "done" }>,
  { sentAt }: { readonly sentAt: Date | null },
): SendOutcome {
  const isFirst = sentAt === null;
  if (failure.kind !== "refused") return isFirst ? failure : unknown(failure.reason);
  const { as, reason } = failure;
  if (!isFirst) return unknown(`the repeat was refused: ${reason}`);
  return as === "TURNED_AWAY" ? { kind: "unsent", reason } : rejected(reason);
}
