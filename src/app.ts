import type { Agent } from "undici";
import { type AuditBuffer, createAuditBuffer } from "./audit-log/audit-buffer";
import { groupCommit } from "./db/group-commit";
import type { Config } from "./config";
import { type BoundedReads, createBoundedReads } from "./limits/bounded-reads";
import { createFairAdmission } from "./limits/fair-admission";
import { type Turns, createTurns } from "./limits/in-turn";
import { type Limits, createLimits } from "./limits/limits";
import { createTenantViews } from "./limits/tenant-db";
import { ConfigError } from "./process/settings";
import type { Db } from "./db/db";
import { connect } from "./db/connect";
import { isDatabaseAway } from "./db/errors";
import type { Log } from "./observability/log";
import {
  type ConfirmPaymentIntent,
  type ConfirmResult,
  confirmOne,
  confirmPaymentIntents,
} from "./payments/confirm-payment-intent";
import {
  type CreatePaymentIntent,
  type CreateResult,
  createOne,
  createPaymentIntents,
} from "./payments/create-payment-intent";
import { findIntents } from "./payments/payment-store";
import { type Settled, settleAttempts } from "./payments/settle/settle-attempts";
import type { Answer } from "./payments/settle/answer";
import type { Processors } from "./processors/processor";
import { createProcessors } from "./processors/registry";
import { type CursorSeal, createCursorSeal } from "./security/cursor-seal";
import { type SecretBox, createSecretBox, deriveKey } from "./security/secrets";
import {
  type DeliveryRecord,
  type EndpointChange,
  recordDeliveries,
} from "./webhooks/record-deliveries";
import { createGuardedAgent } from "./webhooks/url-guard";

/** What a process is made of. Entry points build it; everything else is given it, or a part of it. */
export interface App {
  readonly config: Config;
  readonly log: Log;
  readonly db: Db;
  readonly processors: Processors;
  readonly secrets: SecretBox;
  /** Sign client secrets of payment intents: the first makes them, all of them are accepted. */
  readonly clientSecretKeys: readonly Buffer[];
  /** Makes cursors opaque, and opens them. */
  readonly cursors: CursorSeal;
  readonly webhookAgent: Agent;
  readonly auditLog: AuditBuffer;
  readonly createPaymentIntent: (command: CreatePaymentIntent) => Promise<CreateResult>;
  readonly confirmPaymentIntent: (command: ConfirmPaymentIntent) => Promise<ConfirmResult>;
  readonly settleAttempt: (answer: Answer) => Promise<Settled>;
  readonly recordDelivery: (record: DeliveryRecord) => Promise<EndpointChange | undefined>;
  readonly limits: Limits;
  /** Mutations of the same payment, one after the other. */
  readonly turns: Turns;
  /** For lists whose filter has no index. */
  readonly boundedReads: BoundedReads;
  /** The same app, with a `db` whose connections are shared fairly with the other tenants. */
  forTenant(merchantId: string): App;
  /** Says that rows were committed to the outbox; the entry point decides whom this wakes. */
  wakeRelay: () => void;
  close(): Promise<void>;
}

export interface AppOverrides {
  readonly processors?: Processors;
  readonly db?: Db;
}

// 128 commands make a statement of some 10 ms; more at once only adds latency (measured: no more throughput).
const SET_SIZE_MAX = 128;
// Some seconds of work at full speed. What waits longer has been abandoned by its caller.
const WAITING_MAX = 20_000;

export function createApp(
  config: Config,
  log: Log,
  options: { readonly name: string; readonly overrides?: AppOverrides },
): App {
  const processors =
    options.overrides?.processors ??
    createProcessors({ ...config, timeoutMs: config.processorTimeoutMs });
  assertRegistered(processors, config.defaultProcessor);
  const db =
    options.overrides?.db ??
    connect({
      url: config.databaseUrl,
      poolMax: config.poolMax,
      applicationName: `oncepay ${options.name}`,
      lockTimeoutMs: config.lockTimeoutMs,
    });
  const webhookAgent = createGuardedAgent({
    allowLoopback: config.webhookAllowLoopback,
    connectTimeoutMs: 5_000,
    // Of a host; of an endpoint its lane is the limit. Endpoints of one host must not wait for each other's connections.
    connections: 1_024,
  });
  const shared = sharedFairly(config, db, options.name);
  const auditLog = createAuditBuffer({ db, log });
  const app: App = {
    config,
    log,
    db,
    auditLog,
    processors,
    secrets: createSecretBox(config.encryptionKeys),
    clientSecretKeys: config.encryptionKeys.map((key) => deriveKey(key, "client-secret")),
    cursors: createCursorSeal(config.encryptionKeys),
    webhookAgent,
    ...groupCommits(db, config),
    ...shared,
    // What is set on the app later is seen through it, too.
    forTenant: (merchantId) =>
      Object.create(app, { db: { value: shared.dbOf(merchantId) } }) as App,
    wakeRelay: () => undefined,
    close: async () => {
      await auditLog.stop();
      shared.limits.close();
      await shared.boundedReads.close();
      await webhookAgent.close();
      await Promise.all([...processors.values()].map((processor) => processor.close()));
      await db.destroy();
    },
  };
  return app;
}

// For the sets of creations and confirmations, for authentication and for what the process needs itself.
const CONNECTIONS_RESERVED = 2;
// A tenant that is alone gets three quarters of the connections.
const HELD_PER_FREE = 3;
const WAITING_FOR_CONNECTIONS_MAX = 5_000;
const WAITING_FOR_A_PAYMENT_MAX = 500;

/** What keeps one tenant from having everything. */
function sharedFairly(
  config: Config,
  db: Db,
  name: string,
): Pick<App, "limits" | "turns" | "boundedReads"> & { readonly dbOf: (tenant: string) => Db } {
  const patienceMs = config.lockTimeoutMs;
  const admission = createFairAdmission({
    places: Math.max(1, config.poolMax - CONNECTIONS_RESERVED),
    heldPerFree: HELD_PER_FREE,
    patienceMs,
    waitingMax: WAITING_FOR_CONNECTIONS_MAX,
  });
  const dbOf = createTenantViews(() => db, admission);
  return {
    dbOf,
    turns: createTurns({ patienceMs, waitingMax: WAITING_FOR_A_PAYMENT_MAX }),
    boundedReads: createBoundedReads({
      databaseUrl: config.databaseUrl,
      applicationName: `oncepay ${name} lists`,
      lockTimeoutMs: config.lockTimeoutMs,
      timeoutMs: config.listTimeoutMs,
    }),
    limits: createLimits({
      settings: config.limits,
      redisUrl: config.redisUrl,
      findStatuses: (merchantId, ids) => findIntents(dbOf(merchantId), merchantId, ids),
    }),
  };
}

function assertRegistered(processors: Processors, name: string): void {
  if (processors.has(name)) return;
  const names = [...processors.keys()].join(", ");
  throw new ConfigError(
    `The configuration is invalid.\n  ONCEPAY_DEFAULT_PROCESSOR: there is no processor called ${name}; known processors: ${names}`,
  );
}

/** The hot use cases, each as a function of one command; commands that arrive together are made into sets. */
function groupCommits(
  db: Db,
  config: Config,
): Pick<App, "createPaymentIntent" | "confirmPaymentIntent" | "settleAttempt" | "recordDelivery"> {
  const limits = {
    sizeMax: SET_SIZE_MAX,
    waitingMax: WAITING_MAX,
    patienceMs: config.lockTimeoutMs,
    concernsAll: isDatabaseAway,
  };
  return {
    createPaymentIntent: groupCommit<CreatePaymentIntent, CreateResult>({
      ...limits,
      run: async (commands) =>
        commands.length === 1 && commands[0]
          ? [await createOne(db, commands[0])]
          : createPaymentIntents(db, commands),
      claims: (command) => [`${command.merchantId} ${command.key}`],
      tenantOf: ({ merchantId }) => merchantId,
    }),
    confirmPaymentIntent: groupCommit<ConfirmPaymentIntent, ConfirmResult>({
      ...limits,
      run: async (commands) =>
        commands.length === 1 && commands[0]
          ? [await confirmOne(db, commands[0])]
          : confirmPaymentIntents(db, commands),
      claims: (command) => [
        `key ${command.merchantId} ${command.key}`,
        `intent ${command.merchantId} ${command.paymentIntentId}`,
      ],
      tenantOf: ({ merchantId }) => merchantId,
    }),
    settleAttempt: groupCommit<Answer, Settled>({
      ...limits,
      run: (answers) => settleAttempts(db, answers, config),
      claims: (answer) => [answer.paymentIntentId],
      tenantOf: ({ merchantId }) => merchantId,
    }),
    recordDelivery: groupCommit<DeliveryRecord, EndpointChange | undefined>({
      ...limits,
      run: (records) => recordDeliveries(db, records),
      claims: (record) => [record.id],
      tenantOf: ({ merchantId }) => merchantId,
    }),
  };
}
