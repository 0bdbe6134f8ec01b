import { type App, createApp } from "../../src/app";
import { auditBooks } from "../../src/audit/audit-books";
import { readConfig } from "../../src/config";
import type { Db } from "../../src/db/db";
import { migrate } from "../../src/db/migrate";
import type { CreatedMerchant } from "../../src/merchants/create-merchant";
import { createLog } from "../../src/observability/log";
import { registry } from "../../src/observability/counted";
import { type Server, startServer } from "../../src/server";
import { type TestNetwork, startTestNetwork } from "../sandbox/network";
import { CREATE_INTENT, newKey, send } from "../support/api";
import { connectAsOwner, testSettings } from "../support/app";
import { aMerchant } from "../support/factories";
import { type Replicated, onServer, startReplicated } from "../support/standby";
import { waitFor } from "../support/wait-for";

/** A standby for lists that no index leads to: which server they are read at, while it follows, lags, hangs, and is promoted. */

let servers: Replicated;
let sandbox: TestNetwork;
let app: App;
let server: Server;
let owner: Db;
let merchant: CreatedMerchant;
let other: CreatedMerchant;

const LAG_MS = 2_000;

beforeAll(async () => {
  [servers, sandbox] = await Promise.all([
    startReplicated({ synchronous: false }),
    startTestNetwork(),
  ]);
  await migrate({ databaseUrl: servers.primary.url });
  owner = connectAsOwner(servers.primary.url);
  [merchant, other] = [await aMerchant({ db: owner }), await aMerchant({ db: owner })];
  const settings = testSettings(servers.primary.url, sandbox.url, {
    ONCEPAY_REPLICA_URL: servers.standby.url,
    ONCEPAY_REPLICA_LAG_MS: String(LAG_MS),
    ONCEPAY_LIMIT_QUERY_COST: "key=off,tenant=off,address=off",
    // What hangs is given up after so long.
    ONCEPAY_LIST_TIMEOUT_MS: "1000",
  });
  app = createApp(readConfig(settings), createLog("test", "silent"), { name: "api" });
  server = await startServer(app, { host: "127.0.0.1", port: 0 });
}, 240_000);

afterAll(async () => {
  servers.thaw();
  const violations = await auditBooks(owner, {
    movements: () => Promise.resolve([]),
    disputes: () => sandbox.disputes(),
    payouts: () => sandbox.payouts(),
  });
  await server.close();
  await Promise.all([app.close(), owner.destroy()]);
  await Promise.all([servers.remove(), sandbox.close()]);
  expect(violations).toEqual([]);
});

async function create(amount: number, key = merchant.secretKey): Promise<void> {
  const variables = {
    input: { amount, currency: "USD", metadata: { shop: "north" } },
    key: newKey(),
  };
  expect((await send(server.url, { query: CREATE_INTENT, variables, key })).error).toBeUndefined();
}

const LIST = `query ($filter: PaymentIntentFilter) {
  paymentIntents(first: 50, filter: $filter) { edges { node { amount } } }
}`;

/** By a field that has no index, and by one that has. */

async function amounts(filter: object, key = merchant.secretKey): Promise<number[]> {
  const { error, data } = await send(server.url, { query: LIST, variables: { filter }, key });
  expect(error).toBeUndefined();
  const { paymentIntents } = data as {
    paymentIntents: { edges: { node: { amount: number } }[] };
  };
  return paymentIntents.edges.map(({ node }) => node.amount).sort((a, b) => a - b);
}

async function metric(name: string): Promise<{ from?: string; value: number }[]> {
  const metrics = await registry.getSingleMetric(name)?.get();
  return (metrics?.values ?? []).map(({ labels, value }) => ({ ...labels, value }));
}

/** How many lists have been read at the standby, and at the primary for which reason. */
async function reads(): Promise<Record<string, number>> {
  const values = await metric("oncepay_replica_reads_total");
  return Object.fromEntries(values.map(({ from = "", value }) => [from, value]));
}

/** From where one list is read, and what it shows. */
async function readOnce(key = merchant.secretKey): Promise<{ from: string[]; shown: number[] }> {
  const before = await reads();
  const shown = await amounts({ metadata: { key: "shop", value: "north" } }, key);
  const after = await reads();
  return { from: Object.keys(after).filter((from) => after[from] !== before[from]), shown };
}

async function follows(): Promise<void> {
  await waitFor("the standby is read", async () => (await readOnce()).from.includes("replica"));
}

const onPause = (pause: boolean): Promise<unknown[]> =>
  onServer(servers.standby.url, `select pg_wal_replay_${pause ? "pause" : "resume"}()`);

it("is where such lists are read, as their tenant, and nothing else is", async () => {
  await create(101);
  await create(900, other.secretKey);
  await servers.caughtUp();
  await follows();
  expect(await readOnce()).toEqual({ from: ["replica"], shown: [101] });
  expect(await readOnce(other.secretKey)).toEqual({ from: ["replica"], shown: [900] });
  expect(await metric("oncepay_replica_lag_seconds")).toHaveLength(1);

  // What is old there shows that it is read there.
  await onPause(true);
  await create(102);
  const before = await reads();
  expect(await amounts({})).toEqual([101, 102]);
  expect(await reads()).toEqual(before);
});

it("is not read once it is further behind than allowed, and is again when it has caught up", async () => {
  await waitFor("it is behind", async () => (await readOnce()).from.includes("behind"));
  expect(await readOnce()).toEqual({ from: ["behind"], shown: [101, 102] });
  await waitFor("its lag is told", async () => {
    const [lag] = await metric("oncepay_replica_lag_seconds");
    return (lag?.value ?? 0) > LAG_MS / 1_000;
  });
  await onPause(false);
  await follows();
  expect((await readOnce()).shown).toEqual([101, 102]);
});

it("that stands still is no lag while nothing is written", async () => {
  await onPause(true);
  const { from } = await readOnce();
  expect(from).toEqual(["replica"]);
  await onPause(false);
});

it("keeps nobody from an answer while it hangs", async () => {
  await follows();
  await servers.freeze();
  await waitFor("it is behind", async () => {
    const { from, shown } = await readOnce();
    expect(shown).toEqual([101, 102]);
    return from.includes("behind");
  });
  servers.thaw();
  await follows();
});

it("is not read any more once it is promoted", async () => {
  await follows();
  await servers.promote();
  await waitFor("it is left alone", async () => (await readOnce()).from.includes("behind"));
  await create(103);
  expect(await readOnce()).toEqual({ from: ["behind"], shown: [101, 102, 103] });
  expect(await metric("oncepay_replica_lag_seconds")).toEqual([]);
});
