import type { Agent } from "undici";
import { type AuditBuffer, createAuditBuffer } from "./audit-log/audit-buffer";
import { groupCommit } from "./db/group-commit";
import type { Config } from "./config";
import type { Db } from "./db/db";
import { type Databases, openDatabases } from "./db/databases";
import { isDatabaseAway } from "./db/errors";
import type { Log } from "./observability/log";
import { countCallsTo } from "./observability/metrics";
import { tracedCommand } from "./observability/tracing";
import { watchConnections } from "./observability/watch-connections";
import {
  type ConfirmPaymentIntent,
  type ConfirmResult,
  confirmOne,
  confirmPaymentIntents,
  replayConfirm,
} from "./payments/confirm-payment-intent";
import {
  CREATE,
  type CreatePaymentIntent,
  type CreateResult,
  createOne,
  createPaymentIntents,
  replayCreate,
} from "./payments/create-payment-intent";
import { claimsOfCreate } from "./payments/unique-reference";
import { CONFIRM } from "./payments/shopper-key";
import { type Settled, settleAttempts } from "./payments/settle/settle-attempts";
import type { Answer } from "./payments/settle/answer";
import type { ChangedIntent } from "./live/announce-changes";
import { type IntentWatch, createIntentWatch } from "./live/watch-intents";
import type { ProcessorFinder } from "./payments/send-attempt";
import { reachProcessors } from "./processor-accounts/reach-processors";
import type { Processors } from "./processors/processor";
import { type ReplayCache, knownFirst } from "./idempotency/replay-cache/replay-cache";
import { openReplayCache } from "./idempotency/replay-cache/open-replay-cache";
import type { ProcessorKinds } from "./processors/kind";
import { assertRegistered, createProcessors } from "./processors/registry";
import { type Redis, openRedis } from "./redis";
import { type Shared, shareFairly } from "./share-fairly";
import { type CursorSeal, createCursorSeal } from "./security/cursor-seal";
import { type SecretBox, createSecretBox, deriveKey } from "./security/secrets";
import {
  type DeliveryRecord,
  type EndpointChange,
  recordDeliveries,
} from "./webhooks/record-deliveries";
import type { AddressedDelivery } from "./webhooks/delivery";
import { type EndpointHours, createEndpointHours } from "./webhooks/endpoint-hours";
import { type SubjectLine, letGoByLine } from "./webhooks/lines";
import { createGuardedAgent } from "./webhooks/url-guard";

/** What a process is made of. Entry points build it; everything else is given it, or a part of it. */
export interface App extends Pick<Databases, "db" | "tenantPool">, Shared {
  readonly config: Config;
  readonly log: Log;
  readonly processors: Processors;
  readonly processorKinds: ProcessorKinds;
  readonly processorOf: ProcessorFinder["processorOf"];
  readonly secrets: SecretBox;
  /** Sign client secrets of payment intents: the first makes them, all of them are accepted. */
  readonly clientSecretKeys: readonly Buffer[];
  /** Makes cursors opaque, and opens them. */
  readonly cursors: CursorSeal;
  readonly webhookAgent: Agent;
  readonly auditLog: AuditBuffer;
  /** How endpoints do, as far as this process has tried them. */
  readonly endpointHours: EndpointHours;
  /** Where there is a Redis: what is asked before the database is. */
  readonly replays: ReplayCache;
  readonly createPaymentIntent: (command: CreatePaymentIntent) => Promise<CreateResult>;
  readonly confirmPaymentIntent: (command: ConfirmPaymentIntent) => Promise<ConfirmResult>;
  readonly settleAttempt: (answer: Answer) => Promise<Settled>;
  readonly recordDelivery: (record: DeliveryRecord) => Promise<EndpointChange | undefined>;
  readonly letNextGo: (line: SubjectLine) => Promise<readonly AddressedDelivery[]>;
  /** The same app, with the tenant's view as its `db`: what a request is given. */
  forTenant(merchantId: string): App;
  /** Says that rows were committed to the outbox; the entry point decides whom this wakes. */
  wakeRelay: () => void;
  /** Says that a payment's change was committed; the entry point decides who hears it. */
  announce: (changed: ChangedIntent) => void;
  /** For those who watch payments. */
  readonly intentWatch: IntentWatch;
  close(): Promise<void>;
}

export interface AppOverrides {
  readonly processors?: Processors;
  readonly databases?: Databases;
}

// The group commits have two sets each under way at most; authentication and the rest of the API's own work is short and seldom.
const SYSTEM_SHARE = 0.4;

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
    createProcessors({ ...config, timeoutMs: config.processorTimeoutMs, log });
  assertRegistered(processors, config.defaultProcessor);
  const connectionsMax = shareConnections(config.poolMax, options.name);
  const databases =
    options.overrides?.databases ??
    openDatabases({
      url: config.databaseUrl,
      connectionsMax,
      applicationName: `oncepay ${options.name}`,
      lockTimeoutMs: config.lockTimeoutMs,
    });
  const { db, tenantPool } = watched(databases, processors);
  const webhookAgent = openWebhookAgent(config);
  const redis = openConfiguredRedis(config, log);
  const replays = openReplayCache(db, redis, config);
  const places = connectionsMax.tenants;
  const shared = shareFairly({ config, db, tenantPool, redis }, { name: options.name, places });
  const auditLog = createAuditBuffer({ db, log });
  const secrets = createSecretBox(config.encryptionKeys);
  const reached = reachProcessors(processors, { db, log, secrets, config });
  // Each lives as long as the tenant's view of the connections. What is set on the app later is seen through it, too.
  const apps = new WeakMap<Db, App>();
  const appWith = (view: Db): App => {
    let found = apps.get(view);
    if (!found) apps.set(view, (found = Object.create(app, { db: { value: view } }) as App));
    return found;
  };
  const app: App = {
    config,
    log,
    db,
    tenantPool,
    auditLog,
    endpointHours: createEndpointHours({ db, log }),
    replays,
    processors,
    processorKinds: reached.processorKinds,
    processorOf: reached.processorOf,
    secrets,
    clientSecretKeys: config.encryptionKeys.map((key) => deriveKey(key, "client-secret")),
    cursors: createCursorSeal(config.encryptionKeys),
    webhookAgent,
    ...announced(groupCommits(db, config, replays), (changed) => app.announce(changed)),
    ...shared,
    forTenant: (merchantId) => appWith(shared.tenantDb(merchantId)),
    wakeRelay: () => undefined,
    announce: () => undefined,
    intentWatch: createIntentWatch({ config, log, db, tenantDb: shared.tenantDb }),
    close: async () => {
      await app.intentWatch.stop();
      await Promise.all([auditLog.stop(), app.endpointHours.stop()]);
      await shared.closeShared();
      redis?.close();
      await webhookAgent.close();
      await reached.close();
      await databases.close();
    },
  };
  return app;
}

/** They are counted from the start. */
function watched(databases: Databases, processors: Processors): Databases {
  watchConnections(databases.db, "system");
  watchConnections(databases.tenantPool, "tenants");
  countCallsTo([...processors.keys()]);
  return databases;
}

function openWebhookAgent({ webhookAllowLoopback: allowLoopback }: Config): Agent {
  return createGuardedAgent({
    allowLoopback,
    connectTimeoutMs: 5_000,
    // Of a host; of an endpoint its lane is the limit. Endpoints of one host must not wait for each other's connections.
    connections: 1_024,
  });
}

function openConfiguredRedis(config: Config, log: Log): Redis | undefined {
  const { redisUrl: url, redisDeadlineMs: deadlineMs } = config;
  return url === undefined ? undefined : openRedis({ url, deadlineMs, log });
}

/** Tenants' requests cannot take the connections that the system's work needs. A worker serves no tenant's requests. */
export function shareConnections(
  poolMax: number,
  name: string,
): { system: number; tenants: number } {
  if (name === "worker") return { system: poolMax, tenants: 1 };
  const system = Math.max(1, Math.round(poolMax * SYSTEM_SHARE));
  return { system, tenants: poolMax - system };
}

type GroupCommits = Pick<
  App,
  "createPaymentIntent" | "confirmPaymentIntent" | "settleAttempt" | "recordDelivery" | "letNextGo"
>;

const CHANGES: ReadonlySet<Settled["effect"]> = new Set(["applied", "replaced", "contradiction"]);

/** Whoever settles an attempt has changed its payment, in whatever process. What mutations change, they say. */
function announced(commits: GroupCommits, announce: App["announce"]): GroupCommits {
  return {
    ...commits,
    settleAttempt: async (answer) => {
      const settled = await commits.settleAttempt(answer);
      if (CHANGES.has(settled.effect)) announce(answer);
      return settled;
    },
  };
}

/** The hot use cases, each as a function of one command; commands that arrive together are made into sets. */
function groupCommits(db: Db, config: Config, replays: ReplayCache): GroupCommits {
  const limits = {
    sizeMax: SET_SIZE_MAX,
    waitingMax: WAITING_MAX,
    patienceMs: config.lockTimeoutMs,
    concernsAll: isDatabaseAway,
  };
  return {
    createPaymentIntent: knownFirst(replays, CREATE, {
      replay: replayCreate,
      execute: tracedCommand(
        CREATE,
        groupCommit<CreatePaymentIntent, CreateResult>({
          ...limits,
          setsMax: 2,
          run: async (commands) =>
            commands.length === 1 && commands[0]
              ? [await createOne(db, commands[0])]
              : createPaymentIntents(db, commands),
          claims: claimsOfCreate,
          tenantOf: ({ merchantId }) => merchantId,
        }),
      ),
    }),
    confirmPaymentIntent: knownFirst(replays, CONFIRM, {
      replay: replayConfirm,
      execute: tracedCommand(
        CONFIRM,
        groupCommit<ConfirmPaymentIntent, ConfirmResult>({
          ...limits,
          setsMax: 2,
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
      ),
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
    letNextGo: groupCommit<SubjectLine, readonly AddressedDelivery[]>({
      ...limits,
      run: (lines) => letGoByLine(db, lines),
      claims: ({ endpointId, subjectId }) => [`${endpointId} ${subjectId}`],
      tenantOf: ({ merchantId }) => merchantId,
    }),
  };
}
