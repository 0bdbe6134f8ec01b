import type { App } from "../../src/app";
import type { Db } from "../../src/db/db";
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
    now("judges endpoints", async () => [await judgeEndpoints(shop().app)]),
    now("tries of deliveries", () => {
      const { db, merchantId, its } = shop();
      return findDeliveryAttempts(db, merchantId, its.deliveries);
    }),
  ];
}
