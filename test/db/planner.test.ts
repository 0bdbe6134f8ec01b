import { Client } from "pg";
import { connect } from "../../src/db/connect";
import { type Db, type Statement, run } from "../../src/db/db";
import { type TestDatabase, createTestDatabase } from "../support/database";
import { aMerchant, createCommand } from "../support/factories";
import { createPaymentIntents } from "../../src/payments/create-payment-intent";
import { repeat } from "../support/plans";

/* The measures of src/db/planner.ts that a connection takes for itself; the others are in plans and young-statistics. */

let database: TestDatabase;
let db: Db;

beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  await db.destroy();
  await database.drop();
});

interface Plan {
  readonly Plan: { readonly "Node Type": string; readonly "Total Cost": number };
}

async function planOf(explained: string): Promise<Plan["Plan"]> {
  const { rows } = await db.raw<{ rows: { "QUERY PLAN": Plan[] }[] }>(
    `explain (format json) ${explained}`,
  );
  const plan = rows[0]?.["QUERY PLAN"][0]?.Plan;
  if (!plan) throw new Error("Postgres explained nothing");
  return plan;
}

/** As the database's owner, outside the product's connections. */
async function onServer(statement: string): Promise<void> {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  await client.query(statement);
  await client.end();
}

const BY_KEY: Statement = {
  name: "intent_by_key",
  text: "select id from payment_intents where merchant_id = ? and id = ?",
};

it("makes plans anew for tables that have grown", async () => {
  // Nobody but this test takes statistics, which would have the plans made anew as well.
  await onServer("alter table payment_intents set (autovacuum_enabled = off)");
  await onServer("vacuum payment_intents");
  db = connect({ url: database.url, poolMax: 1, applicationName: "planner" });
  const { id: merchantId } = await aMerchant({ db });
  const clock = jest.spyOn(performance, "now");
  try {
    let nowMs = performance.now();
    clock.mockImplementation(() => nowMs);
    await run(db, BY_KEY, [merchantId, "pi_none"]);
    const commands = repeat(merchantId, 2_000).map((id) => createCommand(id));
    await createPaymentIntents(db, commands);
    const kept = `execute ${BY_KEY.name}('${merchantId}', 'pi_none')`;
    expect((await planOf(kept))["Node Type"]).toBe("Seq Scan");
    nowMs += 3_000;
    expect((await planOf(kept))["Node Type"]).toMatch(/^Index/);
  } finally {
    clock.mockRestore();
  }
});

it("compiles nothing, however dear a row looks", async () => {
  await onServer(
    `do $$ begin execute format('alter database %I set jit = on', current_database()); end $$`,
  );
  db = connect({ url: database.url, poolMax: 1, applicationName: "planner" });
  const settings = await db.raw<{ rows: { jit: string; above: string }[] }>(
    `select current_setting('jit') as "jit", current_setting('jit_above_cost') as "above"`,
  );
  const { jit, above } = settings.rows[0] ?? {};
  const cost = (await planOf("select count(*) from generate_series(1, 300000)"))["Total Cost"];
  expect(cost).toBeGreaterThan(Number(above));
  expect(jit).toBe("off");
});

it("expects busy merchants in the partitions of months to come, too", async () => {
  db = connect({ url: database.url, poolMax: 1, applicationName: "planner" });
  const { rows } = await db.raw<{ rows: { made: number }[] }>(
    "select ensure_partitions(now() + interval '6 months') as made",
  );
  expect(rows[0]?.made).toBeGreaterThan(0);
  const unaware = await db.raw<{ rows: { relname: string }[] }>(
    `select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid
     where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
       and a.attname = 'merchant_id' and a.attoptions is null`,
  );
  expect(unaware.rows).toEqual([]);
});
