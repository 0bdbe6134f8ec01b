import knex, { type Knex } from "knex";
import type { Client } from "pg";
import { types } from "pg";
import { Failure } from "./failures";
import { fullJitter } from "./retry";

/** Reads take a Db, and so accept a Tx too; writes that belong to a transaction take a Tx only. */
export type Db = Knex;
export type Tx = Knex.Transaction;

/** A named statement: prepared once a connection, so that Postgres does not parse and plan it anew for each call. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

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
const TRANSACTION_TRIES_MAX = 5;

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

/** Runs one named statement. Every call of a name must have the same text. */
export async function run<Row>(
  db: Db,
  statement: Statement,
  bindings: readonly unknown[],
): Promise<Row[]> {
  const result = (await db
    .raw(statement.text, bindings as Knex.RawBinding[])
    .options({ name: statement.name })) as { rows: Row[] };
  return result.rows;
}

/**
 * Runs work in a transaction and commits it; retries the whole of it, a few times and with jitter, when
 * Postgres asks for that (serialisation failure, deadlock). Only a throw rolls back.
 *
 * Knex says "committed" also of a transaction in which a statement failed and the error was swallowed:
 * Postgres answers that COMMIT with ROLLBACK. So the connection is asked first.
 */
export async function transact<T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await db.transaction(async (tx) => {
        const result = await work(tx);
        await assertNotAborted(tx);
        return result;
      });
    } catch (error) {
      if (tries >= TRANSACTION_TRIES_MAX || !isRetryable(error)) throw error;
      await new Promise((resolve) =>
        setTimeout(resolve, fullJitter({ baseMs: 10, attempt: tries, capMs: 200 })),
      );
    }
  }
}

async function assertNotAborted(tx: Tx): Promise<void> {
  const connection = (await (
    tx.client as { acquireConnection(): Promise<unknown> }
  ).acquireConnection()) as { readyForQuery: boolean; getTransactionStatus(): string };
  // A statement's error is heard a moment before what state it left the transaction in, which may come in a later
  // packet. Whatever is asked next is answered after that; what the answer is does not matter.
  if (!connection.readyForQuery) await tx.raw("select 1").catch(() => undefined);
  if (connection.getTransactionStatus() === "E") {
    throw new Error("a statement in this transaction failed and its error was swallowed");
  }
}

export function sqlState(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

export function violatedConstraint(error: unknown): string | undefined {
  return sqlState(error) === "23505" ? (error as { constraint?: string }).constraint : undefined;
}

function isRetryable(error: unknown): boolean {
  const state = sqlState(error);
  return state === "40001" || state === "40P01";
}

/** Another transaction held what this statement needed for longer than lock_timeout. */
export function isLockTimeout(error: unknown): boolean {
  return sqlState(error) === "55P03";
}

const AWAY_STATES = /^(08|53|57P0|25006|57014)/;
const AWAY_CODES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENOENT",
]);
const AWAY_MESSAGES =
  /Connection terminated|Client has encountered a connection error|not queryable|Timeout acquiring a connection|timeout expired|Query read timeout|connection timeout|Unable to acquire a connection|Connection ended|socket hang up|server closed the connection/i;

/**
 * The database is away, or went away in between. If that was during COMMIT, what was asked may be
 * committed: whoever gets this must ask again with the same key, never conclude that nothing happened.
 */
export function isDatabaseAway(error: unknown): boolean {
  if (error instanceof Failure) return false;
  const state = sqlState(error);
  if (state !== undefined && AWAY_STATES.test(state)) return true;
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === "string" && AWAY_CODES.has(code)) return true;
  return error instanceof Error && AWAY_MESSAGES.test(error.message);
}
