import type { AuditedWrite } from "../audit-log/record-write";
import { type Db, type Statement, type Tx, run } from "../db/db";
import { fingerprint } from "../idempotency/fingerprint";
import type { KeyedOperation, Made, Outcome } from "../idempotency/keys";
import { once } from "../idempotency/once";
import type { ReplayCache } from "../idempotency/replay-cache/replay-cache";
import { type LetterFilter, lettersLike } from "./dead-letter";

/*
 * Guarantees: the deliveries that match a filter and wait for their next try are sent as soon as their endpoints can
 * take them, oldest first, whatever the receivers asked for; if an endpoint is paused, the pause is over, and one
 * delivery is let out to see whether it is back. They stay the same deliveries, and the try uses up none of their
 * schedules. What a worker is posting at this moment is left out. A key hurries once, for ever.
 *
 * Cost: two statements, with one row written for each delivery, one for each endpoint that is paused, and the one that
 * keeps the key. The sweeper finds them (held-store.ts).
 */

export interface RetryWebhookDeliveriesNow {
  readonly merchantId: string;
  readonly key: string;
  readonly filter: LetterFilter;
  readonly reason: string;
  readonly audit?: AuditedWrite | undefined;
}

export interface Hurried {
  readonly count: number;
  /** Whether there are more than are taken at once. */
  readonly hasMore: boolean;
}

export const RETRIED_MAX = 10_000;

const FIND_BY_KEY: Statement = {
  name: "find_delivery_retry",
  text: `
    select count as "count", has_more as "hasMore", encode(fingerprint, 'hex') as "fingerprint",
      iso(created_at) as "firstSeenAt"
    from delivery_retries where merchant_id = ? and idempotency_key = ?`,
};

const KEEP: Statement = {
  name: "insert_delivery_retry",
  text: `
    insert into delivery_retries (merchant_id, idempotency_key, fingerprint, count, has_more)
    values (?, ?, decode(?, 'hex'), ?, ?)`,
};

export const retryAllNowOperation: KeyedOperation<Hurried> = {
  name: "retryWebhookDeliveriesNow",
  findMade: findRetry,
  spentKey: "delivery_retries_spent_key",
};

async function findRetry(
  db: Db,
  merchantId: string,
  key: string,
): Promise<Made<Hurried> | undefined> {
  type Row = Hurried & { readonly fingerprint: string; readonly firstSeenAt: string };
  const [row] = await run<Row>(db, FIND_BY_KEY, [merchantId, key]);
  if (!row) return undefined;
  const { fingerprint: print, firstSeenAt, ...result } = row;
  return { firstSeenAt, result, fingerprint: print };
}

export async function retryWebhookDeliveriesNow(
  { db, replays }: { readonly db: Db; readonly replays: ReplayCache },
  { merchantId, key, filter, reason, audit }: RetryWebhookDeliveriesNow,
): Promise<Outcome<Hurried>> {
  const print = fingerprint(retryAllNowOperation.name, { filter, reason }).toString("hex");
  const request = { merchantId, key, replays, fingerprint: print, audit };
  return once<Hurried>(db, request, {
    operation: retryAllNowOperation,
    execute: async (tx) => {
      const result = await hurry(tx, merchantId, filter);
      const { count, hasMore } = result;
      await run(tx, KEEP, [merchantId, key, print, count, hasMore]);
      return { result, audited: { after: { count } } };
    },
    isSame: (made) => made.fingerprint === print,
  });
}

async function hurry(tx: Tx, merchantId: string, filter: LetterFilter): Promise<Hurried> {
  const like = lettersLike(filter);
  const where = like.texts.map((text) => `and ${text}`).join(" ");
  // Not prepared: there are many combinations of filters, and each is seldom asked for. Held from now on, see there.
  const { rows } = await tx.raw<{ rows: Hurried[] }>(
    `
    with found as materialized (
      select d.merchant_id, d.id, d.endpoint_id from webhook_deliveries d
      where d.merchant_id = ? and d.status = 'RETRYING' ${where}
      order by d.id limit ? for update skip locked
    ), hurried as (
      update webhook_deliveries d
      set next_at = 'infinity', not_before = null, updated_at = now()
      from (select * from found order by id limit ?) f
      where d.merchant_id = f.merchant_id and d.id = f.id
      returning d.id
    ), asked as (
      update webhook_endpoints w set paused_until = now()
      from (select distinct f.merchant_id, f.endpoint_id from found f order by 1, 2) f
      where w.merchant_id = f.merchant_id and w.id = f.endpoint_id and w.breaker <> 'CLOSED'
    )
    select (select count(*)::int from hurried) as "count",
      (select count(*) from found) > ? as "hasMore"`,
    [merchantId, ...like.values, RETRIED_MAX + 1, RETRIED_MAX, RETRIED_MAX] as string[],
  );
  return rows[0] as Hurried;
}
