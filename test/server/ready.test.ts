import { createServer, type Server as TcpServer } from "node:net";
import type { AddressInfo } from "node:net";
import { createApp, type App } from "../../src/app";
import { readConfig } from "../../src/config";
import { migrate } from "../../src/db/migrate";
import { serveInternal } from "../../src/edge/serve-internal";
import { newId } from "../../src/ids";
import { newApiKey } from "../../src/merchants/api-key";
import { createMerchant } from "../../src/merchants/create-merchant";
import { createLog } from "../../src/observability/log";
import { type Server, startServer } from "../../src/server";
import { serveHealth } from "../../workers/health";
import { startWorker } from "../../workers/worker";
import { send } from "../support/api";
import { testSettings } from "../support/app";
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from "../support/database";

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function appOn(database: TestDatabase, settings: Record<string, string> = {}): Promise<App> {
  closers.push(() => database.drop());
  const config = readConfig(testSettings(database.url, "http://127.0.0.1:1", settings));
  const app = createApp(config, createLog("test", "silent"), { name: "test" });
  closers.push(() => app.close());
  return Promise.resolve(app);
}

async function serve(app: App): Promise<Server> {
  const server = await startServer(app, { host: "127.0.0.1", port: 0 });
  closers.push(() => server.close());
  return server;
}

/** What the internal port of the API says. */
async function internalOf(server: Server, app: App): Promise<string> {
  const internal = await serveInternal(
    { instance: app.config.instanceId, readiness: server.readiness },
    { host: "127.0.0.1", port: 0, setting: "ONCEPAY_INTERNAL_PORT" },
  );
  closers.push(() => internal.close());
  return internal.url;
}

async function probe(url: string) {
  const response = await fetch(`${url}/health/ready`);
  return { code: response.status, ...((await response.json()) as object) };
}

test("an unmigrated database is not ready, and says so; queries are refused as unavailable", async () => {
  const database = await createEmptyDatabase();
  const app = await appOn(database, { ONCEPAY_INSTANCE_ID: "this-one" });
  const server = await serve(app);
  const internal = await internalOf(server, app);
  // Strangers learn that it is so, and not why.
  expect(await probe(server.url)).toEqual({
    code: 503,
    status: "not ready",
    instance: "this-one",
  });
  expect(await probe(internal)).toEqual({
    code: 503,
    status: "not ready",
    instance: "this-one",
    missing: [
      expect.stringMatching(/^\d+ migrations of the database, from 2026\d+_tenants on: run/),
    ],
  });
  const key = newApiKey("SECRET", { id: newId("merchant"), mode: "TEST" }).secret;
  const answer = await send(server.url, { query: "{ trialBalance { balanced } }", key });
  expect(answer.error?.extensions["code"]).toBe("UNAVAILABLE");

  await migrate({ databaseUrl: database.url });
  expect(await probe(internal)).toEqual({
    code: 200,
    status: "ready",
    instance: "this-one",
    missing: [],
  });
  const { secretKey } = await createMerchant(app.db, "Shop");
  const query = "{ trialBalance { balanced } }";
  expect((await send(server.url, { query, key: secretKey })).status).toBe(200);
});

test("one lacking migration is named; a newer database is ready, and says that it is ahead", async () => {
  const app = await appOn(await createTestDatabase());
  const internal = await internalOf(await serve(app), app);
  await app.db("knex_migrations").insert({ name: "29990101000000_later", batch: 9 });
  expect(await probe(internal)).toMatchObject({
    code: 200,
    notes: ["the database is 1 migration ahead of this process"],
  });
  await app.db("knex_migrations").where({ name: "20261120000900_inbox" }).del();
  expect(await probe(internal)).toMatchObject({
    code: 503,
    missing: [expect.stringContaining("1 migration of the database, from 20261120000900_inbox")],
  });
});

test("a worker without its Redis is not ready, and stops without waiting for it", async () => {
  const silent = await silentServer();
  const { port } = silent.address() as AddressInfo;
  const redis = { REDIS_URL: `redis://127.0.0.1:${String(port)}` };
  const app = await appOn(await createTestDatabase(), redis);
  const health = await serveHealth(app, { host: "127.0.0.1", metricsPort: 0 });
  closers.push(() => health.close());
  expect(await health.missing()).toEqual(["Redis does not answer"]);
  expect(await probe(health.url)).toMatchObject({ code: 503, missing: ["Redis does not answer"] });
  // Those that ask the queue. BullMQ's own workers leave timers behind when Redis never answers, which only an exit ends.
  const worker = await startWorker(app, ["relay", "sweeper"]);
  // The relay is about to tell Redis of a row when it is stopped.
  await app.db("outbox").insert({ merchant_id: "mer_none", delivery_id: "del_none" });
  await worker.stop();
  // Else it waits for as long as it would for a card network, 20 s.
}, 18_000);

/** Takes connections and never says a word, like a frozen machine. */
async function silentServer(): Promise<TcpServer> {
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return server;
}

test("a worker that is ready names itself", async () => {
  const app = await appOn(await createTestDatabase(), { ONCEPAY_INSTANCE_ID: "worker-7" });
  const health = await serveHealth(app, { host: "127.0.0.1", metricsPort: 0 });
  closers.push(() => health.close());
  expect(await probe(health.url)).toMatchObject({ code: 503, missing: ["it has not begun yet"] });
  health.working();
  expect(await probe(health.url)).toMatchObject({ code: 200, instance: "worker-7" });
});
