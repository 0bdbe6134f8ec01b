import type Stripe from "stripe";

type Known = Stripe.PaymentIntent.LastPaymentError;

/** As `error` of an answer has it, and a PaymentIntent remembers it. */
export type ErrorBody = Pick<
  Known,
  "code" | "decline_code" | "advice_code" | "network_decline_code" | "message" | "type"
>;

export class StripeRefusal extends Error {
  constructor(
    readonly status: number,
    readonly body: ErrorBody,
    /** Turned away before anybody looks at a key: not kept under it. */
    readonly isKept = true,
  ) {
    super(body.message);
  }
}

export function invalid(message: string, code?: Known["code"], status = 400): StripeRefusal {
  const body: ErrorBody = { type: "invalid_request_error", message };
  return new StripeRefusal(status, code === undefined ? body : { ...body, code });
}

export function unexpectedState(status: string): StripeRefusal {
  return invalid(`This PaymentIntent's status is ${status}.`, "payment_intent_unexpected_state");
}
