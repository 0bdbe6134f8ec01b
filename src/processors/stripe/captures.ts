import type Stripe from "stripe";
import type { LookupOutcome, ProcessorAttempt, ProcessorRequest, SendOutcome } from "../processor";
import { called, rejected } from "./call";
import { retrieve, whyNot } from "./charges";
import { fromStripeAmount, toStripeAmount } from "./currencies";
import { FREE, chargeIdOf, unknown } from "./outcomes";
import { withoutAnswer } from "./refunds";

/*
 * What is done with an authorisation. A capture has no name of its own at Stripe, so each leaves a word in the metadata of
 * its PaymentIntent, in the same request: our attempt's id, and the amount. Guarantees: a capture is said to be approved
 * by that word, and only while all such words together are what Stripe says it has received.
 *
 * Cost: a capture one call, a void two, a look-up one.
 */

/** The word of a void that lets go of what is left after captures. */
const VOIDED = "void";

export async function sendCapture(stripe: Stripe, request: ProcessorRequest): Promise<SendOutcome> {
  const { reference, targetProcessorRef: id, amountMinor, final = true, sentAt } = request;
  const amount = toStripeAmount(amountMinor, request.currency)?.amount;
  if (id === null || amount === undefined) {
    return rejected("Stripe can capture no such amount of this payment.");
  }
  const captured = await called(() =>
    stripe.paymentIntents.capture(
      id,
      {
        amount_to_capture: amount,
        // Said only where it is meant: not every account and card may be captured in parts.
        ...(!final && { final_capture: false }),
        metadata: { [reference]: String(amountMinor) },
      },
      { idempotencyKey: `${reference}:capture` },
    ),
  );
  if (captured.kind === "done") {
    const outcome = toCaptureOutcome(captured.value, request);
    return outcome.kind === "approved" ? outcome : unknown("the capture left no word of itself");
  }
  return withoutAnswer(captured, {
    isFirst: sentAt === null,
    lookUp: () => lookUpCapture(stripe, request),
  });
}

type ToOutcome = (intent: Stripe.PaymentIntent, attempt: ProcessorAttempt) => LookupOutcome;

/** What became of it is what its authorisation's PaymentIntent says. */
function lookUp(toOutcome: ToOutcome) {
  return async (stripe: Stripe, attempt: ProcessorAttempt): Promise<LookupOutcome> => {
    const { targetProcessorRef: id } = attempt;
    if (id === null) return { kind: "not_found" };
    const found = await retrieve(stripe, id);
    return found.kind === "done" ? toOutcome(found.value, attempt) : unknown(whyNot(found));
  };
}

export const lookUpCapture = lookUp(toCaptureOutcome);
export const lookUpVoid = lookUp(toVoidOutcome);

/** Captures of one authorisation, by the words that they left: our amounts by attempt. */
export function capturesOf({ metadata }: Stripe.PaymentIntent): ReadonlyMap<string, number> {
  const words = Object.entries(metadata).filter(([, said]) => /^\d{1,16}$/.test(said));
  return new Map(words.map(([reference, said]) => [reference, Number(said)]));
}

function toCaptureOutcome(intent: Stripe.PaymentIntent, attempt: ProcessorAttempt): LookupOutcome {
  const captures = capturesOf(intent);
  const amountMinor = captures.get(attempt.reference);
  if (amountMinor === undefined) return withoutWord(intent);
  const all = [...captures.values()].reduce((sum, amount) => sum + amount, 0);
  if (all !== fromStripeAmount(intent.amount_received, intent.currency)) {
    return unknown("the captures are not what was received");
  }
  const processorChargeId = chargeIdOf(intent);
  return { kind: "approved", processorChargeId, amountMinor, feeMinor: null };
}

function withoutWord({ status, cancellation_reason: why }: Stripe.PaymentIntent): LookupOutcome {
  if (status !== "canceled") return { kind: "not_found" };
  const declined = rejected("The authorisation is gone.", "authorization_canceled");
  return why === "automatic" || why === "expired"
    ? { ...declined, code: "authorization_expired", authorizationExpired: true }
    : declined;
}

export async function sendVoid(stripe: Stripe, request: ProcessorRequest): Promise<SendOutcome> {
  const { reference, targetProcessorRef: id, sentAt } = request;
  if (id === null) return rejected("There is no authorisation to let go of.");
  const isFirst = sentAt === null;
  const found = await retrieve(stripe, id);
  if (found.kind !== "done") {
    // Nothing but a look has happened.
    return isFirst ? { kind: "unsent", reason: whyNot(found) } : unknown(whyNot(found));
  }
  const before = toVoidOutcome(found.value, request);
  if (before.kind !== "not_found") return before;
  if (found.value.status === "succeeded") return rejected("Nothing is held any more.");
  const options = { idempotencyKey: `${reference}:void` };
  const letGo = await called(() =>
    found.value.amount_received > 0
      ? stripe.paymentIntents.capture(
          id,
          { amount_to_capture: 0, final_capture: true, metadata: { [reference]: VOIDED } },
          options,
        )
      : stripe.paymentIntents.cancel(id, {}, options),
  );
  if (letGo.kind === "done") {
    const outcome = toVoidOutcome(letGo.value, request);
    return outcome.kind === "not_found" ? unknown("it was not let go of") : outcome;
  }
  return withoutAnswer(letGo, { isFirst, lookUp: () => lookUpVoid(stripe, request) });
}

/** Whoever let go of it: what counts is that nothing is held any more. */
function toVoidOutcome(
  intent: Stripe.PaymentIntent,
  { reference, amountMinor }: ProcessorAttempt,
): (LookupOutcome & SendOutcome) | { readonly kind: "not_found" } {
  const isGone = intent.status === "canceled" || intent.metadata[reference] === VOIDED;
  return isGone
    ? { kind: "approved", processorChargeId: chargeIdOf(intent), amountMinor, ...FREE }
    : { kind: "not_found" };
}
