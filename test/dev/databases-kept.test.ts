import { existsSync, rmSync } from "node:fs";
import path from "node:path";
import { withClient } from "../../src/db/with-client";
import { seedDemo } from "../../src/dev/seed";
import { waitUntil } from "../../src/dev/wait-until";
import { ensureBuilt } from "../attack/built";
import { createTestDatabase } from "../support/database";
import {
  clearCommands,
  newDatabase,
  newDirectory,
  runCommand,
  stateIn,
  stop,
  whenReady,
} from "../support/npm-start";

/** What `npm start` keeps from one run to the next, whose databases it leaves alone, and what `npm run reset` removes. */

const KEY = Buffer.alloc(32, 7).toString("base64");

beforeAll(() => ensureBuilt(), 180_000);
afterAll(() => clearCommands(), 60_000);

test("the demo merchant of a database is found again, whichever other database was used meanwhile", async () => {
  const [one, other] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  const statePath = path.join(newDirectory(), "seed.json");
  const seedOf = ({ url }: { url: string }) =>
    seedDemo({ databaseUrl: url, encryptionKey: KEY, statePath });
  const first = await seedOf(one);
  const second = await seedOf(other);
  expect(second.merchantId).not.toBe(first.merchantId);
  expect(await seedOf(one)).toEqual(first);
  expect(await seedOf(other)).toEqual(second);
  await Promise.all([one.drop(), other.drop()]);
}, 60_000);

test("a database of others is left as it is, unless our tables are asked for", async () => {
  const { url } = await newDatabase();
  const tables = () =>
    withClient(url, async (client) => {
      const { rows } = await client.query<{ tablename: string }>(
        "select tablename from pg_tables where schemaname = 'public' order by 1",
      );
      return rows.map(({ tablename }) => tablename);
    });
  await withClient(url, (client) => client.query("create table shop_orders (id int)"));
  const directory = newDirectory();
  const environment = { DATABASE_URL: url };
  const refused = runCommand("start", { directory, environment });
  expect(await refused.ended).toBe(78);
  expect(refused.output()).toMatch(/holds tables that are not oncepay's \(shop_orders\)/);
  expect(await tables()).toEqual(["shop_orders"]);

  const asked = runCommand("start", { directory, environment, args: ["--migrate"] });
  await whenReady(asked);
  await stop(asked);
  expect(await tables()).toEqual(expect.arrayContaining(["payment_intents", "shop_orders"]));
  // From now on it is ours as well, and nobody needs to ask.
  const again = runCommand("start", { directory, environment });
  await whenReady(again);
}, 200_000);

test("reset refuses while the start runs, and then removes everything, also what is kept elsewhere", async () => {
  const directory = path.join(newDirectory(), "kept");
  const first = runCommand("start", { directory });
  const { dataDir, secretKey } = await whenReady(first);
  const refused = runCommand("reset", { directory });
  expect(await refused.ended).toBe(1);
  expect(refused.output()).toMatch(/already running/);
  expect(stateIn(directory)?.secretKey).toBe(secretKey);
  expect(existsSync(path.join(dataDir ?? "", "PG_VERSION"))).toBe(true);
  await stop(first);

  expect(await runCommand("reset", { directory }).ended).toBe(0);
  expect([existsSync(directory), existsSync(dataDir ?? "")]).toEqual([false, false]);
  const nothing = runCommand("reset", { directory });
  expect([await nothing.ended, nothing.output()]).toEqual([0, expect.stringMatching(/nothing/)]);

  // Whoever removes the directory by hand leaves behind what root had to put elsewhere.
  const second = runCommand("start", { directory });
  const left = await whenReady(second);
  expect(left.secretKey).not.toBe(secretKey);
  await stop(second);
  rmSync(directory, { recursive: true });
  expect(await runCommand("reset", { directory }).ended).toBe(0);
  expect(existsSync(left.dataDir ?? "")).toBe(false);
}, 300_000);

test("a demo begun while everything is still starting waits for it and starts nothing of its own", async () => {
  const { url } = await newDatabase();
  const directory = newDirectory();
  const starting = runCommand("start", { directory, environment: { DATABASE_URL: url } });
  await waitUntil(() => existsSync(path.join(directory, "start.lock")), { timeoutMs: 60_000 });
  starting.child.kill("SIGSTOP");
  const demo = runCommand("demo/main", { directory });
  await waitUntil(() => /waiting for it/.test(demo.output()), { timeoutMs: 60_000 });
  starting.child.kill("SIGCONT");
  const code = await demo.ended;
  expect([code, demo.output()]).toEqual([0, expect.stringMatching(/still coming up; waiting/)]);
  expect(demo.output()).toMatch(/Everybody agrees/);
  expect(demo.output()).not.toMatch(/starting everything for the demo/);
  expect(stateIn(directory)?.pids["start"]).toBe(starting.child.pid);
}, 300_000);
