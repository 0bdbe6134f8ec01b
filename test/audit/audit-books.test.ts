import { randomUUID } from "node:crypto";
import { Client } from "pg";
import { auditBooks } from "../../src/audit/audit-books";
import { capturePaymentIntent } from "../../src/payments/capture-payment-intent";
import { refundPaymentIntent } from "../../src/payments/refund-payment-intent";
import { createWebhookEndpoint } from "../../src/webhooks/create-webhook-endpoint";
import { type TestApp, startTestApp } from "../support/app";
import {
  aCapturedIntent,
  aConfirmedIntent,
  aMerchant,
  aSettledIntent,
  anAuthorizedIntent,
  anIntent,
  captureCommand,
  refundCommand,
} from "../support/factories";

/** Each test breaks one thing, as a bug or a hand at the database would, and expects the audit to say so. */

let t: TestApp;
let merchantId: string;
beforeAll(async () => {
  t = await startTestApp();
  merchantId = (await aMerchant(t)).id;
});
afterAll(() => t.stop());

// 13 digits and more that a card's check digit fits.
const CARD = "4242 4242 4242 4242";

/**
 * Changes rows with triggers and foreign keys off, audits, and takes it all back: the audit looks at the
 * same transaction, as if it had been committed.
 */
async function auditAfter(change: string, bindings: readonly string[] = []): Promise<string[]> {
  const movements = await t.movements();
  const undo = new Error("undo");
  let found: string[] = [];
  await t.db
    .transaction(async (tx) => {
      await tx.raw("set local session_replication_role = replica");
      await tx.raw(change, bindings);
      const violations = await auditBooks(tx, { movements });
      found = violations.map(({ invariant, check }) => `${invariant} ${check}`);
      throw undo;
    })
    .catch((error: unknown) => {
      if (error !== undo) throw error;
    });
  return [...new Set(found)];
}

it("finds nothing in books that are in order, also while things are under way", async () => {
  const { id } = await anAuthorizedIntent(t, merchantId);
  await capturePaymentIntent(t.db, captureCommand(merchantId, id, { amount: 400, final: false }));
  const captured = await aCapturedIntent(t, merchantId);
  await refundPaymentIntent(t.db, refundCommand(merchantId, captured.id, { amount: 1 }));
  await aSettledIntent(t, merchantId, { paymentMethod: "pm_card_threeDSecureRequired" });
  await aConfirmedIntent(t, merchantId);
  expect(await auditBooks(t.db, { movements: () => t.movements() })).toEqual([]);
});

it("reads only", async () => {
  const { id } = await anIntent(t, merchantId);
  const spy = jest.spyOn(Client.prototype, "query");
  await auditBooks(t.db);
  const texts = spy.mock.calls.map(([query]) =>
    typeof query === "string" ? query : (query as unknown as { text: string }).text,
  );
  spy.mockRestore();
  expect(texts.join("\n")).toMatch(/read only/i);
  expect(texts.join("\n")).toMatch(/repeatable read/i);
  expect(await t.db("payment_intents").where({ id })).toHaveLength(1);
});

describe("amounts and states", () => {
  it.each([
    [
      "I5 reserved and moved amounts are those of the captures and refunds",
      "update payment_intents set amount_refunded = 1 where id = ?",
    ],
    [
      "I5 authorised and captured amounts are those of the attempts that succeeded",
      "update payment_intents set amount_captured = amount_captured - 1 where id = ?",
    ],
    [
      "I9 each intent's postings agree with its amounts",
      "update payment_intents set amount_captured = amount_captured - 1 where id = ?",
    ],
    [
      "I5 captured within authorised, refunded within captured",
      "update payment_intents set status = 'CANCELED' where id = ?",
    ],
    [
      "I6 the last transition led to the status",
      "update payment_intents set status = 'CANCELED' where id = ?",
    ],
    [
      "I6 transitions run from 1 to the version, without gaps",
      "delete from transitions where version = 2 and payment_intent_id = ?",
    ],
    [
      "I6 each transition goes on from the one before",
      "delete from transitions where version = 2 and payment_intent_id = ?",
    ],
    [
      "I6 each transition is a legal edge",
      "update transitions set to_status = 'REQUIRES_ACTION' where version = 3 and payment_intent_id = ?",
    ],
    [
      "I6 what an intent is waiting for is in progress",
      "update payment_intents set status = 'PROCESSING' where id = ?",
    ],
    [
      "I6 nothing is in progress for an intent that has ended",
      "update attempts set status = 'UNKNOWN', settled_at = null where payment_intent_id = ?",
    ],
    [
      "I7 each transition has its event",
      "delete from events where sequence = 2 and subject_id = ?",
    ],
    [
      "I7 each event of an intent has its transition",
      "delete from transitions where version = 3 and payment_intent_id = ?",
    ],
    [
      "I7 each event holds its object as it stood at the time",
      `update events set object = '{"id": "another"}' where sequence = 3 and subject_id = ?`,
    ],
    [
      "I7 each event has one place in the feed once it is relayed",
      `insert into event_feed select merchant_id, position + 1000, event_id, type from event_feed
       where event_id in (select id from events where subject_id = ?)`,
    ],
    [
      "I7 each event has one place in the feed once it is relayed",
      `delete from event_feed where event_id in (
        select id from events where sequence = 3 and subject_id = ?)`,
    ],
    [
      "I7 the feed runs from 1, without gaps, and shows events as they are",
      `delete from event_feed where event_id in (
        select id from events where sequence = 2 and subject_id = ?)`,
    ],
    [
      "I7 the feed runs from 1, without gaps, and shows events as they are",
      "delete from events where sequence = 2 and subject_id = ?",
    ],
    ["I14 each key can replay its result", "delete from events where subject_id = ?"],
    [
      "I14 each key can replay its result",
      "update payment_intents set idempotency_key = 'another' where id = ?",
    ],
    [
      "I9 each journal is of an attempt or a dispute of its intent, of a payout, or of a break",
      "update journals set source_id = 'att_another' where payment_intent_id = ?",
    ],
  ])("says: %s", async (expected, change) => {
    const { id } = await aCapturedIntent(t, merchantId);
    expect(await auditAfter(change, [id])).toContain(expected);
  });

  it("says when two charges of an intent have succeeded", async () => {
    const { id } = await aCapturedIntent(t, merchantId);
    const change = `insert into attempts (merchant_id, id, payment_intent_id, operation, status, processor, amount, currency, settled_at)
      select merchant_id, id || 'x', payment_intent_id, operation, status, processor, amount, currency, settled_at
      from attempts where payment_intent_id = ?`;
    expect(await auditAfter(change, [id])).toContain(
      "I1 at most one charge of an intent has succeeded or is in progress",
    );
  });

  it("says when a refund has no attempt, or two", async () => {
    const { id } = await aCapturedIntent(t, merchantId);
    await refundPaymentIntent(t.db, refundCommand(merchantId, id, { amount: 1 }));
    const expected = "I5 captures and refunds have the status of their attempts";
    const gone = "delete from attempts where operation = 'refund' and payment_intent_id = ?";
    expect(await auditAfter(gone, [id])).toContain(expected);
    const done = `update attempts set status = 'SUCCEEDED', settled_at = now()
      where operation = 'refund' and payment_intent_id = ?`;
    expect(await auditAfter(done, [id])).toContain(expected);
    await t.drain();
  });
});

describe("the ledger", () => {
  it("says when a posting is between currencies, or its account is missing", async () => {
    const { id } = await aCapturedIntent(t, merchantId);
    const ofIntent = "journal_id in (select id from journals where payment_intent_id = ?)";
    const wrong = await auditAfter(`update postings set currency = 'EUR' where ${ofIntent}`, [id]);
    expect(wrong).toContain("I2 both accounts of a posting are the merchant's, in its currency");
    const lost = await auditAfter(
      `update postings set debit_account_id = 'acct_none' where ${ofIntent}`,
      [id],
    );
    expect(lost).toContain("I2 the trial balance is zero in every currency");
  });

  it("says when postings are missing, or a hold was not given back", async () => {
    const expected = "I9 each intent's postings agree with its amounts";
    const captured = await aCapturedIntent(t, merchantId);
    const ofIntent = "journal_id in (select id from journals where payment_intent_id = ?)";
    expect(await auditAfter(`delete from postings where ${ofIntent}`, [captured.id])).toContain(
      expected,
    );
    const { id } = await anAuthorizedIntent(t, merchantId);
    await capturePaymentIntent(t.db, captureCommand(merchantId, id, { amount: 100 }));
    await t.drain();
    const released = `delete from postings where journal_id in (
      select id from journals where kind = 'release' and payment_intent_id = ?)`;
    expect(await auditAfter(released, [id])).toContain(expected);
  });

  it("says when suspense holds more or less than what is unknown", async () => {
    const expected =
      "I9 suspense holds what attempts of unknown outcome may have moved, and nothing else";
    const { id } = await aConfirmedIntent(t, merchantId);
    await t.sandbox.setFault({ fault: "lose_response", rate: 1, operation: "charge", count: 1 });
    await t.relayOnce();
    await t.runCharges();
    const ofIntent = "journal_id in (select id from journals where payment_intent_id = ?)";
    expect(await auditAfter("select 1")).toEqual([]);
    for (const change of [
      `update postings set amount = amount - 1 where ${ofIntent}`,
      `update postings set debit_account_id = credit_account_id,
         credit_account_id = debit_account_id where ${ofIntent}`,
      `update postings set pending = false where ${ofIntent}`,
      `delete from postings where ${ofIntent}`,
      "update journals set source_id = 'att_another' where payment_intent_id = ?",
      "update attempts set status = 'SENT', worker_id = 'w' where payment_intent_id = ?",
      "update attempts set status = 'DECLINED', settled_at = now() where payment_intent_id = ?",
      "update attempts set amount = amount + 1 where payment_intent_id = ?",
      `insert into postings (merchant_id, journal_id, line, debit_account_id, credit_account_id,
         amount, currency, pending)
       select merchant_id, journal_id, 2, debit_account_id, credit_account_id, 1, currency, true
       from postings where ${ofIntent}`,
    ]) {
      expect({ change, found: await auditAfter(change, [id]) }).toEqual({
        change,
        found: expect.arrayContaining([expected]),
      });
    }
    await t.makeDue();
    await t.drain();
    const voids = `with gone as (
        delete from journals where kind = 'suspense_void' and payment_intent_id = ? returning id)
      delete from postings where journal_id in (select id from gone)`;
    expect(await auditAfter(voids, [id])).toEqual([expected]);
  });

  it("says when a balance snapshot is not the sum of its postings", async () => {
    await aCapturedIntent(t, merchantId);
    const snapshot = (debits: string) => `
      insert into balance_snapshots (merchant_id, account_id, before, debits, credits, pending_debits, pending_credits)
      select p.merchant_id, a.id, clock_timestamp(),
        ${debits} + coalesce(sum(p.amount) filter (where p.debit_account_id = a.id and not p.pending), 0),
        coalesce(sum(p.amount) filter (where p.credit_account_id = a.id and not p.pending), 0),
        coalesce(sum(p.amount) filter (where p.debit_account_id = a.id and p.pending), 0),
        coalesce(sum(p.amount) filter (where p.credit_account_id = a.id and p.pending), 0)
      from ledger_accounts a join postings p on p.merchant_id = a.merchant_id and a.id in (p.debit_account_id, p.credit_account_id)
      group by p.merchant_id, a.id`;
    const moved = "update balance_horizon set before = clock_timestamp() + interval '1 second';";
    expect(await auditAfter(moved + snapshot("0"))).toEqual([]);
    const wrong = ["I4 balance snapshots are the sums of their postings"];
    expect(await auditAfter(moved + snapshot("1"))).toEqual(wrong);
    // Of any age: the one after it is right.
    const older = "update balance_snapshots set pending_credits = pending_credits + 1;";
    expect(await auditAfter(moved + snapshot("0") + ";" + older + snapshot("0"))).toEqual(wrong);
    expect(await auditAfter(snapshot("0"))).toEqual([
      "I4 no balance snapshot is beyond the horizon",
    ]);
  });

  it("says when another fee is booked than was told, or none", async () => {
    const { id } = await aCapturedIntent(t, merchantId);
    const wrong = ["I9 each capture's and refund's posted fee is what its attempt was told"];
    const told = (fee: string) =>
      auditAfter(
        `update attempts set ${fee} where payment_intent_id = '${id}' and fee is not null`,
      );
    expect(await told("fee = fee + 1")).toEqual(wrong);
    expect(await told("fee = null")).toEqual(wrong);
    expect(await told("fee_currency = 'EUR'")).toEqual(wrong);
  });

  it("says when what was proven is not the sum of its postings", async () => {
    await aCapturedIntent(t, merchantId);
    const proven = `
      insert into audit_marks (merchant_id, posted_before)
      select id, 'infinity' from merchants where id = '${merchantId}';
      insert into ledger_proofs (merchant_id, account_id, kind, currency, debits, credits,
        pending_debits, pending_credits)
      select a.merchant_id, a.id, a.kind, a.currency,
        coalesce(sum(p.amount) filter (where p.debit_account_id = a.id and not p.pending), 0),
        coalesce(sum(p.amount) filter (where p.credit_account_id = a.id and not p.pending), 0),
        coalesce(sum(p.amount) filter (where p.debit_account_id = a.id and p.pending), 0),
        coalesce(sum(p.amount) filter (where p.credit_account_id = a.id and p.pending), 0)
      from ledger_accounts a join postings p on p.merchant_id = a.merchant_id
        and a.id in (p.debit_account_id, p.credit_account_id)
      where a.merchant_id = '${merchantId}' group by a.merchant_id, a.id;`;
    expect(await auditAfter(proven)).toEqual([]);
    const sums = "I4 what the continuous audit has added up is the sum of its postings";
    const total = "I4 the trial balance of the continuous audit is the sum of what it has added up";
    const open = "I4 what is open in a clearing account is what it holds";
    const item = `insert into clearing_items (merchant_id, account_id, item_id, kind, currency,
        amount, open_since)
      select merchant_id, id, 'att_of_nobody', kind, currency, 7, now() from ledger_accounts
      where merchant_id = '${merchantId}' and kind = 'SUSPENSE' limit 1`;
    for (const [change, ...wrong] of [
      ["update ledger_proofs set debits = debits + 1", sums, total],
      ["update ledger_proofs set pending_credits = pending_credits + 1", sums],
      ["delete from ledger_proofs", sums],
      ["insert into proven_totals values ('USD', 1)", total],
      [item, open],
    ]) {
      expect(await auditAfter(proven + String(change))).toEqual(wrong);
    }
  });

  it("says when history could be changed", async () => {
    expect(await auditAfter("alter table postings disable trigger append_only")).toEqual([
      "I3 history cannot be changed",
    ]);
    expect(await auditAfter("drop trigger append_only on events")).toEqual([
      "I3 history cannot be changed",
    ]);
  });
});

describe("the card network's books", () => {
  it("says when money moved twice for one attempt, or for none", async () => {
    const { id } = await aCapturedIntent(t, merchantId);
    const [attempt] = await t.db("attempts").where({ payment_intent_id: id });
    const movements = await t.movements();
    const twice = movements.filter(({ reference }) => reference === attempt.id);
    const check = (given: typeof movements) => auditBooks(t.db, { movements: given });
    expect(await check([...movements, ...twice])).toMatchObject([
      { invariant: "I1", subject: attempt.id },
    ]);
    const none = twice.map((movement) => ({ ...movement, reference: "att_none" }));
    expect(await check([...movements, ...none])).toMatchObject([
      { invariant: "I9", subject: "att_none" },
    ]);
    expect(await check(movements.filter((movement) => !twice.includes(movement)))).toMatchObject([
      { invariant: "I9", subject: attempt.id },
    ]);
  });

  it("says when it moved another amount, or what we think was declined", async () => {
    const { id } = await aCapturedIntent(t, merchantId);
    const expected = "I9 attempts and the network's books agree";
    const other = "update attempts set amount = amount + 1 where payment_intent_id = ?";
    expect(await auditAfter(other, [id])).toContain(expected);
    const declined = "update attempts set status = 'DECLINED' where payment_intent_id = ?";
    expect(await auditAfter(declined, [id])).toContain(expected);
    const unsent =
      "update attempts set status = 'QUEUED', sends = 0, settled_at = null where payment_intent_id = ?";
    expect(await auditAfter(unsent, [id])).toContain(expected);
  });

  it("leaves out what is busy when only what has settled is to be compared", async () => {
    const { id } = await aCapturedIntent(t, merchantId);
    const movements = (await t.movements()).slice(0, -1);
    await refundPaymentIntent(t.db, refundCommand(merchantId, id, { amount: 1 }));
    expect(await auditBooks(t.db, { movements })).toHaveLength(1);
    expect(await auditBooks(t.db, { movements, settledOnly: true })).toEqual([]);
    await t.drain();
  });
});

describe("webhooks", () => {
  it("says when a relayed event has no delivery for an endpoint, but not for one made later", async () => {
    const own = (await aMerchant(t)).id;
    const endpoint = (key: string) =>
      createWebhookEndpoint(t.app, {
        merchantId: own,
        key,
        url: "http://127.0.0.1:1/",
        eventTypes: [],
        description: null,
      });
    const { result } = await endpoint("early");
    await t
      .db("webhook_endpoints")
      .where({ id: result.id })
      .update({
        created_at: t.db.raw("now() - interval '1 minute'"),
        updated_at: t.db.raw("now() - interval '1 minute'"),
      });
    await anIntent(t, own);
    await t.drain();
    await endpoint("late");
    expect(await auditAfter("select 1")).toEqual([]);
    expect(
      await auditAfter("delete from webhook_deliveries where merchant_id = ?", [own]),
    ).toContain("I7 each relayed event has a delivery for each endpoint that wants it");
    expect(await auditAfter("update webhook_deliveries set event_id = 'evt_none'")).toContain(
      "I12 rows refer only to rows of their own tenant",
    );
  });
});

describe("secrets", () => {
  it.each([
    ["a card number in an event", `update events set object = json_build_object('d', '${CARD}')`],
    ["a card number in a receiver's answer", `update attempts set message = 'card ${CARD}'`],
    [
      "an API key in a stored failure",
      `update payment_intents set description = 'sk_01m7w8gk88x1y3hd6s91afm9yb_${"a1B2".repeat(11)}'`,
    ],
    [
      "a webhook secret in metadata",
      `update payment_intents set metadata = '{"a": "whsec_${"QUJD".repeat(10)}"}'`,
    ],
  ])("says when there is %s, and does not repeat it", async (_, change) => {
    await anIntent(t, merchantId);
    expect(await auditAfter(change)).toContain(
      "I13 no card number, API key or webhook secret is stored in the clear",
    );
  });

  it("does not take an amount, an id or a time for a card number", async () => {
    await anIntent(t, merchantId, {
      amount: 4_242_424_242_424_242,
      merchantReference: randomUUID(),
      metadata: { at: "20261120101530", "2026-11-20": "12" },
    });
    expect(await auditBooks(t.db)).toEqual([]);
  });
});

describe("the audit log", () => {
  const actor = { kind: "OPERATOR", id: null, hint: null, address: null, requestId: null } as const;
  beforeAll(async () => {
    await createWebhookEndpoint(t.app, {
      merchantId,
      key: "audited",
      url: "https://hooks.example/audited",
      eventTypes: [],
      description: null,
      audit: { actor },
    });
  });

  it.each([
    [
      "I15 the audit log says of each write what its key's record says",
      "update audit_log set outcome = 'REFUSED', error_code = 'NOT_FOUND' where idempotency_key = 'audited'",
    ],
    [
      "I15 the audit log has one effect for one key",
      `insert into audit_log (merchant_id, id, action, operation, outcome, actor_kind, idempotency_key, at)
       select merchant_id, id || '2', action, operation, outcome, actor_kind, idempotency_key, at - interval '1 hour'
       from audit_log where idempotency_key = 'audited'`,
    ],
    ["I3 history cannot be changed", "drop trigger append_only on audit_log"],
    [
      "I13 no card number, API key or webhook secret is stored in the clear",
      `update audit_log set request_id = '${CARD}' where idempotency_key = 'audited'`,
    ],
  ])("says that it is broken: %s", async (violation, change) => {
    expect(await auditAfter(change)).toEqual([violation]);
  });
});

it("says what has been under way for too long, when asked", async () => {
  const { id } = await aConfirmedIntent(t, merchantId);
  const checks = async (maxAgeSeconds: number) =>
    (await auditBooks(t.db, { maxAgeSeconds })).map(({ check, subject }) => `${check}: ${subject}`);
  expect(await checks(60)).toEqual([]);
  const late = await checks(0);
  expect(late).toContain(`no intent has been PROCESSING for long: ${id}`);
  expect(late.join()).toContain("the outbox is relayed");
  expect(late.join()).toContain("no attempt has been in progress for long");
  await t.drain();
});
