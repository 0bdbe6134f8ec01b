import { type Db, type Statement, run } from "../db/db";
import { onlyGiven } from "../db/filters";
import {
  IN_SQL,
  type Page,
  type PageArguments,
  type PageRequest,
  byId,
  readPage,
} from "../pagination";
import type { DeliveryStatus, WebhookDelivery, WebhookEndpoint } from "./delivery";
import { DELIVERY_COLUMNS } from "./delivery-store";
import { ENDPOINT_COLUMNS } from "./endpoint-store";

export interface DeliveryFilter {
  readonly statuses?: readonly DeliveryStatus[] | null | undefined;
  readonly endpointId?: string | null | undefined;
  readonly eventId?: string | null | undefined;
}

interface DeliveryList {
  readonly filter?: DeliveryFilter | null | undefined;
  readonly page: PageArguments;
}

/** Deliveries, newest first. */
export async function listDeliveries(
  db: Db,
  merchantId: string,
  list: DeliveryList,
): Promise<Page<WebhookDelivery>> {
  const filter = list.filter ?? {};
  return readPage<WebhookDelivery, string>(
    {
      ...byId("webhookDelivery"),
      fetch: (request) => fetchDeliveries(db, merchantId, { filter, request }),
    },
    list.page,
  );
}

const ON_ITS_WAY: readonly DeliveryStatus[] = ["SCHEDULED", "IN_FLIGHT"];

/**
 * Where a list is taken from. An event has few deliveries as a rule, and few are on their way: they are read as a
 * whole, behind a fence (see planner.ts).
 */
function sourceOf(filter: DeliveryFilter): { readonly name: string; readonly text: string } {
  const isOnItsWay =
    !!filter.statuses?.length && filter.statuses.every((status) => ON_ITS_WAY.includes(status));
  if (filter.eventId != null) {
    const text = "select * from webhook_deliveries where merchant_id = ? and event_id = ? offset 0";
    return { name: "of_event", text: `(${text})` };
  }
  if (isOnItsWay) {
    const text =
      "select * from webhook_deliveries where merchant_id = ? and next_at is not null offset 0";
    return { name: "due", text: `(${text})` };
  }
  return { name: "all", text: "(select * from webhook_deliveries where merchant_id = ?)" };
}

/**
 * The statuses are in the text, not in a parameter: the index of deliveries that need attention is partial, and the
 * planner must see that the query asks for no others.
 */
async function fetchDeliveries(
  db: Db,
  merchantId: string,
  list: { readonly filter: DeliveryFilter; readonly request: PageRequest<string> },
): Promise<WebhookDelivery[]> {
  const { filter, request } = list;
  const { beyond, order } = IN_SQL[request.direction];
  const source = sourceOf(filter);
  const { names, texts, values } = onlyGiven([
    { name: "endpoint", text: "d.endpoint_id = ?", value: filter.endpointId },
    { name: "from", text: `d.id ${beyond} ?`, value: request.from },
  ]);
  const statuses = [...new Set(filter.statuses ?? [])].sort();
  const where = [...texts];
  if (statuses.length > 0) {
    where.push(`d.status in (${statuses.map((status) => `'${status}'`).join(", ")})`);
  }
  const text = `
    select ${DELIVERY_COLUMNS} from ${source.text} d
    ${where.length > 0 ? `where ${where.join(" and ")}` : ""} order by d.id ${order} limit ?`;
  const bindings = [
    merchantId,
    ...(filter.eventId == null ? [] : [filter.eventId]),
    ...values,
    request.limit,
  ];
  if (statuses.length > 1) {
    // Not prepared: there are more combinations of statuses than a connection should remember statements.
    const result = await db.raw<{ rows: WebhookDelivery[] }>(text, bindings as string[]);
    return result.rows;
  }
  const name = ["list_deliveries", source.name, order, ...statuses, ...names].join("_");
  return run<WebhookDelivery>(db, { name, text }, bindings);
}

function endpointsStatement(direction: PageRequest<string>["direction"]): Statement {
  const { beyond, order } = IN_SQL[direction];
  return {
    name: `list_webhook_endpoints_${direction}`,
    text: `
      select ${ENDPOINT_COLUMNS} from webhook_endpoints w
      where w.merchant_id = ? and w.status <> 'DELETED' and w.id ${beyond} ?
      order by w.id ${order} limit ?`,
  };
}

const ENDPOINTS = { older: endpointsStatement("older"), newer: endpointsStatement("newer") };
const ENDPOINTS_BY_ID = byId("webhookEndpoint");

/** Endpoints that have not been deleted, newest first. */
export async function listEndpoints(
  db: Db,
  merchantId: string,
  page: PageArguments,
): Promise<Page<WebhookEndpoint>> {
  return readPage<WebhookEndpoint, string>(
    {
      ...ENDPOINTS_BY_ID,
      fetch: ({ direction, from, limit }) =>
        run<WebhookEndpoint>(db, ENDPOINTS[direction], [
          merchantId,
          from ?? ENDPOINTS_BY_ID.ends[direction],
          limit,
        ]),
    },
    page,
  );
}

/** The endpoints with these ids that have not been deleted, in no particular order. */
export async function findEndpoints(
  db: Db,
  merchantId: string,
  ids: readonly string[],
): Promise<WebhookEndpoint[]> {
  return run<WebhookEndpoint>(
    db,
    {
      name: "find_webhook_endpoints",
      text: `
        select ${ENDPOINT_COLUMNS} from webhook_endpoints w
        where w.merchant_id = ? and w.id = any(?) and w.status <> 'DELETED'`,
    },
    [merchantId, ids],
  );
}

/** The deliveries with these ids, in no particular order. Each is looked up by itself, behind a fence (see planner.ts). */
export async function findDeliveries(
  db: Db,
  merchantId: string,
  ids: readonly string[],
): Promise<WebhookDelivery[]> {
  return run<WebhookDelivery>(
    db,
    {
      name: "find_webhook_deliveries",
      text: `
        select ${DELIVERY_COLUMNS} from (select distinct unnest(?::text[]) as id) k
        cross join lateral (
          select * from webhook_deliveries where merchant_id = ? and id = k.id offset 0
        ) d`,
    },
    [ids, merchantId],
  );
}
