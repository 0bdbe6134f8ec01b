import { Client } from "pg";
import { openDatabases } from "../../src/db/databases";
import { createSessionView } from "../../src/db/look-at-sessions";
import { createTenantViews } from "../../src/db/tenant-views";
import { watchOf } from "../../src/db/server-watch";
import { type TestDatabase, createTestDatabase } from "../support/database";
import { waitFor } from "../support/wait-for";

let database: TestDatabase;
let client: Client;
beforeAll(async () => {
  database = await createTestDatabase();
  client = new Client({ connectionString: database.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

async function sleepers(): Promise<{ pid: number; seconds: number }[]> {
  const { rows } = await client.query<{ pid: number; seconds: number }>(
    `select pid, extract(epoch from clock_timestamp() - query_start)::float8 as "seconds"
     from pg_stat_activity
     where datname = current_database() and query like '%pg_sleep%' and pid <> pg_backend_pid()`,
  );
  return rows;
}

it("what is given up on this side is ended on the server's, in a transaction and without", async () => {
  const ways = openDatabases({
    url: database.url,
    connectionsMax: { system: 2, tenants: 2 },
    applicationName: "oncepay test",
    statementTimeoutMs: 1,
    // So that the server's own time-out does not come first.
    settings: ["statement_timeout=0"],
  });
  const tenant = createTenantViews(ways.tenantPool)("mer_1");
  expect(watchOf(tenant)).toBe(watchOf(ways.db));
  const asleep = [
    ways.db.raw("select pg_sleep(3600)"),
    tenant.raw("select pg_sleep(3600)"),
    tenant.transaction((tx) => tx.raw("select pg_sleep(3600)")),
  ].map((sleep) => expect(sleep).rejects.toThrow(/Connection terminated|not queryable/));
  await waitFor("all sleep", async () => (await sleepers()).length === asleep.length);
  await Promise.all(asleep);
  await waitFor("the server is at nothing", async () => (await sleepers()).length === 0);
  await waitFor("that is heard", () => watchOf(ways.db)?.givenUp.size === 0);
  await Promise.all([ways.db.raw("select 1"), tenant.raw("select 1")]);
  await ways.close();
});

it("ends nobody who began after the connection that was given up, nor what is a moment old", async () => {
  const view = createSessionView(database.url, "oncepay test");
  const other = new Client({ connectionString: database.url });
  other.on("error", () => undefined);
  await other.connect();
  const slept = expect(other.query("select pg_sleep(3600)")).rejects.toThrow("terminating");
  const pid = await waitFor("it sleeps", async () => (await sleepers())[0]?.pid);
  const sessionOf = (ageMs: number): { pid: number; ageMs: number }[] => [{ pid, ageMs }];
  // Whatever it is at now, its number was somebody else's a day ago.
  await waitFor("it is at it for long", async () => ((await sleepers())[0]?.seconds ?? 0) > 1.5);
  expect(await view.end(sessionOf(86_400_000))).toBe(0);
  expect(await sleepers()).toHaveLength(1);
  expect(await view.end(sessionOf(0))).toBe(1);
  await slept;
  view.rest();
});
