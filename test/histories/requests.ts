import {
  CANCEL_INTENT,
  CAPTURE_INTENT,
  CONFIRM_INTENT,
  REFUND_INTENT,
  UPDATE_INTENT,
} from "../support/api";
import type { Act } from "./history";
import type { Setup, Step } from "./shadow";

/** A mutation as it was sent, so that it can be sent again. */
export interface Request {
  readonly mutation: string;
  readonly query: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly key: string;
}

/** What an act asks for of a payment, in minor units. */
export function stepOf(act: Act, { amount }: Setup): Step | undefined {
  switch (act.act) {
    case "confirm":
      return { do: "confirm", card: act.card };
    case "capture":
      return { do: "capture", amount: part(amount, act.share), final: act.final };
    case "cancel":
      return { do: "cancel" };
    case "refund":
      return { do: "refund", amount: part(amount, act.share) };
    case "update":
      return { do: "update", amount: part(amount, act.share) ?? amount };
    case "authenticate":
      return { do: "authenticate", ending: act.ending };
    case "dispute":
      return { do: "dispute", amount: part(amount, act.share), late: act.late };
    case "decide":
      return { do: "decide", which: act.which, outcome: act.outcome, late: act.late };
    case "expire":
    case "nearly expire":
      return { do: act.act };
    case "repeat":
    case "reuse":
    case "race":
      return undefined;
  }
}

function part(amount: number, share: number | null): number | null {
  return share === null ? null : Math.max(1, Math.round(amount * share));
}

export function requestOf(step: Step, paymentIntentId: string, key: string): Request | undefined {
  const of = (mutation: string, query: string, input: object): Request => ({
    mutation,
    query,
    input: { paymentIntentId, ...input },
    key,
  });
  switch (step.do) {
    case "confirm":
      return of("confirmPaymentIntent", CONFIRM_INTENT, { paymentMethod: step.card });
    case "capture": {
      const { amount, final } = step;
      return of("capturePaymentIntent", CAPTURE_INTENT, { amount, final });
    }
    case "cancel":
      return of("cancelPaymentIntent", CANCEL_INTENT, {});
    case "refund":
      return of("refundPaymentIntent", REFUND_INTENT, { amount: step.amount });
    case "update":
      return of("updatePaymentIntent", UPDATE_INTENT, { amount: step.amount });
    case "authenticate":
    case "dispute":
    case "decide":
    case "expire":
    case "nearly expire":
      return undefined;
  }
}

const OTHERWISE: Readonly<Record<string, object>> = {
  confirmPaymentIntent: { returnUrl: "https://shop.example/other" },
  capturePaymentIntent: { amount: 987_654_321 },
  cancelPaymentIntent: { reason: "FRAUDULENT" },
  refundPaymentIntent: { amount: 987_654_321 },
  updatePaymentIntent: { amount: 987_654_321 },
};

/** The same key, and something else asked for. */
export function changed(request: Request): Request {
  return { ...request, input: { ...request.input, ...OTHERWISE[request.mutation] } };
}
