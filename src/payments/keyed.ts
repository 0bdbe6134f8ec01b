import { type Db, type Statement, type Tx, isLockTimeout, run, transact } from "../db";
import { type StoredFailure, verdict } from "../failures";
import { type OperationKey, type Outcome, findKey, keyInUse, replay } from "../idempotency";
import { idempotencyOutcomes } from "../metrics";
import type { Change } from "./change";
import { writeChanges } from "./change-store";
import { notFound } from "./payment-intent";
import { type IntentState, lockIntent } from "./payment-store";

/** A mutation of one intent: captures, cancellations and refunds, which are not hot enough to be one statement. */
export interface KeyedCommand {
  readonly merchantId: string;
  readonly actor: string;
  readonly key: string;
  readonly fingerprint: string;
  readonly paymentIntentId: string;
}

/** What the use case decides about the locked intent: a change with the step whose event is the result, or a verdict. */
export type Decision =
  { readonly failure: StoredFailure } | { readonly change: Change; readonly resultEventId: string };

const INSERT_KEY: Statement = {
  name: "insert_idempotency_key",
  text: `
    insert into idempotency_keys (merchant_id, operation, key, fingerprint, event_id, failure_code, failure_details)
    values (?, ?, ?, decode(?, 'hex'), ?, ?, ?::jsonb) on conflict do nothing
    returning iso(created_at) as "firstSeenAt"`,
};

/**
 * Runs a mutation of one intent once for its key, in one transaction: lock the intent, look for the key,
 * decide, write the key with the outcome, write the changes. Five round trips and COMMIT.
 *
 * The intent is locked before the key is inserted, as in every other statement, so that nobody waits in a
 * circle. Twins therefore stand in line at the intent, and the second finds the first one's key.
 */
export async function changeOnce<Result>(
  db: Db,
  command: KeyedCommand,
  options: {
    readonly operation: string;
    readonly decide: (tx: Tx, state: IntentState) => Promise<Decision>;
    readonly beforeCommit: () => Promise<void> | undefined;
  },
): Promise<Outcome<Result>> {
  const name: OperationKey = { ...command, operation: options.operation };
  // Replays, the common kind of second request, need no transaction and no lock.
  const known = await findKey(db, name);
  if (known) return replay<Result>(name, command.fingerprint, known);
  const written = await transact(db, async (tx) => {
    const state = await lockIntent(tx, command.merchantId, command.paymentIntentId);
    const decision: Decision = state
      ? await options.decide(tx, state)
      : { failure: notFound("payment intent", command.paymentIntentId) };
    const failure = "failure" in decision ? decision.failure : undefined;
    const [inserted] = await run<{ firstSeenAt: string }>(tx, INSERT_KEY, [
      name.merchantId,
      name.operation,
      name.key,
      command.fingerprint,
      "change" in decision ? decision.resultEventId : null,
      failure?.code ?? null,
      failure ? JSON.stringify(failure.details) : null,
    ]);
    if (!inserted) return undefined;
    if ("change" in decision) await writeChanges(tx, [decision.change]);
    await options.beforeCommit();
    return { failure };
  }).catch((error: unknown) => {
    throw isLockTimeout(error) ? keyInUse(name) : error;
  });
  if (!written) return replayTwin<Result>(db, name, command.fingerprint);
  idempotencyOutcomes.inc({ operation: name.operation, outcome: "executed" });
  if (written.failure) throw verdict(written.failure);
  const record = await findKey(db, name);
  if (!record) throw new Error("an idempotency key that was just committed is not there");
  return { status: "EXECUTED", firstSeenAt: record.firstSeenAt, result: record.result as Result };
}

async function replayTwin<Result>(
  db: Db,
  name: OperationKey,
  fingerprint: string,
): Promise<Outcome<Result>> {
  const record = await findKey(db, name);
  if (!record) throw keyInUse(name);
  return replay<Result>(name, fingerprint, record);
}
