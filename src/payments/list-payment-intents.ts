import { type Db, run } from "../db/db";
import { idRange, onlyGiven } from "../db/filters";
import {
  IN_SQL,
  type Page,
  type PageArguments,
  type PageRequest,
  byId,
  readPage,
} from "../pagination";
import type { PaymentIntent, PaymentIntentStatus } from "./payment-intent";

export interface PaymentIntentFilter {
  readonly statuses?: readonly PaymentIntentStatus[] | null | undefined;
  /** Minor units. */
  readonly amount?: number | null | undefined;
  readonly metadata?: { readonly key: string; readonly value: string } | null | undefined;
  readonly customer?: string | null | undefined;
  readonly merchantReference?: string | null | undefined;
  /** ISO 8601; at this moment or later. */
  readonly createdAfter?: string | null | undefined;
  /** ISO 8601; earlier than this moment. */
  readonly createdBefore?: string | null | undefined;
  /** ISO 8601; at this moment or later. */
  readonly updatedAfter?: string | null | undefined;
}

export async function listPaymentIntents(
  db: Db,
  merchantId: string,
  list: { readonly filter?: PaymentIntentFilter | null | undefined; readonly page: PageArguments },
): Promise<Page<PaymentIntent>> {
  const filter = list.filter ?? {};
  return readPage<PaymentIntent, string>(
    {
      ...byId("paymentIntent"),
      fetch: (request) => fetchPage(db, merchantId, { filter, request }),
    },
    list.page,
  );
}

/**
 * The last three before the range have no index, because an index would cost one more write for each intent: they
 * filter what the others read, and reading continues until the page is full. A time range limits that.
 */
function filtersOf(
  filter: PaymentIntentFilter,
  request: PageRequest<string>,
): ReturnType<typeof onlyGiven> {
  const { createdAfter: after, createdBefore: before, metadata } = filter;
  return onlyGiven([
    { name: "customer", text: "pi.customer = ?", value: filter.customer },
    { name: "reference", text: "pi.merchant_reference = ?", value: filter.merchantReference },
    { name: "amount", text: "pi.amount = ?", value: filter.amount },
    {
      name: "metadata",
      text: "pi.metadata @> ?::jsonb",
      value: metadata && JSON.stringify({ [metadata.key]: metadata.value }),
    },
    { name: "updated", text: "pi.updated_at >= ?", value: filter.updatedAfter },
    ...idRange({ kind: "paymentIntent", column: "pi.id" }, { after, before }, request),
  ]);
}

async function fetchPage(
  db: Db,
  merchantId: string,
  list: { readonly filter: PaymentIntentFilter; readonly request: PageRequest<string> },
): Promise<PaymentIntent[]> {
  const { filter, request } = list;
  const { names, texts, values } = filtersOf(filter, request);
  const statuses = filter.statuses ?? [];
  const { order } = IN_SQL[request.direction];
  const where = texts.map((text) => `and ${text}`).join(" ");
  if (statuses.length === 0) {
    const rows = await run<{ snapshot: PaymentIntent }>(
      db,
      {
        name: ["list_intents", order, ...names].join("_"),
        text: `
          select payment_intent_snapshot(pi) as "snapshot" from payment_intents pi
          where pi.merchant_id = ? ${where} order by pi.id ${order} limit ?`,
      },
      [merchantId, ...values, request.limit],
    );
    return rows.map(({ snapshot }) => snapshot);
  }
  // The newest of each status, then the newest of those: an index gives each status in the order of ids, but not several together.
  const rows = await run<{ snapshot: PaymentIntent }>(
    db,
    {
      name: ["list_intents_of_status", order, ...names].join("_"),
      text: `
        select payment_intent_snapshot(pi) as "snapshot"
        from (select distinct status from unnest(?::text[]) as s (status)) s
        cross join lateral (
          select * from payment_intents pi
          where pi.merchant_id = ? and pi.status = s.status ${where}
          order by pi.id ${order} limit ?
        ) pi
        order by pi.id ${order} limit ?`,
    },
    [statuses, merchantId, ...values, request.limit, request.limit],
  );
  return rows.map(({ snapshot }) => snapshot);
}
