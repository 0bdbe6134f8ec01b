import { cancelPaymentIntent } from "../../src/payments/cancel-payment-intent";
import { capturePaymentIntent } from "../../src/payments/capture-payment-intent";
import { expireAuthorizations } from "../../src/payments/expire-authorizations";
import type { PaymentIntent } from "../../src/payments/payment-intent";
import { type TestApp, startTestApp } from "../support/app";
import { crashOnceAt, dying, expectCrashed } from "../support/crash";
import {
  type Given,
  aMerchant,
  aSettledIntent,
  anIntent,
  cancelCommand,
  captureCommand,
  confirmCommand,
  theIntent,
} from "../support/factories";
import type { CreatePaymentIntent } from "../../src/payments/create-payment-intent";
import { aboutToExpire, expired, moveHold, networkLetGo } from "../support/holds";

let t: TestApp;
let merchantId: string;
beforeAll(async () => {
  t = await startTestApp({ ONCEPAY_LOOKUP_SCHEDULE_MS: "600000" });
  merchantId = (await aMerchant(t)).id;
});
afterAll(() => t.stop());
afterEach(() => t.sandbox.call("DELETE", "/admin/faults"));

async function aHold(given: Given<CreatePaymentIntent> = {}): Promise<PaymentIntent> {
  const intent = await aSettledIntent(t, merchantId, { captureMethod: "MANUAL", ...given });
  expect(intent.status).toBe("REQUIRES_CAPTURE");
  return intent;
}

const now = (id: string) => theIntent(t, merchantId, id);
const typesOf = async (id: string): Promise<string[]> =>
  t.db("events").where({ subject_id: id }).orderBy("sequence").pluck("type");
const attemptsOf = (id: string, operation: string) =>
  t.db("attempts").where({ payment_intent_id: id, operation }).orderBy("id");
const journalsOf = (id: string): Promise<string[]> =>
  t.db("journals").where({ payment_intent_id: id }).orderBy("id").pluck("kind");

/** Every kind of movement of an intent at the network, in order. */
async function movedFor(id: string): Promise<string[]> {
  const attempts = await t.db("attempts").where({ payment_intent_id: id }).orderBy("id");
  const moved = await Promise.all(attempts.map((attempt) => t.movements(attempt.id)));
  return moved.flat().map(({ kind, amount }) => `${kind} ${String(amount)}`);
}

it("knows until when an amount is held, and that nothing is held for an automatic payment", async () => {
  const intent = await aHold();
  const [authorization] = await attemptsOf(intent.id, "authorize");
  const { body } = await t.sandbox.lookUp(authorization.id);
  expect(intent).toMatchObject({
    authorizationExpiresAt: body.authorization_expires_at,
    authorizationExpiredAt: null,
    authorizationExpiryPolicy: "NOTIFY",
  });
  const [row] = await t.db("payment_intents").where({ id: intent.id });
  const leadMs = row.authorization_expires_at.getTime() - row.authorization_due_at.getTime();
  expect(leadMs).toBe(24 * 3_600_000);
  const automatic = await aSettledIntent(t, merchantId);
  expect(automatic).toMatchObject({
    authorizationExpiresAt: null,
    authorizationExpiryPolicy: null,
  });
  expect(await expireAuthorizations(t.db, 100)).toEqual([]);
});

it("says once that it is about to expire, whoever sweeps and however often", async () => {
  const { id } = await aHold();
  await moveHold(t, id, aboutToExpire);
  const sweeps = [t.app, t.anotherApp(), t.app].map(({ db }) => expireAuthorizations(db, 100));
  expect((await Promise.all(sweeps)).flat()).toEqual([{ merchantId, paymentIntentId: id }]);
  expect(await expireAuthorizations(t.db, 100)).toEqual([]);
  expect((await typesOf(id)).slice(3)).toEqual(["authorization.expiring"]);
  expect(await now(id)).toMatchObject({ status: "REQUIRES_CAPTURE", amountCapturable: 1_000 });
  // There is still time to capture it.
  await capturePaymentIntent(t.db, captureCommand(merchantId, id));
  await t.drain();
  expect(await now(id)).toMatchObject({ status: "SUCCEEDED", amountCaptured: 1_000 });
});

it("releases what has expired, and says so to whoever wants to capture or cancel it", async () => {
  const { id } = await aHold();
  await moveHold(t, id, aboutToExpire);
  await t.sweepOnce();
  await moveHold(t, id, expired);
  await t.sweepOnce();
  const intent = await now(id);
  expect(intent).toMatchObject({
    status: "CANCELED",
    cancellationReason: "AUTHORIZATION_EXPIRED",
    authorizationExpiredAt: expect.any(String),
    amountCapturable: 0,
  });
  expect((await typesOf(id)).slice(3)).toEqual([
    "authorization.expiring",
    "payment_intent.canceled",
  ]);
  const last = (await t.db("transitions").where({ payment_intent_id: id }).orderBy("version")).at(
    -1,
  );
  expect(last).toMatchObject({
    from_status: "REQUIRES_CAPTURE",
    actor: "sweeper",
    cause: "authorization.expired",
    amount: 1_000,
    terminal: true,
  });
  expect(await journalsOf(id)).toEqual(["authorization", "expiry"]);
  const because = `The authorisation expired at ${intent.authorizationExpiredAt ?? ""}, and what it held was released.`;
  const refusal = { code: "INVALID_STATE", details: { id, because, currentState: "CANCELED" } };
  const capture = captureCommand(merchantId, id);
  for (const _ of [1, 2]) {
    await expect(capturePaymentIntent(t.db, capture)).rejects.toMatchObject({
      ...refusal,
      message: expect.stringContaining(because),
    });
  }
  await expect(cancelPaymentIntent(t.db, cancelCommand(merchantId, id))).rejects.toMatchObject({
    code: "INVALID_STATE",
    details: { because: "The payment has ended: it is CANCELED." },
  });
  expect(await movedFor(id)).toEqual(["authorize 1000"]);
});

it("ends a payment that was captured in part with what was captured", async () => {
  const { id } = await aHold();
  await capturePaymentIntent(t.db, captureCommand(merchantId, id, { amount: 300, final: false }));
  await t.drain();
  await moveHold(t, id, expired);
  await t.sweepOnce();
  expect(await now(id)).toMatchObject({
    status: "SUCCEEDED",
    amountCaptured: 300,
    amountRefundable: 300,
    cancellationReason: null,
    authorizationExpiredAt: expect.any(String),
  });
  await expect(capturePaymentIntent(t.db, captureCommand(merchantId, id))).rejects.toMatchObject({
    code: "INVALID_STATE",
    details: { because: expect.stringContaining("expired"), allowedActions: ["REFUND"] },
  });
});

describe("shortly before", () => {
  it("captures what is left where that is the policy, once", async () => {
    const { id } = await aHold({ authorizationExpiryPolicy: "CAPTURE" });
    await capturePaymentIntent(t.db, captureCommand(merchantId, id, { amount: 400, final: false }));
    await t.drain();
    await moveHold(t, id, aboutToExpire);
    await Promise.all([t.app, t.anotherApp()].map(({ db }) => expireAuthorizations(db, 100)));
    await t.drain();
    expect(await now(id)).toMatchObject({
      status: "SUCCEEDED",
      amountCaptured: 1_000,
      authorizationExpiredAt: null,
    });
    expect(await movedFor(id)).toEqual(["authorize 1000", "capture 400", "capture 600"]);
    expect((await typesOf(id)).filter((type) => type === "authorization.expiring")).toHaveLength(1);
  });

  it("voids it where that is the policy", async () => {
    const { id } = await aHold({ authorizationExpiryPolicy: "VOID" });
    await moveHold(t, id, aboutToExpire);
    await t.sweepOnce();
    await t.drain();
    expect(await now(id)).toMatchObject({
      status: "CANCELED",
      cancellationReason: "AUTHORIZATION_EXPIRED",
      cancellationRequestedAt: expect.any(String),
    });
    expect(await movedFor(id)).toEqual(["authorize 1000", "void 1000"]);
  });

  it("voids what a part was captured of, and keeps the part", async () => {
    const { id } = await aHold({ authorizationExpiryPolicy: "VOID" });
    await capturePaymentIntent(t.db, captureCommand(merchantId, id, { amount: 300, final: false }));
    await t.drain();
    await moveHold(t, id, aboutToExpire);
    await t.sweepOnce();
    await t.drain();
    expect(await now(id)).toMatchObject({
      status: "SUCCEEDED",
      amountCaptured: 300,
      cancellationReason: null,
      cancellationRequestedAt: null,
    });
    expect(await movedFor(id)).toEqual(["authorize 1000", "capture 300", "void 700"]);
  });
});

describe("what is under way when a hold expires", () => {
  it("is answered first: a capture that was in time counts", async () => {
    const { id } = await aHold();
    await capturePaymentIntent(t.db, captureCommand(merchantId, id));
    await moveHold(t, id, expired);
    expect(await expireAuthorizations(t.db, 100)).toEqual([]);
    expect(await now(id)).toMatchObject({ status: "PROCESSING" });
    await t.drain();
    expect(await now(id)).toMatchObject({ status: "SUCCEEDED", amountCaptured: 1_000 });
  });

  it("is answered first, also when the answer is lost and found much later", async () => {
    const { id } = await aHold();
    await t.sandbox.setFault({ fault: "lose_response", rate: 1, operation: "capture", count: 1 });
    await capturePaymentIntent(t.db, captureCommand(merchantId, id, { amount: 600, final: false }));
    await t.drain();
    await moveHold(t, id, expired);
    await t.sweepOnce();
    expect(await now(id)).toMatchObject({ status: "PROCESSING" });
    await t.makeDue();
    await t.drain();
    await t.sweepOnce();
    // The capture stands, and only the rest has expired.
    expect(await now(id)).toMatchObject({
      status: "SUCCEEDED",
      amountCaptured: 600,
      authorizationExpiredAt: expect.any(String),
    });
    expect(await movedFor(id)).toEqual(["authorize 1000", "capture 600"]);
  });
});

describe("where the processor's hold is over first", () => {
  const brief = { paymentMethod: "pm_card_holdForASecond" };
  const inAnHour = { expiresInS: 90_000, dueInS: 3_600 };

  it("a capture fails, and the payment has ended", async () => {
    const { id } = await aHold(brief);
    await moveHold(t, id, inAnHour);
    const [authorization] = await attemptsOf(id, "authorize");
    await networkLetGo(t, authorization.id);
    await capturePaymentIntent(t.db, captureCommand(merchantId, id));
    await t.drain();
    expect(await now(id)).toMatchObject({
      status: "CANCELED",
      cancellationReason: "AUTHORIZATION_EXPIRED",
      authorizationExpiredAt: expect.any(String),
      lastPaymentError: { code: "authorization_expired" },
      amountCaptured: 0,
    });
    expect(await t.db("captures").where({ payment_intent_id: id })).toMatchObject([
      { status: "FAILED", failure_code: "authorization_expired" },
    ]);
    expect((await typesOf(id)).slice(-2)).toEqual(["capture.failed", "payment_intent.canceled"]);
    expect(await journalsOf(id)).toEqual(["authorization", "expiry"]);
    expect(await movedFor(id)).toEqual(["authorize 1000"]);
  });

  it("a cancellation has its way, for its own reason", async () => {
    const { id } = await aHold(brief);
    await moveHold(t, id, inAnHour);
    const [authorization] = await attemptsOf(id, "authorize");
    await networkLetGo(t, authorization.id);
    await cancelPaymentIntent(t.db, cancelCommand(merchantId, id, { reason: "DUPLICATE" }));
    await t.drain();
    expect(await now(id)).toMatchObject({ status: "CANCELED", cancellationReason: "DUPLICATE" });
    expect(await journalsOf(id)).toEqual(["authorization", "expiry"]);
  });
});

it.each([
  ["is about to expire", aboutToExpire, "REQUIRES_CAPTURE"],
  ["has expired", expired, "CANCELED"],
] as const)("loses and repeats nothing when it dies over one that %s", async (_, when, status) => {
  const { id, version } = await aHold();
  await moveHold(t, id, when);
  crashOnceAt("authorizations.inside_transaction");
  await dying(t.sweepOnce());
  expectCrashed("authorizations.inside_transaction");
  expect(await now(id)).toMatchObject({ status: "REQUIRES_CAPTURE", version });
  await t.sweepOnce();
  await t.sweepOnce();
  expect(await now(id)).toMatchObject({ status, version: version + 1 });
});

it("takes as many at a time as it is told to, those that expire first at first", async () => {
  const holds: { readonly id: string; readonly agoS: number }[] = [];
  for (const agoS of [10, 30, 20]) holds.push({ id: (await aHold()).id, agoS });
  for (const { id, agoS } of holds) await moveHold(t, id, { expiresInS: -agoS });
  const open = () => t.db("payment_intents").where({ status: "REQUIRES_CAPTURE" }).pluck("id");
  const left = await open();
  expect(await expireAuthorizations(t.db, 2)).toHaveLength(2);
  const gone = left.filter((id) => holds.some((hold) => hold.id === id));
  expect(gone).toHaveLength(3);
  const [latest] = holds;
  expect((await open()).filter((id) => holds.some((hold) => hold.id === id))).toEqual([latest?.id]);
  expect(await expireAuthorizations(t.db, 2)).toHaveLength(1);
});

it.each([
  ["about to expire", aboutToExpire],
  ["expired", expired],
])(
  "captures, cancels or expires, and never two of them, when all come at once: %s",
  async (_, when) => {
    const policies = ["NOTIFY", "CAPTURE", "VOID"] as const;
    const holds = await Promise.all(
      Array.from({ length: 12 }, (_n, n) =>
        anIntent(t, merchantId, {
          captureMethod: "MANUAL",
          authorizationExpiryPolicy: policies[n % 3] ?? "NOTIFY",
        }),
      ),
    );
    await Promise.all(
      holds.map(({ id }) => t.app.confirmPaymentIntent(confirmCommand(merchantId, id))),
    );
    await t.drain();
    for (const { id } of holds) await moveHold(t, id, when);
    const other = t.anotherApp();
    const tried = (work: Promise<unknown>) =>
      work.then(
        () => "done",
        (error: unknown) => (error as { code?: string }).code,
      );
    const [outcomes] = await Promise.all([
      Promise.all(
        holds.map(({ id }) =>
          Promise.all([
            tried(capturePaymentIntent(t.app.db, captureCommand(merchantId, id))),
            tried(cancelPaymentIntent(other.db, cancelCommand(merchantId, id))),
          ]),
        ),
      ),
      expireAuthorizations(t.app.db, 100),
      expireAuthorizations(other.db, 100),
    ]);
    await t.drain();
    for (const [index, [captured, canceled]] of outcomes.entries()) {
      const { status, amountCaptured } = await now(holds[index]?.id ?? "");
      const wins = [captured, canceled].filter((outcome) => outcome === "done");
      expect(wins.length).toBeLessThanOrEqual(1);
      if (captured === "done") expect([status, amountCaptured]).toEqual(["SUCCEEDED", 1_000]);
      if (canceled === "done") expect([status, amountCaptured]).toEqual(["CANCELED", 0]);
      if (wins.length === 0) {
        expect(["SUCCEEDED", "CANCELED"]).toContain(status);
        expect(await movedFor(holds[index]?.id ?? "")).toHaveLength(when === expired ? 1 : 2);
      }
    }
  },
);
