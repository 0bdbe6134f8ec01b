import { randomUUID } from "node:crypto";
import { type App, createApp, shareConnections } from "../../src/app";
import { auditBooks } from "../../src/audit/audit-books";
import type { Movement } from "../../src/audit/compare-movements";
import { readConfig } from "../../src/config";
import { openDatabases } from "../../src/db/databases";
import type { Db } from "../../src/db/db";
import { migrate } from "../../src/db/migrate";
import type { CreatedMerchant } from "../../src/merchants/create-merchant";
import { createLog } from "../../src/observability/log";
import { type Server, startServer } from "../../src/server";
import { ROLES, type RunningWorker, startWorker } from "../../workers/worker";
import { type TestNetwork, startTestNetwork } from "../sandbox/network";
import { CONFIRM_INTENT, CREATE_INTENT, type TestAnswer, send } from "../support/api";
import { connectAsOwner, testSettings } from "../support/app";
import { aMerchant } from "../support/factories";
import { type Replicated, onServer, startReplicated } from "../support/standby";
import { waitFor } from "../support/wait-for";

/** The standby that every commit waits for hangs under load, and comes back. */

let servers: Replicated;
let sandbox: TestNetwork;
let api: App;
let working: App;
let server: Server;
let worker: RunningWorker;
let owner: Db;
let merchant: CreatedMerchant;

beforeAll(async () => {
  [servers, sandbox] = await Promise.all([
    startReplicated({ synchronous: true }),
    startTestNetwork(),
  ]);
  await migrate({ databaseUrl: servers.primary.url });
  owner = connectAsOwner(servers.primary.url);
  merchant = await aMerchant({ db: owner });
  [api, working] = [open("api"), open("worker")];
  server = await startServer(api, { host: "127.0.0.1", port: 0 });
  worker = await startWorker(working, ROLES);
}, 240_000);

afterAll(async () => {
  servers.thaw();
  await Promise.all([server.close(), worker.stop()]);
  await Promise.all([api.close(), working.close(), owner.destroy()]);
  await Promise.all([servers.remove(), sandbox.close()]);
});

const POOL_MAX = 8;
/** What is given up is given up three seconds after it was asked. */
const STATEMENT_TIMEOUT_MS = 1_000;

function open(name: "api" | "worker"): App {
  const settings = {
    ONCEPAY_POOL_MAX: String(POOL_MAX),
    ONCEPAY_SWEEP_MS: "200",
    ONCEPAY_LOOKUP_SCHEDULE_MS: "200",
    ONCEPAY_LOCK_TIMEOUT_MS: "500",
    // What a worker had claimed when its commit was given up is looked up by another.
    ONCEPAY_WORKER_LEASE_MS: "2000",
  };
  const config = readConfig(testSettings(servers.primary.url, sandbox.url, settings));
  const databases = openDatabases({
    url: config.databaseUrl,
    connectionsMax: shareConnections(config.poolMax, name),
    applicationName: `oncepay ${name}`,
    lockTimeoutMs: config.lockTimeoutMs,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  });
  return createApp(config, createLog("test", config.logLevel), { name, overrides: { databases } });
}

const refused: TestAnswer[] = [];
let answered = 0;

/** As a client does: again, under the same key, for as long as it is told that it may. */
async function mutate(query: string, input: Record<string, unknown>): Promise<TestAnswer> {
  const variables = { input, key: randomUUID() };
  for (;;) {
    const answer = await send(server.url, { query, variables, key: merchant.secretKey });
    if (answer.error === undefined) {
      answered += 1;
      return answer;
    }
    refused.push(answer);
    const { retryable, retryAfterMs } = answer.error.extensions;
    expect([retryable, retryAfterMs]).toEqual([true, expect.any(Number)]);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function pay(): Promise<string> {
  const input = { amount: 1_000, currency: "USD", paymentMethod: "pm_card_visa" };
  const created = await mutate(CREATE_INTENT, input);
  const { id } = (created.data as { createPaymentIntent: { paymentIntent: { id: string } } })
    .createPaymentIntent.paymentIntent;
  await mutate(CONFIRM_INTENT, { paymentIntentId: id });
  return id;
}

interface Sessions {
  readonly api: number;
  readonly worker: number;
  readonly waiting: number;
  /** How long the oldest has waited for the standby. */
  readonly seconds: number;
}

async function countSessions(): Promise<Sessions> {
  const [row] = await onServer(
    servers.primary.url,
    `select count(*) filter (where application_name = 'oncepay api')::int as "api",
       count(*) filter (where application_name = 'oncepay worker')::int as "worker",
       count(*) filter (where wait_event = 'SyncRep')::int as "waiting",
       coalesce(max(extract(epoch from clock_timestamp() - query_start))
         filter (where wait_event = 'SyncRep'), 0)::float8 as "seconds"
     from pg_stat_activity`,
  );
  return row as Sessions;
}

async function probe(): Promise<number> {
  return (await fetch(`${server.url}/health/ready`)).status;
}

it("is answered for by refusals at once, on no more connections, and nothing is lost or doubled", async () => {
  const ids: string[] = [];
  let isOver = false;
  const shopper = async (): Promise<void> => {
    while (!isOver) ids.push(await pay());
  };
  const shoppers = Promise.all(Array.from({ length: 24 }, shopper));
  await waitFor("some payments", () => ids.length >= 30);

  await servers.freeze();
  // Before it is known what the commits wait for, a full pool is a database that does not answer.
  await waitFor("not ready, and why", async () => {
    const { missing } = await server.readiness();
    return missing.some((lack) => lack.startsWith("a synchronous standby that answers"));
  });
  expect(await probe()).toBe(503);
  const [answeredBefore, refusedBefore] = [answered, refused.length];
  const seen: Sessions[] = [];
  await waitFor("commits have waited for several time-outs", async () => {
    const sessions = await countSessions();
    seen.push(sessions);
    return sessions.seconds > (STATEMENT_TIMEOUT_MS / 1_000) * 12;
  });
  // No repeat has been answered from what no standby has, and nobody has waited for a connection to be told so.
  expect(answered).toBe(answeredBefore);
  const since = refused.slice(refusedBefore).map(({ error }) => error?.extensions);
  expect(since.length).toBeGreaterThan(100);
  const atOnce = since.filter((extensions) => {
    const { code, details } = extensions as { code: string; details: Record<string, unknown> };
    return code === "UNAVAILABLE" && details["mayHaveExecuted"] === false;
  });
  expect(atOnce.length).toBeGreaterThan(since.length * 0.9);
  const most = (of: (sessions: Sessions) => number): number => Math.max(...seen.map(of));
  expect(most((sessions) => sessions.api)).toBeLessThanOrEqual(2 * POOL_MAX);
  expect(most((sessions) => sessions.worker)).toBeLessThanOrEqual(2 * (POOL_MAX + 1));
  expect(seen.at(-1)?.waiting).toBeGreaterThan(0);

  const before = ids.length;
  servers.thaw();
  await waitFor("ready", async () => (await probe()) === 200);
  await waitFor("payments go on", () => ids.length >= before + 30);
  isOver = true;
  await shoppers;
  await waitFor("nothing waits", async () => (await countSessions()).waiting === 0);
  await expectEachOnce(ids);
});

async function expectEachOnce(ids: readonly string[]): Promise<void> {
  await waitFor("every payment is made, and nothing is under way", async () => {
    const { rows } = await owner.raw<{ rows: unknown[] }>(
      `select from payment_intents where status <> 'SUCCEEDED'
       union all select from attempts where settled_at is null union all select from outbox`,
    );
    return rows.length === 0;
  });
  // One intent for each key, and one charge for each intent, in the network's own books.
  const intents = await owner("payment_intents").pluck<string[]>("id");
  expect([...intents].sort()).toEqual([...ids].sort());
  const movements = (await sandbox.movements()) as readonly unknown[] as Movement[];
  expect(movements).toHaveLength(ids.length);
  const violations = await auditBooks(owner, {
    movements: () => Promise.resolve(movements),
    disputes: () => sandbox.disputes(),
    payouts: () => sandbox.payouts(),
  });
  expect(violations).toEqual([]);
}
