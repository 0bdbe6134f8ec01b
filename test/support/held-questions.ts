import type { App } from "../../src/app";
import type { Db } from "../../src/db/db";
import { findOldestUnpublished } from "../../src/events/find-oldest-unpublished";
import { expireAuthorizations } from "../../src/payments/expire-authorizations";
import type { AddressedDelivery } from "../../src/webhooks/delivery";
import { addressDeliveries, claimDeliveries } from "../../src/webhooks/delivery-store";
import { judgeEndpoints } from "../../src/webhooks/disable-endpoints";
import { followEndpoints } from "../../src/webhooks/follow-endpoint";
import {
  callUp,
  claimHeld,
  findEndpointsWithHeld,
  holdDeliveries,
} from "../../src/webhooks/held-store";
import { findDeliveryAttempts } from "../../src/webhooks/list-attempts";
import { createEndpointHours } from "../../src/webhooks/endpoint-hours";
import { findOldestDue, findOldestDueOf } from "../../src/webhooks/find-due";
import { findEndpointHealth } from "../../src/webhooks/read-endpoint-hours";
import { recordDeliveries } from "../../src/webhooks/record-deliveries";
import { type Question, after, now } from "./plan-questions";
import { DEAD, type Maker, type Samples, recordOf } from "./plans";

interface Shop {
  readonly app: App;
  readonly db: Db;
  readonly merchantId: string;
  readonly its: Samples;
  readonly make: Maker;
}

const SET = 10;

/** Asked by tenants of their own, and of all. */
function dueQuestions(shop: () => Shop): Question[] {
  const own = () => shop().app.tenantDb(shop().merchantId);
  const fresh = () => shop().make.intents(SET);
  return [
    after("since when something is unpublished", fresh, async () => [
      await findOldestUnpublished(own(), shop().merchantId),
    ]),
    after("since when something is unpublished, of all merchants", fresh, async () => [
      await findOldestUnpublished(shop().db, null),
    ]),
    after(
      "since when something is due",
      () => shop().make.plannedDeliveries(SET),
      async () => [await findOldestDue(own(), shop().merchantId)],
    ),
    after(
      "since when something is due, of all merchants",
      () => shop().make.plannedDeliveries(SET),
      async () => [await findOldestDue(shop().db, null)],
    ),
    now("since when something is due at endpoints", () =>
      findOldestDueOf(own(), shop().merchantId, [shop().its.endpoint]),
    ),
    after(
      "adds to how endpoints did",
      async () => {
        const { db, merchantId, its } = shop();
        await db.raw(HOURS, [merchantId, its.endpoint]);
        const hours = createEndpointHours({ db, log: shop().app.log });
        const tried = { merchantId, endpointId: its.endpoint };
        hours.count({ ...tried, succeeded: true, durationMs: 5 });
        return hours;
      },
      async (hours) => [await hours.flush()],
    ),
    now("how endpoints did", () =>
      findEndpointHealth(own(), shop().merchantId, [shop().its.endpoint]),
    ),
  ];
}

/** Of many days: more than are kept. */
const HOURS = `
  insert into webhook_endpoint_hours (merchant_id, endpoint_id, hour, attempts, succeeded, took)
  select ?, ?, date_trunc('hour', now()) - n * interval '1 hour', 1, 1, '{1}'
  from generate_series(0, 199) n on conflict do nothing`;

/** What is asked about endpoints that fail, what is held for them, and what is held on cards. The shop is known only later. */
export function heldQuestions(shop: () => Shop): Question[] {
  const endpoint = () => ({ merchantId: shop().merchantId, id: shop().its.endpoint });
  const due = async (): Promise<AddressedDelivery[]> =>
    addressDeliveries(shop().db, await shop().make.plannedDeliveries(SET));
  const hold = async (): Promise<AddressedDelivery[]> => {
    const keys = await due();
    await holdDeliveries(shop().db, keys);
    return keys;
  };
  return [
    now("sees to holds", async () => [await expireAuthorizations(shop().db, SET)]),
    now("endpoints whose deliveries are behind", async () => [
      await followEndpoints(shop().db, { limit: SET }),
    ]),
    after(
      "records failures",
      async () => {
        const claimed = await claimDeliveries(shop().db, await due(), 60_000);
        return claimed.deliveries.map((delivery) => recordOf(delivery, DEAD));
      },
      async (records) => {
        await recordDeliveries(shop().db, records);
        return records;
      },
    ),
    after("holds deliveries", due, async (keys) => {
      await holdDeliveries(shop().db, keys);
      return keys;
    }),
    after("finds what is held", hold, () => findEndpointsWithHeld(shop().db, SET)),
    after("claims what is held", hold, () =>
      claimHeld(shop().db, endpoint(), { limit: SET, leaseMs: 60_000 }),
    ),
    after(
      "calls up what waits for its next try",
      () => {
        const { db, merchantId } = shop();
        const endpoints = db("webhook_endpoints").where({ merchant_id: merchantId });
        return endpoints.update({ recovered_at: db.fn.now() });
      },
      async () => [await callUp(shop().db, endpoint(), SET)],
    ),
    ...dueQuestions(shop),
    now("judges endpoints", async () => [await judgeEndpoints(shop().app)]),
    now("tries of deliveries", () => {
      const { db, merchantId, its } = shop();
      return findDeliveryAttempts(db, merchantId, its.deliveries);
    }),
  ];
}
