import { type Db, type Statement, run } from "../db/db";
import { transact } from "../db/transact";
import { failpoint } from "../failpoints";
import type { ChangedIntent } from "../live/announce-changes";
import { authorizationsDue } from "../observability/metrics";
import { notHeld } from "../merchants/not-held";
import type { Charge } from "./attempt";
import { undoing } from "./cancel-payment-intent";
import { capturing } from "./capture-payment-intent";
import { type Change, changeIntent } from "./change";
import { writeChanges } from "./change-store";
import { expireHold, heldOf } from "./settle/hold";
import { AUTHORIZATION_EXPIRED, type AuthorizationExpiryPolicy } from "./payment-intent";
import type { IntentState } from "./payment-store";

/*
 * Guarantees: of each authorisation it is said once that it is about to expire, and its intent's policy is acted upon in
 * the same commit: a capture of what is left, a void, or nothing. One that has expired is released in the ledger, and
 * its intent has ended, in one commit as well. What is under way at the processor is answered first: only what is
 * REQUIRES_CAPTURE is due. By the database's clock alone; how late a sweep may come is all that the workers' decide.
 * Several sweepers share the work, because each takes what no other has locked. A crash leaves all of it or nothing,
 * and what is left is found again.
 *
 * Cost: without anything due one probe of an index that holds only what is held. Else, for the whole set: BEGIN, one
 * lock, one statement for each kind of row (twice where a policy is acted upon), COMMIT.
 */

interface DueHold extends IntentState {
  readonly hasExpired: boolean;
  readonly policy: AuthorizationExpiryPolicy;
  /** The authorisation. */
  readonly charge: Charge;
}

/* Across merchants, in this one place. Those that somebody else has locked come with the next sweep. */
const LOCK_DUE: Statement = {
  name: "lock_due_authorizations",
  text: `
    select pi.merchant_id as "merchantId", pi.id as "id", pi.version as "version",
      pi.capture_method as "captureMethod", pi.amount_capturing as "amountCapturing",
      pi.amount_refunding as "amountRefunding", pi.attempts_made as "attemptsMade",
      iso(pi.authorization_due_at) as "authorizationDueAt",
      pi.authorization_expires_at <= now() as "hasExpired",
      coalesce(pi.authorization_expiry_policy, 'NOTIFY') as "policy",
      payment_intent_snapshot(pi) as "snapshot", charge.attempt as "charge"
    from payment_intents pi
    cross join lateral (
      select json_build_object('id', a.id, 'processor', a.processor,
        'processorAccountId', a.processor_account_id,
        'processorRef', a.processor_ref, 'processorChargeId', a.processor_charge_id) as attempt
      from attempts a
      where a.merchant_id = pi.merchant_id and a.payment_intent_id = pi.id
        and a.operation = 'authorize' and a.status = 'SUCCEEDED'
      order by a.id desc limit 1) charge
    where pi.status = 'REQUIRES_CAPTURE' and pi.authorization_due_at is not null
      and pi.authorization_due_at <= now() and ${notHeld("pi.merchant_id")}
    order by pi.authorization_due_at limit ? for update of pi skip locked`,
};

/** Sees to everything that is due, up to the limit; returns the intents that it has changed. */
export async function expireAuthorizations(db: Db, limit: number): Promise<ChangedIntent[]> {
  const changed = await transact(db, async (tx) => {
    const due = await run<DueHold>(tx, LOCK_DUE, [limit]);
    if (due.length === 0) return due;
    const sorted = [...due].sort(byIntent);
    // One after the other, because an event shows its intent as it stands when it is written.
    await writeChanges(
      tx,
      sorted.map((hold) => (hold.hasExpired ? expire(hold) : announce(hold))),
    );
    await writeChanges(
      tx,
      sorted.flatMap((hold) => act(hold) ?? []),
    );
    await beforeCommit();
    return due;
  });
  for (const { hasExpired, policy } of changed) {
    authorizationsDue.inc({ outcome: hasExpired ? "expired" : DONE[policy] });
  }
  return changed.map(({ merchantId, id }) => ({ merchantId, paymentIntentId: id }));
}

function byIntent(one: DueHold, other: DueHold): number {
  return `${one.merchantId} ${one.id}` < `${other.merchantId} ${other.id}` ? -1 : 1;
}

async function beforeCommit(): Promise<void> {
  const fired = failpoint("authorizations.inside_transaction");
  if (fired) await fired;
}

const ACTOR = "sweeper";

function expire(hold: DueHold): Change {
  const { merchantId, id: paymentIntentId, charge, snapshot } = hold;
  const fact = { merchantId, paymentIntentId, sourceId: charge.id, currency: snapshot.currency };
  const { set, step, journals } = expireHold(hold, { actor: ACTOR, fact });
  return { intent: changeIntent(hold, set, [step]), journals };
}

/** From now on it is due when it has expired. */
function announce(hold: DueHold): Change {
  const set = { authorizationDueAt: hold.snapshot.authorizationExpiresAt };
  return {
    intent: changeIntent(hold, set, [{ ...by(hold), type: EXPIRING, to: hold.snapshot.status }]),
  };
}

const DONE = { CAPTURE: "capture", VOID: "void", NOTIFY: "notify" } as const;

/** What the policy asks for, of the intent as it stands once that is announced; undefined: nothing more. */
function act(hold: DueHold): Change | undefined {
  if (hold.hasExpired || hold.policy === "NOTIFY") return undefined;
  const state: DueHold = {
    ...hold,
    version: hold.version + 1,
    authorizationDueAt: hold.snapshot.authorizationExpiresAt,
  };
  if (hold.policy === "VOID") {
    return undoing({ ...by(hold), state, reason: AUTHORIZATION_EXPIRED }, hold.charge, "void");
  }
  const capture = { ...by(hold), state, final: true, key: keyOf(hold) };
  return capturing(capture, hold.charge).change;
}

const EXPIRING = "authorization.expiring";

function by(hold: DueHold) {
  return { actor: ACTOR, cause: EXPIRING, amount: heldOf(hold) };
}

/** No key that is sent has a space in it, so this one is never anybody else's; and there is one for each intent. */
function keyOf({ id }: DueHold): string {
  return `${id} expiry`;
}
