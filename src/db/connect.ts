import knex, { type Knex } from "knex";
import { types } from "pg";
import { type BindableClient, makeBindable } from "./bind-tenant";
import type { Db } from "./db";
import type { OwnSession } from "./look-at-sessions";
import { PrimaryClient } from "./primary-client";
import { type Role, TENANT_ROLE } from "./roles";
import { PLANNER_SETTINGS, type PlanningClient, discardOldPlans } from "./planner";
import { type ServerWatch, setWatch } from "./server-watch";

const BIGINT_OID = 20;

// Amounts are bigint columns below 2^53 (a CHECK says so): exact as numbers. Without this pg gives strings.
const typeParsers = {
  getTypeParser(oid: number, format?: "text" | "binary"): unknown {
    if (oid === BIGINT_OID && format !== "binary") return Number;
    return types.getTypeParser(oid, format);
  },
};

interface PooledClient extends PlanningClient {
  readyForQuery?: boolean;
  readonly hasToGo?: boolean;
}

export interface DbOptions {
  readonly url: string;
  readonly poolMax: number;
  readonly applicationName: string;
  /** Whom the session acts as, which the user of the URL must be allowed to. Without it: as that user. */
  readonly role?: Role;
  /** 0: none, for those who read or fill whole tables. */
  readonly statementTimeoutMs?: number;
  /** How long a statement waits for another transaction: a duplicate's wait for the first one's commit. */
  readonly lockTimeoutMs?: number;
  readonly connectTimeoutMs?: number;
  /** Of these connections alone, as `name=value`. */
  readonly settings?: readonly string[];
  /** Sees to what the server is still at after a time-out on this side. */
  readonly watch?: ServerWatch;
}

/*
 * So that the server ends what it does for a client that is gone: it looks every few seconds whether a connection is still
 * there, also while it works (not while a commit waits for a standby), and asks the other machine when it has been silent.
 */
const SESSION_SETTINGS = [
  "client_connection_check_interval=5s",
  "tcp_keepalives_idle=15",
  "tcp_keepalives_interval=5",
  "tcp_keepalives_count=3",
  "tcp_user_timeout=30s",
];

/*
 * A server that has lost power closes no connections. A client would wait until the kernel gives up, after a quarter of
 * an hour; where the server is alive, its own timeout comes first.
 */
const SILENCE_MARGIN_MS = 2_000;
const KEEP_ALIVE_MS = 15_000;

export function connect(options: DbOptions): Db {
  const { statementTimeoutMs = 5_000 } = options;
  const settings = [
    `statement_timeout=${String(statementTimeoutMs)}`,
    `lock_timeout=${String(options.lockTimeoutMs ?? 2_000)}`,
    "idle_in_transaction_session_timeout=10000",
    "timezone=UTC",
    // Where a synchronous standby is configured, what is answered is there, too, whatever the server's default.
    "synchronous_commit=on",
    // With the connection itself, so that it costs nothing and no statement can come before it.
    ...(options.role === undefined ? [] : [`role=${options.role}`]),
    ...SESSION_SETTINGS,
    ...PLANNER_SETTINGS,
    ...(options.settings ?? []),
  ];
  const connectTimeoutMs = options.connectTimeoutMs ?? 2_000;
  const db = knex({
    client: "pg",
    connection: {
      connectionString: options.url,
      application_name: options.applicationName,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
      pipeline: true,
      connectionTimeoutMillis: connectTimeoutMs,
      ...(statementTimeoutMs > 0 && { silenceMs: statementTimeoutMs + SILENCE_MARGIN_MS }),
      options: settings.map((setting) => `-c ${setting}`).join(" "),
      types: typeParsers,
    } as Knex.PgConnectionConfig,
    acquireConnectionTimeout: connectTimeoutMs,
    pool: {
      min: 0,
      max: options.poolMax,
      idleTimeoutMillis: 30_000,
      validate: isUsable,
      ...(options.role === TENANT_ROLE && { afterCreate: bindable }),
    },
    log: SILENT,
  });
  return options.watch ? watched(db, options.watch, options.poolMax) : onPrimary(db);
}

/** Knex makes connections with the class that it finds here, and does nothing else with it. */
export function onPrimary(db: Db, Client = PrimaryClient): Db {
  Object.assign(db.client, { driver: { Client } });
  return db;
}

function watched(db: Db, watch: ServerWatch, poolMax: number): Db {
  const membership = watch.givenUp.joinPool(poolMax);
  class WatchedClient extends PrimaryClient {
    protected override assertRoom(): void {
      membership.assertRoom();
    }
    protected override wasCut(session: OwnSession): void {
      membership.enter(session);
    }
  }
  setWatch(db, watch);
  return onPrimary(db, WatchedClient);
}

function saysNothing(): void {}

/** Knex also throws everything that it would log, and stdout is for the log's JSON lines. */
export const SILENT = {
  warn: saysNothing,
  error: saysNothing,
  deprecate: saysNothing,
  debug: saysNothing,
};

type Created = (error: unknown, client: BindableClient) => void;

function bindable(client: BindableClient, done: Created): void {
  makeBindable(client).then(
    () => done(null, client),
    (error: unknown) => done(error, client),
  );
}

/**
 * Asked of a connection each time it leaves the pool.
 *
 * A connection whose query timed out on the client's side is still waiting for the answer and would
 * fail every later query, for ever: it must not leave the pool again. Nor must one whose server takes no writes any more.
 */
function isUsable(client: PooledClient): boolean {
  if (client.readyForQuery === false || client.hasToGo === true) return false;
  discardOldPlans(client);
  return true;
}
