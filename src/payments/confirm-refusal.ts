import { type FailureDetails, notFound } from "../failures";
import type { KeyRecord } from "../idempotency/keys";
import type { PaymentIntent } from "./payment-intent";
import { invalidState } from "./intent-actions";

/**
 * The statement stores the state of the intent; what that state allowed is decided here, as for every other refusal.
 */
export function explainRefusal(details: FailureDetails): FailureDetails {
  const id = details.id as string;
  const intent = (details.intent ?? withoutAmounts(details)) as PaymentIntent | null;
  return intent
    ? invalidState({ ...UNKNOWN_THEN, ...intent, id }, "CONFIRM", NEEDS_CARD).details
    : notFound("payment intent", id).details;
}

/** What its state allows, but not without a card: it has none, or its last one was declined. */
const NEEDS_CARD = "It needs a card: give `paymentMethod`.";

/**
 * What records from before do not say. Nothing could be asked for then while the processor was at work: what is said to
 * be held keeps it so.
 */
const UNKNOWN_THEN = {
  amountAuthorized: 1,
  amountDisputed: 0,
  authorizationExpiredAt: null,
  cancellationRequestedAt: null,
};

/** Records written before the amounts were stored have only the status. */
function withoutAmounts({ currentState }: FailureDetails): object | null {
  const amounts = { amountCapturable: 0, amountCaptured: 0, amountRefundable: 0 };
  return currentState == null ? null : { status: currentState, ...amounts };
}

export function explained(record: KeyRecord): KeyRecord {
  const { failureDetails } = record;
  return failureDetails ? { ...record, failureDetails: explainRefusal(failureDetails) } : record;
}
