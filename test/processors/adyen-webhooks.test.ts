import { createAdyenProcessor } from "../../src/processors/adyen/adyen-processor";
import { ADYEN_EVENT_CODES } from "../../src/processors/adyen/webhooks";
import { type EventCode, dispute, failLater, paymentOf, tell } from "../adyen-simulation/bank";
import { cardOf } from "../adyen-simulation/cards";
import { API_KEY, MERCHANT_ACCOUNT, signed } from "../adyen-simulation/simulation";
import { type AdyenBench, HMAC_KEYS, startAdyenBench } from "./adyen-bench";

/** What Adyen tells of its own accord: who says it, and what it means. */

let it: AdyenBench;
beforeAll(async () => {
  it = await startAdyenBench();
});
afterAll(() => it.close());

const verify = (rawBody: string, processor = it.processor) =>
  processor.verifyWebhook?.(rawBody, {});

const withKeys = (...webhookSecrets: readonly string[]) =>
  createAdyenProcessor({
    ...{ credentials: { apiKey: API_KEY }, webhookSecrets, timeoutMs: 1_000, apiBase: it.url },
    ...{ merchantAccount: "TestMerchant", mode: "TEST", capturesInParts: true },
  });

/** What was told of a new charge. */
async function toldOfCharge() {
  const request = it.request();
  const outcome = await it.processor.send(request);
  const item = it.bank.notifications.find((told) => told.merchantReference === request.reference);
  if (!item) throw new Error("nothing was told");
  return { request, outcome, item };
}

const EXAMPLE = {
  ...{ pspReference: "7914073381342284", merchantAccountCode: "TestMerchant" },
  merchantReference: "TestPayment-1407325143704",
  amount: { value: 1_130, currency: "EUR" },
  ...{ eventCode: "AUTHORISATION", success: "true" },
  additionalData: { hmacSignature: "coqCmt/IZ4E3CzPvMY8zTjQVL5hYJUiBRg8UU+iCWo0=" },
};

test("the example of Adyen's documentation is heard with its key", async () => {
  const key = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056";
  const processor = withKeys(key);
  const body = JSON.stringify({ notificationItems: [{ NotificationRequestItem: EXAMPLE }] });
  expect(verify(body, processor)).toMatchObject([{ outcome: { amountMinor: 1_130 } }]);
  await processor.close();
});

test.each(HMAC_KEYS)("what is signed with %s is heard", async (key) => {
  const { request, outcome, item } = await toldOfCharge();
  expect(verify(signed([item], key))).toEqual([
    {
      eventId: `AUTHORISATION:${item.pspReference}:true`,
      type: "AUTHORISATION",
      reference: request.reference,
      outcome,
    },
  ]);
});

test("what nobody signed, or whose signed fields were changed since, is refused", async () => {
  const { request, item } = await toldOfCharge();
  const body = signed([item], HMAC_KEYS[0]);
  for (const refused of [
    signed([item], "ff".repeat(32)),
    body.replace('"value":1000', '"value":9000'),
    body.replace('"USD"', '"EUR"'),
    body.replace(request.reference, "att_of_another"),
    body.replace("AUTHORISATION", "REFUND"),
    body.replace('"success":"true"', '"success":"false"'),
    body.replace("hmacSignature", "noSignature"),
    '{"notificationItems":[]}',
    "no JSON",
  ]) {
    expect(() => verify(refused)).toThrow(/signature|signed/);
  }
});

test("several items are heard at once, and one that is not signed has all refused", async () => {
  const [first, second] = [await toldOfCharge(), await toldOfCharge()];
  const body = signed([first.item, second.item, first.item], HMAC_KEYS[0]);
  expect(verify(body)?.map(({ reference }) => reference)).toEqual([
    first.request.reference,
    second.request.reference,
    first.request.reference,
  ]);
  expect(() => verify(body.replace(second.request.reference, "att_of_another"))).toThrow();
});

test("what is not signed may say anything, and decides nothing", async () => {
  const { item, outcome } = await toldOfCharge();
  const changed = { ...item, reason: "Refused", operations: [], eventDate: "yesterday" } as const;
  expect(it.hear(changed)).toMatchObject([{ outcome }]);
});

test("a field with a colon in it could be another item, and says nothing", async () => {
  const { item } = await toldOfCharge();
  expect(it.hear({ ...item, merchantReference: "att_1:1000" })).toEqual([]);
});

test("a secret that is no key of 32 bytes verifies nothing", async () => {
  const { item } = await toldOfCharge();
  for (const secret of ["", "no hexadecimal", "ab"]) {
    const processor = withKeys(secret);
    expect(() => verify(signed([item], secret), processor)).toThrow("signature");
    await processor.close();
  }
});

test("another account's items, and codes of others' doings, are acknowledged and left", async () => {
  const { item } = await toldOfCharge();
  expect(it.hear({ ...item, merchantAccountCode: "AnotherShop" })).toEqual([]);
  for (const eventCode of ["REPORT_AVAILABLE", "EXPIRE", "NOTIFICATION_OF_CHARGEBACK"] as const) {
    expect(it.hear({ ...item, eventCode })).toEqual([]);
  }
  expect(it.hear({ ...item, eventCode: "A_CODE_OF_TOMORROW" as EventCode })).toEqual([]);
  expect(MERCHANT_ACCOUNT).toBe(item.merchantAccountCode);
});

test("an event is the same by its name, its code and whether it succeeded", async () => {
  const { request } = await toldOfCharge();
  const refused = it.request({ paymentMethod: cardOf("poor") });
  await it.processor.send(refused);
  const ids = [request, request, refused].flatMap(({ reference }) =>
    it.toldOf(reference).map(({ eventId }) => eventId),
  );
  expect(ids[0]).toBe(ids[1]);
  expect(new Set(ids).size).toBe(2);
  expect(ids[2]).toMatch(/^AUTHORISATION:.+:false$/);
});

test("a refusal is a soft one: its reason is not signed", async () => {
  const refused = it.request({ paymentMethod: cardOf("blocked") });
  expect(await it.processor.send(refused)).toMatchObject({ hard: true });
  const [told] = it.toldOf(refused.reference);
  expect(told?.outcome).toMatchObject({ kind: "declined", code: "card_declined", hard: false });
});

test("what fails after it was approved says so, in whichever order it is heard", async () => {
  const { request, outcome } = await toldOfCharge();
  const refund = it.follow("refund", request, outcome);
  expect(await it.processor.send(refund)).toEqual({ kind: "pending" });
  it.work();
  failLater(it.bank, "REFUND_FAILED", refund.reference);
  const [approved, failed] = it.toldOf(refund.reference).map((told) => told.outcome);
  if (approved?.kind !== "approved") throw new Error(`It was ${String(approved?.kind)}.`);
  const { processorChargeId } = approved;
  expect(failed).toMatchObject({ kind: "declined", code: "refund_failed", processorChargeId });
});

test("a payment that the shopper left is declined", async () => {
  const request = it.request({ paymentMethod: cardOf("challenge") });
  await it.processor.send(request);
  const { psp, reference, amount } = paymentOf(it.bank, request.reference);
  tell(it.bank, "OFFER_CLOSED", true, { psp, reference, amount });
  const [told] = it.toldOf(reference);
  expect(told?.outcome).toMatchObject({ kind: "declined", code: "authentication_expired" });
});

describe("a dispute", () => {
  test.each([
    ["CHARGEBACK", "OPEN"],
    ["CHARGEBACK_REVERSED", "OPEN"],
    ["SECOND_CHARGEBACK", "LOST"],
    ["PREARBITRATION_LOST", "LOST"],
    ["DISPUTE_DEFENSE_PERIOD_ENDED", "LOST"],
    ["PREARBITRATION_WON", "WON"],
    ["ISSUER_RESPONSE_TIMEFRAME_EXPIRED", "WON"],
  ] as const)("of %s is %s", async (code, status) => {
    const { request } = await toldOfCharge();
    const payment = paymentOf(it.bank, request.reference);
    dispute(it.bank, payment, code);
    const told = it.toldOf(request.reference).at(-1);
    expect(told).toMatchObject({
      type: code,
      reference: request.reference,
      outcome: {
        ...{ kind: "dispute", status, processorDisputeId: `D${payment.psp.slice(1)}` },
        ...{ amountMinor: 1_000, currency: "USD", feeMinor: 0, reason: "FRAUDULENT" },
        evidenceDueBy: "2027-01-15T07:00:00.000Z",
      },
    });
    const { outcome } = told ?? {};
    if (outcome?.kind !== "dispute") throw new Error("It is no dispute.");
    expect(outcome.closedAt === null).toBe(status === "OPEN");
  });
});

test("what merchants have to switch on is what is understood", () => {
  expect(ADYEN_EVENT_CODES).toHaveLength(15);
  expect(ADYEN_EVENT_CODES).toEqual(expect.arrayContaining(["CAPTURE_FAILED", "OFFER_CLOSED"]));
});
