import { PaymentsApi } from "@adyen/api-library/lib/src/services/checkout/paymentsApi";
import { adyenKind } from "../../src/processors/adyen/kind";
import { REFUSALS, refusalOf } from "../../src/processors/adyen/refusals";
import type { ProcessorRequest } from "../../src/processors/processor";
import { ADYEN_API_VERSION } from "../../src/processors/adyen/version";
import { cardOf } from "../adyen-simulation/cards";
import type { FaultName } from "../adyen-simulation/server";
import { API_KEY, MERCHANT_ACCOUNT } from "../adyen-simulation/simulation";
import { type AdyenBench, openAdyen, startAdyenBench } from "./adyen-bench";

/** What the adapter makes of what comes back, and of what does not. */

let it: AdyenBench;
beforeAll(async () => {
  it = await startAdyenBench();
});
afterAll(() => it.close());
afterEach(() => {
  expect(it.server.faults).toEqual([]);
});

const repeated = (request: ProcessorRequest): ProcessorRequest => ({
  ...request,
  sentAt: new Date(),
});

async function sendWith(fault: FaultName, request: ProcessorRequest) {
  it.server.faults.push({ fault });
  return it.processor.send(request);
}

test.each([
  ["turn_away", "unsent"],
  ["locked", "unknown"],
  ["error_page", "unknown"],
  ["fail_answer", "unknown"],
] as const)("%s is %s the first time, and proves nothing of a repeat", async (fault, kind) => {
  const request = it.request();
  expect(await sendWith(fault, request)).toMatchObject({ kind });
  expect(await sendWith(fault, repeated(request))).toMatchObject({ kind: "unknown" });
});

test("a request that found what it needs locked keeps its key, and is carried out once", async () => {
  const request = it.request();
  expect(await sendWith("locked", request)).toMatchObject({ kind: "unknown" });
  expect(await it.processor.send(repeated(request))).toMatchObject({ kind: "approved" });
  const asked = it.server.requests.slice(-2);
  expect(asked.map(({ key }) => key)).toEqual([request.reference, request.reference]);
  expect(it.moved(request.reference)).toEqual(["capture 1000"]);
});

test("what is refused is declined the first time, and unknown as a repeat", async () => {
  const request = it.request({ paymentMethod: "a shopper/of nobody" });
  expect(await it.processor.send(request)).toMatchObject({ kind: "declined", hard: true });
  const other = it.request({ paymentMethod: "a shopper/of nobody" });
  expect(await it.processor.send(repeated(other))).toMatchObject({ kind: "unknown" });
  expect(await it.processor.send(it.request({ paymentMethod: "pm_card_visa" }))).toMatchObject({
    kind: "declined",
    code: "processor_rejected",
  });
});

test("nothing is sent where nobody listens, and a repeat of it is unknown", async () => {
  const nobody = openAdyen("http://127.0.0.1:1");
  expect(await nobody.send(it.request())).toMatchObject({ kind: "unsent" });
  expect(await nobody.send(repeated(it.request()))).toMatchObject({ kind: "unknown" });
  await nobody.close();
});

test("no key is repeated that Adyen may have forgotten", async () => {
  const { length } = it.server.requests;
  const sentAt = new Date(Date.now() - 6 * 24 * 3_600_000 - 1_000);
  expect(await it.processor.send(it.request({ sentAt }))).toMatchObject({ kind: "unknown" });
  expect(it.server.requests).toHaveLength(length);
});

test("another amount than was asked for is said", async () => {
  const outcome = await it.processor.send(it.request({ paymentMethod: cardOf("partial") }));
  expect(outcome).toMatchObject({ kind: "approved", amountMinor: 400 });
});

test("what is decided later is pending", async () => {
  const request = it.request({ paymentMethod: cardOf("later") });
  expect(await it.processor.send(request)).toEqual({ kind: "pending" });
});

test("without an address to come back to a challenge is a refusal", async () => {
  const { returnUrl: _none, ...request } = it.request({ paymentMethod: cardOf("challenge") });
  expect(await it.processor.send(request)).toMatchObject({
    kind: "declined",
    declineCode: "authentication_required",
  });
});

test("an account that captures once captures all of it, or nothing", async () => {
  const kind = adyenKind(it.url);
  const once = kind.connect({
    ...{ credentials: { apiKey: API_KEY }, webhookSecrets: [], timeoutMs: 5_000 },
    settings: { merchantAccount: MERCHANT_ACCOUNT },
  });
  expect(once.capabilities.multicapture).toBe(false);
  const target = it.request({ operation: "authorize" });
  const approved = await once.send(target);
  const capture = { ...it.follow("capture", target, approved), amountMinor: 300 };
  expect(await once.send({ ...capture, final: false })).toMatchObject({ kind: "declined" });
  expect(await once.send({ ...capture, final: true })).toEqual({ kind: "pending" });
  await once.close();
});

test("a key is asked whose it is", async () => {
  expect(await it.processor.identify()).toEqual({
    externalAccountId: MERCHANT_ACCOUNT,
    mode: "TEST",
  });
  const connect = (apiKey: string, merchantAccount: string) =>
    adyenKind(it.url).connect({
      ...{ credentials: { apiKey }, webhookSecrets: [], timeoutMs: 5_000 },
      settings: { merchantAccount },
    });
  const others = [connect("AQE_of_nobody", MERCHANT_ACCOUNT), connect(API_KEY, "AnotherShop")];
  for (const other of others) {
    expect(await other.identify()).toBeUndefined();
    await other.close();
  }
  const away = openAdyen("http://127.0.0.1:1");
  await expect(away.identify()).rejects.toThrow("Adyen does not say");
  await away.close();
});

test.each([
  [{}, false],
  [{ merchantAccount: "Shop_ECOM" }, true],
  [{ merchantAccount: "Shop_ECOM", liveEndpointUrlPrefix: "1797a841fbb37ca7-Shop" }, true],
  [{ merchantAccount: "Shop_ECOM", liveEndpointUrlPrefix: "evil.example/" }, false],
  [{ merchantAccount: "Shop_ECOM", liveEndpointUrlPrefix: "evil.example#" }, false],
  [{ merchantAccount: "Shop_ECOM", multipleCaptures: "enabled" }, true],
  [{ merchantAccount: "Shop_ECOM", multipleCaptures: "yes" }, false],
  [{ merchantAccount: "a shop" }, false],
  [{ merchantAccount: "Shop_ECOM", apiBase: "https://evil.example" }, false],
])("the settings %j are sound: %s", (settings, isSound) => {
  expect(adyenKind(undefined).faultOfSettings?.(settings) === undefined).toBe(isSound);
});

test("the version that accounts are kept with is the package's", async () => {
  const paths: string[] = [];
  const config = { environment: "TEST" };
  const httpClient = {
    request: (endpoint: string) => {
      paths.push(new URL(endpoint).pathname);
      return Promise.resolve("{}");
    },
  };
  const client = { config, httpClient } as unknown as ConstructorParameters<typeof PaymentsApi>[0];
  await new PaymentsApi(client).paymentMethods({ merchantAccount: "Shop_ECOM" });
  expect(paths).toEqual([`/v${ADYEN_API_VERSION}/paymentMethods`]);
});

test("every refusal that is listed has a name, and one that is not is a soft one", () => {
  expect(Object.keys(REFUSALS)).toHaveLength(40);
  expect(refusalOf("12")).toEqual({
    declineCode: "insufficient_funds",
    advice: "TRY_AGAIN_LATER",
  });
  for (const unlisted of [undefined, "0", "999", "constructor"]) {
    expect(refusalOf(unlisted).advice).not.toBe("DO_NOT_TRY_AGAIN");
  }
});
