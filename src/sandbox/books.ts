import { Client, Pool } from "pg";
import type { Logger } from "pino";
import type { BookRow } from "./movement";

/**
 * The writer of the books. Rows that arrive while a commit is in flight go into the next one, in
 * one statement (group commit), so that durability costs one fsync per batch and not per charge.
 * There is one writer per database, held by a session lock: positions are given by this process.
 */
export interface Books {
  /** Gives each row its position and queues it; nothing may be answered from it before `durable`. */
  append(rows: readonly BookRow[]): void;
  /** Resolves once every row up to this position is on disk. */
  durable(position: number): Promise<void> | undefined;
  /** For reading; the writer has a connection of its own. */
  readonly reader: Pool;
  /** Resolves when the books cannot be written any more: memory is ahead of them, and the network must stop. */
  readonly failure: Promise<Error>;
  /** Waits for what is queued, then lets go of the database. */
  close(): Promise<void>;
}

interface Commit {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

interface Writer {
  readonly databaseUrl: string;
  readonly log: Logger;
  readonly reportFailure: (error: Error) => void;
  client: Client;
  queue: BookRow[];
  next: Commit;
  inFlight: Commit | undefined;
  inFlightUntil: number;
  lastPosition: number;
  durablePosition: number;
  writing: boolean;
  failed: boolean;
}

const WRITER_LOCK = 7_013_002;
const BATCH_ROWS_MAX = 2_000;
const RECONNECTS_MAX = 60;
const RECONNECT_DELAY_MS = 500;

const COLUMNS = "operation_id, operation, reference, charge_id, amount, currency, source, final";
const RECORD = `operation_id text, operation text, reference text, charge_id text, amount bigint,
  currency text, source text, final boolean, at float8, position bigint`;

const TIME = "to_timestamp(at / 1000)";

const INSERT_MOVEMENTS = `
  insert into movements (position, at, id, kind, fee, fee_currency, ${COLUMNS})
  select position, ${TIME}, id, kind, fee, fee_currency, ${COLUMNS}
  from jsonb_to_recordset($1::jsonb) as row(id text, kind text, fee bigint, fee_currency text,
    ${RECORD})`;

const INSERT_ALL = `with moved as (${INSERT_MOVEMENTS}), buried as (
    insert into tombstones (position, account, reference, at)
    select position, account, reference, ${TIME}
    from jsonb_to_recordset($3::jsonb) as row(position bigint, account text, reference text,
      at float8)
  ), disputed as (
    insert into disputes (position, id, step, charge_id, reference, amount, currency, fee, reason,
      due_at, at)
    select position, id, step, charge_id, reference, amount, currency, fee, reason,
      to_timestamp(due_at / 1000), ${TIME}
    from jsonb_to_recordset($4::jsonb) as row(position bigint, id text, step text, charge_id text,
      reference text, amount bigint, currency text, fee bigint, reason text, due_at float8,
      at float8)
  )
  insert into verdicts (position, at, status, decline, challenge, ${COLUMNS})
  select position, ${TIME}, status, decline, challenge, ${COLUMNS}
  from jsonb_to_recordset($2::jsonb) as row(status text, decline jsonb, challenge jsonb,
    ${RECORD})`;

const LAST_POSITION = `select greatest(
    (select coalesce(max(position), 0) from movements),
    (select coalesce(max(position), 0) from verdicts),
    (select coalesce(max(position), 0) from tombstones),
    (select coalesce(max(position), 0) from disputes)) as position`;

export async function openBooks(options: {
  readonly databaseUrl: string;
  readonly log: Logger;
}): Promise<Books> {
  const client = await connectAsWriter(options.databaseUrl);
  const lastPosition = await readLastPosition(client);
  let reportFailure!: (error: Error) => void;
  const failure = new Promise<Error>((resolve) => {
    reportFailure = resolve;
  });
  const writer: Writer = {
    ...options,
    reportFailure,
    client,
    queue: [],
    next: createCommit(),
    inFlight: undefined,
    inFlightUntil: 0,
    lastPosition,
    durablePosition: lastPosition,
    writing: false,
    failed: false,
  };
  const reader = new Pool({ connectionString: options.databaseUrl, max: 2 });
  reader.on("error", (error) => options.log.warn({ err: error }, "a reading connection broke"));
  return {
    append: (rows) => append(writer, rows),
    durable: (position) => durable(writer, position),
    reader,
    failure,
    close: async () => {
      if (!writer.failed) await durable(writer, writer.lastPosition);
      writer.failed = true;
      await Promise.allSettled([writer.client.end(), reader.end()]);
    },
  };
}

function append(writer: Writer, rows: readonly BookRow[]): void {
  for (const row of rows) {
    writer.lastPosition += 1;
    row.position = writer.lastPosition;
    writer.queue.push(row);
  }
  if (writer.writing) return;
  writer.writing = true;
  // One turn of the event loop later, so that requests read from their sockets together share a commit.
  setImmediate(() => void writeAll(writer));
}

function durable(writer: Writer, position: number): Promise<void> | undefined {
  if (position <= writer.durablePosition) return undefined;
  if (writer.inFlight !== undefined && position <= writer.inFlightUntil) {
    return writer.inFlight.promise;
  }
  // A position may lie beyond the next batch when the queue is long; in that case the wait is repeated.
  return writer.next.promise.then(() => durable(writer, position));
}

async function writeAll(writer: Writer): Promise<void> {
  while (writer.queue.length > 0 && !writer.failed) {
    const batch = writer.queue.splice(0, BATCH_ROWS_MAX);
    const commit = writer.next;
    writer.next = createCommit();
    writer.inFlight = commit;
    writer.inFlightUntil = writer.durablePosition + batch.length;
    try {
      await writeBatch(writer, batch);
    } catch (error) {
      writer.failed = true;
      writer.reportFailure(error as Error);
      return;
    }
    writer.durablePosition = writer.inFlightUntil;
    writer.inFlight = undefined;
    commit.resolve();
  }
  writer.writing = false;
}

async function writeBatch(writer: Writer, batch: readonly BookRow[]): Promise<void> {
  try {
    await insertRows(writer.client, batch);
    return;
  } catch (error) {
    // An answer from the server other than "shutting down" says the rows are wrong, not the connection.
    const code = (error as { code?: string }).code ?? "";
    if (/^[0-9A-Z]{5}$/.test(code) && !code.startsWith("57P") && !code.startsWith("08"))
      throw error;
    writer.log.warn({ err: error }, "the books lost their connection");
  }
  await rewriteBatch(writer, batch);
}

/**
 * The connection broke around a commit: either all of the batch is on disk or none of it. The last
 * position says which, so the books themselves never count a movement twice. A position that is
 * neither means that somebody else wrote meanwhile, and this process must stop.
 */
async function rewriteBatch(writer: Writer, batch: readonly BookRow[]): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    await new Promise((resolve) => setTimeout(resolve, RECONNECT_DELAY_MS));
    let position: number;
    try {
      await writer.client.end().catch(() => undefined);
      writer.client = await connectAsWriter(writer.databaseUrl);
      position = await readLastPosition(writer.client);
      if (position === writer.durablePosition) {
        await insertRows(writer.client, batch);
        return;
      }
    } catch (error) {
      if (attempt >= RECONNECTS_MAX) throw error;
      continue;
    }
    if (position === writer.inFlightUntil) return;
    throw new Error(`The books stand at ${position}, not at ${writer.durablePosition}.`);
  }
}

async function insertRows(client: Client, batch: readonly BookRow[]): Promise<void> {
  const movements = batch.filter((row) => row.type === "movement");
  if (movements.length === batch.length) {
    const values = [JSON.stringify(movements)];
    await client.query({ name: "insert-movements", text: INSERT_MOVEMENTS, values });
    return;
  }
  const verdicts = batch.filter((row) => row.type === "verdict");
  const tombstones = batch.filter((row) => row.type === "tombstone");
  const disputes = batch.filter((row) => row.type === "dispute");
  const values = [movements, verdicts, tombstones, disputes].map((rows) => JSON.stringify(rows));
  await client.query({ name: "insert-all", text: INSERT_ALL, values });
}

async function connectAsWriter(connectionString: string): Promise<Client> {
  const client = new Client({
    connectionString,
    connectionTimeoutMillis: 10_000,
    query_timeout: 30_000,
    application_name: "oncepay sandbox network",
  });
  // The next statement reports a broken connection; unheard, this event would end the process.
  client.on("error", () => undefined);
  await client.connect();
  try {
    // A network that was just killed may hold the lock for a moment; two at once must not continue.
    await client.query("set lock_timeout = '10s'");
    await client.query("select pg_advisory_lock($1)", [WRITER_LOCK]);
    await client.query("set lock_timeout = 0");
  } catch (error) {
    await client.end().catch(() => undefined);
    const locked = (error as { code?: string }).code === "55P03";
    throw locked ? new Error("Another sandbox network is writing these books.") : error;
  }
  return client;
}

async function readLastPosition(client: Client): Promise<number> {
  const result = await client.query<{ position: string }>(LAST_POSITION);
  return Number(result.rows[0]?.position);
}

function createCommit(): Commit {
  let resolve!: () => void;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
