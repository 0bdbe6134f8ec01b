import { randomUUID } from "node:crypto";
import { Client } from "pg";
import { waitUntil } from "../../src/dev/wait-until";
import { onServer } from "../attack/cluster";
import type { Child } from "../attack/child";
import { codeOf, create, openShop, orders, pay } from "../attack/shop";
import { metric, networkOf } from "../attack/witness";
import { createPlatformKey } from "../../src/merchants/create-platform-key";
import { breakFound } from "./break-found";
import { diskFull } from "./disk-full";
import type { Drill, Scene } from "./drill";
import { keyLeaked } from "./key-leaked";
import { redisAway } from "./redis-away";
import { restored } from "./restored";
import { WAIT_MS, numberOf, sql, until } from "./scene";

function workerOf({ installation: { workers } }: Scene): Child {
  const worker = workers.at(-1);
  if (!worker) throw new Error("there is no worker");
  return worker;
}

/** The drill's own worker comes back when everything is over. */
async function killWorker(scene: Scene): Promise<Child> {
  const worker = workerOf(scene);
  await worker.kill();
  scene.later(() => worker.restart({ ATTACK_CLOCK_SKEW_MS: undefined }, []));
  return worker;
}

/** Somebody at a terminal, who is none of ours. */
async function somebody(scene: Scene, url: string, ...statements: string[]): Promise<void> {
  const client = new Client({ connectionString: url, application_name: "psql" });
  client.on("error", () => undefined);
  await client.connect();
  scene.later(() => client.end());
  for (const statement of statements) await client.query(statement);
}

const noWorker: Drill = {
  name: "no-worker",
  what: "Every worker is gone, and payments go on.",
  alert: "OncepayNobodyRelays",
  mends: true,
  breaks: async (scene) => {
    await killWorker(scene);
    await scene.pay(5);
    return undefined;
  },
};

const outboxLocked: Drill = {
  name: "outbox-locked",
  what: "Somebody's forgotten session holds a lock that the relay needs.",
  alert: "OncepayOutboxLag",
  mends: true,
  breaks: async (scene) => {
    const lock = "lock table event_feed in access exclusive mode";
    await somebody(scene, scene.installation.databaseUrl, "begin", lock);
    await scene.pay(5);
    await sql(scene, "update outbox set created_at = created_at - interval '1 minute'");
    return undefined;
  },
};

const clientsRetry: Drill = {
  name: "clients-retry",
  what: "Somebody's forgotten session holds a lock that mutations need.",
  alert: "OncepayClientsRetry",
  mends: true,
  options: { env: { ONCEPAY_LOCK_TIMEOUT_MS: "300" } },
  breaks: async (scene) => {
    const { apis } = scene.installation;
    const lock = "lock table payment_intents in access exclusive mode";
    await somebody(scene, scene.installation.databaseUrl, "begin", lock);
    scene.begun.push(scene.pay(20));
    const third = () => metric(apis, "oncepay_client_tries_total", { attempt: "3" });
    await until("clients tried three times", async () => (await third()) >= 15);
    return undefined;
  },
};

const noCharges: Drill = {
  name: "no-charges",
  what: "No worker has the role that charges.",
  alert: "OncepayAttemptsWait",
  mends: true,
  options: { workers: 2 },
  breaks: async (scene) => {
    await killWorker(scene);
    const [other] = scene.installation.workers;
    await other?.restart({}, ["--only", "relay,webhooks,sweeper"]);
    await scene.pay(5);
    await sql(
      scene,
      `update attempts set created_at = created_at - interval '1 minute'
       where status = 'QUEUED'`,
    );
    return undefined;
  },
};

const unknownOutcome: Drill = {
  name: "unknown-outcome",
  what: "The network charged, its answer was lost, and it cannot be asked.",
  alert: "OncepayUnknownOutcomes",
  mends: true,
  breaks: async (scene) => {
    const network = networkOf(scene.installation);
    scene.later(() => Promise.all([network.noFaults(), network.webhooks({ enabled: true })]));
    await network.webhooks({ enabled: false });
    for (const operation of ["charge", "lookup", "reverse"] as const) {
      await network.fault({ fault: "lose_response", rate: 1, operation });
    }
    await scene.pay(1);
    const count = "select count(*) from attempts where status = 'UNKNOWN'";
    await until("an outcome was unknown", async () => (await numberOf(scene, count)) === 1);
    await sql(
      scene,
      "update attempts set unknown_since = now() - interval '20 minutes' where status = 'UNKNOWN'",
    );
    const { rows } = await scene.installation.db.raw<{ rows: { id: string }[] }>(
      "select id from attempts where status = 'UNKNOWN'",
    );
    return { ATTEMPT: rows[0]?.id ?? "" };
  },
};

const deadLetters: Drill = {
  name: "dead-letters",
  what: "A receiver is away until no try is left.",
  alert: "OncepayDeadLetters",
  mends: true,
  options: { env: { ONCEPAY_WEBHOOK_SCHEDULE_MS: "100,100" } },
  breaks: async (scene) => {
    const { consumer, db } = scene.installation;
    await consumer.kill();
    scene.later(() => consumer.start());
    await scene.pay(3);
    const dead = "select count(*) from webhook_deliveries where status = 'DEAD'";
    await until("letters were dead", async () => (await numberOf(scene, dead)) >= 3);
    const { rows } = await db.raw<{ rows: { id: string }[] }>("select id from webhook_endpoints");
    return { ENDPOINT: rows[0]?.id ?? "" };
  },
  meanwhile: ({ installation }) => installation.consumer.start(),
};

const databaseClosed: Drill = {
  name: "database-closed",
  what: "The database lets nobody in.",
  alert: "OncepayDatabaseAway",
  mends: true,
  breaks: async (scene) => {
    const name = new URL(scene.installation.databaseUrl).pathname.slice(1);
    const key = await createPlatformKey(scene.installation.db, "on call");
    const open = `alter database ${name} allow_connections true`;
    scene.later(() => onServer(scene.adminUrl, open));
    await onServer(scene.adminUrl, `alter database ${name} allow_connections false`);
    await onServer(scene.adminUrl, endOf(name));
    return { ONCEPAY_OPERATOR_KEY: key };
  },
};

const endOf = (name: string): string =>
  `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`;

const databaseReadOnly: Drill = {
  name: "database-read-only",
  what: "The database takes no writes, as providers have it when its disk is nearly full.",
  alert: "OncepayDatabaseFull",
  mends: true,
  breaks: async (scene) => {
    const { apis, databaseUrl, db, merchant, graphqlUrls } = scene.installation;
    const key = await createPlatformKey(db, "on call");
    const name = new URL(databaseUrl).pathname.slice(1);
    const writable = `alter database ${name} reset default_transaction_read_only`;
    scene.later(() => onServer(scene.adminUrl, writable));
    await onServer(scene.adminUrl, `alter database ${name} set default_transaction_read_only = on`);
    await onServer(scene.adminUrl, endOf(name));
    const options = { retry: { triesMax: 2 } };
    const client = openShop({ graphqlUrls, merchant }, options).client();
    const refused = () => metric(apis, "oncepay_db_errors_total", { reason: "readonly" });
    let tries = 0;
    await until("a write was refused", async () => {
      tries += 1;
      const [order] = orders(1, { prefix: `refused-${randomUUID()}-${String(tries)}` });
      if (order) await codeOf(create(client, order));
      return (await refused()) > 0;
    });
    return { ONCEPAY_OPERATOR_KEY: key };
  },
};

const queueWiped: Drill = {
  name: "queue-wiped",
  what: "The queue loses every job.",
  alert: "OncepayJobsLost",
  mends: false,
  breaks: async (scene) => {
    const { workers } = scene.installation;
    const worker = workerOf(scene);
    await worker.restart({}, ["--only", "relay"]);
    await scene.pay(5);
    await until("all was in the queue", async () => {
      return (await numberOf(scene, "select count(*) from outbox")) === 0;
    });
    await sql(
      scene,
      `do $$ declare name text; begin
         for name in select format('%I.%I', schemaname, tablename) from pg_tables
           where schemaname = 'bullmq' and tablename like '%job%' loop
           execute 'truncate ' || name || ' cascade';
         end loop; end $$`,
    );
    await worker.restart({}, []);
    const remade = () => metric(workers, "oncepay_jobs_remade_total");
    await until("the sweeper made jobs again", async () => (await remade()) > 0);
    return undefined;
  },
};

const clock: Drill = {
  name: "clock",
  what: "A worker's clock is half a minute ahead.",
  alert: "OncepayClock",
  mends: true,
  breaks: async (scene) => {
    const worker = workerOf(scene);
    scene.later(() => worker.restart({ ATTACK_CLOCK_SKEW_MS: undefined }));
    await worker.restart({ ATTACK_CLOCK_SKEW_MS: "30000" });
    return { PID: String(worker.pid()) };
  },
};

const frozenWorker: Drill = {
  name: "frozen-worker",
  what: "A worker hangs.",
  alert: "OncepayProcessDown",
  mends: true,
  breaks: (scene) => {
    const worker = workerOf(scene);
    scene.later(() => worker.restart({}));
    worker.freeze();
    return Promise.resolve({ PID: String(worker.pid()) });
  },
};

const setAside: Drill = {
  name: "set-aside",
  what: "Relays died over rows of the outbox, which are set aside for good.",
  alert: "OncepayRowsSetAside",
  mends: true,
  breaks: async (scene) => {
    const worker = workerOf(scene);
    await worker.kill();
    await scene.pay(3);
    await sql(
      scene,
      `update outbox set relay_deaths = 8, relay_error = 'RELAY_DIED',
         aside_until = 'infinity', aside_since = now()`,
    );
    await worker.start({}, []);
    await until("the worker relays", async () => {
      return (await metric([worker], "oncepay_outbox_set_aside")) > 0;
    });
    return undefined;
  },
};

const oldTransaction: Drill = {
  name: "old-transaction",
  what: "A transaction in another database of the server is forgotten. Two real minutes.",
  alert: "OncepayOldTransaction",
  mends: true,
  breaks: async (scene) => {
    await somebody(scene, scene.adminUrl, "begin", "select pg_current_xact_id()");
    const { workers } = scene.installation;
    const age = () => metric(workers, "oncepay_db_horizon_age_seconds");
    await until("it was noticed", async () => (await age()) > 0);
    scene.progress("waiting until it is old");
    const isOld = async (): Promise<boolean> => (await age()) > 121;
    await waitUntil(isOld, { timeoutMs: 2 * WAIT_MS, everyMs: 1_000 });
    return undefined;
  },
};

const keysReused: Drill = {
  name: "keys-reused",
  what: "A caller uses an idempotency key for different things.",
  alert: "OncepayKeysReused",
  mends: false,
  breaks: async ({ installation }) => {
    const client = openShop(installation).client();
    const [order] = orders(1, { prefix: `reused-${randomUUID()}` });
    for (let amount = 1; order && amount <= 10; amount += 1) {
      await codeOf(create(client, { ...order, amount }));
    }
    return undefined;
  },
};

const processorOutage: Drill = {
  name: "processor-outage",
  what: "The card network refuses connections.",
  alert: "OncepayProcessorOutage",
  mends: false,
  breaks: async (scene) => {
    const network = networkOf(scene.installation);
    scene.later(() => network.outage("off"));
    await network.outage("refuse");
    const client = openShop(scene.installation).client();
    const wanted = orders(8, { prefix: `outage-${randomUUID()}` });
    await Promise.all(wanted.map((order) => pay(client, order)));
    const calls = async (): Promise<number> => {
      const of = (outcome: string) =>
        metric(scene.installation.workers, "oncepay_processor_calls_total", { outcome });
      return (await of("unsent")) + (await of("unknown"));
    };
    await until("calls had failed", async () => (await calls()) > 20);
    return undefined;
  },
  meanwhile: ({ installation }) => networkOf(installation).outage("off"),
};

export const DRILLS: readonly Drill[] = [
  noWorker,
  outboxLocked,
  clientsRetry,
  noCharges,
  unknownOutcome,
  deadLetters,
  databaseClosed,
  databaseReadOnly,
  diskFull,
  queueWiped,
  redisAway,
  clock,
  frozenWorker,
  setAside,
  oldTransaction,
  keysReused,
  processorOutage,
  breakFound,
  keyLeaked,
  restored,
];
