import type { Pool, PoolClient } from "pg";
import { accountInSql, newNetworkId } from "./network-id";
import type { Window } from "./read-window";

/**
 * What the network pays out: for each currency all that was settled and is not in a payout that stands, so long as it is
 * more than nothing. What a failed payout consisted of is paid out by the next one. Decided where the books are, by one
 * transaction at a time: nothing in the network's memory depends on it.
 */
export interface NetworkPayout {
  readonly id: string;
  readonly status: "in_transit" | "paid" | "failed";
  readonly amount: number;
  readonly currency: string;
  readonly lineCount: number;
  /** ISO 8601, like the next one. */
  readonly arrivesAt: string;
  /** Since when it has had its status. */
  readonly changedAt: string;
}

export type PayoutStep = NetworkPayout["status"];

const LOCK = 7_013_003;

// What moves money to or from the merchant, signed as the merchant sees it. What was only held moves none.
const SETTLED = `
  select m.id as movement_id, 'charge' as kind, m.amount, m.currency, m.reference, m.at
  from movements m where m.kind = 'capture'
  union all
  select m.id, 'fee', -m.fee, coalesce(m.fee_currency, m.currency), m.reference, m.at
  from movements m where m.fee > 0
  union all
  select m.id, 'refund', -m.amount, m.currency, m.reference, m.at
  from movements m where m.kind = 'refund'
  union all
  select m.id, 'adjustment', case m.operation when 'refund' then m.amount else -m.amount end,
    m.currency, m.reference, m.at
  from movements m
  where m.kind = 'reverse' and m.operation in ('charge', 'capture', 'refund')
  union all
  select d.id || ':' || d.step, 'dispute', case d.step when 'won' then d.amount else -d.amount end,
    d.currency, d.reference, d.at
  from disputes d where d.step in ('opened', 'won')
  union all
  select d.id || ':' || d.step, 'fee', -d.fee, d.currency, d.reference, d.at
  from disputes d where d.step = 'opened' and d.fee > 0`;

const PAY = `
  with movements as (select * from movements where ${accountInSql("charge_id")} is null
  ), disputes as (select * from disputes where ${accountInSql("charge_id")} is null
  ), settled as (${SETTLED}
  ), due as (
    select s.*, row_number() over (partition by s.currency order by s.at, s.movement_id, s.kind)
      as line
    from settled s
    where not exists (
      select from payout_lines l where l.movement_id = s.movement_id and l.kind = s.kind
        and not exists (
          select from payout_steps f where f.payout_id = l.payout_id and f.step = 'failed'))
  ), payout as (
    select d.currency, g.id, sum(d.amount) as amount, count(*) as lines
    from due d join jsonb_to_recordset($1::jsonb) g (currency text, id text)
      on g.currency = d.currency
    group by d.currency, g.id having sum(d.amount) > 0
  ), made as (
    insert into payouts (id, currency, amount, line_count, arrives_at)
    select id, currency, amount, lines, $2::timestamptz from payout
  ), lines as (
    insert into payout_lines (payout_id, line, kind, amount, reference, movement_id)
    select p.id, d.line, d.kind, d.amount, d.reference, d.movement_id
    from payout p join due d on d.currency = p.currency
  )
  insert into payout_steps (payout_id, number, step) select id, 1, 'in_transit' from payout
  returning payout_id`;

const CURRENCIES = `
  select currency from movements
  union select fee_currency from movements where fee_currency is not null`;

/** Sends what is due in each currency, and says what it sent. */
export async function sendPayouts(
  pool: Pool,
  order: { readonly currency?: string | undefined; readonly arrivesAt: string },
): Promise<NetworkPayout[]> {
  const sent = await exclusively(pool, async (client) => {
    const { rows } = await client.query<{ currency: string }>(CURRENCIES);
    const ids = rows
      .filter(({ currency }) => order.currency === undefined || order.currency === currency)
      .map(({ currency }) => ({ currency, id: newNetworkId("pay") }));
    const made = await client.query<{ payout_id: string }>(PAY, [
      JSON.stringify(ids),
      order.arrivesAt,
    ]);
    return made.rows.map((row) => row.payout_id);
  });
  return (await listPayouts(pool)).filter(({ id }) => sent.includes(id));
}

// Only what is on its way arrives; what has arrived may still be sent back.
const STEP = `
  insert into payout_steps (payout_id, number, step)
  select s.payout_id, s.number + 1, $2 from payout_steps s
  where s.payout_id = $1
    and s.number = (select max(number) from payout_steps where payout_id = $1)
    and (s.step = 'in_transit' or s.step = 'paid' and $2 = 'failed')`;

export async function takeStep(pool: Pool, id: string, step: PayoutStep): Promise<void> {
  await exclusively(pool, (client) => client.query(STEP, [id, step]));
}

async function exclusively<Result>(
  pool: Pool,
  work: (client: PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  try {
    await client.query("begin");
    await client.query("select pg_advisory_xact_lock($1)", [LOCK]);
    const result = await work(client);
    await client.query("commit");
    return result;
  } catch (error) {
    await client.query("rollback");
    throw error;
  } finally {
    client.release();
  }
}

const MOMENT = '\'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"\'';

// Before a moment, and only those to which something happened since another one.
const LIST = `
  select p.id, s.step as status, p.amount::float8 as amount, p.currency,
    p.line_count as "lineCount", to_char(p.arrives_at at time zone 'UTC', ${MOMENT}) as "arrivesAt",
    to_char(s.at at time zone 'UTC', ${MOMENT}) as "changedAt"
  from payouts p
  join lateral (
    select * from payout_steps s where s.payout_id = p.id and s.at < $2
    order by s.number desc limit 1) s on s.at >= $1
  order by p.id`;

export async function listPayouts(pool: Pool, window?: Window): Promise<NetworkPayout[]> {
  const { from = "-infinity", to = "infinity" } = window ?? {};
  return (await pool.query<NetworkPayout>(LIST, [from, to])).rows;
}

export interface NetworkPayoutLine {
  readonly line: number;
  readonly kind: string;
  readonly amount: number;
  readonly reference: string;
  readonly movementId: string;
}

const LINES = `
  select line, kind, amount::float8 as amount, reference, movement_id as "movementId"
  from payout_lines where payout_id = $1 and line > $2 order by line limit $3`;

export async function listPayoutLines(
  pool: Pool,
  id: string,
  page: { readonly after: number; readonly limit: number },
): Promise<NetworkPayoutLine[]> {
  return (await pool.query<NetworkPayoutLine>(LINES, [id, page.after, page.limit])).rows;
}
