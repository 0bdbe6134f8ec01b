import Stripe from "stripe";
import { Failure } from "../../failures";
import type {
  DisputeNews,
  LookupOutcome,
  ProcessorAttempt,
  ProcessorWebhook,
  WebhookHeaders,
} from "../processor";
import { toDisputeNews } from "./disputes";
import { ATTEMPT, REVERSES, toChargeOutcome, toRefundOutcome, unknown } from "./outcomes";
import { fromStripeAmount } from "./currencies";
import { STRIPE_API_VERSION } from "./version";

/*
 * What Stripe tells of its own accord. Guarantees: nothing counts unless one of the secrets signed it within five minutes,
 * for the API version that is understood here; a decline is never taken from an event, because it has to be closed first:
 * it makes somebody look.
 *
 * The endpoint hears of everything that happens in the account, also of what is none of ours. That is acknowledged all the
 * same, or Stripe would send it for days and then disable the endpoint: it says nothing, of an attempt that nobody knows.
 */

/** What an endpoint is created for. */
export const STRIPE_EVENT_TYPES = [
  "payment_intent.succeeded",
  "payment_intent.payment_failed",
  "payment_intent.processing",
  "payment_intent.requires_action",
  "payment_intent.amount_capturable_updated",
  "payment_intent.canceled",
  "refund.created",
  "refund.updated",
  "refund.failed",
  "charge.dispute.created",
  "charge.dispute.updated",
  "charge.dispute.closed",
  "charge.dispute.funds_withdrawn",
  "charge.dispute.funds_reinstated",
] as const satisfies readonly Stripe.Event["type"][];

const SIGNED_WITHIN_S = 5 * 60;

export function verifyStripeWebhook(given: {
  readonly secrets: readonly string[];
  readonly rawBody: string;
  readonly headers: WebhookHeaders;
}): ProcessorWebhook {
  const event = verified(given);
  if ((event as Partial<Stripe.Event> | null)?.api_version !== STRIPE_API_VERSION) {
    throw new Failure("BAD_USER_INPUT", "The webhook is signed, but of another API version.");
  }
  try {
    const { reference, outcome } = translate(event);
    return { eventId: event.id, type: event.type, reference, outcome };
  } catch {
    throw new Failure("BAD_USER_INPUT", "The webhook is signed, but it is malformed.");
  }
}

function verified({
  secrets,
  rawBody,
  headers,
}: Parameters<typeof verifyStripeWebhook>[0]): Stripe.Event {
  const header = headers["stripe-signature"]?.toString() ?? "";
  for (const secret of secrets) {
    // An empty key is one that anybody has.
    if (secret === "") continue;
    try {
      return Stripe.webhooks.constructEvent(rawBody, header, secret, SIGNED_WITHIN_S);
    } catch (error) {
      if (error instanceof Stripe.errors.StripeSignatureVerificationError) continue;
      throw new Failure("BAD_USER_INPUT", "The webhook is signed, but it is not an event.");
    }
  }
  throw new Failure("UNAUTHENTICATED", "The webhook's signature does not match.");
}

export interface Said {
  readonly reference: string;
  readonly outcome: LookupOutcome | DisputeNews;
}

const TYPES: ReadonlySet<string> = new Set(STRIPE_EVENT_TYPES);

function translate(event: Stripe.Event): Said {
  if (!TYPES.has(event.type)) return { reference: event.id, outcome: NOTHING };
  return saidOf(event.data.object as Told, event.created);
}

/** What events of those types are about. */
export type Told = Stripe.PaymentIntent | Stripe.Refund | Stripe.Dispute;

export function saidOf(told: Told, heardAt: number): Said {
  switch (told.object) {
    case "payment_intent":
      return ofIntent(told);
    case "refund":
      return ofRefund(told);
    case "dispute":
      return ofDispute(told, heardAt);
  }
}

export const NOTHING = unknown("it says nothing of a payment");

function ofIntent(intent: Stripe.PaymentIntent): Said {
  const reference = intent.metadata[ATTEMPT];
  if (reference === undefined) return { reference: intent.id, outcome: NOTHING };
  const outcome = toChargeOutcome(intent, asAttempt(intent, reference));
  // Somebody has to look, and closes it then. Whatever is not settled yet is looked at soon after this.
  if (outcome.kind === "open_decline") return { reference, outcome: { kind: "pending" } };
  return { reference, outcome: outcome.kind === "not_found" ? NOTHING : outcome };
}

/** As much of it as the event knows: what was asked for is compared where it is settled. */
function asAttempt(intent: Stripe.PaymentIntent, reference: string): ProcessorAttempt {
  return {
    reference,
    operation: intent.capture_method === "manual" ? "authorize" : "charge",
    processorRef: intent.id,
    targetProcessorRef: null,
    amountMinor: fromStripeAmount(intent.amount, intent.currency) ?? 0,
    currency: intent.currency.toUpperCase(),
    sentAt: null,
  };
}

function ofRefund(refund: Stripe.Refund): Said {
  const { [ATTEMPT]: attempt, [REVERSES]: reversed } = refund.metadata ?? {};
  if (attempt !== undefined) return { reference: attempt, outcome: toRefundOutcome(refund) };
  if (reversed === undefined) return { reference: refund.id, outcome: NOTHING };
  const isUndone = refund.status === "succeeded";
  return { reference: reversed, outcome: isUndone ? { kind: "reversed" } : NOTHING };
}

/** Stripe names only its own PaymentIntent here: that is the reference, then. */
function ofDispute(dispute: Stripe.Dispute, heardAt: number): Said {
  const { payment_intent: intent, id } = dispute;
  const reference = typeof intent === "string" ? intent : (intent?.id ?? id);
  return { reference, outcome: toDisputeNews(dispute, heardAt) ?? NOTHING };
}
