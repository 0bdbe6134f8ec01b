import type { Db } from "../../db/db";
import { pipelined } from "../../db/pipelined";
import { transact } from "../../db/transact";
import { failpoint } from "../../failpoints";
import {
  deduplications,
  effectsApplied,
  setSizes,
  settleSeconds,
  settlements,
} from "../../observability/metrics";
import { type Span, startSpan } from "../../observability/tracing";
import type { AttemptOperation } from "../attempt";
import { type LockedAttempt, lockAttempts } from "../attempt-store";
import type { Change } from "../change";
import { writeChanges } from "../change-store";
import { insertEvidence } from "../evidence-store";
import type { Answer, Consequence, AnswerEffect, SettlePolicy } from "./answer";
import { settle } from "./settle";

/*
 * Guarantees: an answer changes its payment once, whoever brings it and however often: the attempt's row is locked, and
 * a settled attempt is never settled again. State, books, audit trail, event and outbox row are one commit. A crash
 * leaves the attempt as it was; the answer is found again by looking it up.
 *
 * Cost, for the whole set: BEGIN, one lock, one statement for each kind of row, COMMIT.
 */

export interface Settled {
  readonly effect: AnswerEffect | "missing";
  readonly operation?: AttemptOperation;
  /** For requeued: how long until it is due again. */
  readonly dueInMs?: number;
}

/** Settles answers about different intents; group commit makes sure that they differ. */
export async function settleAttempts(
  db: Db,
  answers: readonly Answer[],
  policy: SettlePolicy,
): Promise<Settled[]> {
  setSizes.observe({ operation: "settleAttempt" }, answers.length);
  const stop = settleSeconds.startTimer();
  const startedAtMs = Date.now();
  const settled = await transact(db, async (tx) => {
    const locked = await lockAttempts(
      tx,
      answers.map(({ merchantId, attemptId }) => ({ merchantId, id: attemptId })),
    );
    const byAttempt = new Map(locked.map((attempt) => [attempt.id, attempt]));
    const pairs = answers.map((answer) => {
      const attempt = byAttempt.get(answer.attemptId);
      if (!attempt) return { answer };
      // One for each, in the trace of its own payment. That of a commit that failed is never ended, and so never sent.
      const span = startSettleSpan(attempt, answer, startedAtMs);
      const consequence = carryOn(
        settle(attempt, answer, policy),
        span?.traceparent ?? parentOf(attempt, answer),
      );
      return { answer, attempt, consequence, span };
    });
    const consequences = pairs.flatMap(({ consequence }) => consequence ?? []);
    const evidence = pairs.flatMap(({ answer, consequence }) =>
      consequence && isEvidence(answer, consequence)
        ? [{ answer, effect: consequence.effect }]
        : [],
    );
    await pipelined([
      writeChanges(tx, inLockOrder(consequences, 0)),
      writeChanges(tx, inLockOrder(consequences, 1)),
      insertEvidence(tx, evidence),
    ]);
    const fired = failpoint("settle.inside_transaction");
    if (fired) await fired;
    return pairs;
  });
  stop();
  return settled.map(({ attempt, answer, consequence, span }) => {
    span?.end({ attributes: { "oncepay.outcome": consequence?.effect ?? "missing" } });
    settlements.inc({ source: heardBy(answer), effect: consequence?.effect ?? "missing" });
    if (!attempt || !consequence) return { effect: "missing" };
    count(attempt, answer, consequence);
    const { effect, dueInMs } = consequence;
    return { effect, operation: attempt.operation, ...(dueInMs !== undefined && { dueInMs }) };
  });
}

/** What was heard with no trace of its own is heard in the attempt's. */
function parentOf(attempt: LockedAttempt, answer: Answer): string | null {
  return answer.traceparent ?? attempt.traceparent ?? null;
}

function startSettleSpan(
  attempt: LockedAttempt,
  answer: Answer,
  startedAtMs: number,
): Span | undefined {
  const attributes = {
    "oncepay.attempt.id": attempt.id,
    "oncepay.payment_intent.id": attempt.paymentIntentId,
  };
  const parent = parentOf(attempt, answer);
  return startSpan({ name: "settle", kind: "internal", parent, attributes, startedAtMs });
}

function carryOn(consequence: Consequence, traceparent: string | null): Consequence {
  if (traceparent === null) return consequence;
  const changes = consequence.changes.map((change) => ({ ...change, traceparent }));
  return { ...consequence, changes };
}

/** The plain answer to a call is in the attempt itself. Whatever else was heard is kept beside it. */
function isEvidence(answer: Answer, { effect }: Consequence): boolean {
  if (answer.source === "worker") return effect === "contradiction" || effect === "duplicate";
  return effect !== "waiting" || answer.outcome.kind === "not_found";
}

/** Most consequences are one change of the intent; after 3-D Secure they are two, one after the other. */
function inLockOrder(consequences: readonly Consequence[], index: number): Change[] {
  return consequences.flatMap(({ changes }) => changes[index] ?? []);
}

const HEARD_BY = { worker: "worker", lookup: "lookup", webhook: "webhook" } as const;

/** An operator is named by a key, which is no label. */
function heardBy({ source }: Answer): (typeof HEARD_BY)[keyof typeof HEARD_BY] | "operator" {
  return HEARD_BY[source as keyof typeof HEARD_BY] ?? "operator";
}

function count(attempt: LockedAttempt, answer: Answer, { effect }: Consequence): void {
  if (effect === "duplicate") deduplications.inc({ where: "settle" });
  if (effect !== "applied") return;
  effectsApplied.inc({ operation: attempt.operation, outcome: answer.outcome.kind });
}
