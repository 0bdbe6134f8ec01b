import Stripe from "stripe";
import { redact } from "../../security/sensitive";
import type { DeclineAdvice, Declined } from "../processor";
import { type CodeClass, ERROR_CODES } from "./error-codes";
import { StripeUnreached } from "./http-client";

/** What a call came to: the package throws, and here that is data. Total: whatever is not understood is unknown. */
export type Called<Value> =
  | { readonly kind: "done"; readonly value: Value }
  /** Proven not to have left this machine. */
  | { readonly kind: "unsent"; readonly reason: string }
  /** Nothing that proves anything. */
  | { readonly kind: "unknown"; readonly reason: string; readonly status?: number | undefined }
  /** Answered, and this request was not carried out; `as` says what that means. */
  | { readonly kind: "refused"; readonly as: Refusal; readonly declined: Declined };

export type Refusal = Exclude<CodeClass, "NO_VERDICT">;

export async function called<Value>(work: () => Promise<Value>): Promise<Called<Value>> {
  try {
    return { kind: "done", value: await work() };
  } catch (error) {
    return failed(error);
  }
}

function failed(error: unknown): Called<never> {
  if (!(error instanceof Stripe.errors.StripeError)) {
    // Of our own making, or of the package's before it sent anything: not known, and so not said to be unsent.
    return { kind: "unknown", reason: redact(String(error)) };
  }
  const { detail, statusCode, code } = error;
  if (detail instanceof StripeUnreached) {
    return { kind: detail.isUnsent ? "unsent" : "unknown", reason: redact(detail.message) };
  }
  const as = classOf(error);
  if (as === undefined || as === "NO_VERDICT") {
    const reason = redact(`answered ${String(statusCode)} ${code ?? ""}`.trim());
    return { kind: "unknown", reason, status: statusCode };
  }
  return { kind: "refused", as, declined: declinedBy(error, as) };
}

/** Undefined: a status of which nothing follows, or none. */
function classOf({
  statusCode = 0,
  rawType,
  code = "",
}: Stripe.errors.StripeError): CodeClass | undefined {
  if (rawType === "idempotency_error") return "NO_VERDICT";
  const known = Object.hasOwn(ERROR_CODES, code) ? ERROR_CODES[code] : undefined;
  switch (statusCode) {
    case 401:
    case 403:
      return "TURNED_AWAY";
    case 402:
      return known === "EXPIRED" ? known : "CARD";
    case 429:
      return code === "rate_limit" || known === "TURNED_AWAY" ? "TURNED_AWAY" : "NO_VERDICT";
    case 400:
    case 404:
      return known === "CARD" ? "REJECTED" : (known ?? "REJECTED");
    default:
      return undefined;
  }
}

/** Codes of issuers after which no other try with this card can succeed. */
const HARD: ReadonlySet<string> = new Set([
  "fraudulent",
  "lost_card",
  "merchant_blacklist",
  "pickup_card",
  "revocation_of_all_authorizations",
  "revocation_of_authorization",
  "security_violation",
  "stolen_card",
]);

const ADVICE: ReadonlyMap<string, DeclineAdvice> = new Map([
  ["confirm_card_data", "CONFIRM_CARD_DATA"],
  ["do_not_try_again", "DO_NOT_TRY_AGAIN"],
  ["try_again_later", "TRY_AGAIN_LATER"],
]);

/** What an error and the memory of one (`last_payment_error`) have in common. */
interface SaidOfDecline {
  readonly code?: string;
  readonly decline_code?: string;
  readonly advice_code?: string;
  readonly network_decline_code?: string;
  readonly message?: string;
}

export function declinedByCard(said: SaidOfDecline): Declined {
  const { code = "card_declined", decline_code: declineCode, network_decline_code: network } = said;
  const adviceCode = ADVICE.get(said.advice_code ?? "");
  return {
    kind: "declined",
    code: redact(code),
    ...(declineCode !== undefined && { declineCode: redact(declineCode) }),
    // It may quote what it was sent.
    message: redact(said.message ?? "The card was declined."),
    hard: adviceCode === "DO_NOT_TRY_AGAIN" || HARD.has(declineCode ?? code),
    ...(adviceCode && { adviceCode }),
    ...(network !== undefined && { networkDeclineCode: redact(network) }),
  };
}

/** It will never do this, however often it is asked. */
export function rejected(message: string, code = "processor_rejected"): Declined {
  return { kind: "declined", code, message: redact(message), hard: true };
}

function declinedBy(error: Stripe.errors.StripeError, as: CodeClass): Declined {
  const { message, code } = error;
  switch (as) {
    case "CARD":
      return declinedByCard(error);
    case "EXPIRED":
      return { ...rejected(message, code), authorizationExpired: true };
    case "STATE":
      return rejected(message, code);
    case "NO_VERDICT":
    case "REJECTED":
    case "TURNED_AWAY":
      return rejected(message);
  }
}
