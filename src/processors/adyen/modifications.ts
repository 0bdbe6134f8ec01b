import type { ProcessorRequest, SendOutcome } from "../processor";
import type { Adyen } from "./adyen";
import { called, rejected, unknown, withoutAnswer } from "./call";
import { toAdyenAmount } from "./currencies";

/*
 * Captures, refunds and cancellations. Adyen only acknowledges that it has received one: what became of it is told by a
 * webhook, and until then it is pending. Guarantees: each has our attempt's id as key and as reference, by which the
 * webhook is known; "received" is never taken for a success.
 *
 * Cost: one call.
 */

export async function sendModification(
  adyen: Adyen,
  request: ProcessorRequest,
): Promise<SendOutcome> {
  const { targetProcessorRef: payment } = request;
  const amount = toAdyenAmount(request.amountMinor, request.currency);
  if (payment === null || amount === undefined) {
    return rejected("Adyen can do nothing of this amount with this payment.");
  }
  if (request.operation === "capture" && request.final === false && !adyen.capturesInParts) {
    return rejected("This account captures once: Adyen would let go of what is left.");
  }
  const sent = await called(() => modify(adyen, request, { payment, amount }));
  if (sent.kind !== "done") return withoutAnswer(sent, request);
  const { status, reference } = sent.value;
  const isReceived = String(status) === "received" && reference === request.reference;
  return isReceived ? { kind: "pending" } : unknown("the acknowledgement is of something else");
}

interface Acknowledgement {
  readonly status: string;
  readonly reference?: string;
}

function modify(
  { modifications: api, merchantAccount }: Adyen,
  { operation, reference }: ProcessorRequest,
  of: {
    readonly payment: string;
    readonly amount: { readonly value: number; readonly currency: string };
  },
): Promise<Acknowledgement> {
  const { payment, amount } = of;
  const options = { idempotencyKey: reference };
  const params = { merchantAccount, reference };
  switch (operation) {
    case "capture":
      return api.captureAuthorisedPayment(payment, { ...params, amount }, options);
    case "refund":
      return api.refundCapturedPayment(payment, { ...params, amount }, options);
    case "void":
      return api.cancelAuthorisedPaymentByPspReference(payment, params, options);
    case "charge":
    case "authorize":
      throw new Error(`a ${operation} is no modification`);
  }
}
