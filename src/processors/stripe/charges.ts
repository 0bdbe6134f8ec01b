import type Stripe from "stripe";
import type {
  Declined,
  LookupOutcome,
  PrepareOutcome,
  ProcessorAttempt,
  ProcessorRequest,
  ReverseOutcome,
  SendOutcome,
} from "../processor";
import { type Called, called, rejected } from "./call";
import { toStripeAmount } from "./currencies";
import {
  ATTEMPT,
  type ChargeOutcome,
  OPERATION,
  REVERSES,
  asAnswer,
  toChargeOutcome,
  unknown,
} from "./outcomes";
import { refundsOf } from "./refunds";

/*
 * Charges and authorisations: one PaymentIntent for each attempt, which succeeds once, whoever confirms it how often.
 * Guarantees: it is created unconfirmed, so its id can be committed before anything moves; a decline is only said once
 * its PaymentIntent is cancelled, because a shopper who has been sent to a challenge could confirm it again with the
 * secret in that address; what is given up is cancelled, and if it had succeeded, refunded.
 *
 * Cost: create and confirm; a decline one more call, a look-up one, of what was refunded two.
 */

const EXPAND = ["latest_charge.balance_transaction"];

export async function prepareCharge(
  stripe: Stripe,
  request: ProcessorRequest,
): Promise<PrepareOutcome> {
  const { reference, operation, paymentMethod } = request;
  const amount = toStripeAmount(request.amountMinor, request.currency);
  if (amount === undefined) {
    return rejected("Stripe takes no such amount in this currency.", "currency_not_supported");
  }
  const params: Stripe.PaymentIntentCreateParams = {
    ...amount,
    confirm: false,
    capture_method: operation === "charge" ? "automatic" : "manual",
    allowed_payment_method_types: ["card"],
    ...(paymentMethod !== undefined && { payment_method: paymentMethod }),
    metadata: { [ATTEMPT]: reference, [OPERATION]: operation },
    ...(operation === "authorize" && {
      payment_method_options: { card: { request_multicapture: "if_available" } },
    }),
  };
  const create = (options?: Stripe.RequestOptions): Promise<Called<Stripe.PaymentIntent>> =>
    called(() => stripe.paymentIntents.create(params, options));
  const first = await create({ idempotencyKey: `${reference}:create` });
  // A failure is replayed under its key for a day. Another PaymentIntent does no harm: nobody will confirm the first.
  const hasFailed = first.kind === "unknown" && (first.status ?? 0) >= 500;
  const created = hasFailed ? await create() : first;
  if (created.kind === "done") return { kind: "prepared", processorRef: created.value.id };
  if (created.kind === "refused" && ["CARD", "REJECTED"].includes(created.as)) {
    return created.declined;
  }
  const reason = created.kind === "refused" ? created.declined.message : created.reason;
  return { kind: "unsent", reason };
}

export async function sendCharge(stripe: Stripe, request: ProcessorRequest): Promise<SendOutcome> {
  const { reference, processorRef: id, returnUrl, sentAt } = request;
  if (id === null) return { kind: "unsent", reason: "it was not prepared" };
  const confirmed = await called(() =>
    stripe.paymentIntents.confirm(
      id,
      {
        // Without an address to come back to, a shopper cannot be sent anywhere: then a challenge is a decline.
        ...(returnUrl === undefined
          ? { error_on_requires_action: true }
          : { return_url: returnUrl }),
        expand: EXPAND,
      },
      { idempotencyKey: `${reference}:confirm` },
    ),
  );
  switch (confirmed.kind) {
    case "done":
      return asAnswer(await closed(stripe, toChargeOutcome(confirmed.value, request), request));
    case "unsent":
      return sentAt === null ? confirmed : unknown(confirmed.reason);
    case "unknown":
      return confirmed;
    case "refused":
      return refused(stripe, request, confirmed);
  }
}

async function refused(
  stripe: Stripe,
  request: ProcessorRequest,
  { as, declined }: Called<never> & { kind: "refused" },
): Promise<SendOutcome> {
  const isFirst = request.sentAt === null;
  if (as === "TURNED_AWAY") {
    return isFirst ? { kind: "unsent", reason: declined.message } : unknown(declined.message);
  }
  if (as === "STATE") return asAnswer(await lookUpCharge(stripe, request));
  if (as === "CARD" || isFirst) return asAnswer(await close(stripe, request, declined));
  return unknown("the repeat was refused");
}

/** Changes nothing, but for one thing: a decline that it finds is closed. */
export async function lookUpCharge(
  stripe: Stripe,
  attempt: ProcessorAttempt,
): Promise<LookupOutcome> {
  if (attempt.processorRef === null) return { kind: "not_found" };
  const found = await retrieve(stripe, attempt.processorRef);
  // "No such PaymentIntent" as well: it may be the key that is another's.
  if (found.kind !== "done") return unknown(whyNot(found));
  const outcome = await closed(stripe, toChargeOutcome(found.value, attempt), attempt);
  const wasRefunded =
    typeof found.value.latest_charge === "object" && found.value.latest_charge?.amount_refunded;
  return outcome.kind === "approved" && wasRefunded
    ? unlessUndone(stripe, attempt, outcome)
    : outcome;
}

async function closed(
  stripe: Stripe,
  outcome: ChargeOutcome,
  attempt: ProcessorAttempt,
): Promise<LookupOutcome> {
  return outcome.kind === "open_decline" ? close(stripe, attempt, outcome.declined) : outcome;
}

/** Cancels what was declined; what it has become in the meantime, if it cannot be cancelled. */
async function close(
  stripe: Stripe,
  attempt: ProcessorAttempt,
  declined: Declined,
): Promise<LookupOutcome> {
  const id = attempt.processorRef ?? "";
  const canceled = await called(() => stripe.paymentIntents.cancel(id));
  if (canceled.kind === "done" && canceled.value.status === "canceled") return declined;
  if (canceled.kind !== "refused") return unknown("declined, and not yet closed");
  const found = await retrieve(stripe, id);
  if (found.kind !== "done") return unknown("declined, and not yet closed");
  const outcome = toChargeOutcome(found.value, attempt);
  if (outcome.kind === "reversed") return declined;
  // The next look finds it as it is then.
  return outcome.kind === "open_decline" ? unknown("declined, and not yet closed") : outcome;
}

export async function reverseCharge(
  stripe: Stripe,
  attempt: ProcessorAttempt,
): Promise<ReverseOutcome> {
  const { processorRef: id } = attempt;
  if (id === null) return unknown("there is nothing to undo it by");
  const canceled = await called(() => stripe.paymentIntents.cancel(id));
  if (canceled.kind === "done" && canceled.value.status === "canceled") return { kind: "reversed" };
  if (canceled.kind !== "refused") return unknown("the cancellation has no answer");
  const found = await retrieve(stripe, id);
  if (found.kind !== "done") return unknown(whyNot(found));
  const { status, metadata, amount_received: received } = found.value;
  if (metadata[ATTEMPT] !== attempt.reference) return unknown("it is another attempt's");
  if (status === "canceled") return { kind: "reversed" };
  if (status !== "succeeded") return unknown(`it cannot be cancelled: it is ${status}`);
  return giveBack(stripe, { reference: attempt.reference, id, received });
}

/** All of it, by one refund that succeeds. What was asked for before is looked for first, however old its key is. */
async function giveBack(
  stripe: Stripe,
  charge: { readonly reference: string; readonly id: string; readonly received: number },
): Promise<ReverseOutcome> {
  const { reference, id } = charge;
  const listed = await refundsOf(stripe, id);
  if (listed.kind !== "done") return unknown("the refunds could not be listed");
  const ours = listed.value.filter(({ metadata }) => metadata?.[REVERSES] === reference);
  if (ours.some(isStanding)) return reversedBy(ours);
  const refunded = await called(() =>
    stripe.refunds.create(
      { payment_intent: id, metadata: { [REVERSES]: reference } },
      // One that failed gave nothing back: the next one is another.
      { idempotencyKey: `${reference}:reverse:${String(ours.length)}` },
    ),
  );
  return refunded.kind === "done" ? reversedBy([refunded.value]) : unknown(whyNot(refunded));
}

function isStanding({ status }: Stripe.Refund): boolean {
  return status !== "failed" && status !== "canceled";
}

function reversedBy(refunds: readonly Stripe.Refund[]): ReverseOutcome {
  return refunds.some(({ status }) => status === "succeeded")
    ? { kind: "reversed" }
    : unknown("the refund has not succeeded yet");
}

async function unlessUndone(
  stripe: Stripe,
  attempt: ProcessorAttempt,
  outcome: LookupOutcome,
): Promise<LookupOutcome> {
  const listed = await refundsOf(stripe, attempt.processorRef ?? "");
  if (listed.kind !== "done") return unknown("the refunds could not be listed");
  const ours = listed.value.filter(({ metadata }) => metadata?.[REVERSES] === attempt.reference);
  return ours.some(isStanding) ? reversedBy(ours) : outcome;
}

export function retrieve(stripe: Stripe, id: string): Promise<Called<Stripe.PaymentIntent>> {
  return called(() => stripe.paymentIntents.retrieve(id, { expand: EXPAND }));
}

export function whyNot(result: Called<unknown>): string {
  if (result.kind === "refused") return result.declined.message;
  return result.kind === "done" ? "" : result.reason;
}
