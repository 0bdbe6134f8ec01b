import { randomUUID } from "node:crypto";
import type { App } from "../../src/app";
import { cancelPaymentIntent } from "../../src/payments/cancel-payment-intent";
import { capturePaymentIntent } from "../../src/payments/capture-payment-intent";
import { sqlState } from "../../src/db/errors";
import { lookUpAttempts } from "../../src/payments/look-up-attempts";
import { refundPaymentIntent } from "../../src/payments/refund-payment-intent";
import { resolveUnknownAttempt } from "../../src/payments/resolve-unknown-attempt";
import type { Answer } from "../../src/payments/settle/answer";
import { type TestApp, startTestApp } from "../support/app";
import { crashOnceAt, dying, expectCrashed } from "../support/crash";
import {
  aCapturedIntent,
  aConfirmedIntent,
  aMerchant,
  anAuthorizedIntent,
  cancelCommand,
  captureCommand,
  refundCommand,
  theIntent,
} from "../support/factories";
import { suspenseJournals, suspenseOf } from "../support/suspense";

/** What an attempt of unknown outcome may have moved is held in suspense until it is known, and no longer. */

let t: TestApp;
let other: App;
let merchantId: string;
beforeAll(async () => {
  t = await startTestApp({ ONCEPAY_LOOKUP_SCHEDULE_MS: "600000" });
  other = t.anotherApp();
});
beforeEach(async () => {
  merchantId = (await aMerchant(t)).id;
});
afterEach(() => t.sandbox.call("DELETE", "/admin/faults"));
afterAll(() => t.stop());

const attemptOf = async (id: string, operation: string) =>
  (await t.db("attempts").where({ payment_intent_id: id, operation }).orderBy("id"))[0];

/** Sent, and the answer is lost. */
async function lose(operation: string, fault = "lose_response"): Promise<void> {
  await t.sandbox.setFault({ fault, rate: 1, operation, count: 1 });
  await t.relayOnce();
  await t.runCharges();
}

async function anUnknownCharge(fault?: string): Promise<string> {
  const { id } = await aConfirmedIntent(t, merchantId);
  await lose("charge", fault);
  return id;
}

async function anUnknownRefund(): Promise<string> {
  const { id } = await aCapturedIntent(t, merchantId);
  await refundPaymentIntent(t.db, refundCommand(merchantId, id, { amount: 300 }));
  await lose("refund");
  return id;
}

const APPROVED = { kind: "approved", processorChargeId: "ch_known", feeMinor: 0 } as const;
const DECLINED = { kind: "declined", code: "card_declined", message: "No.", hard: false } as const;

async function hear(
  app: App,
  id: string,
  { operation, kind }: { operation: string; kind: Answer["outcome"]["kind"] },
) {
  const attempt = await attemptOf(id, operation);
  const expiresAt = new Date(Date.now() + 60_000).toISOString();
  const outcome = {
    approved: { ...APPROVED, amountMinor: Number(attempt.amount) },
    declined: DECLINED,
    action_required: { kind, redirectUrl: "https://bank.example/3ds", expiresAt },
  }[kind as string] ?? { kind };
  return app.settleAttempt({
    merchantId,
    attemptId: attempt.id as string,
    paymentIntentId: id,
    outcome: outcome as Answer["outcome"],
    source: "webhook",
  });
}

async function resolve(app: App, id: string, resolution: "SUCCEEDED" | "FAILED") {
  const { id: attemptId } = await attemptOf(id, "charge");
  const operator = { holder: "platform", actor: "operator", origin: "operator" };
  return resolveUnknownAttempt(app, {
    ...{ merchantId, operator, key: randomUUID(), fingerprint: "00", attemptId, resolution },
    ...{ reason: "seen in their portal", processorChargeId: null, override: true },
  });
}

const NOTHING = { held: 0, unknown: 0 };

describe("held while it is unknown", () => {
  it.each([
    ["its charge", "charge", () => anUnknownCharge(), 1_000],
    ["its refund", "refund", () => anUnknownRefund(), -300],
    [
      "a capture",
      "capture",
      async () => {
        const { id } = await anAuthorizedIntent(t, merchantId);
        const part = { amount: 400, final: false };
        await capturePaymentIntent(t.db, captureCommand(merchantId, id, part));
        await lose("capture");
        return id;
      },
      400,
    ],
  ])("%s, and void once a look-up knows", async (_, operation, begin, amount) => {
    const id = await begin();
    expect(await suspenseOf(t, merchantId)).toEqual({ held: amount, unknown: amount });
    // Looked up in vain, it is held once all the same.
    await hear(t.app, id, { operation, kind: "unknown" });
    expect(await suspenseJournals(t, id, operation)).toEqual(["suspense_hold"]);
    await t.makeDue();
    await t.drain();
    expect(await attemptOf(id, operation)).toMatchObject({ status: "SUCCEEDED" });
    expect(await suspenseJournals(t, id, operation)).toEqual(["suspense_hold", "suspense_void"]);
    expect(await suspenseOf(t, merchantId)).toEqual(NOTHING);
  });

  it("is not what moves no money: an authorisation, or a void", async () => {
    const { id } = await aConfirmedIntent(t, merchantId, { captureMethod: "MANUAL" });
    await lose("authorize");
    expect(await attemptOf(id, "authorize")).toMatchObject({ status: "UNKNOWN" });
    expect(await suspenseOf(t, merchantId)).toEqual(NOTHING);
    await t.makeDue();
    await t.drain();
    await cancelPaymentIntent(t.db, cancelCommand(merchantId, id));
    await lose("void");
    expect(await attemptOf(id, "void")).toMatchObject({ status: "UNKNOWN" });
    await t.makeDue();
    await t.drain();
    expect(await theIntent(t, merchantId, id)).toMatchObject({ status: "CANCELED" });
    expect(
      await t.db("journals").where("kind", "like", "suspense%").where({ payment_intent_id: id }),
    ).toEqual([]);
  });

  it("is nothing of what is answered at once, and costs it no row", async () => {
    const { id } = await aCapturedIntent(t, merchantId);
    const kinds = await t.db("journals").where({ payment_intent_id: id }).pluck("kind");
    expect(kinds).toEqual(["capture"]);
    const action = { paymentMethod: "pm_card_threeDSecureRequired" };
    const challenged = await aConfirmedIntent(t, merchantId, action);
    await t.drain();
    await hear(t.app, challenged.id, { operation: "charge", kind: "declined" });
    expect(await t.db("journals").where({ payment_intent_id: challenged.id })).toEqual([]);
  });
});

describe("known", () => {
  it("not to have moved: a webhook says no, an operator does, or it never arrived", async () => {
    const refused = await anUnknownCharge();
    expect(await hear(t.app, refused, { operation: "charge", kind: "reversed" })).toMatchObject({
      effect: "replaced",
    });
    expect(await suspenseOf(t, merchantId)).toEqual(NOTHING);
    const declined = await anUnknownRefund();
    await t.sandbox.reverse((await attemptOf(declined, "refund")).id);
    await hear(t.app, declined, { operation: "refund", kind: "declined" });
    expect(await suspenseOf(t, merchantId)).toEqual(NOTHING);
    const never = await anUnknownCharge("lose_request");
    await resolve(t.app, never, "FAILED");
    expect(await suspenseOf(t, merchantId)).toEqual(NOTHING);
    const lost = await anUnknownCharge("lose_request");
    await t.makeDue();
    await t.drain();
    expect(await attemptOf(lost, "charge")).toMatchObject({ status: "ABANDONED" });
    expect(await suspenseOf(t, merchantId)).toEqual(NOTHING);
    await t.sandbox.reverse((await attemptOf(refused, "charge")).id);
  });

  it("to wait for the shopper, and unknown again when they have done their part", async () => {
    const id = await anUnknownCharge();
    await hear(t.app, id, { operation: "charge", kind: "action_required" });
    expect(await suspenseOf(t, merchantId)).toEqual(NOTHING);
    await hear(t.app, id, { operation: "charge", kind: "pending" });
    expect(await suspenseOf(t, merchantId)).toEqual({ held: 1_000, unknown: 1_000 });
    await hear(t.app, id, { operation: "charge", kind: "approved" });
    expect(await suspenseOf(t, merchantId)).toEqual(NOTHING);
    expect(await suspenseJournals(t, id, "charge")).toEqual([
      "suspense_hold",
      "suspense_void",
      "suspense_hold",
      "suspense_void",
    ]);
  });
});

describe("a crash", () => {
  it.each(["charge.after_claim", "charge.after_call"] as const)(
    "at %s is held as soon as the sweeper takes over from the dead worker",
    async (point) => {
      const { id } = await aConfirmedIntent(t, merchantId);
      crashOnceAt(point);
      await dying(t.drain());
      expectCrashed(point);
      await t.killWorker();
      const seen = await suspenseOf(t, merchantId);
      expect(seen.held).toBe(seen.unknown);
      await t.makeDue();
      await t.sweepOnce();
      await t.drain();
      await t.makeDue();
      await t.drain();
      expect(await theIntent(t, merchantId, id)).toMatchObject({ status: "SUCCEEDED" });
      expect(await suspenseJournals(t, id, "charge")).toEqual(["suspense_hold", "suspense_void"]);
    },
  );

  it("is left to the next sweep where somebody is settling at this moment", async () => {
    const { id } = await aConfirmedIntent(t, merchantId);
    crashOnceAt("charge.after_claim");
    await dying(t.drain());
    expectCrashed("charge.after_claim");
    await t.killWorker();
    const expired = "update worker_leases set expires_at = now() - interval '1 second'";
    await t.db.raw(expired);
    await t.db.transaction(async (tx) => {
      // Its intent is what a settler has first; the sweeper does not wait for it.
      await tx("payment_intents").where({ id }).forUpdate();
      expect(await t.sweepOnce()).toMatchObject({ orphaned: 0 });
    });
    expect(await t.sweepOnce()).toMatchObject({ orphaned: 1 });
    expect(await suspenseJournals(t, id, "charge")).toEqual(["suspense_hold"]);
    await t.makeDue();
    await t.drain();
    expect(await suspenseOf(t, merchantId)).toEqual(NOTHING);
  });

  it("while it becomes unknown leaves neither, and while it becomes known leaves both", async () => {
    const { id } = await aConfirmedIntent(t, merchantId);
    crashOnceAt("settle.inside_transaction");
    await dying(lose("charge"));
    expectCrashed("settle.inside_transaction");
    expect(await attemptOf(id, "charge")).toMatchObject({ status: "SENT" });
    expect(await suspenseOf(t, merchantId)).toEqual(NOTHING);
    await t.killWorker();
    await t.db.raw("update worker_leases set expires_at = now() - interval '1 second'");
    crashOnceAt("sweeper.after");
    await dying(t.sweepOnce());
    expectCrashed("sweeper.after");
    expect(await attemptOf(id, "charge")).toMatchObject({ status: "UNKNOWN" });
    expect(await suspenseOf(t, merchantId)).toEqual({ held: 1_000, unknown: 1_000 });
    crashOnceAt("settle.inside_transaction");
    await dying(hear(t.app, id, { operation: "charge", kind: "approved" }));
    expectCrashed("settle.inside_transaction");
    expect(await suspenseOf(t, merchantId)).toEqual({ held: 1_000, unknown: 1_000 });
    await t.makeDue();
    await t.drain();
    expect(await suspenseJournals(t, id, "charge")).toEqual(["suspense_hold", "suspense_void"]);
    expect(await suspenseOf(t, merchantId)).toEqual(NOTHING);
  });
});

describe("told by everybody at once", () => {
  const code = (error: unknown): string => (error as { code?: string }).code ?? String(error);

  it("is void once: webhooks, look-ups and operators, in two processes", async () => {
    const id = await anUnknownCharge();
    await t.makeDue();
    const told = await Promise.all([
      ...Array.from({ length: 8 }, (_, n) =>
        hear(n % 2 ? t.app : other, id, { operation: "charge", kind: "approved" }).then(
          ({ effect }) => effect,
        ),
      ),
      ...[t.app, other].map((app) =>
        lookUpAttempts(app, 500).then((found) => found.map(({ effect }) => effect).join()),
      ),
      ...[t.app, other].map((app) => resolve(app, id, "SUCCEEDED").then(() => "applied", code)),
    ]);
    expect(told.filter((effect) => effect === "applied")).toHaveLength(1);
    expect(await suspenseJournals(t, id, "charge")).toEqual(["suspense_hold", "suspense_void"]);
    expect(await suspenseOf(t, merchantId)).toEqual(NOTHING);
    expect(await theIntent(t, merchantId, id)).toMatchObject({ amountCaptured: 1_000 });
  });

  it("is void once when an operator and a webhook contradict each other", async () => {
    const id = await anUnknownCharge();
    await Promise.all([
      resolve(other, id, "FAILED").catch(code),
      hear(t.app, id, { operation: "charge", kind: "approved" }),
    ]);
    expect(await suspenseJournals(t, id, "charge")).toEqual(["suspense_hold", "suspense_void"]);
    // Where the operator was first, the money is given back: what is posted to suspense then is empty at the end.
    await t.drain();
    await t.makeDue();
    await t.drain();
    expect(await suspenseOf(t, merchantId)).toEqual(NOTHING);
  });

  it("is as much as is unknown at every moment, while many are found out", async () => {
    const ids: string[] = [];
    for (let n = 0; n < 6; n += 1) ids.push(await anUnknownCharge());
    await anUnknownRefund();
    let isDone = false;
    const seen: number[] = [];
    const watching = (async () => {
      while (!isDone) {
        const { held, unknown } = await suspenseOf(t, merchantId);
        expect(held).toBe(unknown);
        seen.push(held);
      }
    })();
    await t.makeDue();
    await Promise.all(
      ids.map((id, n) =>
        hear(n % 2 ? t.app : other, id, { operation: "charge", kind: "approved" }),
      ),
    );
    await t.drain();
    isDone = true;
    await watching;
    expect(seen.length).toBeGreaterThan(0);
    expect(await suspenseOf(t, merchantId)).toEqual(NOTHING);
  });
});

describe("the database refuses", () => {
  const CHECK_VIOLATION = "23514";

  /** At the commit; taken back if it was allowed. */
  async function stateOf(statement: string, bindings: readonly string[]): Promise<string> {
    try {
      await t.db.transaction(async (tx) => {
        await tx.raw(statement, bindings);
        await tx.raw("set constraints all immediate");
        throw new Error("allowed");
      });
    } catch (error) {
      return sqlState(error) ?? (error as Error).message;
    }
    return "allowed";
  }

  /** What there is of a kind, posted again; turned round, where it is to be void. */
  const again = (turned: boolean) => `
    with journal as (
      insert into journals (merchant_id, id, kind, payment_intent_id, source_id)
      select merchant_id, 'jrn_again', '${turned ? "suspense_void" : "suspense_hold"}',
        payment_intent_id, source_id
      from journals where payment_intent_id = ? and kind = 'suspense_hold' limit 1
      returning merchant_id, id, source_id
    )
    insert into postings (merchant_id, journal_id, line, debit_account_id, credit_account_id,
      amount, currency, pending)
    select n.merchant_id, n.id, 1,
      ${turned ? "p.credit_account_id, p.debit_account_id" : "p.debit_account_id, p.credit_account_id"},
      p.amount, p.currency, true
    from journal n
    join journals j on j.merchant_id = n.merchant_id and j.source_id = n.source_id
      and j.kind = 'suspense_hold'
    join postings p on p.merchant_id = j.merchant_id and p.journal_id = j.id limit 1`;

  it("what is known and held, held twice, void twice, or void and unknown", async () => {
    const id = await anUnknownCharge();
    const settled = `update attempts set status = 'DECLINED', settled_at = now()
      where payment_intent_id = ?`;
    expect(await stateOf(settled, [id])).toBe(CHECK_VIOLATION);
    expect(await stateOf(again(false), [id])).toBe(CHECK_VIOLATION);
    expect(await stateOf(again(true), [id])).toBe(CHECK_VIOLATION);
    const both = `${again(true)}; ${settled}`.replaceAll("?", `'${id}'`);
    expect(await stateOf(both, [])).toBe("allowed");
    await t.makeDue();
    await t.drain();
    expect(await stateOf(again(true), [id])).toBe(CHECK_VIOLATION);
    expect(await stateOf(again(false), [id])).toBe(CHECK_VIOLATION);
  });
});
