import type { Client } from "pg";
import type { ConcurrentIndex } from "../../migrations/index";
import { LOCK_WAIT_MS } from "./take-locks";

/*
 * Builds an index while payments are made: concurrently, so outside a transaction, on a session of its own.
 *
 * What a build that failed or was killed has left behind is an index that is not valid: every write keeps it up to date
 * and nothing reads it. It is dropped and built again. One that is valid is left as it is, so it is safe to run again and
 * again.
 *
 * A partitioned table has no such way: its index is made empty, each partition's is built concurrently and attached, and
 * with the last the whole is valid. Partitions that are made meanwhile bring theirs with them.
 *
 * Building waits for every transaction that is older than it, for waitMaxMs at most each time; nobody waits for it.
 */
export async function buildIndex(
  client: Client,
  index: ConcurrentIndex,
  waitMaxMs: number,
): Promise<void> {
  const { name, table, definition } = index;
  const kind = index.unique === true ? "unique index" : "index";
  const partitions = await partitionsOf(client, table);
  const build: Build = { client, kind, definition, waitMaxMs };
  if (partitions === undefined) {
    await buildOne(build, name, table);
    return;
  }
  await waitForLocks(client, LOCK_WAIT_MS);
  await client.query(`create ${kind} if not exists ${name} on only ${table} ${definition}`);
  for (const partition of partitions) {
    const own = `${name}_${partition.slice(table.length + 1)}`;
    if (own.length > NAME_MAX) throw new Error(`the name ${own} is too long for Postgres`);
    if (await isPartOf(client, partition, name)) continue;
    await buildOne(build, own, partition);
    await waitForLocks(client, LOCK_WAIT_MS);
    await client.query(`alter index ${name} attach partition ${own}`);
  }
  if ((await validityOf(client, name)) !== true) throw new Error(`the index ${name} lacks a part`);
}

interface Build {
  readonly client: Client;
  readonly kind: string;
  readonly definition: string;
  readonly waitMaxMs: number;
}

const NAME_MAX = 63;

async function buildOne(build: Build, name: string, table: string): Promise<void> {
  const { client, kind, definition, waitMaxMs } = build;
  const isValid = await validityOf(client, name);
  if (isValid === true) return;
  await waitForLocks(client, waitMaxMs);
  if (isValid === false) await client.query(`drop index concurrently ${name}`);
  await client.query(`create ${kind} concurrently ${name} on ${table} ${definition}`);
}

async function waitForLocks(client: Client, ms: number): Promise<void> {
  await client.query(`set lock_timeout = ${String(Math.max(1, Math.round(ms)))}`);
}

/** Undefined: there is no such index. */
async function validityOf(client: Client, name: string): Promise<boolean | undefined> {
  const { rows } = await client.query<{ valid: boolean }>(
    `select indisvalid as "valid" from pg_index where indexrelid = to_regclass($1)`,
    [name],
  );
  return rows[0]?.valid;
}

/** Undefined: the table is not partitioned. */
async function partitionsOf(client: Client, table: string): Promise<string[] | undefined> {
  const { rows } = await client.query<{ kind: string; names: string[] }>(
    `select c.relkind as "kind", array(
       select i.inhrelid::regclass::text from pg_inherits i where i.inhparent = c.oid order by 1
     ) as "names"
     from pg_class c where c.oid = to_regclass($1)`,
    [table],
  );
  const [found] = rows;
  if (!found) throw new Error(`there is no table ${table}`);
  return found.kind === "p" ? found.names : undefined;
}

async function isPartOf(client: Client, partition: string, name: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `select from pg_inherits h join pg_index i on i.indexrelid = h.inhrelid
     where h.inhparent = to_regclass($2) and i.indrelid = to_regclass($1)`,
    [partition, name],
  );
  return rowCount === 1;
}
