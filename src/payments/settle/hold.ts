import { type Fact, type Journal, bookExpiry } from "../../ledger/journals";
import type { IntentFields, StepInput } from "../change";
import { AUTHORIZATION_EXPIRED } from "../payment-intent";
import type { IntentState } from "../payment-store";

/** What an authorisation holds on the card: until when, and what becomes of the intent when it is held no longer. */

/** What is known of a new hold. It is to be seen to `expiringMs` before it expires; never where nobody says when. */
export function holdUntil(
  expiresAt: string | undefined,
  expiringMs: number,
): Pick<IntentFields, "authorizationExpiresAt" | "authorizationDueAt"> {
  if (expiresAt === undefined) return { authorizationExpiresAt: null, authorizationDueAt: null };
  const due = new Date(Math.max(0, Date.parse(expiresAt) - expiringMs));
  return { authorizationExpiresAt: expiresAt, authorizationDueAt: due.toISOString() };
}

/** What is authorised and not captured. */
export function heldOf({ snapshot }: IntentState): number {
  return snapshot.amountAuthorized - snapshot.amountCaptured;
}

/** Where an intent goes when what it held is let go of: what has been captured is captured. */
export function withoutHold({ snapshot }: IntentState): Pick<StepInput, "type" | "to"> {
  return snapshot.amountCaptured > 0
    ? { type: "payment_intent.succeeded", to: "SUCCEEDED" }
    : { type: "payment_intent.canceled", to: "CANCELED" };
}

export interface Expiry {
  readonly set: Partial<IntentFields>;
  readonly step: StepInput;
  readonly journals: readonly Journal[];
}

/**
 * The hold is gone by itself: released in the ledger, and the intent has ended. The journal's source is what shows it:
 * the attempt that heard of it from the processor, or else the authorisation; so it is booked once.
 */
export function expireHold(state: IntentState, by: { actor: string; fact: Fact }): Expiry {
  const held = heldOf(state);
  const next = withoutHold(state);
  const reason = state.snapshot.cancellationReason ?? AUTHORIZATION_EXPIRED;
  return {
    set: {
      authorizationExpired: true,
      cancellationReason: next.to === "CANCELED" ? reason : null,
    },
    step: { ...next, actor: by.actor, cause: "authorization.expired", amount: held },
    journals: [bookExpiry(by.fact, held)],
  };
}
