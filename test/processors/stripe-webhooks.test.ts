import type Stripe from "stripe";
import { openDispute } from "../stripe-simulation/bank";
import { STRIPE_API_VERSION } from "../../src/processors/stripe/version";
import { STRIPE_EVENT_TYPES } from "../../src/processors/stripe/webhooks";
import { newEvent } from "../stripe-simulation/objects";
import { type StripeBench, WEBHOOK_SECRETS, startStripeBench } from "./stripe-bench";

/** What Stripe tells of its own accord: who says it, and what it means. */

let it: StripeBench;
beforeAll(async () => {
  it = await startStripeBench();
});
afterAll(() => it.close());

const verify = (signed: { rawBody: string; headers: Record<string, string> }) =>
  it.processor.verifyWebhook?.(signed.rawBody, signed.headers)[0];

test.each(WEBHOOK_SECRETS)("what %s signed is heard", async (secret) => {
  const { known, outcome } = await it.send(it.request());
  const event = it.lastEvent("payment_intent.succeeded");
  const { reference } = known;
  const { id: eventId, type } = event;
  // An event says less than an answer: the fee is told later.
  expect(verify(it.sign(event, secret))).toEqual({
    eventId,
    type,
    reference,
    outcome: { ...outcome, feeMinor: null },
  });
});

test("what nobody signed, or signed long ago, or was changed since, is refused", async () => {
  await it.send(it.request());
  const event = it.lastEvent("payment_intent.succeeded");
  const [secret] = WEBHOOK_SECRETS;
  const { rawBody, headers } = it.sign(event, secret);
  const old = Math.floor(Date.now() / 1_000) - 301;
  for (const refused of [
    it.sign(event, "whsec_of_another"),
    it.sign(event, secret, old),
    { rawBody: rawBody.replace("1000", "9000"), headers },
    { rawBody, headers: {} },
    { rawBody, headers: { "stripe-signature": "t=1,v1=00" } },
  ]) {
    expect(() => verify(refused)).toThrow("signature");
  }
});

test("what is signed and malformed, or of another version, is refused in other words", () => {
  const [secret] = WEBHOOK_SECRETS;
  const event = newEvent("payment_intent.succeeded", { id: "pi_1" }, 1);
  expect(() => it.hear(event)).toThrow("malformed");
  const other = { ...event, api_version: "2020-08-27" } as Stripe.Event;
  expect(() => it.hear(other)).toThrow("another API version");
  expect(event.api_version).toBe(STRIPE_API_VERSION);
  for (const text of ["no JSON", "null", "7", "{}"]) {
    expect(() => verify(it.sign(text, secret))).toThrow("The webhook is signed, but");
  }
});

test("what is none of ours is acknowledged, and says nothing of anything", async () => {
  const { known } = await it.send(it.request());
  const foreign = structuredClone(it.lastEvent("payment_intent.succeeded"));
  const intent = foreign.data.object as Stripe.PaymentIntent;
  intent.metadata = {};
  expect(it.hear(foreign)).toMatchObject({
    reference: known.processorRef,
    outcome: { kind: "unknown" },
  });
  const payout = newEvent("payout.reconciliation_completed", { id: "po_1" }, 1);
  expect(it.hear(payout)).toMatchObject({ reference: payout.id, outcome: { kind: "unknown" } });
});

test("a decline is not taken from an event: it makes somebody look", async () => {
  const { known } = await it.send(it.request({ paymentMethod: "pm_card_threeDSecureRequired" }));
  expect(it.hear(it.lastEvent("payment_intent.requires_action"))).toMatchObject({
    reference: known.reference,
    outcome: { kind: "action_required" },
  });
  it.authenticate(known.processorRef ?? "", false);
  expect(it.hear(it.lastEvent("payment_intent.payment_failed"))).toMatchObject({
    reference: known.reference,
    outcome: { kind: "pending" },
  });
  expect(await it.lookUp(known)).toMatchObject({ kind: "declined" });
  // From its end on nobody can confirm it, so this is a decline.
  expect(it.hear(it.lastEvent("payment_intent.canceled"))).toMatchObject({
    outcome: { kind: "declined" },
  });
});

test("events of one attempt mean the same in any order, however often they come", async () => {
  const { known } = await it.send(it.request({ operation: "authorize" }));
  await it.processor.send(it.follow("capture", known));
  const ofIt = it.bank.events.filter(({ data }) => {
    return (data.object as { id?: string }).id === known.processorRef;
  });
  const heard = [...ofIt, ...ofIt, ...ofIt.reverse()].map((event) => it.hear(event));
  const ids = new Set(heard.map(({ eventId }) => eventId));
  expect(ids.size).toBe(2);
  for (const { reference, outcome } of heard) {
    expect(reference).toBe(known.reference);
    expect(outcome).toMatchObject({ kind: "approved", amountMinor: 1_000, feeMinor: 0 });
  }
});

test("a refund that undoes a charge is told as that", async () => {
  const { known } = await it.send(it.request());
  await it.processor.reverse(known);
  expect(it.hear(it.lastEvent("refund.created"))).toMatchObject({
    reference: known.reference,
    outcome: { kind: "reversed" },
  });
});

describe("a dispute", () => {
  const disputed = async () => {
    const { known } = await it.send(it.request({ amountMinor: 5_000 }));
    const charge = it.chargeOf(known);
    if (!charge) throw new Error("There is no charge.");
    return { known, dispute: openDispute(it.bank, charge) };
  };

  test("is told with all of it, by Stripe's name of the charge", async () => {
    const { known, dispute } = await disputed();
    expect(it.hear(it.lastEvent("charge.dispute.created"))).toMatchObject({
      reference: known.processorRef,
      outcome: {
        kind: "dispute",
        status: "OPEN",
        processorDisputeId: dispute.id,
        amountMinor: 5_000,
        currency: "USD",
        feeMinor: 1_500,
        reason: "FRAUDULENT",
        closedAt: null,
      },
    });
  });

  test.each([
    ["won", "WON"],
    ["lost", "LOST"],
  ])("that is %s is over", async (status, ours) => {
    const { dispute } = await disputed();
    const closed = { ...dispute, status };
    const { outcome } = it.hear(newEvent("charge.dispute.closed", closed, 1_800_000_000));
    const closedAt = "2027-01-15T08:00:00.000Z";
    expect(outcome).toMatchObject({ kind: "dispute", status: ours, feeMinor: 1_500, closedAt });
  });

  test.each(["warning_needs_response", "warning_closed", "prevented"])(
    "that is only %s has taken nothing, and is no news",
    async (status) => {
      const { dispute } = await disputed();
      const { outcome } = it.hear(newEvent("charge.dispute.updated", { ...dispute, status }, 1));
      expect(outcome).toMatchObject({ kind: "unknown" });
    },
  );

  test("of which nothing has been withdrawn yet is no news either", async () => {
    const { dispute } = await disputed();
    const early = { ...dispute, balance_transactions: [] };
    const { outcome } = it.hear(newEvent("charge.dispute.created", early, 1));
    expect(outcome).toMatchObject({ kind: "unknown" });
  });
});

test("every event that an endpoint is created for is understood", () => {
  expect(new Set(STRIPE_EVENT_TYPES).size).toBe(STRIPE_EVENT_TYPES.length);
  const told = new Set(it.bank.events.map(({ type }) => String(type)));
  const ofCharges = [...told].filter((type) => type !== "charge.updated");
  expect(STRIPE_EVENT_TYPES).toEqual(expect.arrayContaining(ofCharges));
});
