import { up } from "../../migrations/20261212000200_pending_proofs";
import type { Tx } from "../../src/db/db";
import { takeBalanceSnapshots } from "../../src/ledger/take-balance-snapshots";
import { PLATFORM_MERCHANT_ID } from "../../src/merchants/api-key";
import type { Log } from "../../src/observability/log";
import { registry } from "../../src/observability/metrics";
import { observeReconciliation } from "../../src/observability/reconciliation-gauges";
import { proveBooks } from "../../src/reconciliation/prove-books";
import { refundPaymentIntent } from "../../src/payments/refund-payment-intent";
import { type TestApp, startTestApp } from "../support/app";
import { aBreak, aReport } from "../support/breaks";
import { aDispute } from "../support/disputes";
import {
  aCapturedIntent,
  aConfirmedIntent,
  aMerchant,
  aSettledIntent,
  anAuthorizedIntent,
  refundCommand,
} from "../support/factories";

/** The continuous audit: each test damages one thing, as a bug or a hand at the database would, and takes it back. */

let t: TestApp;
let merchantId: string;
beforeAll(async () => {
  t = await startTestApp();
  merchantId = (await aMerchant(t)).id;
});
afterAll(() => t.stop());

/** Of whatever has been posted, instead of what is a minute old. */
const AT_ONCE = { limit: 100, postingsMin: 1, marginMs: 0 };
const logged: unknown[] = [];
const log = { error: (fields: object) => logged.push(fields) } as unknown as Log;

async function prove(db = t.app.db): Promise<number> {
  let found = 0;
  for (;;) {
    const done = await proveBooks({ db, log }, { everyMs: 0 });
    found += done.found;
    if (!done.more) return found;
  }
}

const stateOf = async (db = t.db) => (await db("audit_state").first()) as Record<string, unknown>;

/** With triggers and foreign keys off, and taken back. */
async function damaged(work: (tx: Tx) => Promise<void>): Promise<void> {
  const undo = new Error("undo");
  logged.length = 0;
  await t.db
    .transaction(async (tx) => {
      await tx.raw("set local session_replication_role = replica");
      await work(tx);
      throw undo;
    })
    .catch((error: unknown) => {
      if (error !== undo) throw error;
    });
}

test("books that are in order are proven once, up to the horizon and the end of the feed", async () => {
  await anAuthorizedIntent(t, merchantId);
  const { id } = await aCapturedIntent(t, merchantId);
  await aSettledIntent(t, merchantId, { currency: "JPY" });
  await refundPaymentIntent(t.db, refundCommand(merchantId, id, { amount: 300 }));
  await t.drain();
  await takeBalanceSnapshots(t.db, AT_ONCE);
  expect(await prove()).toBe(0);
  expect(logged).toEqual([]);
  const { differences, last_clean_pass_at: cleanAt } = await stateOf();
  expect(differences).toEqual({ JPY: "0", USD: "0" });
  expect(cleanAt).toBeInstanceOf(Date);
  const proofs = await t.db("ledger_proofs").orderBy("account_id");
  const marks = await t.db("audit_marks");
  expect(proofs.length).toBeGreaterThan(4);
  expect(marks).toHaveLength(1);
  // Nothing is new: nothing is read again, or added up twice.
  expect(await prove()).toBe(0);
  expect(await t.db("ledger_proofs").orderBy("account_id")).toEqual(proofs);
  expect(await t.db("audit_marks")).toEqual(marks);
});

test("what is posted later is added up later, and only what has become final", async () => {
  const sums = async () =>
    (await t.db("ledger_proofs").where({ merchant_id: merchantId }).sum("debits as sum"))[0]?.sum;
  const before = Number(await sums());
  await aCapturedIntent(t, merchantId);
  expect(await prove()).toBe(0);
  expect(Number(await sums())).toBe(before);
  await takeBalanceSnapshots(t.db, AT_ONCE);
  expect(await prove()).toBe(0);
  expect(Number(await sums())).toBeGreaterThan(before);
});

test("an intent whose amounts are not those of its journals is a break with an event, found once", async () => {
  const { id } = await aCapturedIntent(t, merchantId);
  await takeBalanceSnapshots(t.db, AT_ONCE);
  await damaged(async (tx) => {
    await tx.raw("update payment_intents set amount_captured = amount_captured - 1 where id = ?", [
      id,
    ]);
    expect(await prove(tx)).toBe(1);
    const [found] = await tx("reconciliation_breaks");
    expect(found).toMatchObject({
      merchant_id: merchantId,
      kind: "AMOUNT",
      source: "LEDGER",
      status: "OPEN",
      subject_id: id,
      payment_intent_id: id,
    });
    expect(found.detail).toContain("booked 1000 captured");
    expect(logged).toEqual([{ merchantId, kind: "AMOUNT", reason: found.detail }]);
    const [event] = await tx("events").where({ subject_id: found.id });
    expect(event).toMatchObject({ type: "reconciliation.break_found", sequence: null });
    expect(event.object).toMatchObject({ id: found.id, detail: found.detail, status: "OPEN" });
    expect(await tx("outbox").where({ event_id: event.id })).toHaveLength(1);
    // A pass that leaves something open is not a clean one.
    const { last_clean_pass_at: cleanAt, last_pass_at: passAt } = await stateOf(tx);
    expect(cleanAt).not.toEqual(passAt);
    await tx("audit_marks").update({ feed_position: 0, posted_before: "-infinity" });
    await tx("ledger_proofs").delete();
    expect(await prove(tx)).toBe(0);
    expect(await tx("reconciliation_breaks")).toHaveLength(1);
  });
  expect(await prove()).toBe(0);
});

test("an intent that says it was paid, and of which nothing is booked, is found by its event alone", async () => {
  const { id } = await aCapturedIntent(t, merchantId);
  await damaged(async (tx) => {
    await tx.raw(
      `with gone as (delete from journals where payment_intent_id = ? returning id)
       delete from postings where journal_id in (select id from gone)`,
      [id],
    );
    expect(await prove(tx)).toBe(1);
    expect((await tx("reconciliation_breaks"))[0]).toMatchObject({
      kind: "AMOUNT",
      subject_id: id,
    });
  });
  await takeBalanceSnapshots(t.db, AT_ONCE);
  expect(await prove()).toBe(0);
});

test("what is unknown and not in suspense is found, and what is in suspense and not unknown", async () => {
  const { id } = await aConfirmedIntent(t, merchantId);
  await t.sandbox.setFault({ fault: "lose_response", rate: 1, operation: "charge", count: 1 });
  await t.relayOnce();
  await t.runCharges();
  await takeBalanceSnapshots(t.db, AT_ONCE);
  expect(await prove()).toBe(0);
  const gone = `with gone as (delete from journals where payment_intent_id = ? returning id)
    delete from postings where journal_id in (select id from gone)`;
  const reason = async (tx: Tx) =>
    (
      (await tx("reconciliation_breaks").where({ kind: "AMOUNT" }).first()) as
        { detail: string } | undefined
    )?.detail;
  await damaged(async (tx) => {
    // Nothing is posted and no event is about it: only the attempt itself says that something is missing.
    await tx.raw(gone, [id]);
    expect(await prove(tx)).toBe(1);
    expect(await tx("reconciliation_breaks")).toMatchObject([
      {
        merchant_id: merchantId,
        kind: "AMOUNT",
        source: "LEDGER",
        subject_id: id,
        currency: "USD",
      },
    ]);
    expect(await reason(tx)).toMatch(
      /^the outcome of att_\w+ is unknown: 0 is in suspense, and 1000 /,
    );
  });
  await damaged(async (tx) => {
    await tx.raw(
      "update postings set amount = 999 where journal_id in (select id from journals where payment_intent_id = ?)",
      [id],
    );
    expect(await prove(tx)).toBe(1);
    expect(await reason(tx)).toContain("999 is in suspense");
  });
  await t.makeDue();
  await t.drain();
  await takeBalanceSnapshots(t.db, AT_ONCE);
  await damaged(async (tx) => {
    await tx.raw(
      `with gone as (
         delete from journals where kind = 'suspense_void' and payment_intent_id = ? returning id)
       delete from postings where journal_id in (select id from gone)`,
      [id],
    );
    // The intent, and the pending balances of both accounts, which were summed up before.
    expect(await prove(tx)).toBe(3);
    expect(await reason(tx)).toContain("0 held; the payment says 1000 authorised");
    expect(await reason(tx)).toContain("1000 in suspense, and 0 may have moved");
  });
  expect(await prove()).toBe(0);
});

test("a posting to an account that is not there shows in the trial balance of its currency", async () => {
  await damaged(async (tx) => {
    await aPosting(tx, "acct_of_nobody");
    expect(await prove(tx)).toBeGreaterThan(0);
    expect((await stateOf(tx))["differences"]).toMatchObject({ JPY: "0", USD: "-7" });
    expect(logged).toContainEqual({ currency: "USD", difference: "-7" });
    const found = await tx("reconciliation_breaks").where({ merchant_id: PLATFORM_MERCHANT_ID });
    expect(found).toMatchObject([{ kind: "IMBALANCE", subject_id: "USD", currency: "USD" }]);
  });
});

/** Of 7, to the merchant's balance; final at once. */
async function aPosting(tx: Tx, debit: string): Promise<void> {
  const account = { merchant_id: merchantId, kind: "MERCHANT_BALANCE", currency: "USD" };
  const { id: credit } = await tx("ledger_accounts").where(account).first("id");
  await tx.raw(
    `insert into postings (merchant_id, journal_id, line, debit_account_id, credit_account_id,
       amount, currency, pending)
     values (?, 'jrn_of_nobody', 1, ?, ?, 7, 'USD', false)`,
    [merchantId, debit, credit],
  );
  await tx.raw("update balance_horizon set before = now() + interval '1 second'");
}

test("a snapshot of balances that lies is found when its account is next posted to", async () => {
  const { id } = await t
    .db("ledger_accounts")
    .where({ merchant_id: merchantId, kind: "PROCESSOR_RECEIVABLE", currency: "USD" })
    .first("id");
  await damaged(async (tx) => {
    await tx.raw("update balance_snapshots set debits = debits + 5 where account_id = ?", [id]);
    await aPosting(tx, id as string);
    expect(await prove(tx)).toBe(1);
    const [found] = await tx("reconciliation_breaks");
    expect(found).toMatchObject({ kind: "IMBALANCE", subject_id: id, merchant_id: merchantId });
    expect(found.detail).toMatch(/^a balance of \d+ is shown, and the postings add up to \d+$/);
  });
  await damaged(async (tx) => {
    await tx.raw("update balance_snapshots set pending_credits = pending_credits + 5");
    await aPosting(tx, id as string);
    expect(await prove(tx)).toBeGreaterThan(0);
    const details = await tx("reconciliation_breaks").pluck<string[]>("detail");
    expect(details).toContainEqual(
      expect.stringMatching(
        /^a pending balance of -?\d+ is shown, and the postings add up to -?\d+$/,
      ),
    );
  });
});

test("an intent that says more is disputed than is booked, or less, is a break", async () => {
  const { id } = await aCapturedIntent(t, merchantId);
  await aDispute(t, id, { amount: 400 });
  await t.drain();
  await takeBalanceSnapshots(t.db, AT_ONCE);
  await damaged(async (tx) => {
    await tx.raw("update payment_intents set amount_disputed = 300 where id = ?", [id]);
    expect(await prove(tx)).toBe(1);
    const [found] = await tx("reconciliation_breaks");
    expect(found).toMatchObject({ kind: "AMOUNT", subject_id: id });
    expect(found.detail).toContain("400 booked as disputed, and 300 said");
  });
  // Decided, and still booked as if it were not.
  await damaged(async (tx) => {
    await tx("disputes")
      .where({ payment_intent_id: id })
      .update({ status: "LOST", closed_at: new Date(), version: 2 });
    expect(await prove(tx)).toBe(1);
    const [found] = await tx("reconciliation_breaks");
    expect(found.detail).toContain("400 booked as undecided, and 0 open");
  });
  expect(await prove()).toBe(0);
});

test("a fee that is booked and was not told, or in another currency, is a break", async () => {
  const { id } = await aCapturedIntent(t, merchantId);
  await t.drain();
  await takeBalanceSnapshots(t.db, AT_ONCE);
  for (const change of ["fee = fee + 1", "fee = null", "fee_currency = 'EUR'"]) {
    await damaged(async (tx) => {
      await tx.raw(
        `update attempts set ${change} where payment_intent_id = ? and fee is not null`,
        [id],
      );
      expect(await prove(tx)).toBe(1);
      const [found] = await tx("reconciliation_breaks");
      expect(found).toMatchObject({ kind: "AMOUNT", subject_id: id });
      expect(found.detail).toMatch(/; fees of \d+ booked, and \d+ told$/);
    });
  }
  expect(await prove()).toBe(0);
});

test("what was added up before anything pending was, is completed by the migration", async () => {
  await anAuthorizedIntent(t, merchantId);
  await takeBalanceSnapshots(t.db, AT_ONCE);
  expect(await prove()).toBe(0);
  await damaged(async (tx) => {
    const proofs = () => tx("ledger_proofs").orderBy("account_id");
    const proven = await proofs();
    expect(proven.some((proof) => Number(proof.pending_debits) > 0)).toBe(true);
    await tx.raw(
      `alter table ledger_proofs drop column pending_debits, drop column pending_credits;
       alter table journals drop constraint journals_corrects`,
    );
    await up(tx);
    expect(await proofs()).toEqual(proven);
  });
});

test("one worker at a time is at it, and in slices", async () => {
  await t.db.transaction(async (tx) => {
    await tx.raw("select pg_advisory_xact_lock(hashtext('oncepay.prove_books'))");
    expect(await proveBooks({ db: t.app.db, log }, { everyMs: 0 })).toEqual({
      more: false,
      found: 0,
    });
  });
  await damaged(async (tx) => {
    // More than a slice, of one moment and of many.
    const { id } = await tx("ledger_accounts")
      .where({ merchant_id: merchantId, kind: "PROCESSOR_RECEIVABLE", currency: "USD" })
      .first("id");
    const { id: credit } = await tx("ledger_accounts")
      .where({ merchant_id: merchantId, kind: "MERCHANT_BALANCE", currency: "USD" })
      .first("id");
    await tx.raw(
      `insert into postings (merchant_id, journal_id, line, debit_account_id, credit_account_id,
         amount, currency, pending, created_at)
       select ?, 'jrn_' || n, 1, ?, ?, 1, 'USD', false,
         now() + case when n <= 4500 then 0 else n end * interval '1 microsecond'
       from generate_series(1, 9000) n`,
      [merchantId, id, credit],
    );
    const sum = async () =>
      Number((await tx("ledger_proofs").where({ account_id: credit }).first()).credits);
    const before = await sum();
    await tx.raw("update balance_horizon set before = now() + interval '1 second'");
    await tx("balance_snapshots").delete();
    // In one pass, however many slices that takes.
    await prove(tx);
    expect((await sum()) - before).toBe(9_000);
  });
});

test("what the audit has written down is measured", async () => {
  let isReporter = false;
  observeReconciliation(t.app.db, () => isReporter);
  // Whoever is not to say them says nothing: a moment of 0 would be books that nobody has looked at since 1970.
  expect(await registry.metrics()).not.toMatch(
    /^oncepay_(?:trial|reconcil\w+|books|sealed)_\w+[ {]/m,
  );
  isReporter = true;
  await aBreak(t.db, merchantId, { kind: "TIMING" });
  await aReport(t.db, "of the metric");
  const text = await registry.metrics();
  expect(text).toContain('oncepay_trial_balance_difference{currency="USD"} 0');
  expect(text).toContain('oncepay_reconciliation_breaks{kind="TIMING"} 1');
  expect(text).toMatch(/oncepay_reconciliation_oldest_break_seconds\{kind="TIMING"\} 0?\.?\d/);
  expect(text).toMatch(/oncepay_books_clean_timestamp_seconds 1\d{9}/);
  expect(text).toMatch(/oncepay_sealed_timestamp_seconds 1\d{9}/);
  expect(text).toMatch(
    /oncepay_reconciled_timestamp_seconds\{processor="sandbox",source="PROCESSOR_LIST"\} 1\d{9}/,
  );
});
