import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type App, createApp } from "../../src/app";
import { auditBooks } from "../../src/audit/audit-books";
import type { Movement } from "../../src/audit/compare-movements";
import { readConfig } from "../../src/config";
import type { Db } from "../../src/db/db";
import { migrate } from "../../src/db/migrate";
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from "../../src/dev/postgres/embedded-postgres";
import { listEvents } from "../../src/events/event-store";
import { sumsOf, trialBalance } from "../../src/ledger/balance-store";
import { listEntries } from "../../src/ledger/entry-store";
import { takeBalanceSnapshots } from "../../src/ledger/take-balance-snapshots";
import { createLog } from "../../src/observability/log";
import { refundPaymentIntent } from "../../src/payments/refund-payment-intent";
import { type TestNetwork, startTestNetwork } from "../sandbox/network";
import { type Driven, connectAsOwner, drive, testSettings } from "../support/app";
import { type DatabaseCopy, copyIn, copyOut } from "../support/copied-database";
import { type TestDatabase, createTestDatabase } from "../support/database";
import { aCapturedIntent, aMerchant, anIntent, refundCommand } from "../support/factories";
import { createRecordedQueues } from "../support/recorded-queues";

/*
 * Every row of a database that is in use is copied, as text, into a cluster that initdb made just now, and whose
 * transaction ids therefore start again from the beginning: what a dump and its restore, or a logical replica, do.
 */

interface System extends Driven {
  readonly app: App;
  readonly db: Db;
}

let directory: string;
let cluster: EmbeddedPostgres;
let sandbox: TestNetwork;
let database: TestDatabase;
const opened: App[] = [];
const closing: Db[] = [];

beforeAll(async () => {
  directory = mkdtempSync(path.join(tmpdir(), "oncepay-restored-"));
  // Postgres runs under another account when we are root and has to get through.
  chmodSync(directory, 0o711);
  [cluster, sandbox, database] = await Promise.all([
    startEmbeddedPostgres({
      dataDir: path.join(directory, "data"),
      durable: false,
      settings: { shared_buffers: "16MB" },
    }),
    startTestNetwork(),
    createTestDatabase(),
  ]);
}, 60_000);

afterAll(async () => {
  for (const app of opened) await app.close();
  for (const db of closing) await db.destroy();
  await Promise.all([cluster.remove(), sandbox.close(), database.drop()]);
  rmSync(directory, { recursive: true, force: true });
});

function open(databaseUrl: string): System {
  const config = readConfig(testSettings(databaseUrl, sandbox.url, {}));
  const app = createApp(config, createLog("test", config.logLevel), { name: "test" });
  opened.push(app);
  const db = connectAsOwner(databaseUrl);
  closing.push(db);
  return { app, db, ...drive(app, createRecordedQueues(), db) };
}

/** A database of the new cluster, with what was copied in it. */
async function restore(name: string, copy: DatabaseCopy): Promise<System> {
  const server = open(cluster.url);
  await server.db.raw(`create database ${name}`);
  const url = new URL(cluster.url);
  url.pathname = `/${name}`;
  await migrate({ databaseUrl: url.href });
  const system = open(url.href);
  await copyIn(system.db, copy);
  return system;
}

/** Uses up transaction ids, so that those of the rows to come are far above all that a new cluster has. */
async function age({ db }: System): Promise<void> {
  await db.raw(`do $$ begin
    for n in 1..20000 loop perform pg_current_xact_id(); commit; end loop;
  end $$`);
}

async function transactionId({ db }: System): Promise<bigint> {
  const { rows } = await db.raw<{ rows: { id: string }[] }>(
    "select pg_current_xact_id()::text as id",
  );
  return BigInt(rows[0]?.id ?? 0);
}

async function readOn(
  { db }: System,
  merchantId: string,
  from: string | null,
): Promise<{ ids: string[]; end: string | null }> {
  const ids: string[] = [];
  let end = from;
  for (;;) {
    const page = await listEvents(db, merchantId, { after: end, first: 4 });
    ids.push(...page.edges.map(({ node }) => node.id));
    end = page.pageInfo.endCursor;
    if (!page.pageInfo.hasNextPage) return { ids, end };
  }
}

async function eventsOf({ db }: System, merchantId: string): Promise<string[]> {
  const rows = await db("events").where({ merchant_id: merchantId }).select<{ id: string }[]>("id");
  return rows.map(({ id }) => id);
}

interface Books {
  readonly balanced: boolean;
  readonly accounts: Readonly<Record<string, unknown>>;
  readonly entries: number;
}

async function readBooks({ db }: System, merchantId: string, asOf?: string): Promise<Books> {
  const accounts: Record<string, unknown> = {};
  let entries = 0;
  for (const { id } of await db("ledger_accounts").where({ merchant_id: merchantId })) {
    accounts[id] = await sumsOf(db, merchantId, { id, asOf });
    entries += (await listEntries(db, merchantId, { accountId: id, page: { first: 100 } })).edges
      .length;
  }
  const { balanced } = await trialBalance(db, merchantId);
  return { balanced, accounts, entries };
}

/** What balances are sums of, added up without them. */
const ADDED_UP = `
  select a.id,
    coalesce(sum(p.amount) filter (where p.debit_account_id = a.id and not p.pending), 0) as "debits",
    coalesce(sum(p.amount) filter (where p.credit_account_id = a.id and not p.pending), 0) as "credits",
    coalesce(sum(p.amount) filter (where p.debit_account_id = a.id and p.pending), 0) as "pendingDebits",
    coalesce(sum(p.amount) filter (where p.credit_account_id = a.id and p.pending), 0) as "pendingCredits"
  from ledger_accounts a
  left join postings p on p.merchant_id = a.merchant_id and a.id in (p.debit_account_id, p.credit_account_id)
  where a.merchant_id = ? group by a.id`;

async function expectExact(system: System, merchantId: string): Promise<Books> {
  const books = await readBooks(system, merchantId);
  const { rows } = await system.db.raw<{ rows: ({ id: string } & Record<string, string>)[] }>(
    ADDED_UP,
    [merchantId],
  );
  for (const { id, ...sums } of rows) {
    const shown = books.accounts[id] as Record<string, unknown>;
    for (const [name, sum] of Object.entries(sums)) expect(String(shown[name])).toBe(sum);
  }
  expect(books.balanced).toBe(true);
  return books;
}

const AT_ONCE = { limit: 100, postingsMin: 1, marginMs: 0 };

async function expectSound(system: System): Promise<void> {
  const movements = () => sandbox.movements() as Promise<readonly unknown[]>;
  expect(
    await auditBooks(system.db, { movements: movements as () => Promise<Movement[]> }),
  ).toEqual([]);
}

test("a copy in a new cluster shows every event to an old cursor, and the same balances, and goes on from there", async () => {
  const old = open(database.url);
  const merchantId = (await aMerchant(old)).id;
  await age(old);
  for (let n = 0; n < 3; n += 1) await aCapturedIntent(old, merchantId, 1_000 + n);
  expect(await takeBalanceSnapshots(old.db, AT_ONCE)).toBeGreaterThan(0);
  const { id: refunded } = await aCapturedIntent(old, merchantId, 500);
  const read = await readOn(old, merchantId, null);
  expect(read.ids.sort()).toEqual((await eventsOf(old, merchantId)).sort());
  // What nobody has read yet, and what no relay has seen yet.
  await aCapturedIntent(old, merchantId, 700);
  await anIntent(old, merchantId);
  const books = await expectExact(old, merchantId);
  const copiedAt = new Date().toISOString();
  await expectSound(old);
  const copy = await copyOut(old.db);

  const restored = await restore("restored", copy);
  expect(await transactionId(restored)).toBeLessThan((await transactionId(old)) - 10_000n);
  expect(await expectExact(restored, merchantId)).toEqual(books);
  await restored.drain();
  const unread = await readOn(restored, merchantId, read.end);
  const all = [...read.ids, ...unread.ids];
  expect(all.sort()).toEqual((await eventsOf(restored, merchantId)).sort());

  // It goes on: new events come after the old ones, and new postings come on top of the old snapshots.
  await refundPaymentIntent(restored.db, refundCommand(merchantId, refunded, { amount: 100 }));
  await restored.drain();
  await aCapturedIntent(restored, merchantId, 900);
  const later = await readOn(restored, merchantId, unread.end);
  expect([...all, ...later.ids].sort()).toEqual((await eventsOf(restored, merchantId)).sort());
  const moved = await expectExact(restored, merchantId);
  expect(moved.entries).toBeGreaterThan(books.entries);
  expect(await takeBalanceSnapshots(restored.db, AT_ONCE)).toBeGreaterThan(0);
  expect(await expectExact(restored, merchantId)).toEqual(moved);
  const before = await readBooks(restored, merchantId, copiedAt);
  expect(before.accounts).toEqual(books.accounts);
  await expectSound(restored);
}, 120_000);

test("a cursor that is newer than the copy repeats events, and skips none", async () => {
  const old = open(database.url);
  const merchantId = (await aMerchant(old)).id;
  for (let n = 0; n < 3; n += 1) await anIntent(old, merchantId);
  await old.drain();
  const copy = await copyOut(old.db);
  for (let n = 0; n < 3; n += 1) await anIntent(old, merchantId);
  await old.drain();
  const { end } = await readOn(old, merchantId, null);

  const restored = await restore("restored_earlier", copy);
  // As many events as were lost, and more: the place that the cursor names is another event's now.
  const made: string[] = [];
  for (let n = 0; n < 6; n += 1) {
    made.push((await anIntent(restored, merchantId)).id);
    await restored.drain();
    const { ids } = await readOn(restored, merchantId, end);
    const found = await restored
      .db("events")
      .where({ merchant_id: merchantId })
      .whereIn("id", ids)
      .select<{ subject_id: string }[]>("subject_id");
    expect(found.map((event) => event.subject_id)).toEqual(expect.arrayContaining(made));
  }
  // Whoever goes on from what it was then given repeats nothing more.
  const caughtUp = await readOn(restored, merchantId, end);
  expect((await readOn(restored, merchantId, caughtUp.end)).ids).toEqual([]);
}, 120_000);
