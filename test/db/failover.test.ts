import { randomUUID } from "node:crypto";
import { type App, createApp } from "../../src/app";
import { auditBooks } from "../../src/audit/audit-books";
import type { Movement } from "../../src/audit/compare-movements";
import { readConfig } from "../../src/config";
import { parseAddresses } from "../../src/db/addresses";
import { connect } from "../../src/db/connect";
import type { Db } from "../../src/db/db";
import { isDatabaseAway } from "../../src/db/errors";
import { explainConnection } from "../../src/db/explain-connection";
import { migrate } from "../../src/db/migrate";
import { NoPrimary } from "../../src/db/primary-client";
import { readReplication } from "../../src/db/replication";
import { withClient } from "../../src/db/with-client";
import type { Outcome } from "../../src/idempotency/keys";
import { createLog } from "../../src/observability/log";
import { checkReplication } from "../../src/db/check-replication";
import { databaseReadiness } from "../../src/observability/ready";
import { ROLES, type RunningWorker, startWorker } from "../../workers/worker";
import { type TestNetwork, startTestNetwork } from "../sandbox/network";
import { connectAsOwner, testSettings } from "../support/app";
import { aMerchant, confirmCommand, createCommand, succeeded } from "../support/factories";
import { type Replicated, onServer, setOn, startReplicated } from "../support/standby";
import { waitFor } from "../support/wait-for";

/** Two real servers: a primary and a standby that has every commit before it is answered. */

let servers: Replicated;
let sandbox: TestNetwork;
let app: App;
let owner: Db;
let worker: RunningWorker;

beforeAll(async () => {
  [servers, sandbox] = await Promise.all([
    startReplicated({ synchronous: true }),
    startTestNetwork(),
  ]);
  await migrate({ databaseUrl: servers.url });
  app = open();
  owner = connectAsOwner(servers.url);
  worker = await startWorker(app, ROLES);
}, 240_000);

afterAll(async () => {
  await worker.stop();
  await Promise.all([app.close(), owner.destroy()]);
  await Promise.all([servers.remove(), sandbox.close()]);
});

function open(): App {
  const settings = { ONCEPAY_SWEEP_MS: "50", ONCEPAY_LOOKUP_SCHEDULE_MS: "50" };
  const config = readConfig(testSettings(servers.url, sandbox.url, settings));
  return createApp(config, createLog("test", config.logLevel), { name: "test" });
}

/** As a client does: again, under the same key, for as long as the database is away. */
async function untilAnswered<Answer>(ask: () => Promise<Outcome<Answer> | Error>): Promise<Answer> {
  return waitFor("an answer", async () => {
    try {
      return { answer: succeeded(await ask()) };
    } catch (error) {
      if (isDatabaseAway(error)) return undefined;
      throw error;
    }
  }).then(({ answer }) => answer);
}

async function pay(merchantId: string): Promise<string> {
  const create = createCommand(merchantId, { key: randomUUID() });
  const { id } = await untilAnswered(() => app.createPaymentIntent(create));
  const confirm = confirmCommand(merchantId, id, { key: randomUUID() });
  await untilAnswered(() => app.confirmPaymentIntent(confirm));
  return id;
}

it("makes every connection to the server that takes writes, wherever it stands in the list", async () => {
  const ports = await Promise.all([
    withClient(servers.url, (client) => client.query("show port")),
    owner.raw("show port"),
    app.tenantPool.raw("show port"),
  ]);
  const { port } = new URL(servers.primary.url);
  expect(ports.map(({ rows }: { rows: unknown }) => rows)).toEqual(ports.map(() => [{ port }]));
  const others = await onServer(
    servers.standby.url,
    "select application_name from pg_stat_activity where application_name like 'oncepay %'",
  );
  expect(others).toEqual([]);
});

it("says that a standby waits with every commit, and which timeline it is", async () => {
  await waitFor("the standby is synchronous", async () => {
    const found = await readReplication(owner);
    return found.synchronousStandbys === 1 && found.waitsForStandby && found.timeline === 1;
  });
  const commits = await app.db.raw<{ rows: unknown }>("show synchronous_commit");
  expect(commits.rows).toEqual([{ synchronous_commit: "on" }]);
});

it("is not ready at a standby, nor where one is required that is not there", async () => {
  const strict = { requireSync: true };
  expect(await databaseReadiness(app.db, strict)).toEqual({ status: "ready", missing: [] });
  const standby = connect({ url: servers.standby.url, poolMax: 1, applicationName: "t" });
  expect(await databaseReadiness(standby, { requireSync: false })).toEqual({
    status: "not ready",
    missing: ["a database that takes writes: this server is in recovery, a standby"],
  });
  await standby.destroy();
  const asPrimary = `${servers.standby.url}?target_session_attrs=read-write`;
  const refused = await withClient(asPrimary, () => Promise.resolve()).catch(
    (error: Error) => error,
  );
  expect(String(refused)).toContain("no server takes writes at 127.0.0.1:");

  await setOn(servers.primary.url, "synchronous_standby_names", "");
  const { missing } = await databaseReadiness(app.db, strict);
  expect(missing.join()).toContain("a synchronous standby (ONCEPAY_REQUIRE_SYNC)");
  const lines: string[] = [];
  const log = { warn: (line: string) => lines.push(line) } as unknown as App["log"];
  const check = (config: { requireSync: boolean; isProduction: boolean }): Promise<void> =>
    checkReplication({ db: app.db, log, config });
  await check({ requireSync: false, isProduction: false });
  expect(lines).toEqual([]);
  await check({ requireSync: false, isProduction: true });
  expect(lines.join()).toContain("no synchronous standby");
  await expect(check({ requireSync: true, isProduction: true })).rejects.toThrow("REQUIRE_SYNC");
  await setOn(servers.primary.url, "synchronous_standby_names", "oncepay_standby");
  await check({ requireSync: true, isProduction: true });
});

it("gives up connections to a server that has become read-only, and writes as soon as it may", async () => {
  const merchantId = (await aMerchant({ db: owner })).id;
  await pay(merchantId);
  await setOn(servers.primary.url, "default_transaction_read_only", "on");
  await waitFor("not ready", async () => {
    const { missing } = await databaseReadiness(app.db, app.config);
    return missing.length > 0;
  });
  const refused = await app.createPaymentIntent(createCommand(merchantId)).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(isDatabaseAway(refused)).toBe(true);
  await setOn(servers.primary.url, "default_transaction_read_only", "off");
  await pay(merchantId);
});

it("loses nothing that was answered when the primary dies, and goes on at the one that is promoted", async () => {
  const merchantId = (await aMerchant({ db: owner })).id;
  const ids: string[] = [];
  const shopper = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n += 1) ids.push(await pay(merchantId));
  };
  const shoppers = Promise.all(Array.from({ length: 4 }, () => shopper(15)));
  await waitFor("some payments", () => ids.length >= 10);
  servers.killPrimary();
  await servers.promote();
  await shoppers;
  expect(new Set(ids).size).toBe(60);
  await waitFor("every payment is made", async () => {
    const { length } = await owner("payment_intents")
      .where({ status: "SUCCEEDED" })
      .whereIn("id", ids);
    return length === ids.length;
  });
  const movements = (await sandbox.movements()) as readonly unknown[] as Movement[];
  const captured = await owner("attempts")
    .whereIn("payment_intent_id", ids)
    .select("id", "payment_intent_id");
  const charged = movements.filter(({ reference }) => captured.some(({ id }) => id === reference));
  expect(charged).toHaveLength(ids.length);
  expect((await readReplication(owner)).timeline).toBe(2);
  const ready = await databaseReadiness(app.db, { requireSync: false });
  expect(ready.missing).toEqual([]);
  await waitFor("nothing is under way", async () => {
    const { rows } = await owner.raw<{ rows: unknown[] }>(
      "select from attempts where settled_at is null union all select from outbox",
    );
    return rows.length === 0;
  });
  const violations = await auditBooks(owner, {
    movements: () => Promise.resolve(movements),
    disputes: () => sandbox.disputes(),
    payouts: () => sandbox.payouts(),
  });
  expect(violations).toEqual([]);
});

describe("an address", () => {
  it.each([
    ["postgres://u:p@a:1,b:2/n", ["postgres://u:p@a:1/n", "postgres://u:p@b:2/n"], true],
    [
      "postgres://a,b/n?sslmode=require",
      ["postgres://a/n?sslmode=require", "postgres://b/n?sslmode=require"],
      true,
    ],
    ["postgresql://a/n?target_session_attrs=primary", ["postgresql://a/n"], true],
    ["postgres://u:p%40q@a/n", ["postgres://u:p%40q@a/n"], false],
    ["postgres:///n?host=/run", ["postgres:///n?host=/run"], false],
  ])("%s", (text, urls, readWrite) => {
    expect(parseAddresses(text)).toEqual({ urls, readWrite });
  });

  it.each([
    "mysql://a/n",
    "postgres://a:x/n",
    "postgres://a,/n",
    "postgres://a,b/n?target_session_attrs=any",
    "postgres://a/n?target_session_attrs=standby",
    "postgres:///n?host=a,b",
    "a,b",
  ])("is not %s", (text) => {
    expect(parseAddresses(text)).toBeUndefined();
  });

  it("is named without its password when nothing there can be used", () => {
    const url = "postgres://u:secret@a:1,b:2/n";
    const error = new NoPrimary(parseAddresses(url)?.urls ?? []);
    expect(explainConnection(url, error)).toBe("no server takes writes at a:1, b:2");
    expect(explainConnection(url, new Error("nothing listens"))).not.toContain("secret");
  });
});
