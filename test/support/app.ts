import { randomUUID } from "node:crypto";
import { type App, createApp, shareConnections } from "../../src/app";
import { auditBooks } from "../../src/audit/audit-books";
import type { Movement } from "../../src/audit/compare-movements";
import { type Config, readConfig } from "../../src/config";
import { connect } from "../../src/db/connect";
import { type Databases, openDatabases } from "../../src/db/databases";
import type { Db } from "../../src/db/db";
import { configureFailpoints } from "../../src/failpoints";
import { createLog } from "../../src/observability/log";
import { renewLease } from "../../src/payments/worker-leases";
import { createClaimant } from "../../src/payments/claimant";
import type { JobData } from "../../workers/queues";
import { openDeliveryJobs } from "../../workers/deliver-webhooks";
import { relayOnce } from "../../workers/relay-outbox";
import { runAttemptsJob } from "../../workers/run-attempts";
import { type Swept, sweepOnce } from "../../workers/sweep";
import { type TestNetwork, startTestNetwork } from "../sandbox/network";
import { newArtefact } from "./artefacts";
import { createTestDatabase } from "./database";
import { PATIENCE_MS, PATIENT } from "./patience";
import { type RecordedQueues, createRecordedQueues } from "./recorded-queues";
import { waitFor } from "./wait-for";

export const ENCRYPTION_KEY = Buffer.alloc(32, 7).toString("base64");

export interface TestApp {
  /** As in production: it acts in its roles, behind the wall. */
  readonly app: App;
  /** The test's own way into the database, as the owner of the tables: it sees everything, and may do anything. */
  readonly db: Db;
  readonly databaseUrl: string;
  readonly sandbox: TestNetwork;
  readonly queues: RecordedQueues;
  /** Another process' worth of app over the same database: nothing in memory is shared with the first. */
  anotherApp(others?: Readonly<Record<string, string>>): App;
  relayOnce(): Promise<number>;
  runCharges(): Promise<void>;
  /** Runs one job, in any app: the same one as often as wanted. */
  runJob(data: JobData["run-attempts"], app?: App): Promise<void>;
  deliverWebhooks(): Promise<void>;
  sweepOnce(): Promise<Swept>;
  /** Does what workers do until nothing is due. */
  drain(): Promise<void>;
  /** Moves every due time and every lease into the past, instead of waiting. */
  makeDue(): Promise<void>;
  /** The worker died: what it held is nobody's, and a new one takes its place. */
  killWorker(): Promise<void>;
  /** What the card network moved; a test of another network puts that one's in its place. */
  movements: (reference?: string) => Promise<Movement[]>;
  /** Closes everything, and fails when an invariant is violated. Call it in afterAll. */
  stop(): Promise<void>;
}

/** A whole system but for its processes: a database of its own, a card network of its own, and workers run by hand. */
export async function startTestApp(
  settings: Readonly<Record<string, string>> = {},
): Promise<TestApp> {
  const [database, sandbox] = await Promise.all([createTestDatabase(), startTestNetwork()]);
  const apps: App[] = [];
  const open = (others: Readonly<Record<string, string>> = {}): App => {
    const config = readConfig(testSettings(database.url, sandbox.url, { ...settings, ...others }));
    const databases = openPatiently(config);
    const app = createApp(config, createLog("test", "debug", newArtefact("app")), {
      name: "test",
      overrides: { databases },
    });
    apps.push(app);
    return app;
  };
  const app = open();
  const db = connectAsOwner(database.url);
  const queues = createRecordedQueues();
  const t: TestApp = {
    app,
    db,
    databaseUrl: database.url,
    sandbox,
    queues,
    anotherApp: open,
    ...drive(app, queues, db),
    movements: (reference) =>
      sandbox.movements(reference) as Promise<readonly unknown[]> as Promise<Movement[]>,
    stop: async () => {
      configureFailpoints(undefined);
      const violations = await auditBooks(db, {
        movements: () => t.movements(),
        disputes: () => sandbox.disputes(),
        payouts: () => sandbox.payouts(),
      });
      await Promise.all([db.destroy(), ...apps.map((opened) => opened.close())]);
      await Promise.all([sandbox.close(), database.drop()]);
      expect(violations).toEqual([]);
    },
  };
  return t;
}

/** As an app connects, but for the time that a statement or a free connection may take: no test is about those. */
export function openPatiently(config: Config): Databases {
  return openDatabases({
    url: config.databaseUrl,
    connectionsMax: shareConnections(config.poolMax, "test"),
    applicationName: "oncepay test",
    lockTimeoutMs: config.lockTimeoutMs,
    ...PATIENT,
  });
}

export function connectAsOwner(url: string): Db {
  return connect({ url, poolMax: 10, applicationName: "oncepay test owner", ...PATIENT });
}

/** Nothing runs into a limit because the machine is slow: a test that is about a limit sets that one. */
const PATIENT_SETTINGS = {
  ONCEPAY_LOCK_TIMEOUT_MS: String(PATIENCE_MS),
  ONCEPAY_LIST_TIMEOUT_MS: String(PATIENCE_MS),
  ONCEPAY_PROCESSOR_TIMEOUT_MS: String(PATIENCE_MS),
  ONCEPAY_WEBHOOK_TIMEOUT_MS: String(PATIENCE_MS),
  ONCEPAY_WORKER_LEASE_MS: String(PATIENCE_MS),
  ONCEPAY_QUERY_TIME_MS: String(PATIENCE_MS),
  ONCEPAY_REDIS_DEADLINE_MS: String(PATIENCE_MS),
};

export function testSettings(
  databaseUrl: string,
  sandboxUrl: string,
  settings: Readonly<Record<string, string>>,
): Record<string, string> {
  return {
    DATABASE_URL: databaseUrl,
    NODE_ENV: "test",
    LOG_LEVEL: "silent",
    ONCEPAY_ENCRYPTION_KEY: ENCRYPTION_KEY,
    ONCEPAY_SANDBOX_URL: sandboxUrl,
    ONCEPAY_WEBHOOK_ALLOW_LOOPBACK: "true",
    ...PATIENT_SETTINGS,
    ...settings,
  };
}

export type Driven = Pick<
  TestApp,
  | "relayOnce"
  | "runCharges"
  | "runJob"
  | "deliverWebhooks"
  | "sweepOnce"
  | "drain"
  | "makeDue"
  | "killWorker"
>;

/** Workers of an app, run by hand. What no worker would do is done as the owner. */
export function drive(app: App, queues: RecordedQueues, owner: Db): Driven {
  let workerId: string = randomUUID();
  const deliveries = openDeliveryJobs(app, queues);
  const runJob: TestApp["runJob"] = async (data, where = app) => {
    await renewLease(app.db, workerId, 60_000);
    await runAttemptsJob(where, queues, { claimant: createClaimant(workerId), data });
  };
  const runCharges = async (): Promise<void> => {
    for (const data of queues.take("run-attempts")) await runJob(data);
  };
  const deliverWebhooks = async (): Promise<void> => {
    for (const data of queues.take("deliver-webhooks")) await deliveries.run(data);
  };
  const isIdle = async (): Promise<boolean> => {
    const { rows } = await owner.raw<{ rows: { idle: boolean }[] }>(IS_IDLE);
    return rows[0]?.idle === true;
  };
  return {
    relayOnce: () => relayOnce(app, queues),
    runCharges,
    runJob,
    deliverWebhooks,
    sweepOnce: () => sweepOnce(app, queues),
    drain: async () => {
      // By time, not by rounds: another test's open transaction on the same server holds the feed back until it ends.
      await waitFor("nothing more is due", async () => {
        await relayOnce(app, queues);
        await runCharges();
        await deliverWebhooks();
        if (await isIdle()) return true;
        await sweepOnce(app, queues);
        return false;
      });
    },
    makeDue: async () => {
      await owner.raw(MAKE_DUE);
    },
    killWorker: async () => {
      await owner("worker_leases").where({ worker_id: workerId }).del();
      workerId = randomUUID();
    },
  };
}

const IS_IDLE = `
  select not exists (select from outbox where aside_until is distinct from 'infinity')
    and not exists (select from attempts a where a.next_at <= now() and a.status <> 'SENT'
      and not exists (select from merchant_holds h where h.merchant_id = a.merchant_id))
    and not exists (
      select from attempts a where a.status = 'SENT' and not exists (select from worker_leases w where w.worker_id = a.worker_id))
    and not exists (select from webhook_deliveries d where d.next_at <= now()
      and not exists (select from merchant_holds h where h.merchant_id = d.merchant_id)) as idle`;

// Some seconds into the past, because what is due only now is still left to its job.
const MAKE_DUE = `
  update attempts set next_at = now() - interval '1 minute' where next_at is not null;
  update webhook_deliveries set next_at = now() - interval '1 minute'
  where next_at is not null and stands is not true`;
