import knex from "knex";
import { MIGRATIONS } from "../../migrations/index";
import type { Db } from "../../src/db/db";
import { newId } from "../../src/ids";
import { type TestDatabase, createEmptyDatabase } from "../support/database";

/** What the migration to positions makes of a database that was in use before it. */

const NAME = "20261121000100_positions";

let database: TestDatabase;
let db: Db;
beforeAll(async () => {
  database = await createEmptyDatabase();
  db = knex({ client: "pg", connection: database.url, pool: { min: 0, max: 1 } });
  await db.transaction(async (tx) => {
    for (const [name, migration] of Object.entries(MIGRATIONS)) {
      if (name < NAME) await migration.up?.(tx);
    }
  });
});
afterAll(async () => {
  await db.destroy();
  await database.drop();
});

/** In a transaction of its own, so that it has a transaction id of its own; triggers and foreign keys are off. */
async function insert(table: string, rows: readonly object[]): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.raw("set local session_replication_role = replica");
    await tx(table).insert(rows);
  });
}

const event = (merchant_id: string, id: string) => ({
  merchant_id,
  id,
  type: "payment_intent.created",
  api_version: "test",
  sequence: 1,
  object: "{}",
});

const posting = (line: number, given: object) => ({
  merchant_id: "mer_a",
  journal_id: "jrn_a",
  line,
  debit_account_id: "acct_one",
  credit_account_id: "acct_two",
  amount: 10,
  currency: "USD",
  pending: false,
  ...given,
});

test("numbers events in the order in which they were shown, leaves the outbox to the relay, and sums up again", async () => {
  const nowMs = Date.now();
  const [second = "", first = "", other = "", third = "", waiting = ""] = Array.from(
    { length: 5 },
    (_, n) => newId("event", nowMs + n),
  );
  // Shown in the order of their transactions, whatever their ids.
  await insert("events", [event("mer_a", first)]);
  await insert("events", [event("mer_b", other)]);
  await insert("events", [event("mer_a", second)]);
  await insert("events", [event("mer_a", third), event("mer_a", waiting)]);
  await insert("outbox", [{ merchant_id: "mer_a", event_id: waiting }]);
  const hourAgo = new Date(Date.now() - 3_600_000);
  await insert("ledger_accounts", [
    { merchant_id: "mer_a", id: "acct_one", kind: "PROCESSOR_RECEIVABLE", currency: "USD" },
    { merchant_id: "mer_a", id: "acct_two", kind: "MERCHANT_BALANCE", currency: "USD" },
  ]);
  await insert("postings", [
    posting(1, { created_at: hourAgo }),
    posting(2, { created_at: hourAgo, amount: 5, pending: true }),
    // So young that a transaction of its time may still be under way.
    posting(3, { amount: 1_000 }),
  ]);

  await db.transaction((tx) => MIGRATIONS[NAME]?.up?.(tx));

  const feed = await db("event_feed").orderBy(["merchant_id", "position"]);
  expect(feed.map((row) => [row.merchant_id, Number(row.position), row.event_id])).toEqual([
    ["mer_a", 1, first],
    ["mer_a", 2, second],
    ["mer_a", 3, third],
    ["mer_b", 1, other],
  ]);
  const left = await db("outbox").select<{ event_id: string }[]>("event_id");
  expect(left).toEqual([{ event_id: waiting }]);
  const snapshots = await db("balance_snapshots").orderBy("account_id");
  expect(snapshots).toMatchObject([
    { account_id: "acct_one", debits: "10", credits: "0", pending_debits: "5" },
    { account_id: "acct_two", debits: "0", credits: "10", pending_credits: "5" },
  ]);
});
