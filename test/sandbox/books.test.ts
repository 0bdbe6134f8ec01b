import { Client } from "pg";
import { createSandboxBooks } from "../../src/sandbox/books-schema";
import { startTestNetwork, type TestNetwork } from "./network";

let network: TestNetwork;
let client: Client;
beforeAll(async () => {
  network = await startTestNetwork();
  client = new Client({ connectionString: network.databaseUrl });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await network.close();
});

async function terminateWriter(): Promise<void> {
  await client.query(`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = 'oncepay sandbox network'`);
}

test("remembers everything over a restart", async () => {
  await network.authorize("keep_auth");
  await network.capture("keep_auth", { reference: "keep_cap", amount: 300, final: false });
  await network.charge("keep_no", { source: "pm_card_chargeDeclinedInsufficientFunds" });
  const references = ["keep_auth", "keep_cap", "keep_no"];
  const lookUpAll = () => Promise.all(references.map((reference) => network.lookUp(reference)));
  const before = await lookUpAll();
  const movements = await network.movements();
  await network.restart();
  expect(await lookUpAll()).toEqual(before);
  expect(await network.movements()).toEqual(movements);
  const rest = await network.capture("keep_auth", { reference: "keep_rest", amount: 701 });
  expect(rest.body.status).toBe("declined");
});

test("has on disk what it has answered, many at once", async () => {
  const replies = await Promise.all(
    Array.from({ length: 300 }, (_, index) => network.charge(`many_${index}`)),
  );
  expect(replies.every((reply) => reply.body.status === "succeeded")).toBe(true);
  const { rows } = await client.query(
    "select count(*)::int as count from movements where reference like 'many_%'",
  );
  expect(rows[0].count).toBe(300);
});

test("counts each movement once when its database connection breaks, again and again", async () => {
  const charging: Promise<unknown>[] = [];
  for (let round = 0; round < 3; round += 1) {
    for (let index = 0; index < 40; index += 1) {
      charging.push(network.charge(`broken_${round}_${index}`));
      if (index === 20) await terminateWriter();
    }
  }
  await Promise.all(charging);
  const { rows } = await client.query(`select count(*)::int as count,
    count(distinct reference)::int as distinct from movements where reference like 'broken_%'`);
  expect(rows[0]).toEqual({ count: 120, distinct: 120 });
});

test.each([
  "update movements set amount = 1",
  "delete from movements",
  "truncate movements",
  "delete from tombstones",
  "update verdicts set status = 'succeeded'",
])("refuses to: %s", async (statement) => {
  await expect(client.query(statement)).rejects.toThrow("append-only");
});

test("creates a database that is missing, by several at once", async () => {
  const url = new URL(network.databaseUrl);
  url.pathname += "_new";
  await Promise.all([1, 2, 3].map(() => createSandboxBooks(url.href)));
  const books = new Client({ connectionString: url.href });
  await books.connect();
  const { rows } = await books.query("select count(*)::int as count from movements");
  await books.end();
  expect(rows[0].count).toBe(0);
  await client.query(`drop database ${url.pathname.slice(1)} with (force)`);
});
