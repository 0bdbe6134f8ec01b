import { Client } from "pg";
import { MIGRATIONS, type Migration } from "../../migrations/index";
import { runCommandLine } from "../../src/cli/run-command-line";
import { migrate } from "../../src/db/migrate";
import { type TestDatabase, createEmptyDatabase, createTestDatabase } from "../support/database";
import { PATIENCE_MS } from "../support/patience";
import { waitFor } from "../support/wait-for";

let database: TestDatabase;
let client: Client;
let other: Client;
beforeEach(async () => {
  database = await createTestDatabase();
  [client, other] = await Promise.all([connected(), connected()]);
});
afterEach(async () => {
  await Promise.all([client.end(), other.end()]);
  await database.drop();
});

async function connected(): Promise<Client> {
  const made = new Client({ connectionString: database.url });
  await made.connect();
  return made;
}

const WRITE = "update payment_intents set version = version where merchant_id = 'nobody'";
const NEW_COLUMN: Migration = {
  up: async (tx) => {
    await tx.raw("alter table payment_intents add column news int");
  },
};
const NEW_INDEX: Migration = {
  index: { name: "intents_by_version", table: "payment_intents", definition: "(version)" },
};

function migrateWith(migration: Migration, log: string[] = [], waitMaxMs = PATIENCE_MS) {
  const migrations = { ...MIGRATIONS, "20991231000100_new": migration };
  const say = (line: string): number => log.push(line);
  return migrate({ databaseUrl: database.url, log: say, migrations, waitMaxMs });
}

/** That somebody waits for a lock on the table of payments, and which kind of lock. */
async function isAwaited(mode: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `select from pg_locks where relation = 'payment_intents'::regclass and mode = $1 and not granted`,
    [mode],
  );
  return (rowCount ?? 0) > 0;
}

test("behind a long transaction, writers pass a migration again and again, until it can be run", async () => {
  await other.query("begin");
  await other.query("select count(*) from payment_intents");
  const log: string[] = [];
  const migrating = migrateWith(NEW_COLUMN, log);
  for (const round of [1, 2]) {
    await waitFor("the migration waits", () => isAwaited("AccessExclusiveLock"));
    // It stands behind the migration, which stands behind a transaction that does not end.
    await client.query(WRITE);
    await waitFor("it says so", () => log.length >= round);
  }
  expect(log.join("\n")).toMatch(/^waiting: 20991231000100_new needs a lock that somebody holds/);
  await other.query("commit");
  expect(await migrating).toEqual(["20991231000100_new"]);
  await client.query("select news from payment_intents");
});

test("what never gets its lock gives up, says behind whom, and can be run again", async () => {
  const oncepay = async (...args: string[]) => {
    const said = { out: "", error: "" };
    const code = await runCommandLine(args, {
      environment: { DATABASE_URL: database.url },
      out: (text) => (said.out += text),
      error: (text) => (said.error += text),
    });
    return { code, ...said };
  };
  await client.query("alter table payment_intents disable row level security");
  await other.query("begin");
  await other.query(WRITE);
  const { pid } = (await other.query<{ pid: number }>("select pg_backend_pid() as pid")).rows[0]!;
  const stuck = await oncepay("migrate", "--wait", "1");
  expect(stuck).toEqual({
    code: 75,
    out: "",
    error: expect.stringMatching(
      new RegExp(`^the wall around payment_intents could not have .* sessions ${String(pid)} \\(`),
    ) as string,
  });
  await other.query("commit");
  expect(await oncepay("migrate")).toMatchObject({ code: 0 });
});

test("an index whose build was killed is built again, and nobody waits for it", async () => {
  await other.query("begin");
  await other.query(WRITE);
  const failed = expect(migrateWith(NEW_INDEX)).rejects.toThrow();
  const halfBuilt = (): Promise<{ oid: number; indisvalid: boolean }[]> =>
    client
      .query<{ oid: number; indisvalid: boolean }>(
        "select indexrelid as oid, indisvalid from pg_index where indexrelid = to_regclass('intents_by_version')",
      )
      .then(({ rows }) => rows);
  await waitFor("the index is half built", async () => (await halfBuilt()).length === 1);
  await client.query(WRITE);
  await client.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where query like 'create index concurrently%'",
  );
  await failed;
  const [left] = await halfBuilt();
  expect(left?.indisvalid).toBe(false);

  // Two at once, of which one waits for the other, which waits for the transaction.
  const both = [migrateWith(NEW_INDEX), migrateWith(NEW_INDEX)];
  await waitFor("what is left is dropped", async () => {
    const { rowCount } = await client.query(
      "select from pg_stat_activity where query like 'drop index concurrently%' and wait_event_type = 'Lock'",
    );
    return rowCount === 1;
  });
  await client.query(WRITE);
  await other.query("commit");
  const migrated = await Promise.all(both);
  expect(migrated.flat()).toEqual(["20991231000100_new"]);
  const [built] = await halfBuilt();
  expect(built).toEqual({ oid: expect.any(Number) as number, indisvalid: true });
  expect(built?.oid).not.toBe(left?.oid);
});

test("a partitioned table gets an index on every partition, those of later included", async () => {
  const index = { name: "events_by_type", table: "events", definition: "(merchant_id, type)" };
  await migrateWith({ index });
  await client.query("select ensure_partitions(now() + interval '3 months')");
  const { rows } = await client.query<{ parts: number; indexed: number; valid: boolean }>(`
    select count(*)::int as parts, count(i.indexrelid)::int as indexed,
      (select indisvalid from pg_index where indexrelid = 'events_by_type'::regclass) as valid
    from pg_inherits p
    left join (pg_index i join pg_inherits h on h.inhrelid = i.indexrelid
      and h.inhparent = 'events_by_type'::regclass) on i.indrelid = p.inhrelid and i.indisvalid
    where p.inhparent = 'events'::regclass`);
  const [found] = rows;
  expect(found?.parts).toBeGreaterThan(3);
  expect(found).toEqual({ parts: found?.parts, indexed: found?.parts, valid: true });
});

test("an older release leaves alone what a newer one has migrated", async () => {
  await migrateWith(NEW_COLUMN);
  const log: string[] = [];
  const older = { databaseUrl: database.url, log: (line: string): number => log.push(line) };
  expect(await migrate(older)).toEqual([]);
  expect(log).toEqual(["A newer release has migrated this database. Nothing was changed."]);
  const neither = { ...MIGRATIONS, "20991231000200_another": NEW_INDEX };
  await expect(migrate({ ...older, migrations: neither })).rejects.toThrow(
    "it has 20991231000100_new, which this one does not know, and lacks 20991231000200_another",
  );
});

test("what a migration has made, older processes may use with its commit, before the wall is raised", async () => {
  const empty = await createEmptyDatabase();
  const watching = new Client({ connectionString: empty.url });
  try {
    const until = (end: string): Record<string, Migration> =>
      Object.fromEntries(Object.entries(MIGRATIONS).filter(([name]) => name < end));
    await migrate({ databaseUrl: empty.url, migrations: until("20261214000100") });
    await watching.connect();
    const broken: Migration = { up: () => Promise.reject(new Error("and no further")) };
    const migrations = { ...until("20261214000120"), "20261214000120_broken": broken };
    await expect(migrate({ databaseUrl: empty.url, migrations })).rejects.toThrow("and no further");
    const { rows } = await watching.query<{ guarded: boolean; policies: number; reads: boolean }>(`
      select relrowsecurity as guarded, has_table_privilege('oncepay_tenant', oid, 'select') as reads,
        (select count(*)::int from pg_policy where polrelid = c.oid) as policies
      from pg_class c where oid = 'processor_accounts'::regclass`);
    expect(rows).toEqual([{ guarded: true, policies: 2, reads: true }]);
  } finally {
    await watching.end();
    await empty.drop();
  }
});
