import type { Db } from "../db/db";
import {
  type PersonalData,
  isBlank,
  newPersonalKey,
  personalDataOf,
  sealPersonalData,
} from "../events/personal-data";
import { failpoint } from "../failpoints";
import { type FailureDetails, type StoredFailure, wrongState } from "../failures";
import type { KeyedOperation, Outcome } from "../idempotency/keys";
import { changeIntent } from "./change";
import { type Decision, type KeyedCommand, changeIntentOnce } from "./change-intent-once";
import { METADATA_PAIRS_MAX, type PaymentIntent } from "./payment-intent";
import { allowedActions, invalidState } from "./intent-actions";
import type { LockedIntent } from "./payment-store";
import { findIntentByUpdateKey } from "./rewrite-store";

/*
 * Guarantees: an intent that nobody has confirmed, or whose last card was declined softly, gets what is given, as one
 * version with its event; any other is refused, and the verdict is kept under the key. With an expected version, one
 * that somebody else has changed meanwhile is refused as well. What was confirmed at the same moment was confirmed
 * either as it was before or as it is after: both take the intent's lock. A crash leaves all of it or nothing.
 *
 * Cost: as every change of one intent, and a row that keeps the key for ever.
 */

export const UPDATE = "updatePaymentIntent";

/** Undefined: it stays as it is. */
export interface UpdatePaymentIntent extends KeyedCommand {
  /** Minor units. */
  readonly amount: number | undefined;
  readonly description: string | null | undefined;
  readonly customer: string | null | undefined;
  /** Joins what is there: an empty value takes its name away, and null takes all of it. */
  readonly metadata: Readonly<Record<string, string>> | null | undefined;
  /** Null: whichever it is. */
  readonly expectedVersion: number | null;
}

export const updateOperation: KeyedOperation<PaymentIntent> = {
  name: UPDATE,
  findMade: findIntentByUpdateKey,
  spentKey: "payment_intent_updates_spent_key",
};

export async function updatePaymentIntent(
  db: Db,
  command: UpdatePaymentIntent,
): Promise<Outcome<PaymentIntent>> {
  return changeIntentOnce(db, command, {
    operation: updateOperation,
    decide: (_tx, { state }) => decideUpdate(state, command),
    beforeCommit: () => failpoint("update.inside_transaction"),
    isSame: (made) => made.fingerprint === command.fingerprint,
  });
}

function decideUpdate(state: LockedIntent, command: UpdatePaymentIntent): Decision {
  const intent = state.snapshot;
  const personal = personalDataAfter(intent, command);
  const failure = refusalOf(intent, command, personal);
  if (failure) return { failure };
  const amount = command.amount ?? intent.amount;
  const isEmpty = isBlank(personal);
  // Its older events are sealed with the key that it has, so it keeps that.
  const personalKey = state.personalKey ?? (isEmpty ? null : newPersonalKey());
  const change = changeIntent(state, {}, [
    {
      type: "payment_intent.updated",
      to: intent.status,
      actor: command.actor,
      cause: UPDATE,
      amount,
    },
  ]);
  const rewrite = {
    ...personal,
    amount,
    personal:
      isEmpty || !personalKey ? null : sealPersonalData(personalKey, personalDataOf(personal)),
    formerCustomer: personal.customer === intent.customer ? null : intent.customer,
    key: command.key,
    fingerprint: command.fingerprint,
  };
  return {
    resultEventId: change.steps[0]?.eventId ?? "",
    change: { intent: { ...change, personalKey, rewrite } },
  };
}

function personalDataAfter(intent: PaymentIntent, command: UpdatePaymentIntent): PersonalData {
  const { description = intent.description, customer = intent.customer } = command;
  return { description, customer, metadata: metadataAfter(intent, command) };
}

function metadataAfter(
  { metadata }: PaymentIntent,
  { metadata: given = {} }: UpdatePaymentIntent,
): PersonalData["metadata"] {
  if (given === null) return {};
  const pairs = Object.entries({ ...metadata, ...given });
  return Object.fromEntries(pairs.filter(([name, value]) => value !== "" || given[name] !== ""));
}

function refusalOf(
  intent: PaymentIntent,
  command: UpdatePaymentIntent,
  personal: PersonalData,
): StoredFailure | undefined {
  const allowed = allowedActions(intent);
  if (!allowed.includes("UPDATE")) return invalidState(intent, "UPDATE");
  const { id, status: currentState, version, personalDataErasedAt } = intent;
  const refused = (because: string, more: FailureDetails) =>
    wrongState({ id, because, currentState, allowedActions: allowed, ...more });
  const { expectedVersion } = command;
  if (expectedVersion !== null && expectedVersion !== version) {
    const because = `The payment has been changed: it is at version ${String(version)}.`;
    return refused(because, { version, expectedVersion });
  }
  // What was erased stays erased.
  if (personalDataErasedAt !== null && !isBlank(personal)) {
    return refused("Its personal data has been erased, for good.", { personalDataErasedAt });
  }
  const pairs = Object.keys(personal.metadata).length;
  if (pairs > METADATA_PAIRS_MAX) {
    const because = `It would have ${String(pairs)} pairs of metadata.`;
    return refused(because, { limit: METADATA_PAIRS_MAX });
  }
  return undefined;
}
