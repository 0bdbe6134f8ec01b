import type { FailpointName } from "../../src/failpoints";
import { cancelPaymentIntent } from "../../src/payments/cancel-payment-intent";
import { capturePaymentIntent } from "../../src/payments/capture-payment-intent";
import { refundPaymentIntent } from "../../src/payments/refund-payment-intent";
import { type TestApp, startTestApp } from "../support/app";
import { crashOnceAt, dying, expectCrashed, surviveCrash } from "../support/crash";
import {
  aCapturedIntent,
  aConfirmedIntent,
  aMerchant,
  aSettledIntent,
  anAuthorizedIntent,
  cancelCommand,
  captureCommand,
  refundCommand,
  theIntent,
} from "../support/factories";
import { waitFor } from "../support/wait-for";
import { RELAYED } from "./charging";

/** Workers that die between any two steps, and others that go on from nothing but the rows. */

let t: TestApp;
beforeAll(async () => {
  t = await startTestApp({ ONCEPAY_LOOKUP_SCHEDULE_MS: "0,600000" });
});
afterAll(() => t.stop());
afterEach(async () => {
  await t.sandbox.call("DELETE", "/admin/faults");
  await t.sandbox.setLatency(0);
});

interface Story {
  readonly name: string;
  /** Makes a payment with something to be done by a worker; gives the intent. */
  readonly begin: (merchantId: string) => Promise<string>;
  readonly ends: Readonly<Record<string, unknown>>;
}

const STORIES: readonly Story[] = [
  {
    name: "a charge",
    begin: async (merchantId) => (await aConfirmedIntent(t, merchantId)).id,
    ends: { status: "SUCCEEDED", amountCaptured: 1_000 },
  },
  {
    name: "a decline",
    begin: async (merchantId) => {
      const card = { paymentMethod: "pm_card_chargeDeclined" };
      return (await aConfirmedIntent(t, merchantId, card)).id;
    },
    ends: { status: "FAILED", amountCaptured: 0 },
  },
  {
    name: "an authorisation",
    begin: async (merchantId) =>
      (await aConfirmedIntent(t, merchantId, { captureMethod: "MANUAL" })).id,
    ends: { status: "REQUIRES_CAPTURE", amountAuthorized: 1_000, amountCaptured: 0 },
  },
  {
    name: "a capture",
    begin: async (merchantId) => {
      const { id } = await anAuthorizedIntent(t, merchantId);
      await capturePaymentIntent(t.db, captureCommand(merchantId, id, { amount: 600 }));
      return id;
    },
    ends: { status: "SUCCEEDED", amountCaptured: 600 },
  },
  {
    name: "a refund",
    begin: async (merchantId) => {
      const { id } = await aCapturedIntent(t, merchantId);
      await refundPaymentIntent(t.db, refundCommand(merchantId, id, { amount: 300 }));
      return id;
    },
    ends: { status: "SUCCEEDED", amountRefunded: 300, amountRefundable: 700 },
  },
  {
    name: "a void",
    begin: async (merchantId) => {
      const { id } = await anAuthorizedIntent(t, merchantId);
      await cancelPaymentIntent(t.db, cancelCommand(merchantId, id));
      return id;
    },
    ends: { status: "CANCELED", amountCaptured: 0 },
  },
  {
    name: "the reversal of what waits for the shopper",
    begin: async (merchantId) => {
      const card = { paymentMethod: "pm_card_threeDSecureRequired" };
      const { id } = await aSettledIntent(t, merchantId, card);
      await cancelPaymentIntent(t.db, cancelCommand(merchantId, id));
      return id;
    },
    ends: { status: "CANCELED", amountCaptured: 0 },
  },
];

describe.each(STORIES)("$name", ({ begin, ends }) => {
  it.each(RELAYED)("has its effect once when a worker dies at %s", async (point) => {
    const merchant = await aMerchant(t);
    const id = await begin(merchant.id);
    crashOnceAt(point);
    await surviveCrash(t);
    expectCrashed(point);
    expect(await theIntent(t, merchant.id, id)).toMatchObject(ends);
  });
});

describe("an outcome that is unknown", () => {
  it.each<[FailpointName, string]>([
    ["sweeper.before", "lose_response"],
    ["lookup.before_call", "lose_response"],
    ["lookup.after_call", "lose_response"],
    ["sweeper.after", "lose_response"],
    ["lookup.before_call", "lose_request"],
    ["lookup.after_reverse", "lose_request"],
    ["lookup.after_call", "lose_request"],
    ["settle.inside_transaction", "lose_request"],
  ])("is resolved when the sweeper dies at %s after %s", async (point, fault) => {
    const merchant = await aMerchant(t);
    const { id } = await aConfirmedIntent(t, merchant.id);
    await t.sandbox.setFault({ fault, rate: 1, operation: "charge", count: 1 });
    await t.relayOnce();
    await t.runCharges();
    expect(await t.db("attempts").where({ payment_intent_id: id })).toMatchObject([
      { status: "UNKNOWN" },
    ]);
    crashOnceAt(point);
    await surviveCrash(t);
    expectCrashed(point);
    expect(await theIntent(t, merchant.id, id)).toMatchObject({ status: "SUCCEEDED" });
  });
});

describe("a worker's lease", () => {
  it("keeps what a live worker holds from being looked up, and gives it up once it has run out", async () => {
    const merchant = await aMerchant(t);
    const { id } = await aConfirmedIntent(t, merchant.id);
    crashOnceAt("charge.after_claim");
    await dying(t.drain());
    expectCrashed("charge.after_claim");
    expect(await t.sweepOnce()).toMatchObject({ orphaned: 0 });
    await t.db.raw("update worker_leases set expires_at = now() - interval '1 second'");
    expect(await t.sweepOnce()).toMatchObject({ orphaned: 1 });
    await t.drain();
    expect(await theIntent(t, merchant.id, id)).toMatchObject({ status: "SUCCEEDED" });
    // The lease of a dead worker that holds nothing any more is cleared away.
    await t.sweepOnce();
    expect(await t.db("worker_leases").where("expires_at", "<", t.db.fn.now())).toEqual([]);
  });

  it("does not keep a worker that was only slow from settling what it heard", async () => {
    const merchant = await aMerchant(t);
    const { id } = await aConfirmedIntent(t, merchant.id);
    await t.sandbox.setLatency(3_000);
    await t.relayOnce();
    const slow = t.runCharges();
    const statusIs = (status: string) => async () =>
      (await t.db("attempts").where({ payment_intent_id: id, status })).length === 1;
    await waitFor("the attempt to be sent", statusIs("SENT"));
    await t.killWorker();
    // Looked up while the network is still deciding: it has the request, so nothing is reversed.
    await waitFor("the request to arrive", async () => {
      await t.sweepOnce();
      return statusIs("UNKNOWN")();
    });
    await slow;
    await t.drain();
    expect(await theIntent(t, merchant.id, id)).toMatchObject({ status: "SUCCEEDED" });
    expect(await t.db("attempts").where({ payment_intent_id: id })).toMatchObject([
      { status: "SUCCEEDED", sends: 1 },
    ]);
  });
});

it("makes every job again from the rows when the queue's store is wiped", async () => {
  const merchant = await aMerchant(t);
  const ids = await Promise.all(
    Array.from({ length: 20 }, async () => (await aConfirmedIntent(t, merchant.id)).id),
  );
  await t.relayOnce();
  t.queues.wipe();
  await t.makeDue();
  expect(await t.sweepOnce()).toMatchObject({ requeued: 20 });
  await t.drain();
  for (const id of ids) {
    expect(await theIntent(t, merchant.id, id)).toMatchObject({ status: "SUCCEEDED" });
  }
});
