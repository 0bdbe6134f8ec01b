import type { Pool } from "pg";
import type { MovementKind } from "./movement";
import { accountInSql } from "./network-id";

/** A movement as the network's list and its settlement file have it. */
export interface ListedMovement {
  readonly movement_id: string;
  readonly kind: MovementKind;
  readonly amount: number;
  readonly currency: string;
  readonly fee: number;
  /** Of the fee; null where it is that of the amount. */
  readonly fee_currency: string | null;
  readonly reference: string;
  readonly charge_id: string;
  /** ISO 8601, in milliseconds. */
  readonly at: string;
  readonly position: number;
  /** Whether it took back what had only been held. */
  readonly onHold: boolean;
}

export interface Window {
  /** ISO 8601. */
  readonly from: string;
  readonly to: string;
}

export function windowFrom({ searchParams }: URL): Window | undefined {
  const times = ["from", "to"].map((name) => Date.parse(searchParams.get(name) ?? ""));
  const [from = NaN, to = NaN] = times;
  if (!(from < to)) return undefined;
  return { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
}

// Positions are in the order of time, but for the milliseconds of one process's clock: the index says where to begin.
const LIST = `
  select id as movement_id, kind, amount::float8 as amount, currency, fee::float8 as fee,
    fee_currency, reference,
    charge_id, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at,
    position::float8 as position, kind = 'reverse' and operation = 'authorize' as "onHold"
  from movements
  where at >= $1 and at < $2 and coalesce(${accountInSql("operation_id")}, '') = $5
    and position > greatest($3::bigint,
    (select position - 1 from movements where at >= $1 order by at, position limit 1))
  order by movements.position limit $4`;

export async function listMovements(
  pool: Pool,
  { from, to }: Window,
  page: { readonly account: string; readonly after: number; readonly limit: number },
): Promise<ListedMovement[]> {
  const bindings = [from, to, page.after, page.limit, page.account];
  const { rows } = await pool.query<ListedMovement>(LIST, bindings);
  return rows;
}

/** A step of a dispute, with all that there is to know of the dispute; the shape is that of its webhook. */
export interface ListedDispute {
  readonly movement_id: string;
  readonly id: string;
  readonly status: "open" | "won" | "lost";
  readonly amount: number;
  readonly currency: string;
  readonly fee: number;
  readonly reference: string;
  readonly charge_id: string;
  readonly reason: string;
  readonly evidence_due_by: string;
  readonly opened_at: string;
  readonly closed_at: string | null;
}

const momentOf = (column: string): string =>
  `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

const LIST_DISPUTES = `
  select s.id || ':' || s.step as movement_id, s.id,
    case s.step when 'opened' then 'open' else s.step end as status, s.amount::float8 as amount,
    s.currency, s.fee::float8 as fee, s.reference, s.charge_id, s.reason,
    ${momentOf("s.due_at")} as evidence_due_by, ${momentOf("o.at")} as opened_at,
    case when s.step <> 'opened' then ${momentOf("s.at")} end as closed_at
  from disputes s
  join disputes o on o.id = s.id and o.step = 'opened'
  where s.at >= $1 and s.at < $2
  order by s.position`;

/** Disputes are few: all at once. */
export async function listDisputes(pool: Pool, { from, to }: Window): Promise<ListedDispute[]> {
  const { rows } = await pool.query<ListedDispute>(LIST_DISPUTES, [from, to]);
  return rows;
}
