import type { Pool, PoolClient } from "pg";
import type { WebhookEvent } from "../../src/sdk/webhook-event";

const TABLES = `
  create table if not exists inbox (
    webhook_id text primary key,
    type text not null,
    received_at timestamptz not null default now()
  );
  create table if not exists revenue (
    line bigint generated always as identity primary key,
    kind text not null check (kind in ('sale', 'refund')),
    payment_intent_id text not null,
    amount bigint not null,
    currency text not null
  );
  create table if not exists stock (
    sku text primary key,
    reserved bigint not null
  )`;

export async function createTables(pool: Pool): Promise<void> {
  await pool.query(TABLES);
}

/** False when this event had its effect before. */
export async function applyOnce(pool: Pool, event: WebhookEvent): Promise<boolean> {
  const client = await pool.connect();
  try {
    await client.query("begin");
    // A copy that is being applied at this moment makes this wait for its commit, and then count as a duplicate.
    const { rowCount } = await client.query(
      "insert into inbox (webhook_id, type) values ($1, $2) on conflict do nothing",
      [event.id, event.type],
    );
    if (rowCount === 1) await apply(client, event);
    await client.query("commit");
    return rowCount === 1;
  } catch (error) {
    await client.query("rollback").catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}

/** Nothing in here looks for an earlier effect: the inbox is what keeps it at one. */
async function apply(client: PoolClient, event: WebhookEvent): Promise<void> {
  if (event.type === "payment_intent.succeeded") {
    const { id, amountCaptured, currency, metadata } = event.data.object;
    await book(client, ["sale", id, amountCaptured, currency]);
    await client.query(
      "insert into stock values ($1, 1) on conflict (sku) do update set reserved = stock.reserved + 1",
      [metadata["sku"] ?? "unnamed"],
    );
  }
  if (event.type === "refund.succeeded") {
    const { paymentIntentId, amount, currency } = event.data.object;
    await book(client, ["refund", paymentIntentId, -amount, currency]);
  }
  // Any other is of no interest to this shop; it is in the inbox all the same, so that every event is accounted for.
}

async function book(client: PoolClient, line: readonly (string | number)[]): Promise<void> {
  await client.query(
    "insert into revenue (kind, payment_intent_id, amount, currency) values ($1, $2, $3, $4)",
    [...line],
  );
}

export interface Effects {
  readonly events: number;
  readonly sales: number;
  readonly refunds: number;
  /** Payments with more than one sale: always none. */
  readonly doubleSales: number;
  readonly revenue: Readonly<Record<string, number>>;
  readonly reserved: number;
}

export async function readEffects(pool: Pool): Promise<Effects> {
  const { rows } = await pool.query<{ effects: Effects }>(`
    select json_build_object(
      'events', (select count(*) from inbox),
      'sales', (select count(*) from revenue where kind = 'sale'),
      'refunds', (select count(*) from revenue where kind = 'refund'),
      'doubleSales', (select count(*) from (
        select from revenue where kind = 'sale' group by payment_intent_id having count(*) > 1) d),
      'revenue', (select coalesce(json_object_agg(currency, amount), '{}') from (
        select currency, sum(amount) as amount from revenue group by currency) r),
      'reserved', (select coalesce(sum(reserved), 0) from stock)) as effects`);
  if (!rows[0]) throw new Error("the effects could not be counted");
  return rows[0].effects;
}
