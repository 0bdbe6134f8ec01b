import { randomUUID } from "node:crypto";
import type { Db } from "../../src/db/db";
import { findDisputes } from "../../src/payments/dispute-store";
import { listDisputes } from "../../src/payments/list-disputes";
import { findParts } from "../../src/payments/list-parts";
import { settleDispute } from "../../src/payments/settle/settle-dispute";
import type { DisputeNews } from "../../src/processors/dispute";
import { PAGE, type Question, after, now, pages } from "./plan-questions";
import type { Maker, Samples } from "./plans";

interface Shop {
  /** Sees every tenant. */
  readonly db: Db;
  /** The shop's own view. */
  readonly own: Db;
  readonly merchantId: string;
  readonly its: Samples;
  readonly make: Maker;
}

/** One for each payment of these merchants. */
export const DISPUTES_OF_PAYMENTS = `insert into disputes (merchant_id, id, payment_intent_id, attempt_id, processor, processor_dispute_id, status,
     reason, amount, currency, fee, opened_at)
   select a.merchant_id, 'dp' || substr(a.payment_intent_id, 3), a.payment_intent_id, a.id, a.processor, a.id, 'OPEN',
     'GENERAL', 1, a.currency, 0, now()
   from attempts a where a.merchant_id = any(?) and a.operation = 'charge' and a.status = 'SUCCEEDED'
   on conflict do nothing`;

/** What is asked about disputes, and what news of one writes. The shop is known only later. */
export function disputeQuestions(shop: () => Shop): { reads: Question[]; writes: Question[] } {
  const middle = () => shop().its.disputes[0] ?? "";
  const list = (name: string, filter: () => { paymentIntentId?: string; createdAfter?: string }) =>
    pages(`disputes ${name}`, middle, (page) =>
      listDisputes(shop().own, shop().merchantId, { filter: filter(), page }),
    );
  const reads = [
    now("disputes by id", () => findDisputes(shop().own, shop().merchantId, shop().its.disputes)),
    ...list("of all intents", () => ({})),
    ...list("of an intent", () => ({ paymentIntentId: shop().its.intents[0] ?? "" })),
    ...list("created later", () => ({ createdAfter: shop().its.createdAt })),
    now("disputes of intents", async () => {
      const { own, merchantId, its } = shop();
      const request = { direction: "older", from: undefined, limit: PAGE + 1 } as const;
      const of = { merchantId, paymentIntentIds: its.intents, request };
      return (await findParts(own, "disputes", of)).flat();
    }),
  ];
  const charge = async () => {
    const { db, merchantId, make } = shop();
    const paymentIntentId = await make.charged("AUTOMATIC");
    const attempt = await db("attempts")
      .where({ merchant_id: merchantId, payment_intent_id: paymentIntentId })
      .first<{ id: string }>("id");
    return { paymentIntentId, attemptId: attempt?.id ?? "", disputeId: randomUUID() };
  };
  const hear = async (about: Awaited<ReturnType<typeof charge>>, status: DisputeNews["status"]) => {
    const { db, merchantId } = shop();
    const { disputeId, ...of } = about;
    const at = new Date().toISOString();
    const news: DisputeNews = {
      kind: "dispute",
      status,
      processorDisputeId: disputeId,
      amountMinor: 1,
      currency: "USD",
      feeMinor: 1,
      reason: "GENERAL",
      evidenceDueBy: null,
      openedAt: at,
      closedAt: status === "OPEN" ? null : at,
    };
    return [
      await settleDispute(db, { merchantId, ...of, processor: "sandbox", news, source: "test" }),
    ];
  };
  const writes = [
    after("opens a dispute", charge, (about) => hear(about, "OPEN")),
    after("records a dispute that was won", charge, (about) => hear(about, "WON")),
    after(
      "decides a dispute",
      async () => {
        const about = await charge();
        await hear(about, "OPEN");
        return about;
      },
      (about) => hear(about, "LOST"),
    ),
  ];
  return { reads, writes };
}
