import { applyProcessorWebhooks } from "../../src/inbox/apply-processor-webhooks";
import { dispute, paymentOf } from "../adyen-simulation/bank";
import { cardOf } from "../adyen-simulation/cards";
import { deliveries } from "../adyen-simulation/delivery";
import {
  API_KEY,
  MERCHANT_ACCOUNT,
  type Simulation,
  signed,
  startSimulation,
} from "../adyen-simulation/simulation";
import { booksOf } from "../support/adyen-books";
import {
  CANCEL_INTENT,
  CAPTURE_INTENT,
  REFUND_INTENT,
  type TestApi,
  makeIntent,
  newKey,
  startTestApi,
} from "../support/api";
import { CONNECT_ACCOUNT, ROTATE_ACCOUNT_SECRET } from "../support/processor-accounts";
import { attemptsOf, confirm, route, statusOf, to } from "./world";

/**
 * A merchant connects an account at Adyen and takes money through it: over HTTP, through the workers, and heard of by
 * Adyen's webhooks, which come twice, in no order, and several to a request. The witness of what moved is the simulation's
 * books.
 */

const OLD_KEY = "0a".repeat(32);
const NEW_KEY = "0b".repeat(32);

const INPUT = {
  processor: "adyen",
  credentials: { apiKey: API_KEY },
  webhookSecret: OLD_KEY,
  settings: { merchantAccount: MERCHANT_ACCOUNT, multipleCaptures: "enabled" },
};

let api: TestApi;
let adyen: Simulation;
let account: { id: string; webhookPath: string };
let hmacKey = OLD_KEY;

const connect = (input: object) =>
  api.send({ query: CONNECT_ACCOUNT, variables: { input, key: newKey() } });

beforeAll(async () => {
  adyen = await startSimulation();
  api = await startTestApi({
    ONCEPAY_ADYEN_URL: adyen.url,
    ONCEPAY_LOOKUP_SCHEDULE_MS: "3600000",
  });
  api.movements = booksOf(adyen);
  const { data, error } = await connect(INPUT);
  expect(error).toBeUndefined();
  account = data.connectProcessorAccount.processorAccount as typeof account;
  expect(account).toMatchObject({
    ...{ processor: "adyen", mode: "TEST", status: "ACTIVE", apiVersion: "72" },
    externalAccountId: MERCHANT_ACCOUNT,
  });
  expect((await route(api, [to({ id: account.id })])).error).toBeUndefined();
});
afterAll(async () => {
  await api.stop();
  await adyen.close();
});

async function post(body: string): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${api.server.url}${account.webhookPath}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  return { status: answer.status, text: await answer.text() };
}

/** Sends everything that Adyen has to tell, as Adyen may, and applies it. */
async function tellAll(): Promise<void> {
  adyen.work();
  for (const items of deliveries(adyen.bank.notifications.splice(0))) {
    expect(await post(signed(items, hmacKey))).toEqual({ status: 200, text: "[accepted]" });
  }
  await applyProcessorWebhooks(api.app, 100);
}

async function confirmed(input: Readonly<Record<string, unknown>> = {}, card = "visa") {
  const { id } = await makeIntent(api, { amount: 2_500, ...input });
  const more = { returnUrl: "https://shop.example/return", paymentMethod: cardOf(card) };
  expect((await confirm(api, id, more)).error).toBeUndefined();
  await api.drain();
  const [attempt] = await attemptsOf(api, id);
  return { id, reference: attempt?.id ?? "" };
}

async function ask(query: string, input: object): Promise<void> {
  const variables = { input, key: newKey() };
  for (let times = 0; times < 2; times += 1) {
    expect((await api.send({ query, variables })).error).toBeUndefined();
  }
  await api.drain();
}

const stateOf = async (id: string) =>
  (await attemptsOf(api, id)).map(({ operation, status }) => [operation, status]);

test("a payment is charged and refunded at the account, once each, whatever is told how often", async () => {
  const { id, reference } = await confirmed();
  expect(await statusOf(api, id)).toBe("SUCCEEDED");
  await tellAll();
  await ask(REFUND_INTENT, { paymentIntentId: id, amount: 1_000 });
  // Received is not done.
  expect((await stateOf(id)).at(-1)).toEqual(["refund", "UNKNOWN"]);
  await tellAll();
  expect(await stateOf(id)).toEqual([
    ["charge", "SUCCEEDED"],
    ["refund", "SUCCEEDED"],
  ]);
  const [, refund] = await attemptsOf(api, id);
  expect(adyen.moved(reference)).toEqual(["capture 2500"]);
  expect(adyen.moved(refund?.id ?? "")).toEqual(["refund 1000"]);
});

test("an authorisation is captured in parts, and another one is let go of", async () => {
  const { id, reference } = await confirmed({ captureMethod: "MANUAL" });
  expect(await statusOf(api, id)).toBe("REQUIRES_CAPTURE");
  await ask(CAPTURE_INTENT, { paymentIntentId: id, amount: 700, final: false });
  await tellAll();
  expect(await statusOf(api, id)).toBe("REQUIRES_CAPTURE");
  await ask(CAPTURE_INTENT, { paymentIntentId: id, amount: 1_800 });
  await tellAll();
  expect(await statusOf(api, id)).toBe("SUCCEEDED");
  const moved = (await attemptsOf(api, id)).flatMap((attempt) => adyen.moved(attempt.id));
  expect(moved).toEqual(["authorize 2500", "capture 700", "capture 1800"]);
  expect(adyen.moved(reference)).toEqual(["authorize 2500"]);
  const other = await confirmed({ captureMethod: "MANUAL" });
  await ask(CANCEL_INTENT, { paymentIntentId: other.id });
  expect(await statusOf(api, other.id)).toBe("PROCESSING");
  await tellAll();
  expect(await statusOf(api, other.id)).toBe("CANCELED");
  const [, letGo] = await attemptsOf(api, other.id);
  expect(adyen.moved(letGo?.id ?? "")).toEqual(["void 2500"]);
});

test("an answer that is lost is found by what Adyen tells, and nothing is charged again", async () => {
  adyen.server.faults.push({ fault: "lose_answer" });
  const { id, reference } = await confirmed();
  expect(await stateOf(id)).toEqual([["charge", "UNKNOWN"]]);
  await tellAll();
  expect(await statusOf(api, id)).toBe("SUCCEEDED");
  expect(adyen.moved(reference)).toEqual(["capture 2500"]);
});

test("a challenge ends with what Adyen tells of it", async () => {
  for (const succeeds of [true, false]) {
    const { id, reference } = await confirmed({}, "challenge");
    expect(await statusOf(api, id)).toBe("REQUIRES_ACTION");
    adyen.authenticate(paymentOf(adyen.bank, reference).psp, succeeds);
    await tellAll();
    expect(await statusOf(api, id)).toBe(succeeds ? "SUCCEEDED" : "REQUIRES_PAYMENT_METHOD");
    expect(adyen.moved(reference)).toEqual(succeeds ? ["capture 2500"] : []);
  }
});

test("a refusal says what may be done about it", async () => {
  const { id } = await confirmed({}, "poor");
  expect(await statusOf(api, id)).toBe("REQUIRES_PAYMENT_METHOD");
  await tellAll();
  const attempt = await api.db("attempts").where({ payment_intent_id: id }).first();
  expect(attempt).toMatchObject({
    ...{ status: "DECLINED", decline_code: "insufficient_funds", advice_code: "TRY_AGAIN_LATER" },
  });
});

test("a dispute is of its payment, from when the amount is taken", async () => {
  const { id, reference } = await confirmed();
  await tellAll();
  const disputes = () =>
    api.db("disputes").where({ payment_intent_id: id }).select("status", "amount");
  const payment = paymentOf(adyen.bank, reference);
  dispute(adyen.bank, payment, "NOTIFICATION_OF_CHARGEBACK");
  await tellAll();
  expect(await disputes()).toEqual([]);
  dispute(adyen.bank, payment, "CHARGEBACK");
  await tellAll();
  expect(await disputes()).toEqual([{ status: "OPEN", amount: 2_500 }]);
  dispute(adyen.bank, payment, "PREARBITRATION_WON");
  await tellAll();
  expect(await disputes()).toEqual([{ status: "WON", amount: 2_500 }]);
});

test("a key is rotated with an overlap, and what another one signed changes nothing", async () => {
  const { id, reference } = await confirmed({}, "challenge");
  const before = await stateOf(id);
  adyen.authenticate(paymentOf(adyen.bank, reference).psp);
  const refused = await post(signed(adyen.bank.notifications, "0c".repeat(32)));
  expect(refused.status).toBe(401);
  await applyProcessorWebhooks(api.app, 100);
  expect(await stateOf(id)).toEqual(before);
  const input = {
    processorAccountId: account.id,
    webhookSecret: NEW_KEY,
    overlapSeconds: 3_600,
  };
  const rotated = await api.send({
    query: ROTATE_ACCOUNT_SECRET,
    variables: { input, key: newKey() },
  });
  expect(rotated.error).toBeUndefined();
  for (hmacKey of [OLD_KEY, NEW_KEY]) {
    const { notifications } = adyen.bank;
    expect((await post(signed(notifications, hmacKey))).status).toBe(200);
  }
  await applyProcessorWebhooks(api.app, 100);
  expect(await statusOf(api, id)).toBe("SUCCEEDED");
});

test("an account whose settings or key are wrong is not connected", async () => {
  for (const wrong of [
    { ...INPUT, settings: {} },
    { ...INPUT, settings: { merchantAccount: "AnotherShop" } },
    { ...INPUT, settings: { ...INPUT.settings, liveEndpointUrlPrefix: "evil.example/" } },
    { ...INPUT, settings: { ...INPUT.settings, liveEndpointUrlPrefix: "live-prefix" } },
    { ...INPUT, credentials: { apiKey: "AQE_of_nobody" } },
    { ...INPUT, credentials: { secretKey: API_KEY } },
  ]) {
    expect((await connect(wrong)).error?.extensions.code).toBe("BAD_USER_INPUT");
  }
  expect((await connect(INPUT)).error?.extensions.code).toBe("FORBIDDEN");
});
