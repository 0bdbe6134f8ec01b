import type { Scope } from "../../src/merchants/api-key";
import {
  CONFIRM_INTENT,
  type MadeIntent,
  type TestAnswer,
  type TestApi,
  makeIntent,
  newKey,
  startTestApi,
} from "../support/api";

/** A shopper chooses idempotency keys, too: they are the shopper's own within one payment intent. */

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(async () => {
  await api.drain();
  await api.stop();
});

const DECLINED = { paymentMethod: "pm_card_chargeDeclinedInsufficientFunds" };

function confirm(intent: MadeIntent, key: string, input: object = {}): Promise<TestAnswer> {
  const variables = { input: { paymentIntentId: intent.id, ...input }, key };
  return api.send({ query: CONFIRM_INTENT, variables });
}

function confirmInBrowser(
  intent: MadeIntent,
  key: string,
  input: object = {},
): Promise<TestAnswer> {
  return api.send({
    query: CONFIRM_INTENT,
    variables: { input: { paymentIntentId: intent.id, ...input }, key },
    key: api.merchant.publishableKey,
    headers: { "oncepay-client-secret": intent.clientSecret },
  });
}

async function operation(intent: MadeIntent, key: string): Promise<string> {
  const { data } = await api.send({
    query: `{ operation(name: "confirmPaymentIntent", idempotencyKey: "${key}") {
      status idempotencyKey result { id } } }`,
    key: api.merchant.publishableKey,
    headers: { "oncepay-client-secret": intent.clientSecret },
  });
  expect(data.operation.idempotencyKey).toBe(key);
  return data.operation.status as string;
}

const statusOf = ({ data, error }: TestAnswer): string =>
  (data?.confirmPaymentIntent.idempotency.status ?? error?.extensions.code) as string;

test("a shopper who guesses the merchant's next key does not take it away", async () => {
  const [shoppers, merchants] = [await makeIntent(api), await makeIntent(api)];
  const guessed = newKey();
  expect(statusOf(await confirmInBrowser(shoppers, guessed))).toBe("EXECUTED");
  expect(statusOf(await confirm(merchants, guessed))).toBe("EXECUTED");
});

test("a shopper is not told whether the merchant has used a key, also not of the shopper's own intent", async () => {
  const [used, unused] = [newKey(), newKey()];
  await confirm(await makeIntent(api), used);
  const answers: object[] = [];
  for (const key of [used, unused]) {
    const intent = await makeIntent(api, DECLINED);
    // The merchant's backend confirms the shopper's intent under the same key, and its card is declined.
    if (key === used) await confirm(intent, `${used}-again`);
    await api.drain();
    const asked = key === used ? `${used}-again` : key;
    answers.push({ before: await operation(intent, asked) });
    const paymentMethod = "pm_card_visa";
    answers.push({ status: statusOf(await confirmInBrowser(intent, asked, { paymentMethod })) });
  }
  expect(answers).toEqual([
    { before: "NOT_SEEN" },
    { status: "EXECUTED" },
    { before: "NOT_SEEN" },
    { status: "EXECUTED" },
  ]);
  const other = await makeIntent(api);
  expect(statusOf(await confirmInBrowser(other, used))).toBe("EXECUTED");
});

test("a merchant's refusal of the shopper's intent is not the shopper's", async () => {
  const intent = await makeIntent(api, { paymentMethod: null });
  const key = newKey();
  expect(statusOf(await confirm(intent, key))).toBe("INVALID_STATE");
  expect(await operation(intent, key)).toBe("NOT_SEEN");
  expect(statusOf(await confirmInBrowser(intent, key, { paymentMethod: "pm_card_visa" }))).toBe(
    "EXECUTED",
  );
});

test("two shoppers may use the same key, each of them once", async () => {
  const key = newKey();
  for (const intent of [await makeIntent(api), await makeIntent(api)]) {
    expect(statusOf(await confirmInBrowser(intent, key))).toBe("EXECUTED");
    expect(statusOf(await confirmInBrowser(intent, key))).toBe("REPLAYED");
    const reused = await confirmInBrowser(intent, key, { paymentMethod: "pm_card_amex" });
    expect(statusOf(reused)).toBe("IDEMPOTENCY_KEY_REUSED");
    expect(await operation(intent, key)).toBe("SUCCEEDED");
  }
});

test("two taps at once confirm once", async () => {
  const intent = await makeIntent(api);
  const key = newKey();
  const taps = await Promise.all([1, 2, 3].map(() => confirmInBrowser(intent, key)));
  expect(taps.map(statusOf).sort()).toEqual(["EXECUTED", "REPLAYED", "REPLAYED"]);
});

describe("what was stored before shoppers' keys were scoped", () => {
  /** As the earlier code stored it: under the key as it was sent. */
  async function asBefore(intent: MadeIntent, key: string): Promise<void> {
    const scoped = `${intent.id} key ${key}`;
    const { rowCount } = await api.db.raw<{ rowCount: number }>(
      "update idempotency_keys set key = ?, failure_details = failure_details - 'by' where key = ?",
      [key, scoped],
    );
    expect(rowCount).toBe(1);
    await api.db("attempts").where({ idempotency_key: scoped }).update({ idempotency_key: key });
  }
  const forget = (key: string) => api.db("idempotency_keys").where({ key }).del();

  test("is replayed, found by operation, and not executed again when its record has expired", async () => {
    const intent = await makeIntent(api, DECLINED);
    const key = newKey();
    await confirmInBrowser(intent, key);
    await asBefore(intent, key);
    expect(statusOf(await confirmInBrowser(intent, key))).toBe("REPLAYED");
    const reused = await confirmInBrowser(intent, key, { paymentMethod: "pm_card_visa" });
    expect(statusOf(reused)).toBe("IDEMPOTENCY_KEY_REUSED");
    expect(await operation(intent, key)).toBe("SUCCEEDED");
    // Another attempt would be possible now.
    await api.drain();
    await forget(key);
    expect(await operation(intent, key)).toBe("SUCCEEDED");
    expect(statusOf(await confirmInBrowser(intent, key))).toBe("REPLAYED");
    expect(await api.db("attempts").where({ payment_intent_id: intent.id })).toHaveLength(1);
  });

  test("is replayed when it was a refusal", async () => {
    const intent = await makeIntent(api, { paymentMethod: null });
    const key = newKey();
    expect(statusOf(await confirmInBrowser(intent, key))).toBe("INVALID_STATE");
    await asBefore(intent, key);
    expect(statusOf(await confirmInBrowser(intent, key))).toBe("INVALID_STATE");
    expect(await operation(intent, key)).toBe("FAILED");
  });

  test("is another's when it is about another intent", async () => {
    const [mine, other] = [await makeIntent(api), await makeIntent(api)];
    const key = newKey();
    await confirmInBrowser(other, key);
    await asBefore(other, key);
    expect(await operation(mine, key)).toBe("NOT_SEEN");
    expect(statusOf(await confirmInBrowser(mine, key))).toBe("EXECUTED");
  });
});

test("a key that merely may confirm shares the merchant's keys", async () => {
  const scopes: Scope[] = ["payments:confirm"];
  const { data } = await api.send({
    query: `mutation ($input: CreateApiKeyInput!) {
      createApiKey(input: $input, idempotencyKey: "a-till") { secret } }`,
    variables: { input: { kind: "RESTRICTED", name: "a till", scopes } },
  });
  const key = newKey();
  const intent = await makeIntent(api);
  await confirm(intent, key);
  const again = await api.send({
    query: CONFIRM_INTENT,
    variables: { input: { paymentIntentId: intent.id }, key },
    key: data.createApiKey.secret as string,
  });
  expect(statusOf(again)).toBe("REPLAYED");
});
