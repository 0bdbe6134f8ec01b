import { connect } from "./connect";
import { type Db, type Statement, run } from "./db";
import { TENANT_ROLE } from "./roles";

/*
 * A standby of the primary, for reads that may be a little old.
 *
 * Guarantees: it is used only while it has everything that the primary had written at most `lagMaxMs` ago, by this process's own
 * clock. Every LOOK_MS the primary is asked how far its log is written, and the standby how far it has come. One that does not
 * answer, is too far behind, or is no standby (any more) is not used, until it is again; nor is one whose primary does not answer.
 * The exception: after a failover to a server that lacks what this one has, it shows that until the primary has written as much,
 * unless whoever runs it rebuilds it, as Patroni does.
 *
 * Cost: two statements every LOOK_MS.
 */
export interface Replica {
  /** Its pool; sessions act as tenants. */
  readonly db: Db;
  isUsable(): boolean;
  close(): Promise<void>;
}

/** `behind`: at the primary, because the standby lags or does not answer; `failed`: because it failed while it was asked. */
export const READ_FROM = ["replica", "behind", "failed"] as const;
export type ReadFrom = (typeof READ_FROM)[number];

export interface ReplicaOptions {
  readonly url: string;
  readonly primary: Db;
  readonly lagMaxMs: number;
  readonly poolMax: number;
  readonly applicationName: string;
  readonly statementTimeoutMs: number;
  /** Told after every look; undefined: not known, or it is no standby. */
  readonly onLag: (seconds: number | undefined) => void;
}

const LOOK_MS = 500;

/** Of a standby that stays behind. It counts as behind until it has come to the oldest of them. */
const MARKS_MAX = 10_000;

// Bytes of the log since its beginning: exact as a number up to 8 petabytes.
const WRITTEN: Statement = {
  name: "read_log_written",
  text: `select (pg_current_wal_lsn() - '0/0')::float8 as "bytes" where not pg_is_in_recovery()`,
};
const REPLAYED: Statement = {
  name: "read_log_replayed",
  text: `select (pg_last_wal_replay_lsn() - '0/0')::float8 as "bytes" where pg_is_in_recovery()`,
};

interface Mark {
  /** Asked at this moment: whatever had been committed before is within so many bytes. */
  readonly atMs: number;
  readonly bytes: number;
}

export function openReplica({ primary, lagMaxMs, onLag, ...options }: ReplicaOptions): Replica {
  const db = connect({ ...options, role: TENANT_ROLE });
  let marks: Mark[] = [];
  /** Of the newest mark that it has come to. */
  let freshAtMs: number | undefined;
  const behindMs = (): number =>
    freshAtMs === undefined ? Infinity : performance.now() - freshAtMs;

  const look = async (): Promise<void> => {
    const atMs = performance.now();
    const [[written], [replayed]] = await Promise.all([
      run<{ bytes: number }>(primary, WRITTEN, []),
      run<{ bytes: number }>(db, REPLAYED, []),
    ]);
    if (!replayed) {
      freshAtMs = undefined;
      return;
    }
    if (written) marks = [...marks.slice(1 - MARKS_MAX), { atMs, bytes: written.bytes }];
    const ahead = marks.findIndex(({ bytes }) => bytes > replayed.bytes);
    const reached = ahead < 0 ? marks.length : ahead;
    freshAtMs = marks[reached - 1]?.atMs ?? freshAtMs;
    marks = marks.slice(reached);
  };
  const looking = startLooking(async () => {
    await look().catch(() => undefined);
    const behind = behindMs();
    onLag(Number.isFinite(behind) ? behind / 1_000 : undefined);
  });
  return {
    db,
    isUsable: () => behindMs() <= lagMaxMs,
    close: async () => {
      await looking.stop();
      await db.destroy();
    },
  };
}

/** One look after the other, so that a server that hangs is asked once. */
function startLooking(look: () => Promise<void>): { stop(): Promise<void> } {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const turn = async (): Promise<void> => {
    await look();
    if (!isStopped)
      timer = setTimeout(() => {
        underWay = turn();
      }, LOOK_MS).unref();
  };
  let underWay = turn();
  return {
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
      return underWay;
    },
  };
}
