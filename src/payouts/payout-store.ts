import { type Statement, type Tx, run } from "../db/db";
import { API_VERSION } from "../events/event-types";
import type { PayoutStatus } from "../processors/processor";

/** The statements that record payouts. A write brings its event with it. */

const LOCK: Statement = {
  name: "lock_payouts",
  text: "select pg_advisory_xact_lock(hashtextextended('oncepay.payouts ' || ?, 0))",
};

/** Two who tell of the same payouts, files or lists of an account, are heard one after the other. */
export async function lockPayouts(tx: Tx, teller: string): Promise<void> {
  await run(tx, LOCK, [teller]);
}

/** A merchant's part of a payout that a file tells of; and what is known of it here. */
export interface Share {
  readonly merchantId: string;
  readonly amount: number;
  readonly lines: number;
  readonly known: KnownPayout | null;
}

export interface KnownPayout {
  readonly id: string;
  readonly status: PayoutStatus;
  readonly amount: number;
  readonly currency: string;
  readonly changedAt: string;
  /** Of what left the merchant's balance; null when nothing did. */
  readonly journalId: string | null;
}

export interface ToldPayout {
  readonly payoutId: string;
  readonly status: PayoutStatus;
  readonly amount: number;
  readonly currency: string;
  readonly lineCount: number;
  readonly changedAt: string;
  readonly repeated: number;
  /** Of the lines that came. */
  readonly lines: number;
  readonly sum: number;
  /** Of those whose reference nothing here has. */
  readonly strangeLines: number;
  readonly strangeSum: number;
  readonly shares: readonly Share[];
}

const KNOWN = `json_build_object('id', p.id, 'status', p.status, 'amount', p.amount,
          'currency', p.currency, 'changedAt', iso(p.changed_at),
          'journalId', (select j.id from journals j where j.merchant_id = p.merchant_id
            and j.source_id = p.id and j.kind = 'payout'))`;

/* A payout that is known of a merchant who has no line in it any more has a share without lines. */
const NEXT_TOLD: Statement = {
  name: "next_told_payout",
  text: `
    with told as materialized (
      select t.*, r.processor, r.processor_account_id from reconciliation_runs r
      cross join lateral (
        select * from processor_payouts t
        where t.run_id = r.id and t.processor_payout_id > ?
        order by t.processor_payout_id limit 1) t
      where r.id = ?
    ), part as materialized (
      select a.merchant_id, sum(l.amount) as amount, count(*) as lines
      from told t
      join processor_payout_lines l on l.run_id = t.run_id
        and l.processor_payout_id = t.processor_payout_id
      left join attempts a on a.id = l.reference and a.processor = t.processor
        and a.processor_account_id is not distinct from t.processor_account_id
      group by a.merchant_id
    ), share as (
      select coalesce(n.merchant_id, p.merchant_id) as merchant_id,
        coalesce(n.amount, 0) as amount, coalesce(n.lines, 0) as lines,
        case when p.id is not null then ${KNOWN} end as known
      from (select * from part where merchant_id is not null) n
      full join (
        select p.* from told t join payouts p on p.processor = t.processor
          and p.processor_payout_id = t.processor_payout_id
          and p.processor_account_id is not distinct from t.processor_account_id
      ) p on p.merchant_id = n.merchant_id
    )
    select t.processor_payout_id as "payoutId", t.status as "status", t.amount as "amount",
      t.currency as "currency", t.line_count as "lineCount", iso(t.changed_at) as "changedAt",
      t.repeated as "repeated", n.lines::int as "lines", n.amount::float8 as "sum",
      n.strange_lines::int as "strangeLines", n.strange::float8 as "strangeSum",
      (select coalesce(json_agg(json_build_object('merchantId', merchant_id, 'amount', amount,
          'lines', lines, 'known', known) order by merchant_id), '[]') from share) as "shares"
    from told t
    cross join (
      select coalesce(sum(lines), 0) as lines, coalesce(sum(amount), 0) as amount,
        coalesce(sum(lines) filter (where merchant_id is null), 0) as strange_lines,
        coalesce(sum(amount) filter (where merchant_id is null), 0) as strange
      from part
    ) n`,
};

/** The next payout of a run after one; undefined after the last. */
export async function nextTold(
  tx: Tx,
  from: { readonly id: string; readonly after: string },
): Promise<ToldPayout | undefined> {
  const [told] = await run<ToldPayout>(tx, NEXT_TOLD, [from.after, from.id]);
  return told;
}

export interface NewPayout {
  readonly merchantId: string;
  readonly id: string;
  readonly eventId: string;
  readonly amount: number;
  readonly lines: number;
}

/** By what becomes of it. */
export const EVENT_OF: Readonly<Record<PayoutStatus, string>> = {
  IN_TRANSIT: "payout.created",
  PAID: "payout.paid",
  FAILED: "payout.failed",
};

const INSERT: Statement = {
  name: "insert_payouts",
  text: `
    with fresh as materialized (
      select * from jsonb_to_recordset(?) as f (merchant_id text, id text, event_id text,
        event_type text, amount bigint, lines int)
    ), told as materialized (
      select t.*, r.processor, r.processor_account_id from reconciliation_runs r
      join processor_payouts t on t.run_id = r.id and t.processor_payout_id = ?
      where r.id = ?
    ), payout as (
      insert into payouts as p (merchant_id, id, processor, processor_account_id,
        processor_payout_id, report_id, status, amount, currency, line_count, arrives_at,
        changed_at)
      select f.merchant_id, f.id, t.processor, t.processor_account_id, t.processor_payout_id,
        t.run_id, t.status, f.amount, t.currency, f.lines, t.arrives_at, t.changed_at
      from told t cross join fresh f
      returning p.merchant_id, p.id, p.version, payout_snapshot(p) as object
    ), line as (
      insert into payout_lines (merchant_id, payout_id, line, kind, amount, attempt_id,
        payment_intent_id, movement_id)
      select f.merchant_id, f.id, row_number() over (partition by f.id order by l.line), l.kind,
        l.amount, a.id, a.payment_intent_id, l.movement_id
      from told t
      join processor_payout_lines l on l.run_id = t.run_id
        and l.processor_payout_id = t.processor_payout_id
      join attempts a on a.id = l.reference and a.processor = t.processor
        and a.processor_account_id is not distinct from t.processor_account_id
      join fresh f on f.merchant_id = a.merchant_id
    ), event as (
      insert into events (merchant_id, id, type, api_version, subject_id, sequence, object)
      select p.merchant_id, f.event_id, f.event_type, '${API_VERSION}', p.id, p.version, p.object
      from payout p join fresh f on f.id = p.id
      returning merchant_id, id
    )
    insert into outbox (merchant_id, event_id) select merchant_id, id from event`,
};

/** One statement for a payout, its lines and its event, at the end of which the database adds them up. */
export async function insertPayouts(
  tx: Tx,
  told: { readonly runId: string; readonly payoutId: string; readonly status: PayoutStatus },
  payouts: readonly NewPayout[],
): Promise<void> {
  if (payouts.length === 0) return;
  const rows = payouts.map(({ merchantId, eventId, ...rest }) => ({
    merchant_id: merchantId,
    event_id: eventId,
    event_type: EVENT_OF[told.status],
    ...rest,
  }));
  await run(tx, INSERT, [JSON.stringify(rows), told.payoutId, told.runId]);
}

const CHANGE: Statement = {
  name: "change_payouts",
  text: `
    with changed as materialized (
      select * from jsonb_to_recordset(?) as c (merchant_id text, id text, event_id text,
        event_type text, status text, changed_at timestamptz)
    ), payout as (
      update payouts p
      set status = c.status, changed_at = c.changed_at, version = p.version + 1, updated_at = now()
      from changed c where p.merchant_id = c.merchant_id and p.id = c.id
      returning p.merchant_id, p.id, p.version, payout_snapshot(p) as object
    ), event as (
      insert into events (merchant_id, id, type, api_version, subject_id, sequence, object)
      select p.merchant_id, c.event_id, c.event_type, '${API_VERSION}', p.id, p.version, p.object
      from payout p join changed c on c.id = p.id
      returning merchant_id, id
    )
    insert into outbox (merchant_id, event_id) select merchant_id, id from event
    returning event_id`,
};

export interface ChangedPayout {
  readonly merchantId: string;
  readonly id: string;
  readonly eventId: string;
}

export async function changePayouts(
  tx: Tx,
  to: { readonly status: PayoutStatus; readonly changedAt: string },
  payouts: readonly ChangedPayout[],
): Promise<void> {
  if (payouts.length === 0) return;
  const rows = payouts.map(({ merchantId, id, eventId }) => ({
    merchant_id: merchantId,
    id,
    event_id: eventId,
    event_type: EVENT_OF[to.status],
    status: to.status,
    changed_at: to.changedAt,
  }));
  const changed = await run(tx, CHANGE, [JSON.stringify(rows)]);
  if (changed.length !== rows.length) throw new Error("a payout that is locked is not there");
}
