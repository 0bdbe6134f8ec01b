import { type StoredFailure, wrongState } from "../failures";
import { type PaymentIntent, type PaymentIntentStatus, isTerminal } from "./payment-intent";

/** What may be done with a payment intent in its state, and what is said to whoever asks for something else. */

export const INTENT_ACTIONS = ["CONFIRM", "CAPTURE", "CANCEL", "REFUND", "UPDATE"] as const;
export type IntentAction = (typeof INTENT_ACTIONS)[number];

export interface ActionDecision {
  readonly action: IntentAction;
  readonly allowed: boolean;
  /** Why not, for people; null when it is allowed. */
  readonly because: string | null;
}

export type Actionable = Pick<
  PaymentIntent,
  | "status"
  | "amountAuthorized"
  | "amountCapturable"
  | "amountCaptured"
  | "amountRefundable"
  | "amountDisputed"
  | "authorizationExpiredAt"
  | "cancellationRequestedAt"
>;

/** What forbids an action, given the intent's state. Amounts decide this, not extra states. */
const FORBIDDEN_BECAUSE: Readonly<Record<IntentAction, (intent: Actionable) => string | null>> = {
  CONFIRM: refuseOnceConfirmed,
  CAPTURE: ({ status, authorizationExpiredAt }) => {
    if (status === "REQUIRES_CAPTURE") return null;
    if (status === "PROCESSING") return UNDER_WAY;
    if (authorizationExpiredAt !== null) {
      return `The authorisation expired at ${authorizationExpiredAt}, and what it held was released.`;
    }
    if (status === "SUCCEEDED") return "Nothing is left to capture.";
    return isTerminal(status) ? ended(status) : "Nothing has been authorised yet.";
  },
  CANCEL: ({ status, amountAuthorized, amountCaptured, cancellationRequestedAt }) => {
    if (isTerminal(status)) return ended(status);
    if (amountCaptured > 0) return "Part of the amount has already been captured.";
    if (status !== "PROCESSING") return null;
    if (cancellationRequestedAt !== null) return "The payment is being canceled already.";
    return amountAuthorized > 0
      ? "A capture is in progress at the processor. Cancel if it fails, refund if it succeeds."
      : null;
  },
  REFUND: ({ amountCaptured, amountRefundable, amountDisputed }) => {
    if (amountRefundable > 0) return null;
    if (amountDisputed > 0) {
      return amountDisputed === amountCaptured
        ? "Everything captured is disputed."
        : "Everything captured that has not been refunded is disputed.";
    }
    return amountCaptured > 0
      ? "Everything captured has been refunded or is being refunded."
      : "Nothing has been captured.";
  },
  UPDATE: refuseOnceConfirmed,
};

function refuseOnceConfirmed({ status }: Actionable): string | null {
  if (status === "REQUIRES_PAYMENT_METHOD" || status === "REQUIRES_CONFIRMATION") return null;
  return isTerminal(status) ? ended(status) : "The payment has already been confirmed.";
}

const UNDER_WAY = "An operation is in progress at the processor.";

function ended(status: PaymentIntentStatus): string {
  return `The payment has ended: it is ${status}.`;
}

/**
 * The only place that decides which actions an intent allows. `refuse` says why the caller may not ask for an action,
 * whatever the intent's state; null when it may.
 */
export function decideActions(
  intent: Actionable,
  refuse: (action: IntentAction) => string | null = () => null,
): ActionDecision[] {
  return INTENT_ACTIONS.map((action) => {
    const because = refuse(action) ?? FORBIDDEN_BECAUSE[action](intent);
    return { action, allowed: because === null, because };
  });
}

/** The names of the actions that the intent's state allows, as refusals list them. */
export function allowedActions(intent: Actionable): IntentAction[] {
  return decideActions(intent)
    .filter(({ allowed }) => allowed)
    .map(({ action }) => action);
}

/** The refusal of an action, with why it is refused and what may be done instead. */
export function invalidState(
  intent: Actionable & Pick<PaymentIntent, "id">,
  action: IntentAction,
  /** Why, where the state allows the action as such. */
  otherwise: string | null = null,
): StoredFailure {
  const because = FORBIDDEN_BECAUSE[action](intent) ?? otherwise;
  const { id, status: currentState } = intent;
  if (because === null) throw new Error(`${id} allows ${action}`);
  return wrongState({ id, because, currentState, allowedActions: allowedActions(intent) });
}

export function amountTooLarge(id: string, remaining: number): StoredFailure {
  return { code: "AMOUNT_TOO_LARGE", details: { id, remaining } };
}

/** The details say how much is disputed, where that is a reason, and why nothing is left, where that is so. */
export function refundTooLarge(intent: PaymentIntent): StoredFailure {
  const { id, amountDisputed: disputed, amountRefundable: remaining } = intent;
  const because = FORBIDDEN_BECAUSE.REFUND(intent);
  // In the order in which jsonb keeps them, so that a replay says the same.
  const details = {
    id,
    ...(because !== null && { because }),
    ...(disputed > 0 && { disputed }),
    remaining,
  };
  return { code: "AMOUNT_TOO_LARGE", details };
}
