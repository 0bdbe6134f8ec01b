import { sqlState } from "../../src/db/errors";
import { type TestApp, startTestApp } from "../support/app";
import { aDispute } from "../support/disputes";
import { aCapturedIntent, aMerchant, aSettledIntent } from "../support/factories";

/** What the database refuses about disputes by itself, whatever the code above it does. */

let t: TestApp;
let merchantId: string;
beforeAll(async () => {
  t = await startTestApp();
  merchantId = (await aMerchant(t)).id;
});
afterAll(() => t.stop());

const RESTRICTED = "23001";
const CHECK_VIOLATION = "23514";

async function stateOf(statement: string, bindings: readonly unknown[] = []): Promise<string> {
  try {
    await t.db.transaction(async (tx) => {
      await tx.raw(statement, bindings as string[]);
      throw new Error("allowed");
    });
  } catch (error) {
    return sqlState(error) ?? (error as Error).message;
  }
  return "allowed";
}

async function disputed(outcome?: "won" | "lost"): Promise<string> {
  const { id } = await aCapturedIntent(t, merchantId);
  await aDispute(t, id, { amount: 400, ...(outcome && { outcome }) });
  await t.drain();
  return id;
}

const DECIDE = `update disputes set status = ?, closed_at = now(), version = version + 1
  where payment_intent_id = ?`;

it("decides a dispute once", async () => {
  const open = await disputed();
  expect(await stateOf(DECIDE, ["WON", open])).toBe("allowed");
  expect(await stateOf(DECIDE, ["LOST", open])).toBe("allowed");
  expect(await stateOf(DECIDE, ["OPEN", open])).toBe(CHECK_VIOLATION);
  expect(await stateOf(DECIDE, ["DRAWN", open])).toBe(CHECK_VIOLATION);
  for (const outcome of ["won", "lost"] as const) {
    const decided = await disputed(outcome);
    for (const status of ["OPEN", "WON", "LOST"]) {
      expect(await stateOf(DECIDE, [status, decided])).toBe(CHECK_VIOLATION);
    }
  }
});

it.each([
  ["its amount", "amount = amount + 1"],
  ["its fee", "fee = 0"],
  ["its reason", "reason = 'GENERAL'"],
  ["its version alone", "version = 2"],
  ["the time of its end alone", "closed_at = now()"],
  ["the processor's id", "processor_dispute_id = 'dsp_another'"],
  ["when evidence is due", "evidence_due_by = null"],
])("keeps %s", async (_, set) => {
  const id = await disputed();
  expect(await stateOf(`update disputes set ${set} where payment_intent_id = ?`, [id])).toBe(
    CHECK_VIOLATION,
  );
  const decided = `update disputes set status = 'WON', closed_at = now(), version = 2, ${set}
    where payment_intent_id = ?`;
  if (/^(amount|fee|reason|processor|evidence)/.test(set)) {
    expect(await stateOf(decided, [id])).toBe(CHECK_VIOLATION);
  }
});

it("deletes none", async () => {
  await disputed();
  expect(await stateOf("delete from disputes")).toBe(RESTRICTED);
  expect(await stateOf("truncate disputes cascade")).toBe(RESTRICTED);
});

const OPEN = `
  insert into disputes (merchant_id, id, payment_intent_id, attempt_id, processor,
    processor_dispute_id, status, reason, amount, currency, fee, opened_at, closed_at, version)
  select a.merchant_id, 'dp_new', a.payment_intent_id, a.id, a.processor, 'dsp_new', :status,
    'GENERAL', :amount, :currency, 0, now(), :closedAt, :version
  from attempts a where a.payment_intent_id = :id and a.operation in ('charge', 'authorize')`;

it("opens a dispute on money that was captured, in its currency", async () => {
  const { id } = await aCapturedIntent(t, merchantId, 1_000);
  const opening = (given: object) =>
    stateOf(OPEN, {
      ...{ id, status: "OPEN", amount: 1_000, currency: "USD", closedAt: null, version: 1 },
      ...given,
    } as never);
  expect(await opening({})).toBe("allowed");
  expect(await opening({ amount: 1_001 })).toBe(CHECK_VIOLATION);
  expect(await opening({ amount: 0 })).toBe(CHECK_VIOLATION);
  expect(await opening({ currency: "EUR" })).toBe(CHECK_VIOLATION);
  const closed = { status: "WON", closedAt: new Date(), version: 2 };
  expect(await opening(closed)).toBe(CHECK_VIOLATION);
  const declined = await aSettledIntent(t, merchantId, {
    paymentMethod: "pm_card_chargeDeclined",
  });
  expect(await opening({ id: declined.id })).toBe(CHECK_VIOLATION);
});

it("knows one dispute by a processor's id of it", async () => {
  const id = await disputed();
  const again = `insert into disputes (merchant_id, id, payment_intent_id, attempt_id, processor,
      processor_dispute_id, status, reason, amount, currency, fee, opened_at)
    select merchant_id, 'dp_again', payment_intent_id, attempt_id, processor, processor_dispute_id,
      status, reason, amount, currency, fee, opened_at
    from disputes where payment_intent_id = ?`;
  expect(await stateOf(again, [id])).toBe("23505");
});

it("never lets more be disputed than was captured", async () => {
  const { id } = await aCapturedIntent(t, merchantId, 1_000);
  const set = (amount: number) =>
    stateOf("update payment_intents set amount_disputed = ?, version = version + 1 where id = ?", [
      amount,
      id,
    ]);
  expect(await set(1_000)).toBe("allowed");
  expect(await set(1_001)).toBe(CHECK_VIOLATION);
  expect(await set(-1)).toBe(CHECK_VIOLATION);
});
