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
