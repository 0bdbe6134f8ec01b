import { randomUUID } from "node:crypto";
import { type App, createApp } from "../../src/app";
import { auditBooks } from "../../src/audit/audit-books";
import { readConfig } from "../../src/config";
import { connect } from "../../src/db/connect";
import type { Db } from "../../src/db/db";
import { migrate } from "../../src/db/migrate";
import { type CreatedMerchant, createMerchant } from "../../src/merchants/create-merchant";
import { createLog } from "../../src/observability/log";
import { listReads } from "../../src/observability/metrics";
import { type Server, startServer } from "../../src/server";
import { send } from "../support/api";
import { connectAsOwner, testSettings } from "../support/app";
import { type Replicated, onServer, startReplicated } from "../support/standby";
import { waitFor } from "../support/wait-for";

/*
 * Lists from a real standby: one that follows, one that is behind, one that is gone, and one that was promoted. What is
 * asked about one payment, and whatever writes, is never asked there.
 */

const UNREACHABLE = "http://127.0.0.1:1";
const MANY = `query List($filter: PaymentIntentFilter) {
  paymentIntents(first: 50, filter: $filter) { edges { node { id } } }
}`;
const CREATE = `mutation Create($input: CreatePaymentIntentInput!, $key: String!) {
  createPaymentIntent(input: $input, idempotencyKey: $key) {
    paymentIntent { id } idempotency { status }
  }
}`;

let servers: Replicated;
let owner: Db;
let merchant: CreatedMerchant;
let stranger: CreatedMerchant;
/** One whose bound is short, and one that puts up with everything. */
let strict: { app: App; server: Server };
let lenient: { app: App; server: Server };

beforeAll(async () => {
  servers = await startReplicated({ synchronous: false });
  await migrate({ databaseUrl: servers.primary.url });
  owner = connectAsOwner(servers.primary.url);
  [merchant, stranger] = [
    await createMerchant(owner, "Shop"),
    await createMerchant(owner, "Other"),
  ];
  strict = await open({ ONCEPAY_REPLICA_LAG_MAX_MS: "3000" });
  lenient = await open({ ONCEPAY_REPLICA_LAG_MAX_MS: "3600000" });
}, 240_000);

afterAll(async () => {
  for (const { app, server } of [strict, lenient]) {
    await server.close();
    await app.close();
  }
  expect(await auditBooks(owner, { movements: () => Promise.resolve([]) })).toEqual([]);
  await owner.destroy();
  await servers.remove();
});

async function open(settings: Record<string, string>): Promise<{ app: App; server: Server }> {
  const config = readConfig(
    testSettings(servers.primary.url, UNREACHABLE, {
      ...settings,
      ONCEPAY_REPLICA_URL: servers.standby.url,
    }),
  );
  const app = createApp(config, createLog("test", config.logLevel), { name: "test" });
  return { app, server: await startServer(app, { host: "127.0.0.1", port: 0 }) };
}

async function create(reference?: string, key: string = randomUUID()) {
  const input = { amount: 1_000, currency: "USD", merchantReference: reference };
  const { data } = await ask(strict.server, CREATE, { variables: { input, key } });
  const { paymentIntent, idempotency } = data.createPaymentIntent;
  return { id: String(paymentIntent.id), status: String(idempotency.status), key };
}

const ask = (
  server: Server,
  query: string,
  { variables, by = merchant }: { variables?: Record<string, unknown>; by?: CreatedMerchant } = {},
) => send(server.url, { query, key: by.secretKey, ...(variables && { variables }) });

async function list(
  server: Server,
  given: { filter?: object; by?: CreatedMerchant } = {},
): Promise<string[]> {
  const { data } = await ask(server, MANY, {
    variables: { filter: given.filter ?? null },
    ...(given.by && { by: given.by }),
  });
  return data.paymentIntents.edges.map(({ node }: { node: { id: string } }) => node.id);
}

/** Where the lists were read that this asked for. */
async function readFrom(work: () => Promise<unknown>): Promise<Record<string, number>> {
  const counts = async () => {
    const { values } = await listReads.get();
    return Object.fromEntries(values.map(({ labels, value }) => [String(labels["from"]), value]));
  };
  const before = await counts();
  await work();
  const after = await counts();
  return {
    primary: after["primary"]! - before["primary"]!,
    replica: after["replica"]! - before["replica"]!,
  };
}

const isFresh = ({ app }: { app: App }): boolean => app.replicaLists?.isFresh() === true;
const onStandby = (statement: string) => onServer(servers.standby.url, statement);

it("reads lists from a standby that follows, as the tenant's role and within its policies", async () => {
  await waitFor("both know that it follows", () => isFresh(strict) && isFresh(lenient));
  const { id } = await create("order-1");
  await servers.caughtUp();
  const from = await readFrom(async () => {
    expect(await list(strict.server)).toContain(id);
    expect(await list(strict.server, { filter: { amount: 1_000 } })).toContain(id);
    expect(await list(strict.server, { by: stranger })).toEqual([]);
  });
  expect(from).toEqual({ primary: 0, replica: 3 });
  expect(strict.app.replicaLists?.ageSeconds()).toBeLessThan(3);
  const sessions = await onStandby(
    "select distinct application_name as name from pg_stat_activity where application_name like '%replica%'",
  );
  expect(sessions.map((row) => (row as { name: string }).name).sort()).toEqual([
    "oncepay test replica",
    "oncepay test replica lists",
  ]);
  // As this role, which is not bound to a tenant here, nobody sees anything.
  const unbound = connect({
    url: servers.standby.url,
    poolMax: 1,
    applicationName: "test",
    role: "oncepay_tenant",
  });
  expect(await unbound("payment_intents")).toEqual([]);
  await expect(unbound("payment_intents").delete()).rejects.toThrow(/read-only|permission denied/);
  await unbound.destroy();
});

it("asks the primary about one payment, and for every key, however far the standby is behind", async () => {
  await onStandby("select pg_wal_replay_pause()");
  const { id, key } = await create("order-2");
  expect(isFresh(lenient)).toBe(true);
  const from = await readFrom(async () => {
    expect(await list(lenient.server)).not.toContain(id);
    expect(await list(lenient.server, { filter: { merchantReference: "order-2" } })).toEqual([id]);
  });
  // The second one is not of those that may be old.
  expect(from).toEqual({ primary: 0, replica: 1 });
  const { data } = await ask(lenient.server, `{ paymentIntent(id: "${id}") { id } }`);
  expect(data.paymentIntent.id).toBe(id);
  expect(await create("order-2", key)).toEqual({ id, status: "REPLAYED", key });
});

it("asks the primary where the standby is further behind than it may be, and the standby when it has caught up", async () => {
  const { id } = await create();
  await waitFor("it is too old", () => !isFresh(strict));
  const late = await readFrom(async () => {
    expect(await list(strict.server)).toContain(id);
  });
  expect(late).toEqual({ primary: 1, replica: 0 });
  await onStandby("select pg_wal_replay_resume()");
  await waitFor("it has caught up", () => isFresh(strict));
  const again = await readFrom(async () => {
    expect(await list(strict.server)).toContain(id);
  });
  expect(again).toEqual({ primary: 0, replica: 1 });
});

it("asks the primary in the same request where the standby is gone", async () => {
  const { id } = await create();
  await servers.standby.stop("immediate");
  expect(isFresh(lenient)).toBe(true);
  const from = await readFrom(async () => {
    for (let time = 0; time < 3; time += 1) {
      expect(await list(lenient.server)).toContain(id);
      expect(await list(lenient.server, { filter: { amount: 1_000 } })).toContain(id);
    }
  });
  expect(from).toEqual({ primary: 6, replica: 0 });
  // No list waits for it any more.
  expect(isFresh(lenient)).toBe(false);
  await waitFor("it is too old", () => !isFresh(strict));
  await servers.standby.restart();
  await waitFor("it follows again", () => isFresh(strict) && isFresh(lenient));
});

it("reads nothing from a standby that was promoted", async () => {
  await servers.cutOff();
  await servers.promote();
  await waitFor("it is known", () => !isFresh(strict) && !isFresh(lenient));
  const { id } = await create();
  const from = await readFrom(async () => {
    expect(await list(lenient.server)).toContain(id);
  });
  expect(from).toEqual({ primary: 1, replica: 0 });
  expect(lenient.app.replicaLists?.ageSeconds()).toBe(Infinity);
});

it("is one address, and not the one that writes", () => {
  const settings = (url: string) =>
    testSettings(servers.primary.url, UNREACHABLE, { ONCEPAY_REPLICA_URL: url });
  expect(() => readConfig(settings("postgres://a,b/n"))).toThrow("ONCEPAY_REPLICA_URL");
  expect(() => readConfig(settings("postgres://a/n?target_session_attrs=read-write"))).toThrow();
  expect(readConfig(settings("postgres://a/n")).replicaLagMaxMs).toBe(5_000);
});
