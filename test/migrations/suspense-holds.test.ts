import knex from "knex";
import { MIGRATIONS } from "../../migrations/index";
import { LEDGER_CHECKS } from "../../src/audit/ledger-checks";
import type { Db } from "../../src/db/db";
import { type TestDatabase, createEmptyDatabase } from "../support/database";

/** What the migration to holds in suspense makes of attempts whose outcome is unknown already. */

const NAME = "20261206000100_suspense_holds";

let database: TestDatabase;
let db: Db;
beforeAll(async () => {
  database = await createEmptyDatabase();
  db = knex({ client: "pg", connection: database.url, pool: { min: 0, max: 1 } });
  await migrateWhere((name) => name < NAME);
});
afterAll(async () => {
  await db.destroy();
  await database.drop();
});

async function migrateWhere(due: (name: string) => boolean): Promise<void> {
  await db.transaction(async (tx) => {
    for (const [name, migration] of Object.entries(MIGRATIONS)) {
      if (due(name)) await migration.up?.(tx);
    }
  });
}

/** Triggers and foreign keys are off. */
async function insert(table: string, rows: readonly object[]): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.raw("set local session_replication_role = replica");
    await tx(table).insert(rows);
  });
}

const attempt = (id: string, given: object) => ({
  ...{ merchant_id: "mer_a", id, payment_intent_id: `pi_of_${id}`, processor: "sandbox" },
  ...{ operation: "charge", amount: 100, currency: "USD", status: "UNKNOWN" },
  ...{ unknown_since: new Date(), sends: 1 },
  ...given,
});

test("holds what is unknown, in accounts that may not be there yet, and nothing else", async () => {
  await insert("attempts", [
    attempt("att_charge", {}),
    attempt("att_capture", { operation: "capture", amount: 20 }),
    attempt("att_refund", { operation: "refund", amount: 3 }),
    attempt("att_yen", { currency: "JPY", merchant_id: "mer_b" }),
    attempt("att_authorize", { operation: "authorize" }),
    attempt("att_void", { operation: "void" }),
    attempt("att_known", { status: "SUCCEEDED", settled_at: new Date() }),
    attempt("att_waits", { status: "REQUIRES_ACTION" }),
  ]);
  const receivable = { merchant_id: "mer_a", id: "acct_of_before", kind: "PROCESSOR_RECEIVABLE" };
  await insert("ledger_accounts", [{ ...receivable, currency: "USD" }]);
  await insert("merchants", [
    { id: "mer_a", name: "A" },
    { id: "mer_b", name: "B" },
  ]);
  await insert(
    "payment_intents",
    ["charge", "capture", "refund"].map((name) => paymentOf("mer_a", `pi_of_att_${name}`)),
  );
  await insert("payment_intents", [paymentOf("mer_b", "pi_of_att_yen")]);
  await migrateWhere((name) => name === NAME);
  const { rows } = await db.raw<{ rows: object[] }>(
    `select j.source_id as attempt, d.kind as debit, c.kind as credit, p.amount::int, p.currency,
       p.pending
     from journals j
     join postings p on p.merchant_id = j.merchant_id and p.journal_id = j.id
     join ledger_accounts d on d.merchant_id = p.merchant_id and d.id = p.debit_account_id
     join ledger_accounts c on c.merchant_id = p.merchant_id and c.id = p.credit_account_id
     where j.kind = 'suspense_hold' order by j.source_id`,
  );
  const come = { debit: "PROCESSOR_RECEIVABLE", credit: "SUSPENSE", pending: true };
  const gone = { debit: "SUSPENSE", credit: "PROCESSOR_RECEIVABLE", pending: true };
  expect(rows).toEqual([
    { attempt: "att_capture", ...come, amount: 20, currency: "USD" },
    { attempt: "att_charge", ...come, amount: 100, currency: "USD" },
    { attempt: "att_refund", ...gone, amount: 3, currency: "USD" },
    { attempt: "att_yen", ...come, amount: 100, currency: "JPY" },
  ]);
  const check = LEDGER_CHECKS.find(({ name }) => name.startsWith("suspense holds"));
  expect((await db.raw<{ rows: object[] }>(check?.sql ?? "")).rows).toEqual([]);
  expect(await db("ledger_accounts").where({ id: "acct_of_before" })).toHaveLength(1);
});

const paymentOf = (merchant_id: string, id: string) => ({
  ...{ merchant_id, id, status: "PROCESSING", amount: 100, currency: "USD" },
  ...{ capture_method: "AUTOMATIC", idempotency_key: id },
});
