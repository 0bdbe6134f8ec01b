import type { Db, Tx } from "../../db/db";
import { transact } from "../../db/transact";
import { newId } from "../../ids";
import {
  type Fact,
  type Journal,
  bookDispute,
  bookDisputeLost,
  bookDisputeWon,
} from "../../ledger/journals";
import { disputeNews } from "../../observability/metrics";
import type { DisputeNews } from "../../processors/dispute";
import type { Attempt } from "../attempt";
import { findAttempts } from "../attempt-store";
import { changeIntent } from "../change";
import { writeChanges } from "../change-store";
import type { Dispute } from "../dispute";
import { closeDispute, findDisputeOfProcessor, insertDispute } from "../dispute-store";
import { type IntentState, lockIntent } from "../payment-store";

/*
 * Guarantees: news of a dispute takes effect once, however often and in whatever order it comes. Each piece holds the
 * whole dispute: where the end of one comes before its beginning, both are recorded, and the beginning that comes later
 * changes nothing. One that is heard of when it is won already has changed nothing about the payment, whose money may by
 * then be in another dispute. The dispute, the intent's amounts, the books and the events are one commit, and the lock on
 * the intent decides between the opening of a dispute and a refund. A crash leaves nothing, and the news is heard again.
 *
 * A dispute of more than what we know to be captured is early: the answer to a charge or a capture is still to come.
 *
 * Cost: BEGIN, three reads of which the first locks, some six statements that write, COMMIT. Disputes are rare.
 */

export interface HeardDispute {
  readonly merchantId: string;
  readonly paymentIntentId: string;
  readonly attemptId: string;
  readonly processor: string;
  readonly news: DisputeNews;
  /** Who heard it. */
  readonly source: string;
}

/** early: it is about something that we do not know yet to have happened, and is to be heard again. */
export type DisputeEffect = "applied" | "duplicate" | "contradiction" | "early";

interface Known {
  readonly intent: IntentState;
  readonly attempt: Attempt;
  readonly dispute: Dispute | undefined;
}

export async function settleDispute(db: Db, heard: HeardDispute): Promise<DisputeEffect> {
  const effect = await transact(db, async (tx) => {
    const known = await read(tx, heard);
    const decided = known ? decide(known, heard) : "early";
    if (!known || decided !== "applied") return decided;
    if (!known.dispute) await open(tx, known, heard);
    if (heard.news.status !== "OPEN") await close(tx, known.dispute ? known : undefined, heard);
    return decided;
  });
  disputeNews.inc({ effect });
  return effect;
}

async function read(tx: Tx, heard: HeardDispute): Promise<Known | undefined> {
  const { merchantId, paymentIntentId, attemptId, processor, news } = heard;
  const intent = await lockIntent(tx, merchantId, paymentIntentId);
  const [attempt] = await findAttempts(tx, merchantId, [attemptId]);
  const id = news.processorDisputeId;
  const dispute = await findDisputeOfProcessor(tx, merchantId, { processor, id });
  return intent && attempt && { intent, attempt, dispute };
}

function decide({ intent, attempt, dispute }: Known, { news }: HeardDispute): DisputeEffect {
  if (dispute) return decideKnown(dispute, attempt, news);
  if (news.currency !== intent.snapshot.currency) return "contradiction";
  const holdsMoney = attempt.operation === "charge" || attempt.operation === "authorize";
  if (!holdsMoney) return "contradiction";
  const { amountCaptured, amountDisputed } = intent.snapshot;
  const isKnown = attempt.status === "SUCCEEDED";
  const left = news.status === "WON" ? amountCaptured : amountCaptured - amountDisputed;
  return isKnown && news.amountMinor <= left ? "applied" : "early";
}

function decideKnown(dispute: Dispute, attempt: Attempt, news: DisputeNews): DisputeEffect {
  const isSame =
    dispute.attemptId === attempt.id &&
    dispute.amount === news.amountMinor &&
    dispute.currency === news.currency;
  if (!isSame) return "contradiction";
  // What it began with may well come last.
  if (news.status === "OPEN" || news.status === dispute.status) return "duplicate";
  return dispute.status === "OPEN" ? "applied" : "contradiction";
}

async function open(tx: Tx, { intent }: Known, heard: HeardDispute): Promise<void> {
  const { merchantId, paymentIntentId, attemptId, processor, news } = heard;
  const { amountMinor: amount, feeMinor: fee, currency } = news;
  const id = newId("dispute");
  await insertDispute(tx, {
    merchantId,
    id,
    paymentIntentId,
    attemptId,
    processor,
    processorDisputeId: news.processorDisputeId,
    reason: news.reason,
    amount,
    currency,
    fee,
    evidenceDueBy: news.evidenceDueBy,
    openedAt: news.openedAt,
  });
  const fact = { merchantId, paymentIntentId, sourceId: id, currency };
  const journal = bookDispute(fact, { disputed: amount, fee });
  if (news.status === "WON") return writeChanges(tx, [{ journals: [journal] }]);
  await change(tx, intent, { heard, cause: "dispute.created", difference: amount, journal });
}

/** `known` is undefined where the dispute was opened a moment ago, in this very transaction. */
async function close(tx: Tx, known: Known | undefined, heard: HeardDispute): Promise<void> {
  const { intent, dispute } = known ?? (await read(tx, heard)) ?? {};
  const { status, closedAt } = heard.news;
  if (!intent || !dispute || status === "OPEN" || closedAt === null) {
    throw new Error("a dispute that is open is not there");
  }
  const { merchantId, id: paymentIntentId } = intent;
  await closeDispute(tx, merchantId, { id: dispute.id, status, closedAt });
  const { amount, currency } = dispute;
  const fact: Fact = { merchantId, paymentIntentId, sourceId: dispute.id, currency };
  const journal = status === "WON" ? bookDisputeWon(fact, amount) : bookDisputeLost(fact, amount);
  // What is lost stays disputed, and what was opened a moment ago and is won never was: nothing about the intent changes.
  if (status === "LOST" || !known) return writeChanges(tx, [{ journals: [journal] }]);
  await change(tx, intent, { heard, cause: "dispute.won", difference: -amount, journal });
}

/** The intent's amounts and the books. */
async function change(
  tx: Tx,
  intent: IntentState,
  what: {
    readonly heard: HeardDispute;
    readonly cause: string;
    readonly difference: number;
    readonly journal: Journal;
  },
): Promise<void> {
  const { heard, cause, difference, journal } = what;
  const { status, amountDisputed } = intent.snapshot;
  const step = {
    type: "payment_intent.amount_disputed_updated" as const,
    to: status,
    actor: heard.source,
    cause,
    amount: heard.news.amountMinor,
  };
  const set = { amountDisputed: amountDisputed + difference };
  await writeChanges(tx, [{ intent: changeIntent(intent, set, [step]), journals: [journal] }]);
}
