import { type Db, type Statement, run } from "../db/db";

/*
 * What the tables say when they are scraped, in one statement. All of it is read from partial indexes over what is not
 * finished, and of what may pile up no more than so many rows: a scrape costs the same however bad things are.
 */
const WAITING_MAX = 200_000;
const LETTERS_MAX = 100_000;
const ENDPOINTS_MAX = 5;

const LOOK: Statement = {
  name: "look_at_tables",
  text: `
    with unrelayed as materialized (
      select o.event_id is not null as is_event, o.aside_until is not null as is_aside,
        extract(epoch from now() - o.created_at)::float8 as age
      from outbox o order by o.id limit ${String(WAITING_MAX)}
    ), open as materialized (
      select a.status, a.currency, a.amount,
        extract(epoch from now() - a.created_at)::float8 as age,
        extract(epoch from now() - a.unknown_since)::float8 as unknown_age
      from attempts a where a.settled_at is null
      order by a.next_at limit ${String(WAITING_MAX)}
    ), waiting as materialized (
      select d.merchant_id, d.endpoint_id, d.next_at,
        extract(epoch from now() - d.created_at)::float8 as age
      from webhook_deliveries d where d.next_at is not null
      order by d.next_at limit ${String(WAITING_MAX)}
    ), behind as materialized (
      select max(w.age) as lag from waiting w group by w.merchant_id, w.endpoint_id
    ), letters as materialized (
      select coalesce(d.error_class, 'OTHER') as cause
      from webhook_deliveries d where d.status = 'DEAD' and d.replayed_as is null
      order by d.id desc limit ${String(LETTERS_MAX)}
    )
    select
      (select count(*) from unrelayed) as "outboxRows",
      (select coalesce(max(age), 0) from unrelayed where not is_aside) as "outboxOldestSeconds",
      (select coalesce(max(age), 0) from unrelayed where is_event) as "feedLagSeconds",
      (select count(*) from unrelayed where is_aside) as "outboxSetAside",
      (select count(*) from webhook_endpoints where failing_since is not null)
        as "failingEndpoints",
      (select count(*) from open where status = 'QUEUED') as "queuedAttempts",
      (select coalesce(max(age), 0) from open where status = 'QUEUED')
        as "queuedOldestSeconds",
      (select count(*) from open where status = 'SENT') as "sentAttempts",
      (select count(*) from open where status = 'UNKNOWN') as "unknownAttempts",
      (select coalesce(max(unknown_age), 0) from open where status = 'UNKNOWN')
        as "unknownOldestSeconds",
      (select coalesce(jsonb_object_agg(u.currency, u.amount), '{}') from (
        select currency, sum(amount) as amount from open where status = 'UNKNOWN'
        group by currency) u) as "unknownAmounts",
      (select count(*) from waiting) as "dueDeliveries",
      (select coalesce(max(extract(epoch from now() - next_at)::float8), 0) from waiting
        where next_at <= now()) as "dueOldestSeconds",
      (select coalesce(jsonb_agg(b.lag order by b.lag desc), '[]') from (
        select lag from behind order by lag desc limit ${String(ENDPOINTS_MAX)}) b)
        as "endpointLags",
      (select jsonb_build_object('10', count(*) filter (where lag > 10),
        '60', count(*) filter (where lag > 60), '600', count(*) filter (where lag > 600),
        '3600', count(*) filter (where lag > 3600)) from behind) as "endpointsBehind",
      (select coalesce(jsonb_object_agg(l.cause, l.letters), '{}') from (
        select cause, count(*) as letters from letters group by cause) l) as "deadLetters",
      (select count(*) from inbox where next_at is not null and status = 'PARKED')
        as "parkedInbox",
      (select coalesce(extract(epoch from now() - min(h.held_at))::float8, 0)
        from merchant_holds h where h.moved_to is null and h.comes_from is null)
        as "heldOldestSeconds"`,
};

export interface Look {
  readonly outboxRows: number;
  readonly outboxOldestSeconds: number;
  readonly feedLagSeconds: number;
  readonly outboxSetAside: number;
  readonly failingEndpoints: number;
  readonly queuedAttempts: number;
  readonly queuedOldestSeconds: number;
  readonly sentAttempts: number;
  readonly unknownAttempts: number;
  readonly unknownOldestSeconds: number;
  /** By currency, in its minor unit. */
  readonly unknownAmounts: Readonly<Record<string, number>>;
  readonly dueDeliveries: number;
  readonly dueOldestSeconds: number;
  /** Of the endpoints that are furthest behind, the furthest first. */
  readonly endpointLags: readonly number[];
  /** How many endpoints are further behind than so many seconds. */
  readonly endpointsBehind: Readonly<Record<string, number>>;
  /** By cause; those that have been replayed are left out. */
  readonly deadLetters: Readonly<Record<string, number>>;
  readonly parkedInbox: number;
  readonly heldOldestSeconds: number;
}

export async function lookAtTables(db: Db): Promise<Look | undefined> {
  const [look] = await run<Look>(db, LOOK, []);
  return look;
}

/*
 * The oldest transaction that anybody on the server has open, in whatever database: nothing that was deleted since can
 * be vacuumed, and so the outbox, which is deleted from all the time, becomes slower to read. Everybody may see
 * transactions' ids and not when they began, so the age is how long this process has seen the same one.
 */
const HORIZON: Statement = {
  name: "look_at_horizon",
  text: `
    select pg_snapshot_xmax(pg_current_snapshot())::text::bigint as "next", max(age(h.xid)) as "age"
    from (
      select backend_xmin as xid from pg_stat_activity where pid <> pg_backend_pid()
      union all
      select backend_xid from pg_stat_activity where pid <> pg_backend_pid()
      union all
      select transaction from pg_prepared_xacts
      union all
      select xmin from pg_replication_slots
    ) h where h.xid is not null`,
};

/** Asks for the age, again and again. */
export function watchHorizon(nowMs = () => performance.now()): (db: Db) => Promise<number> {
  let seen: { xid: number; sinceMs: number } | undefined;
  return async (db) => {
    const [row] = await run<{ next: number; age: number | null }>(db, HORIZON, []);
    // Of age 0: nothing was begun since, so nothing is held up.
    if (!row?.age) {
      seen = undefined;
      return 0;
    }
    const xid = row.next - row.age;
    if (seen?.xid !== xid) seen = { xid, sinceMs: nowMs() };
    return (nowMs() - seen.sinceMs) / 1_000;
  };
}
