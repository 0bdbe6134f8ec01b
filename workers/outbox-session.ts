import type { Client } from "pg";
import { PrimaryClient } from "../src/db/primary-client";
import type { Log } from "../src/observability/log";
import { OUTBOX_CHANNEL, RELAY_LOCK } from "../src/events/outbox";

const RECONNECT_MS = 1_000;
// A session whose other end has lost power is silent for ever. An occasional query finds that out, and the session is
// replaced.
const ASK_EVERY_MS = 5_000;
const SILENT_MS = 5_000;

export interface OutboxSession {
  /** Whether this process is the one that relays. Tries to become it when nobody is. */
  isRelay(): Promise<boolean>;
  /** Takes the lock away from a relay that holds it and does nothing. */
  depose(): Promise<void>;
  stop(): Promise<void>;
}

/*
 * A machine that has lost power closes no connections, and a process that hangs keeps its own open: Postgres would
 * leave the lock with them for hours. Ending their session frees it; a relay that comes back learns of it from its
 * broken connection.
 */
const DEPOSE = `
  select pg_terminate_backend(pid) from pg_locks
  where locktype = 'advisory' and granted and pid <> pg_backend_pid() and objsubid = 1
    and database = (select oid from pg_database where datname = current_database())
    and classid = ($1::bigint >> 32)::oid and objid = ($1::bigint & 4294967295)::oid`;

/**
 * The relay's session: it hears that outbox rows were committed, and holds the lock that makes this the relay at work.
 *
 * It touches no table, and runs as the user of the URL, not in a role: only so may it end another relay's session.
 *
 * The notification is only a hint, because the relay polls as well. The lock goes with the session: when the process
 * dies, or the connection, Postgres frees it and another relay takes over. If the old one is still running, both relay
 * the same rows for a moment, and the result is deduplicated like any repetition.
 */
export function openOutboxSession(databaseUrl: string, log: Log, heard: () => void): OutboxSession {
  let stopped = false;
  let holdsLock = false;
  let askedAtMs = 0;
  let client: Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  const connect = async (): Promise<void> => {
    const made = new PrimaryClient({
      connectionString: databaseUrl,
      keepAlive: true,
      application_name: "oncepay listen",
      connectionTimeoutMillis: 5_000,
      query_timeout: SILENT_MS,
    });
    client = made;
    made.on("error", (error) => lost(made, error));
    made.on("end", () => lost(made));
    made.on("notification", heard);
    try {
      await made.connect();
      await made.query(`listen ${OUTBOX_CHANNEL}`);
    } catch (error) {
      lost(made, error as Error);
    }
  };
  const lost = (made: Client, error?: Error): void => {
    if (stopped || client !== made) return;
    client = undefined;
    holdsLock = false;
    void made.end().catch(() => undefined);
    log.warn({ reason: error?.message }, "not listening; connecting again");
    timer = setTimeout(() => void connect(), RECONNECT_MS);
  };
  void connect();
  return {
    isRelay: async () => {
      const asked = client;
      const nowMs = performance.now();
      if (!asked || (holdsLock && nowMs - askedAtMs < ASK_EVERY_MS)) return holdsLock;
      askedAtMs = nowMs;
      try {
        const locked = await takeLock(asked, holdsLock);
        // It may have been lost the moment after it answered.
        holdsLock = locked && client === asked;
      } catch (error) {
        lost(asked, error as Error);
      }
      return holdsLock;
    },
    depose: async () => {
      log.warn("the relay at work does nothing; it is relieved");
      await client?.query(DEPOSE, [RELAY_LOCK]);
    },
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await client?.end().catch(() => undefined);
    },
  };
}

/** Whether this session has the lock; one that has it is only asked whether it is still there. */
async function takeLock(client: Client, holdsLock: boolean): Promise<boolean> {
  const { rows } = holdsLock
    ? await client.query<{ locked: boolean }>("select true as locked")
    : await client.query<{ locked: boolean }>("select pg_try_advisory_lock($1) as locked", [
        RELAY_LOCK,
      ]);
  return rows[0]?.locked === true;
}
