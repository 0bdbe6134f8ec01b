import type { NetworkDispute } from "../../src/audit/compare-disputes";
import { toDisputeNews } from "../../src/processors/sandbox/translate";
import { type DisputeEffect, settleDispute } from "../../src/payments/settle/settle-dispute";
import type { TestApp } from "./app";

/** Disputes as the card network opens and decides them, and the news of them without its way through HTTP. */

type Disputing = Pick<TestApp, "app" | "db" | "sandbox">;

interface ChargeRow {
  readonly merchantId: string;
  readonly paymentIntentId: string;
  readonly id: string;
}

export async function chargeOf(t: Pick<TestApp, "db">, paymentIntentId: string): Promise<string> {
  const row = await t
    .db("attempts")
    .where({ payment_intent_id: paymentIntentId })
    .whereIn("operation", ["charge", "authorize"])
    .orderBy("id", "desc")
    .first<{ id: string }>("id");
  if (!row) throw new Error(`${paymentIntentId} has no charge`);
  return row.id;
}

/** At the network alone; nobody has heard of it. */
export async function openAtNetwork(
  t: Disputing,
  paymentIntentId: string,
  order: { readonly amount?: number; readonly reason?: string } = {},
): Promise<NetworkDispute> {
  const reference = await chargeOf(t, paymentIntentId);
  const { status, body } = await t.sandbox.post("/admin/disputes", { reference, ...order });
  expect(status).toBe(200);
  return body as NetworkDispute;
}

export async function decideAtNetwork(
  t: Disputing,
  dispute: Pick<NetworkDispute, "id">,
  outcome: "won" | "lost",
): Promise<NetworkDispute> {
  const { status, body } = await t.sandbox.post(`/admin/disputes/${dispute.id}`, { outcome });
  expect(status).toBe(200);
  return body as NetworkDispute;
}

/** What the inbox does with the news of it. */
export async function hearOf(
  t: Disputing,
  dispute: NetworkDispute & { readonly reason?: string; readonly evidenceDueBy?: string },
): Promise<DisputeEffect> {
  const { evidenceDueBy, openedAt, closedAt, ...rest } = dispute;
  const times = { evidence_due_by: evidenceDueBy, opened_at: openedAt, closed_at: closedAt };
  const news = toDisputeNews({ ...rest, ...times });
  const charge = await t.db("attempts").where({ id: dispute.reference }).first<ChargeRow>({
    merchantId: "merchant_id",
    paymentIntentId: "payment_intent_id",
    id: "id",
  });
  if (!news || !charge) throw new Error("no news of a dispute of ours");
  const { merchantId, paymentIntentId, id: attemptId } = charge;
  return settleDispute(t.app.db, {
    merchantId,
    paymentIntentId,
    attemptId,
    processor: "sandbox",
    news,
    source: "webhook",
  });
}

/** Opened, heard of, and perhaps decided. */
export async function aDispute(
  t: Disputing,
  paymentIntentId: string,
  order: {
    readonly amount?: number;
    readonly reason?: string;
    readonly outcome?: "won" | "lost";
  } = {},
): Promise<NetworkDispute> {
  const { outcome, ...opening } = order;
  const opened = await openAtNetwork(t, paymentIntentId, opening);
  expect(await hearOf(t, opened)).toBe("applied");
  if (outcome === undefined) return opened;
  const decided = await decideAtNetwork(t, opened, outcome);
  expect(await hearOf(t, decided)).toBe("applied");
  return decided;
}

/** What became of each of the network's webhooks about a dispute, in the order in which they came. */
export async function effectsOf(
  t: Pick<TestApp, "db">,
  dispute: Pick<NetworkDispute, "id">,
): Promise<string[]> {
  const rows = await t
    .db("inbox")
    .whereRaw("outcome ->> 'processorDisputeId' = ?", [dispute.id])
    .orderBy("received_at")
    .select<{ status: string; effect: string | null }[]>("status", "effect");
  return rows.map(({ status, effect }) => effect ?? status);
}
