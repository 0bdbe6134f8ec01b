import { applyProcessorWebhooks } from "../../src/inbox/apply-processor-webhooks";
import { dispute, paymentOf } from "../adyen-simulation/bank";
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
  newKey,
  startTestApi,
} from "../support/api";
import { CONNECT_ACCOUNT, ROTATE_ACCOUNT_SECRET } from "../support/processor-accounts";
import {
  type AdyenAccount,
  HMAC_KEY,
  INPUT,
  ask as askFor,
  confirmedAtAdyen,
  connectAdyen,
  post as postTo,
  tellAll as tellAllOf,
} from "./adyen-account";
import { attemptsOf, statusOf } from "./world";

/**
 * A merchant connects an account at Adyen and takes money through it: over HTTP, through the workers, and heard of by
 * Adyen's webhooks, which come twice, in no order, and several to a request. The witness of what moved is the simulation's
 * books.
 */

const NEW_KEY = "0b".repeat(32);

let api: TestApi;
let adyen: Simulation;
let account: AdyenAccount;
let hmacKey = HMAC_KEY;

const connect = (input: object) =>
  api.send({ query: CONNECT_ACCOUNT, variables: { input, key: newKey() } });
const post = (body: string) => postTo(api, account, body);
const tellAll = () => tellAllOf(api, account, { adyen, hmacKey });
const confirmed = (input: object = {}, card = "visa") => confirmedAtAdyen(api, { ...input }, card);
const ask = (query: string, input: object) => askFor(api, query, input);

beforeAll(async () => {
  adyen = await startSimulation();
  api = await startTestApi({
    ONCEPAY_ADYEN_URL: adyen.url,
    ONCEPAY_LOOKUP_SCHEDULE_MS: "3600000",
  });
  api.movements = booksOf(adyen);
  account = await connectAdyen(api);
  expect(account).toMatchObject({
    ...{ processor: "adyen", mode: "TEST", status: "ACTIVE", apiVersion: "72" },
    externalAccountId: MERCHANT_ACCOUNT,
  });
});
afterAll(async () => {
  await api.stop();
  await adyen.close();
});

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
  const rotate = (webhookSecret: string) => {
    const input = { processorAccountId: account.id, webhookSecret, overlapSeconds: 3_600 };
    return api.send({ query: ROTATE_ACCOUNT_SECRET, variables: { input, key: newKey() } });
  };
  const { error } = await rotate("no_hmac_key_of_any_kind");
  expect(error?.extensions).toMatchObject({
    code: "BAD_USER_INPUT",
    details: { field: "input.webhookSecret" },
  });
  expect((await rotate(NEW_KEY)).error).toBeUndefined();
  for (hmacKey of [HMAC_KEY, NEW_KEY]) {
    const { notifications } = adyen.bank;
    expect((await post(signed(notifications, hmacKey))).status).toBe(200);
  }
  await applyProcessorWebhooks(api.app, 100);
  expect(await statusOf(api, id)).toBe("SUCCEEDED");
});

test("one item that cannot be true is refused, and those beside it are heard", async () => {
  adyen.server.faults.push({ fault: "fail_answer" });
  const { id } = await confirmed();
  const items = adyen.bank.notifications.splice(0);
  const absurd = items.map((item) => ({ ...item, amount: { value: -1, currency: "USD" } }));
  expect((await post(signed([...absurd, ...items], hmacKey))).status).toBe(400);
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
    { ...INPUT, webhookSecret: "whsec_that_is_no_hmac_key" },
  ]) {
    expect((await connect(wrong)).error?.extensions.code).toBe("BAD_USER_INPUT");
  }
  expect((await connect(INPUT)).error?.extensions.code).toBe("FORBIDDEN");
});
