import type { FailureDetails } from "../failures";
import type { KeyRecord } from "../idempotency/keys";
import { type PaymentIntent, invalidState, notFound } from "./payment-intent";

/**
 * The statement stores the state of the intent; what that state allowed is decided here, as for every other refusal.
 */
export function explainRefusal(details: FailureDetails): FailureDetails {
  const id = details.id as string;
  const intent = (details.intent ?? withoutAmounts(details)) as PaymentIntent | null;
  // Records written before there were disputes do not name them.
  return intent
    ? invalidState({ ...NOT_DISPUTED, ...intent, id }).details
    : notFound("payment intent", id).details;
}

const NOT_DISPUTED = { amountDisputed: 0 };

/** Records written before the amounts were stored have only the status. */
function withoutAmounts({ currentState }: FailureDetails): object | null {
  const amounts = { amountCapturable: 0, amountCaptured: 0, amountRefundable: 0 };
  return currentState == null ? null : { status: currentState, ...amounts };
}

export function explained(record: KeyRecord): KeyRecord {
  const { failureDetails } = record;
  return failureDetails ? { ...record, failureDetails: explainRefusal(failureDetails) } : record;
}
