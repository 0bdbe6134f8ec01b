import knex, { type Knex } from "knex";
import type { Client } from "pg";
import { types } from "pg";
import type { Db } from "./db";

const BIGINT_OID = 20;
const PLANS_KEPT_MIN_MS = 2_000;
const PLANS_KEPT_MAX_MS = 60_000;

/*
 * Every statement here takes some dozens of rows by their keys. Costs that make touching a row dear and a page cheap
 * (they are in memory) let the planner choose index probes from about a hundred rows on. With the defaults it would
 * read a small table whole, and go on doing so with the kept plan when the table is small no more.
 */
const CHEAP_PROBES = [
  "random_page_cost=0.01",
  "seq_page_cost=0.01",
  "cpu_tuple_cost=0.5",
  "cpu_index_tuple_cost=0.5",
];

// Amounts are bigint columns below 2^53 (a CHECK says so): exact as numbers. Without this pg gives strings.
const typeParsers = {
  getTypeParser(oid: number, format?: "text" | "binary"): unknown {
    if (oid === BIGINT_OID && format !== "binary") return Number;
    return types.getTypeParser(oid, format);
  },
};

interface PooledClient extends Client {
  readyForQuery?: boolean;
  connectedAtMs?: number;
  plansMadeAtMs?: number;
}

export interface DbOptions {
  readonly url: string;
  readonly poolMax: number;
  readonly applicationName: string;
  /** 0: none, for those who read or fill whole tables. */
  readonly statementTimeoutMs?: number;
  /** How long a statement waits for another transaction: a duplicate's wait for the first one's commit. */
  readonly lockTimeoutMs?: number;
  readonly connectTimeoutMs?: number;
}

/*
 * A server that lost its power ends no connection. Whoever waits for it would wait until the kernel gives up, a quarter of
 * an hour; the server's own time-out comes first wherever there is a server.
 */
const SILENCE_MARGIN_MS = 2_000;

export function connect(options: DbOptions): Db {
  const { statementTimeoutMs = 5_000 } = options;
  const settings = [
    `statement_timeout=${String(statementTimeoutMs)}`,
    `lock_timeout=${String(options.lockTimeoutMs ?? 2_000)}`,
    "idle_in_transaction_session_timeout=10000",
    "timezone=UTC",
    // The hot statements take one JSON parameter, about which a custom plan knows nothing more.
    "plan_cache_mode=force_generic_plan",
    ...CHEAP_PROBES,
    "jit=off",
  ];
  const connectTimeoutMs = options.connectTimeoutMs ?? 2_000;
  return knex({
    client: "pg",
    connection: {
      connectionString: options.url,
      application_name: options.applicationName,
      keepAlive: true,
      connectionTimeoutMillis: connectTimeoutMs,
      ...(statementTimeoutMs > 0 && { query_timeout: statementTimeoutMs + SILENCE_MARGIN_MS }),
      options: settings.map((setting) => `-c ${setting}`).join(" "),
      types: typeParsers,
    } as Knex.PgConnectionConfig,
    acquireConnectionTimeout: connectTimeoutMs,
    pool: { min: 0, max: options.poolMax, idleTimeoutMillis: 30_000, validate: isUsable },
    // Whatever Knex has to say it also throws, and stdout is for the log's JSON lines.
    log: { warn: saysNothing, error: saysNothing, deprecate: saysNothing, debug: saysNothing },
  });
}

function saysNothing(): void {}

/**
 * Asked of a connection each time it leaves the pool.
 *
 * A connection whose query timed out on the client's side is still waiting for the answer and would
 * fail every later query, for ever: it must not leave the pool again.
 *
 * A prepared statement's plan is made once and kept. One made while a table was empty scans it whole,
 * still when it has millions of rows; so plans are thrown away now and then and made for today's
 * tables: often on a young connection, whose tables may be as young, and seldom on an old one, because
 * the largest plans cost some milliseconds. pg sends queries in order: whoever takes the connection now
 * waits behind this one, 0.1 ms.
 */
function isUsable(client: PooledClient): boolean {
  if (client.readyForQuery === false) return false;
  const nowMs = performance.now();
  client.connectedAtMs ??= nowMs;
  client.plansMadeAtMs ??= nowMs;
  const keptMs = Math.max(PLANS_KEPT_MIN_MS, (nowMs - client.connectedAtMs) / 4);
  if (nowMs - client.plansMadeAtMs > Math.min(keptMs, PLANS_KEPT_MAX_MS)) {
    client.plansMadeAtMs = nowMs;
    client.query("discard plans").catch(() => undefined);
  }
  return true;
}
