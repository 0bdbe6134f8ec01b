import type Stripe from "stripe";
import type { LookupOutcome, ProcessorAttempt, ProcessorRequest, SendOutcome } from "../processor";
import { type Called, called, rejected } from "./call";
import { toStripeAmount } from "./currencies";
import { ATTEMPT, asAnswer, toRefundOutcome, unknown } from "./outcomes";

/*
 * Refunds. Guarantees: each has our attempt's id in its metadata, so that it is found in the list of its payment's refunds
 * when its answer is lost; "already refunded" is never taken for a success, because it may have been somebody else.
 *
 * Cost: one call; a look-up one for each hundred refunds of the payment.
 */

export async function sendRefund(stripe: Stripe, request: ProcessorRequest): Promise<SendOutcome> {
  const { reference, targetProcessorRef: intent, sentAt } = request;
  const amount = toStripeAmount(request.amountMinor, request.currency)?.amount;
  if (intent === null || amount === undefined) {
    return rejected("Stripe can give back no such amount of this payment.");
  }
  const refunded = await called(() =>
    stripe.refunds.create(
      { payment_intent: intent, amount, metadata: { [ATTEMPT]: reference } },
      { idempotencyKey: `${reference}:refund` },
    ),
  );
  if (refunded.kind === "done") return toRefundOutcome(refunded.value);
  return withoutAnswer(refunded, {
    isFirst: sentAt === null,
    lookUp: () => lookUpRefund(stripe, request),
  });
}

/**
 * Of a request for which there is a key, and which a look can find: captures and refunds. A refusal of a first sending is
 * final; of a repeat it says nothing about what was sent before.
 */
export async function withoutAnswer(
  called: Exclude<Called<never>, { kind: "done" }>,
  asked: { readonly isFirst: boolean; readonly lookUp: () => Promise<LookupOutcome> },
): Promise<SendOutcome> {
  const { isFirst } = asked;
  if (called.kind !== "refused") return isFirst ? called : unknown(called.reason);
  const { as, declined } = called;
  if (as === "TURNED_AWAY") {
    return isFirst ? { kind: "unsent", reason: declined.message } : unknown(declined.message);
  }
  if (as === "STATE") {
    const found = await asked.lookUp();
    return found.kind === "not_found" && isFirst ? declined : asAnswer(found);
  }
  return isFirst ? declined : unknown("the repeat was refused");
}

export async function lookUpRefund(
  stripe: Stripe,
  attempt: ProcessorAttempt,
): Promise<LookupOutcome> {
  if (attempt.targetProcessorRef === null) return { kind: "not_found" };
  const listed = await refundsOf(stripe, attempt.targetProcessorRef);
  if (listed.kind !== "done") return unknown("the refunds could not be listed");
  const ours = listed.value.filter(({ metadata }) => metadata?.[ATTEMPT] === attempt.reference);
  const [first, ...others] = ours.map(toRefundOutcome);
  if (first === undefined) return { kind: "not_found" };
  return others.length > 0 ? unknown("there is more than one refund of this attempt") : first;
}

// A refund is of a hundredth at least of the smallest charge: no payment has more, unless somebody wants it to.
const REFUNDS_MAX = 1_000;

/** All of a payment; where there are too many to be sure, that is no answer. */
export function refundsOf(stripe: Stripe, intent: string): Promise<Called<Stripe.Refund[]>> {
  return called(async () => {
    const refunds = await stripe.refunds
      .list({ payment_intent: intent, limit: 100 })
      .autoPagingToArray({ limit: REFUNDS_MAX });
    if (refunds.length === REFUNDS_MAX) throw new Error("there are too many refunds");
    return refunds;
  });
}
