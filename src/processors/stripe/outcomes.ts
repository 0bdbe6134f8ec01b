import type Stripe from "stripe";
import type {
  Approved,
  Declined,
  LookupOutcome,
  ProcessorAttempt,
  SendOutcome,
  Unknown,
} from "../processor";
import { declinedByCard } from "./call";
import { fromStripeAmount } from "./currencies";

/** Their objects in our words. Nothing here calls anybody. */

/** Whose attempt a PaymentIntent or a refund is. */
export const ATTEMPT = "oncepay_attempt";
/** Of a PaymentIntent: charge or authorize. */
export const OPERATION = "oncepay_operation";
/** Of a refund that undoes a charge: whose. */
export const REVERSES = "oncepay_reverses";

/** Stripe lets a challenge stand for ever; after this time it is cancelled. */
const CHALLENGE_MS = 30 * 60_000;
const JUST_NOW_MS = 60_000;

/** A decline that a shopper could still turn into a charge, with the client secret in the address of the challenge. */
export interface OpenDecline {
  readonly kind: "open_decline";
  readonly declined: Declined;
}

export type ChargeOutcome = LookupOutcome | OpenDecline;

export function unknown(reason: string): Unknown {
  return { kind: "unknown", reason };
}

/** What was not sent before and finds nothing has been fenced, or is no evidence: only looking again tells. */
export function asAnswer(outcome: LookupOutcome): SendOutcome {
  if (outcome.kind === "reversed") return unknown("it was cancelled");
  return outcome.kind === "not_found" ? unknown("it was not carried out") : outcome;
}

/** Of a charge or an authorisation, by its PaymentIntent. */
export function toChargeOutcome(
  intent: Stripe.PaymentIntent,
  asked: ProcessorAttempt,
): ChargeOutcome {
  // After a swap of keys an id may be somebody else's.
  if (intent.metadata[ATTEMPT] !== asked.reference) return unknown("it is another attempt's");
  if (intent.currency !== asked.currency.toLowerCase()) return unknown("its currency is another");
  switch (intent.status) {
    case "succeeded":
      return toApproved(intent, asked);
    case "requires_capture":
      return asked.operation === "authorize"
        ? toApproved(intent, asked)
        : unknown("a charge was only authorised");
    case "requires_action":
      return toChallenge(intent, asked);
    case "processing":
      return { kind: "pending" };
    case "requires_payment_method":
      return intent.last_payment_error
        ? { kind: "open_decline", declined: declinedByCard(intent.last_payment_error) }
        : { kind: "not_found" };
    case "requires_confirmation":
      return { kind: "not_found" };
    case "canceled":
      return intent.last_payment_error
        ? declinedByCard(intent.last_payment_error)
        : { kind: "reversed" };
    default:
      return unknown("its status is not known");
  }
}

function toApproved(intent: Stripe.PaymentIntent, asked: ProcessorAttempt): LookupOutcome {
  const isCharge = asked.operation === "charge";
  const moved = isCharge ? intent.amount_received : intent.amount;
  const amountMinor = fromStripeAmount(moved, intent.currency);
  if (amountMinor === undefined) return unknown("the amount cannot be said in our units");
  const charge = typeof intent.latest_charge === "object" ? intent.latest_charge : null;
  const until = charge?.payment_method_details?.card?.capture_before;
  return {
    kind: "approved",
    processorChargeId: chargeIdOf(intent),
    amountMinor,
    // Nothing is kept of what is only held.
    ...(isCharge ? feeOf(charge?.balance_transaction, amountMinor, asked.currency) : FREE),
    ...(!isCharge && until !== undefined && { authorizationExpiresAt: isoOf(until) }),
  };
}

function toChallenge(intent: Stripe.PaymentIntent, asked: ProcessorAttempt): LookupOutcome {
  const redirectUrl = intent.next_action?.redirect_to_url?.url;
  // Nothing that we could show a shopper: it is given up like what was never sent.
  if (!redirectUrl) return { kind: "not_found" };
  // What was prepared long before it could be sent has its time from then on.
  const sentMs = asked.sentAt?.getTime() ?? Date.now() - JUST_NOW_MS;
  const fromMs = Math.max(intent.created * 1_000, sentMs);
  const expiresAt = new Date(fromMs + CHALLENGE_MS).toISOString();
  return { kind: "action_required", redirectUrl, expiresAt };
}

export const FREE = { feeMinor: 0 } as const;

/** What is said of a fee as far as it is certain: everything else is told by the list of movements. */
export function feeOf(
  said: string | Stripe.BalanceTransaction | null | undefined,
  amountMinor: number,
  currency: string,
): Pick<Approved, "feeMinor" | "feeCurrency"> {
  if (typeof said !== "object" || said === null) return { feeMinor: null };
  const feeMinor = fromStripeAmount(said.fee, said.currency) ?? -1;
  const feeCurrency = said.currency.toUpperCase();
  const isSame = feeCurrency === currency;
  if (feeMinor < 0 || (isSame && feeMinor > amountMinor)) return { feeMinor: null };
  return { feeMinor, ...(!isSame && { feeCurrency }) };
}

export function chargeIdOf({ id, latest_charge: charge }: Stripe.PaymentIntent): string {
  return typeof charge === "string" ? charge : (charge?.id ?? id);
}

export function toRefundOutcome(refund: Stripe.Refund): LookupOutcome & SendOutcome {
  switch (refund.status ?? "") {
    case "succeeded": {
      const amountMinor = fromStripeAmount(refund.amount, refund.currency);
      return amountMinor === undefined
        ? unknown("the amount cannot be said in our units")
        : { kind: "approved", processorChargeId: refund.id, amountMinor, ...FREE };
    }
    case "pending":
    case "requires_action":
      return { kind: "pending" };
    case "failed":
    case "canceled":
      return {
        kind: "declined",
        code: `refund_${refund.status}`,
        ...(refund.failure_reason !== undefined && { declineCode: refund.failure_reason }),
        message: "The refund did not reach the card: the money is the merchant's again.",
        hard: true,
      };
    default:
      return unknown("the refund's status is not known");
  }
}

export function isoOf(seconds: number): string {
  return new Date(seconds * 1_000).toISOString();
}
