import { Client } from "pg";
import { MIGRATIONS } from "../../migrations/index";
import { migrate } from "../../src/db/migrate";
import { QUEUE_SCHEMA } from "../../src/db/queue-schema";
import { type TestDatabase, createEmptyDatabase } from "../support/database";
import { waitFor } from "../support/wait-for";

let database: TestDatabase;
let client: Client;
beforeEach(async () => {
  database = await createEmptyDatabase();
  client = new Client({ connectionString: database.url });
  await client.connect();
});
afterEach(async () => {
  await client.end();
  await database.drop();
});

async function expectMigrated(): Promise<void> {
  const { rows } = await client.query("select name from knex_migrations order by id");
  expect(rows.map(({ name }) => name)).toEqual(Object.keys(MIGRATIONS));
  const locks = await client.query("select is_locked from knex_migrations_lock");
  expect(locks.rows).toEqual([{ is_locked: 0 }]);
  await client.query("select * from payment_intents, outbox");
  const queue = await client.query(
    "select from information_schema.tables where table_schema = $1",
    [QUEUE_SCHEMA],
  );
  expect(queue.rowCount).toBeGreaterThan(0);
}

it("migrates once when ten processes do it at the same time on a fresh database", async () => {
  await Promise.all(Array.from({ length: 10 }, () => migrate({ databaseUrl: database.url })));
  await expectMigrated();
});

it("does nothing to a database that is migrated already", async () => {
  await migrate({ databaseUrl: database.url });
  const lines: string[] = [];
  await migrate({ databaseUrl: database.url, log: (line) => lines.push(line) });
  expect(lines).toEqual([]);
  await expectMigrated();
});

it("goes on with a database whose migration was killed in the middle", async () => {
  // A table that is being made elsewhere holds up the migration that makes it, which surely is in the middle then.
  await client.query("begin");
  await client.query("create table payment_intents (id int)");
  const outcome = migrate({ databaseUrl: database.url }).then(
    () => "migrated",
    () => "failed",
  );
  await waitFor("the migration to be held up", () => terminate("wait_event_type = 'Lock'"));
  expect(await outcome).toBe("failed");
  await client.query("rollback");
  await waitFor("its session to be gone", async () => !(await terminate("true")));
  await migrate({ databaseUrl: database.url });
  await expectMigrated();
});

/** Ends the other sessions of this database of which something is true; says whether there were any. */
async function terminate(condition: string): Promise<boolean> {
  const admin = new Client({ connectionString: database.url });
  await admin.connect();
  const { rowCount } = await admin.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and pid not in (pg_backend_pid(), $1) and ${condition}`,
    [(client as unknown as { processID: number }).processID],
  );
  await admin.end();
  return (rowCount ?? 0) > 0;
}
