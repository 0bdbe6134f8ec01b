import { isCurrency } from "../money";
import { UNSTORABLE, storable } from "../storable-text";
import type { Approved, LookupOutcome, SendOutcome } from "./processor";

/**
 * What an adapter hands on, checked once for all processors: it goes into the books, and its words into columns. An
 * outcome that cannot be true proves nothing. Words are not evidence, so they are only made storable.
 */
type Outcome = SendOutcome | LookupOutcome;

const TEXT_MAX = 255;
const MESSAGE_MAX = 500;
const URL_MAX = 2_048;

/** Why an outcome cannot be true, in a sentence that repeats nothing of it; undefined when it may be. */
export function faultOf(outcome: Outcome): string | undefined {
  if (outcome.kind === "approved") return faultOfApproval(outcome);
  if (outcome.kind !== "action_required") return undefined;
  if (!isWebAddress(outcome.redirectUrl)) return "The address for the shopper is malformed.";
  return Number.isNaN(Date.parse(outcome.expiresAt))
    ? "The time at which the address expires is malformed."
    : undefined;
}

function faultOfApproval({
  processorChargeId,
  amountMinor,
  feeMinor,
  feeCurrency,
}: Approved): string | undefined {
  if (!isText(processorChargeId, { min: 0 })) return "The charge's id is malformed.";
  if (!Number.isSafeInteger(amountMinor) || amountMinor < 0) return "The amount is malformed.";
  if (feeCurrency !== undefined && !isCurrency(feeCurrency)) return "The fee's currency is none.";
  if (feeMinor === null) return undefined;
  if (!Number.isSafeInteger(feeMinor)) return "The fee is malformed.";
  if (feeMinor < 0) return "The fee is below zero.";
  // In another currency, which of the two is more is not known here.
  return feeCurrency === undefined && feeMinor > amountMinor
    ? "The fee is above the amount."
    : undefined;
}

const YEAR_MAX = 9_999;

/** The money has moved, whatever is said about the hold: a time that cannot be one is taken for none. */
function withSoundExpiry(approved: Approved): Approved {
  const { authorizationExpiresAt: said, ...others } = approved;
  if (said === undefined) return approved;
  const at = new Date(typeof said === "string" ? said : Number.NaN);
  const isTime = at.getTime() > 0 && at.getUTCFullYear() <= YEAR_MAX;
  return isTime ? { ...others, authorizationExpiresAt: at.toISOString() } : others;
}

/** Whether it is a text that can be stored, of 255 characters at most. */
export function isText(text: unknown, { min = 1 } = {}): text is string {
  return (
    typeof text === "string" &&
    text.length >= min &&
    text.length <= TEXT_MAX &&
    !UNSTORABLE.test(text)
  );
}

function isWebAddress(text: string): boolean {
  if (text.length > URL_MAX || UNSTORABLE.test(text) || !URL.canParse(text)) return false;
  return /^https?:$/.test(new URL(text).protocol);
}

/** The outcome as it may be settled. */
export function soundOutcome(outcome: Outcome): Outcome {
  const fault = faultOf(outcome);
  if (fault !== undefined) return { kind: "unknown", reason: fault };
  if (outcome.kind === "approved") return withSoundExpiry(outcome);
  if (outcome.kind === "unknown" || outcome.kind === "unsent") {
    return { ...outcome, reason: storable(outcome.reason, MESSAGE_MAX) };
  }
  if (outcome.kind !== "declined") return outcome;
  const { code, declineCode, networkDeclineCode, message } = outcome;
  return {
    ...outcome,
    code: storable(code, TEXT_MAX),
    ...(declineCode !== undefined && { declineCode: storable(declineCode, TEXT_MAX) }),
    ...(networkDeclineCode !== undefined && {
      networkDeclineCode: storable(networkDeclineCode, TEXT_MAX),
    }),
    message: storable(message, MESSAGE_MAX),
  };
}
