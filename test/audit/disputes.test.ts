import { auditBooks } from "../../src/audit/audit-books";
import type { NetworkDispute } from "../../src/audit/compare-disputes";
import { type TestApp, startTestApp } from "../support/app";
import { aDispute, decideAtNetwork, hearOf, openAtNetwork } from "../support/disputes";
import { aCapturedIntent, aMerchant } from "../support/factories";

/** Each test breaks one thing about a dispute, and expects the audit to say so. */

let t: TestApp;
let merchantId: string;
beforeAll(async () => {
  t = await startTestApp();
  merchantId = (await aMerchant(t)).id;
});
afterAll(() => t.stop());

async function disputed(outcome?: "won" | "lost"): Promise<string> {
  const { id } = await aCapturedIntent(t, merchantId);
  await aDispute(t, id, { amount: 400, ...(outcome && { outcome }) });
  await t.drain();
  return id;
}

/** With triggers and foreign keys off, and taken back: the audit looks at the same transaction. */
async function auditAfter(change: string, bindings: readonly string[] = []): Promise<string[]> {
  const undo = new Error("undo");
  let found: string[] = [];
  await t.db
    .transaction(async (tx) => {
      await tx.raw("set local session_replication_role = replica");
      await tx.raw(change, bindings);
      const violations = await auditBooks(tx);
      found = violations.map(({ invariant, check }) => `${invariant} ${check}`);
      throw undo;
    })
    .catch((error: unknown) => {
      if (error !== undo) throw error;
    });
  return [...new Set(found)];
}

it("finds nothing in disputes that are in order", async () => {
  await disputed();
  await disputed("won");
  await disputed("lost");
  expect(await auditAfter("select 1")).toEqual([]);
});

const AMOUNT = "I5 the disputed amount is that of the disputes that are open or lost";
const CHARGE = "I5 what is disputed is a charge of its intent that succeeded";
const EVENTS = "I7 each dispute has an event for each of its versions, which holds it as it stood";
const POSTINGS = "I9 each dispute's postings agree with its status";
const HELD = "I9 the disputes account holds what is open";
const OF = "(select id from disputes where payment_intent_id = ?)";

it.each([
  [AMOUNT, undefined, "update payment_intents set amount_disputed = 0 where id = ?"],
  [AMOUNT, "won", "update payment_intents set amount_disputed = 400 where id = ?"],
  [AMOUNT, "lost", "delete from disputes where payment_intent_id = ?"],
  [CHARGE, undefined, "update attempts set status = 'DECLINED' where payment_intent_id = ?"],
  [CHARGE, undefined, "update disputes set currency = 'EUR' where payment_intent_id = ?"],
  [EVENTS, undefined, `delete from events where subject_id in ${OF}`],
  [
    EVENTS,
    "won",
    `update events set type = 'dispute.lost' where sequence = 2 and subject_id in ${OF}`,
  ],
  [EVENTS, "lost", `update events set sequence = 3 where sequence = 2 and subject_id in ${OF}`],
  [EVENTS, "lost", "delete from disputes where payment_intent_id = ?"],
  [POSTINGS, undefined, "update disputes set amount = 401 where payment_intent_id = ?"],
  [POSTINGS, undefined, "update disputes set fee = 0 where payment_intent_id = ?"],
  [POSTINGS, "won", "update disputes set status = 'LOST' where payment_intent_id = ?"],
  [POSTINGS, "lost", `delete from journals where kind = 'dispute_lost' and source_id in ${OF}`],
  [
    HELD,
    "won",
    "update disputes set status = 'OPEN', version = 1, closed_at = null where payment_intent_id = ?",
  ],
  [
    HELD,
    "lost",
    `delete from postings where journal_id in (
    select id from journals where kind = 'dispute_lost' and source_id in ${OF})`,
  ],
] as const)("says: %s (%s)", async (expected, outcome, change) => {
  expect(await auditAfter(change, [await disputed(outcome)])).toContain(expected);
});

describe("the card network's books", () => {
  const AGREE = "disputes and the network's books agree";
  const longAgo = "2026-01-01T00:00:00.000Z";
  const audit = (disputes: readonly NetworkDispute[]) => auditBooks(t.db, { disputes });
  const ours = async (): Promise<NetworkDispute[]> => t.sandbox.disputes();

  it("says when a dispute is known on one side alone, unless news of it is on its way", async () => {
    const { id } = await aCapturedIntent(t, merchantId);
    const all = await ours();
    const unheard = await openAtNetwork(t, id);
    expect(await audit([...all, unheard])).toEqual([]);
    expect(await audit([...all, { ...unheard, openedAt: longAgo }])).toMatchObject([
      { invariant: "I9", check: AGREE, subject: unheard.id },
    ]);
    expect(await audit(all.slice(1))).toMatchObject([{ invariant: "I9", check: AGREE }]);
    expect(await hearOf(t, unheard)).toBe("applied");
  });

  it("says when they differ", async () => {
    const { id } = await aCapturedIntent(t, merchantId);
    const dispute = await aDispute(t, id);
    await t.drain();
    const others = (await ours()).filter((found) => found.id !== dispute.id);
    expect(await audit([...others, dispute])).toEqual([]);
    for (const lie of [{ amount: 1 }, { currency: "EUR" }, { fee: 0 }, { reference: "att_1" }]) {
      expect(await audit([...others, { ...dispute, ...lie }])).toMatchObject([{ check: AGREE }]);
    }
    const decided = await decideAtNetwork(t, dispute, "won");
    expect(await audit([...others, decided])).toEqual([]);
    const forgotten = { ...decided, closedAt: longAgo };
    expect(await audit([...others, forgotten])).toMatchObject([{ check: AGREE }]);
    expect(await hearOf(t, decided)).toBe("applied");
  });
});
