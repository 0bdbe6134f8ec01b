import { type Db, type Statement, type Tx, run } from "../db/db";
import { beforeWriting, isLockTimeout, violatedConstraint } from "../db/errors";
import { transact } from "../db/transact";
import { type StoredFailure, verdict } from "../failures";
import {
  type OperationKey,
  type Outcome,
  findKey,
  keyInUse,
  keyReused,
  replay,
} from "../idempotency/keys";
import { idempotencyOutcomes } from "../observability/metrics";
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

/** What a key made whose record has expired: the object itself keeps its key for ever. */
export interface Spent<Result> {
  readonly paymentIntentId: string;
  readonly firstSeenAt: string;
  readonly result: Result;
}

export interface KeyedUseCase<Result> {
  readonly operation: string;
  readonly decide: (tx: Tx, state: IntentState) => Promise<Decision>;
  readonly beforeCommit: () => Promise<void> | undefined;
  readonly findSpent?: (db: Db) => Promise<Spent<Result> | undefined>;
}

const SPENT_KEYS = new Set(["captures_spent_key", "refunds_spent_key"]);

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
  useCase: KeyedUseCase<Result>,
): Promise<Outcome<Result>> {
  const name: OperationKey = { ...command, operation: useCase.operation };
  // Replays, the common kind of second request, need no transaction and no lock.
  const known = await beforeWriting(findKey(db, name));
  if (known) return replay<Result>(name, command.fingerprint, known);
  const written = await transact(db, (tx) => execute(tx, command, useCase)).catch(
    async (error: unknown) => {
      if (isLockTimeout(error)) throw keyInUse(name);
      const spent = SPENT_KEYS.has(violatedConstraint(error) ?? "")
        ? await useCase.findSpent?.(db)
        : undefined;
      if (!spent) throw error;
      return { spent };
    },
  );
  if (!written) return replayTwin<Result>(db, name, command.fingerprint);
  if ("spent" in written) return replaySpent(name, command, written.spent);
  idempotencyOutcomes.inc({ operation: name.operation, outcome: "executed" });
  if (written.failure) throw verdict(written.failure);
  const record = await findKey(db, name);
  if (!record) throw new Error("an idempotency key that was just committed is not there");
  return { status: "EXECUTED", firstSeenAt: record.firstSeenAt, result: record.result as Result };
}

async function execute<Result>(
  tx: Tx,
  command: KeyedCommand,
  { operation, decide, beforeCommit, findSpent }: KeyedUseCase<Result>,
): Promise<{ failure: StoredFailure | undefined } | { spent: Spent<Result> } | undefined> {
  const state = await lockIntent(tx, command.merchantId, command.paymentIntentId);
  const decision: Decision = state
    ? await decide(tx, state)
    : { failure: notFound("payment intent", command.paymentIntentId) };
  const failure = "failure" in decision ? decision.failure : undefined;
  // A refusal may be the effect of what this very key did, long ago: that is a replay and no refusal.
  const spent = failure && (await findSpent?.(tx));
  if (spent) return { spent };
  const [inserted] = await run<{ firstSeenAt: string }>(tx, INSERT_KEY, [
    command.merchantId,
    operation,
    command.key,
    command.fingerprint,
    "change" in decision ? decision.resultEventId : null,
    failure?.code ?? null,
    failure ? JSON.stringify(failure.details) : null,
  ]);
  if (!inserted) return undefined;
  if ("change" in decision) await writeChanges(tx, [decision.change]);
  await beforeCommit();
  return { failure };
}

/** The key's record has expired, but what it made is still there: it is that one, as it stands now. */
function replaySpent<Result>(
  name: OperationKey,
  command: KeyedCommand,
  spent: Spent<Result>,
): Outcome<Result> {
  // The fingerprint is gone with the record; the intent is what is left to tell a retry from another request.
  if (spent.paymentIntentId !== command.paymentIntentId) throw keyReused(name, spent.firstSeenAt);
  idempotencyOutcomes.inc({ operation: name.operation, outcome: "replayed" });
  return { status: "REPLAYED", firstSeenAt: spent.firstSeenAt, result: spent.result };
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
