import type { Admission } from "./tenant-views";
import { connect } from "./connect";
import { type Db, type Statement, run } from "./db";
import { TENANT_ROLE } from "./roles";
import { createTenantViews } from "./tenant-views";

/*
 * A standby for reads that may be a little old.
 *
 * Guarantees: it is used only while it was, no longer ago than the bound, as new as the primary. That is proved and not
 * estimated: it has replayed what the primary had on its disk at a moment that was noted, by this process's monotonic
 * clock, before the primary was asked. A standby that hears nothing proves nothing, and one that was promoted, or has
 * replayed more than the primary ever wrote, is not this primary's standby any more. Who reads there is bound to one
 * tenant like at the primary, by the same role and the same policies.
 *
 * Cost: a statement at each of the two servers twice a second, and the pool's connections.
 */

export interface Replica {
  /** One tenant's view of it; undefined while it is too old, or not there. */
  fresh(merchantId: string): Db | undefined;
  readonly isFresh: () => boolean;
  /** It did not answer: it is used again when it has proved itself again. */
  doubt(): void;
  /** How long ago it was as new as the primary, as far as is known; Infinity: it never was. */
  readonly ageSeconds: () => number;
  close(): Promise<void>;
}

export interface ReplicaOptions {
  readonly url: string;
  readonly primary: Db;
  readonly applicationName: string;
  readonly poolMax: number;
  readonly boundMs: number;
  readonly admission: Admission;
}

const LOOK_MS = 500;

const REPLAYED: Statement = {
  name: "replica_position",
  text: `
    select pg_is_in_recovery() as "inRecovery",
      (coalesce(pg_last_wal_replay_lsn(), '0/0') - '0/0'::pg_lsn)::bigint as "position"`,
};

// On disk there is all that was ever answered.
const WRITTEN: Statement = {
  name: "primary_position",
  text: `select (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint as "position"`,
};

interface Replayed {
  readonly inRecovery: boolean;
  readonly position: number;
}

/** Where the primary was at a moment, which the standby has not reached yet. */
interface Mark {
  readonly position: number;
  readonly atMs: number;
}

export function openReplica(options: ReplicaOptions): Replica {
  const { primary, boundMs } = options;
  const pool = connect({
    url: options.url,
    role: TENANT_ROLE,
    poolMax: options.poolMax,
    applicationName: options.applicationName,
  });
  const viewOf = createTenantViews(pool, options.admission);
  let mark: Mark | undefined;
  let provedAtMs = -Infinity;
  const doubt = (): void => {
    mark = undefined;
    provedAtMs = -Infinity;
  };
  const look = async (): Promise<void> => {
    const [there] = await run<Replayed>(pool, REPLAYED, []);
    if (there?.inRecovery !== true) return doubt();
    if (mark && there.position >= mark.position) {
      provedAtMs = mark.atMs;
      mark = undefined;
    }
    if (mark) return;
    const atMs = performance.now();
    const [written] = await run<{ position: number }>(primary, WRITTEN, []);
    if (!written) return;
    if (there.position > written.position) doubt();
    else if (there.position === written.position) provedAtMs = atMs;
    else mark = { position: written.position, atMs };
  };
  // What cannot be asked proves nothing: it grows old by itself.
  const looking = startLooking(() => look().catch(() => undefined));
  const ageMs = (): number => performance.now() - provedAtMs;
  const isFresh = (): boolean => ageMs() <= boundMs;
  return {
    fresh: (merchantId) => (isFresh() ? viewOf(merchantId) : undefined),
    isFresh,
    doubt,
    ageSeconds: () => ageMs() / 1_000,
    close: async () => {
      await looking.stop();
      await pool.destroy();
    },
  };
}

function startLooking(look: () => Promise<void>): { stop(): Promise<void> } {
  let isOver = false;
  let timer: NodeJS.Timeout | undefined;
  let last: Promise<void> = Promise.resolve();
  const turn = (): void => {
    last = look().then(() => {
      if (!isOver) timer = setTimeout(turn, LOOK_MS).unref();
    });
  };
  turn();
  return {
    stop: async () => {
      isOver = true;
      clearTimeout(timer);
      await last;
    },
  };
}
