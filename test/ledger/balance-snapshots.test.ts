import { Client } from "pg";
import { auditBooks } from "../../src/audit/audit-books";
import type { Db } from "../../src/db/db";
import { sqlState } from "../../src/db/errors";
import { newId } from "../../src/ids";
import { type AccountKind, NORMAL_SIDE } from "../../src/ledger/accounts";
import { type Sums, balanceOf, sumsOf, trialBalance } from "../../src/ledger/balance-store";
import { type LedgerEntry, listEntries } from "../../src/ledger/entry-store";
import { takeBalanceSnapshots } from "../../src/ledger/take-balance-snapshots";
import type { PageArguments } from "../../src/pagination";
import { refundPaymentIntent } from "../../src/payments/refund-payment-intent";
import { maintainOnce } from "../../workers/maintain";
import { type TestApp, startTestApp } from "../support/app";
import { createTestDatabase } from "../support/database";
import { aCapturedIntent, aMerchant, aSettledIntent, refundCommand } from "../support/factories";

let t: TestApp;
let merchantId: string;
beforeAll(async () => {
  t = await startTestApp();
});
beforeEach(async () => {
  merchantId = (await aMerchant(t)).id;
});
afterAll(() => t.stop());

/** Of whatever has been posted, instead of what is a minute old and much. */
const AT_ONCE = { limit: 1_000, postingsMin: 1, marginMs: 0 };

async function accountsOf(merchant: string): Promise<Record<string, string>> {
  const rows = await t.db("ledger_accounts").where({ merchant_id: merchant });
  return Object.fromEntries(rows.map(({ kind, id }: { kind: string; id: string }) => [kind, id]));
}

async function booksOf(merchant: string, asOf?: string): Promise<Record<string, Sums>> {
  const books: Record<string, Sums> = {};
  for (const [kind, id] of Object.entries(await accountsOf(merchant))) {
    books[kind] = await sumsOf(t.db, merchant, { id, asOf });
  }
  return books;
}

async function snapshotsOf(merchant: string): Promise<{ before: Date }[]> {
  return t.db("balance_snapshots").where({ merchant_id: merchant }).orderBy("before");
}

/** To the microsecond. */
async function horizon(): Promise<string> {
  const { rows } = await t.db.raw<{ rows: { before: string }[] }>(
    "select before::text as before from balance_horizon",
  );
  return rows[0]?.before ?? "";
}

/** Moves an amount to and fro, for the attempt of an intent that is paid: the books are as they were, and hold more. */
async function postInVain(db: Db, paymentIntentId: string): Promise<void> {
  const accounts = await accountsOf(merchantId);
  const journal = newId("journal");
  await db.raw(
    `insert into journals (merchant_id, id, kind, payment_intent_id, source_id)
     select merchant_id, ?, 'test ' || ?, payment_intent_id, id from attempts
     where payment_intent_id = ?`,
    [journal, journal, paymentIntentId],
  );
  await db.raw(
    `insert into postings (merchant_id, journal_id, line, debit_account_id, credit_account_id,
       amount, currency, pending)
     values (:merchantId, :journal, 1, :one, :other, 7, 'USD', false),
       (:merchantId, :journal, 2, :other, :one, 7, 'USD', false)`,
    {
      merchantId,
      journal,
      one: accounts["PROCESSING_FEES"] ?? "",
      other: accounts["PROCESSOR_RECEIVABLE"] ?? "",
    },
  );
}

test("an idle write transaction in another database of the cluster does not hold them up", async () => {
  const database = await createTestDatabase();
  const other = new Client({ connectionString: database.url });
  await other.connect();
  try {
    await other.query("begin");
    await other.query("select pg_current_xact_id()");
    await aCapturedIntent(t, merchantId);
    const books = await booksOf(merchantId);
    expect(await takeBalanceSnapshots(t.db, AT_ONCE)).toBeGreaterThan(0);
    expect(await snapshotsOf(merchantId)).not.toEqual([]);
    expect(await booksOf(merchantId)).toEqual(books);
  } finally {
    await other.end();
    await database.drop();
  }
});

test("one of a past moment holds what was posted by then", async () => {
  await aCapturedIntent(t, merchantId);
  const first = await booksOf(merchantId);
  const between = new Date().toISOString();
  await aCapturedIntent(t, merchantId);
  const second = await booksOf(merchantId);
  await takeBalanceSnapshots(t.db, AT_ONCE);
  await aCapturedIntent(t, merchantId);
  await takeBalanceSnapshots(t.db, AT_ONCE);
  expect(await booksOf(merchantId, between)).toEqual(first);
  const [taken] = await snapshotsOf(merchantId);
  expect(await booksOf(merchantId, taken?.before.toISOString())).toEqual(second);
});

test("a transaction that is still posting is waited for, and then summed up", async () => {
  const { id } = await aCapturedIntent(t, merchantId);
  const tx = await t.db.transaction();
  await postInVain(tx, id);
  const stood = await horizon();
  expect(await takeBalanceSnapshots(t.db, AT_ONCE)).toBeUndefined();
  expect(await horizon()).toBe(stood);
  // The worker only says so, and does it again a minute later.
  await maintainOnce(t.app);
  expect(await horizon()).toBe(stood);
  await tx.commit();
  const books = await booksOf(merchantId);
  expect(await takeBalanceSnapshots(t.db, AT_ONCE)).toBeGreaterThan(0);
  expect(await booksOf(merchantId)).toEqual(books);
});

test("two transactions that post to the accounts of one merchant do not wait for each other", async () => {
  const [one, other] = [await aCapturedIntent(t, merchantId), await aCapturedIntent(t, merchantId)];
  const first = await t.db.transaction();
  const second = await t.db.transaction();
  await first.raw("set local lock_timeout = '10s'");
  await second.raw("set local lock_timeout = '10s'");
  // Each while the other one has posted, and has not committed.
  await postInVain(first, one.id);
  await postInVain(second, other.id);
  await postInVain(first, one.id);
  await second.commit();
  await first.commit();
  const books = await booksOf(merchantId);
  await takeBalanceSnapshots(t.db, AT_ONCE);
  expect(await booksOf(merchantId)).toEqual(books);
});

test("a posting from before what is summed up is refused, and gets through with a new transaction", async () => {
  const { id } = await aCapturedIntent(t, merchantId);
  const tx = await t.db.transaction();
  // Its time is that of its beginning.
  await tx.raw("select 1");
  await takeBalanceSnapshots(t.db, AT_ONCE);
  const refused = await postInVain(tx, id).catch((error: unknown) => error);
  expect(sqlState(refused)).toBe("40001");
  expect(String(refused)).toContain("older than what balances have been summed up to");
  await tx.rollback();
  await t.db.transaction((again) => postInVain(again, id));
});

test("the database refuses postings while its clock is behind, and does not forget where it was", async () => {
  const { id } = await aCapturedIntent(t, merchantId);
  await takeBalanceSnapshots(t.db, AT_ONCE);
  const books = await booksOf(merchantId);
  const stood = await horizon();
  // As seen from a clock that was set back by an hour, the horizon is in the future.
  await t.db.raw("update balance_horizon set before = now() + interval '1 hour'");
  const ahead = await horizon();
  try {
    const refused = await t.db
      .transaction((tx) => postInVain(tx, id))
      .catch((error: unknown) => error);
    expect(sqlState(refused)).toBe("40001");
    await takeBalanceSnapshots(t.db, AT_ONCE);
    expect(await horizon()).toBe(ahead);
    const back = await t
      .db("balance_horizon")
      .update({ before: stood })
      .catch((error: unknown) => error);
    expect(sqlState(back)).toBe("23001");
    expect(await booksOf(merchantId)).toEqual(books);
  } finally {
    await t.db.transaction(async (tx) => {
      await tx.raw("set local session_replication_role = replica");
      await tx("balance_horizon").update({ before: stood });
      // Those that it took up to there are of a time to come.
      await tx.raw("delete from balance_snapshots where before > now()");
    });
  }
});

test("many that post, and many that sum up at the same time, lose nothing", async () => {
  const { id } = await aCapturedIntent(t, merchantId);
  let posting = true;
  const posted = Promise.all(
    Array.from({ length: 6 }, async () => {
      // Some of them are overtaken by a snapshot, and begin again.
      for (let done = 0; done < 40;) {
        const refused = await t.db
          .transaction((tx) => postInVain(tx, id))
          .catch((error: unknown) => error);
        if (refused === undefined) done += 1;
        else if (sqlState(refused) !== "40001") throw refused as Error;
      }
    }),
  ).finally(() => {
    posting = false;
  });
  const takers = Array.from({ length: 2 }, async () => {
    while (posting) await takeBalanceSnapshots(t.db, AT_ONCE);
  });
  await Promise.all([posted, ...takers]);
  await takeBalanceSnapshots(t.db, AT_ONCE);
  const { rows } = await t.db.raw<{ rows: { wrong: number }[] }>(
    `select count(*) as wrong from balance_snapshots s where s.merchant_id = ? and s.debits <> (
       select coalesce(sum(p.amount), 0) from postings p where p.merchant_id = s.merchant_id
         and p.debit_account_id = s.account_id and not p.pending and p.created_at < s.before)`,
    [merchantId],
  );
  expect(rows).toEqual([{ wrong: 0 }]);
  expect((await snapshotsOf(merchantId)).length).toBeGreaterThan(3);
  const books = await booksOf(merchantId);
  // 240 times 7, each booked once.
  expect(Number(books["PROCESSING_FEES"]?.credits)).toBe(1_680);
  expect((await trialBalance(t.db, merchantId)).balanced).toBe(true);
  await runningBalancesAddUp();
});

/** Each entry's balance is that of the one before and its own amount, on every page, in both directions. */
async function runningBalancesAddUp(): Promise<void> {
  for (const [kind, accountId] of Object.entries(await accountsOf(merchantId))) {
    const pages: LedgerEntry[] = [];
    let after: string | null = null;
    do {
      const page: PageArguments = { first: 40, after };
      const { edges, pageInfo } = await listEntries(t.db, merchantId, { accountId, page });
      pages.push(...edges.map(({ node }) => node));
      after = pageInfo.hasNextPage === true ? pageInfo.endCursor : null;
    } while (after !== null);
    const grows = NORMAL_SIDE[kind as AccountKind] === "debit" ? "DEBIT" : "CREDIT";
    let balance = 0n;
    const wanted = pages.toReversed().map(({ amount, side, pending }) => {
      if (!pending) balance += side === grows ? BigInt(amount) : -BigInt(amount);
      return balance;
    });
    expect(pages.map(({ balanceAfter }) => balanceAfter)).toEqual(wanted.toReversed());
    const { posted } = balanceOf(
      kind as AccountKind,
      await sumsOf(t.db, merchantId, { id: accountId }),
    );
    expect([kind, pages[0]?.balanceAfter ?? 0n]).toEqual([kind, posted]);
    const oldest = await listEntries(t.db, merchantId, { accountId, page: { last: 7 } });
    expect(oldest.edges.map(({ node }) => node)).toEqual(pages.slice(-7));
  }
}

test.each(["USD", "JPY", "KWD"])(
  "amounts up to 2^53 − 1 of %s add up exactly, at every commit",
  async (currency) => {
    const largest = Number.MAX_SAFE_INTEGER;
    const balanced = async () =>
      (await trialBalance(t.db, merchantId)).currencies.map(({ difference }) => difference);
    const paid: string[] = [];
    for (const amount of [largest, largest - 1, largest]) {
      const intent = await aSettledIntent(t, merchantId, { amount, currency });
      expect(intent).toMatchObject({ status: "SUCCEEDED", amountCaptured: amount });
      expect(await balanced()).toEqual([0n]);
      paid.push(intent.id);
    }
    const refunds: [string | undefined, number][] = [
      [paid[0], 1],
      [paid[0], largest - 1],
      [paid[1], 1],
    ];
    for (const [id = "", amount] of refunds) {
      await refundPaymentIntent(t.db, refundCommand(merchantId, id, { amount }));
      await t.drain();
      expect(await balanced()).toEqual([0n]);
    }
    const held = await aSettledIntent(t, merchantId, {
      ...{ amount: largest, currency, captureMethod: "MANUAL" },
    });
    expect(held.status).toBe("REQUIRES_CAPTURE");
    expect(await balanced()).toEqual([0n]);
    await takeBalanceSnapshots(t.db, AT_ONCE);
    const books = await booksOf(merchantId);
    const left = 2n * BigInt(largest) - 2n;
    expect(balanceOf("MERCHANT_BALANCE", books["MERCHANT_BALANCE"] ?? none)).toEqual({
      posted: left,
      pending: BigInt(largest),
    });
    const [totals] = (await trialBalance(t.db, merchantId)).currencies;
    expect(totals?.credits).toBeGreaterThan(4n * BigInt(largest) - 2n);
    await runningBalancesAddUp();
    expect(await auditBooks(t.db)).toEqual([]);
  },
);

const none: Sums = { debits: 0n, credits: 0n, pendingDebits: 0n, pendingCredits: 0n };
