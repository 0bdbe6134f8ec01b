import type { AuditedWrite } from "../audit-log/record-write";
import type { Db, Tx } from "../db/db";
import type { Execution } from "../idempotency/execution";
import { fingerprint } from "../idempotency/fingerprint";
import type { KeyedOperation, Outcome } from "../idempotency/keys";
import { once } from "../idempotency/once";
import type { ReplayCache } from "../idempotency/replay-cache/replay-cache";
import { type LetterFilter, lettersLike } from "./dead-letter";

/*
 * Guarantees: the deliveries that match a filter and wait for their next try are sent as soon as their endpoints can
 * take them, oldest first, whatever the receivers asked for; if an endpoint is paused, the pause is over, and one
 * delivery is let out to see whether it is back. They stay the same deliveries, and the try uses up none of their
 * schedules. What a worker is posting at this moment is left out. If nothing matches, it is refused.
 *
 * Cost: one statement, with one row written for each delivery and one for each endpoint that is paused. The sweeper
 * finds them (held-store.ts).
 */

export interface RetryWebhookDeliveriesNow {
  readonly merchantId: string;
  readonly key: string;
  readonly filter: LetterFilter;
  readonly audit?: AuditedWrite | undefined;
}

export interface Hurried {
  readonly count: number;
  /** Whether there are more than are taken at once. */
  readonly hasMore: boolean;
}

export const RETRIED_MAX = 10_000;

export const retryAllNowOperation: KeyedOperation<Hurried> = { name: "retryWebhookDeliveriesNow" };

export async function retryWebhookDeliveriesNow(
  { db, replays }: { readonly db: Db; readonly replays: ReplayCache },
  command: RetryWebhookDeliveriesNow,
): Promise<Outcome<Hurried>> {
  const { merchantId, key, filter, audit } = command;
  const request = {
    merchantId,
    key,
    replays,
    fingerprint: fingerprint(retryAllNowOperation.name, { filter }).toString("hex"),
    audit,
  };
  return once<Hurried>(db, request, {
    operation: retryAllNowOperation,
    execute: (tx) => execute(tx, command),
  });
}

async function execute(
  tx: Tx,
  { merchantId, filter }: RetryWebhookDeliveriesNow,
): Promise<Execution<Hurried, undefined>> {
  const hurried = await hurry(tx, merchantId, filter);
  if (hurried.count === 0) {
    return { failure: { code: "INVALID_STATE", details: { waiting: 0, allowedActions: [] } } };
  }
  return { result: hurried, audited: { after: { count: hurried.count } } };
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
