import "reflect-metadata";
import { look } from "../../schema/queries/operation";
import {
  CANCEL_INTENT,
  CAPTURE_INTENT,
  CONFIRM_INTENT,
  CREATE_ENDPOINT,
  CREATE_INTENT,
  CREATE_MERCHANT,
  REFUND_INTENT,
  type MadeIntent,
  type TestApi,
  makeIntent,
  makePaid,
  newKey,
  startTestApi,
} from "../support/api";
import { waitFor } from "../support/wait-for";

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

const OPERATION = `query ($name: String!, $key: String!) {
  operation(name: $name, idempotencyKey: $key) {
    name idempotencyKey status firstSeenAt
    result { id __typename ... on PaymentIntent { status version } ... on Refund { amount } ... on WebhookEndpoint { url } ... on Merchant { name } }
    error { code message details }
  }
}`;

async function ask(name: string, key: string, as = api.merchant.secretKey) {
  const sender = name === "createMerchant" ? api.asPlatform : { key: as };
  const { data, body } = await api.send({ query: OPERATION, variables: { name, key }, ...sender });
  expect(body.errors).toBeUndefined();
  return data.operation;
}

test("NOT_SEEN, and asking leaves the key unused", async () => {
  const key = newKey();
  expect(await ask("createPaymentIntent", key)).toEqual({
    name: "createPaymentIntent",
    idempotencyKey: key,
    status: "NOT_SEEN",
    firstSeenAt: null,
    result: null,
    error: null,
  });
  const { data } = await api.send({
    query: CREATE_INTENT,
    variables: { input: { amount: 1, currency: "USD" }, key },
  });
  expect(data.createPaymentIntent.idempotency.status).toBe("EXECUTED");
});

test("IN_PROGRESS while a mutation waits for its payment intent, long before its key's record is written", async () => {
  const { id } = await makePaid(api, { captureMethod: "MANUAL" });
  const key = newKey();
  const holder = await api.db.transaction();
  try {
    await holder.raw("select 1 from payment_intents where id = ? for update", [id]);
    const capture = api.send({
      query: CAPTURE_INTENT,
      variables: { input: { paymentIntentId: id }, key },
    });
    await waitFor("the capture to be under way", async () => {
      return (await ask("capturePaymentIntent", key)).status === "IN_PROGRESS";
    });
    await holder.rollback();
    expect((await capture).body.errors).toBeUndefined();
  } finally {
    if (!holder.isCompleted()) await holder.rollback();
  }
  expect((await ask("capturePaymentIntent", key)).status).toBe("SUCCEEDED");
});

test("SUCCEEDED with the original result of every mutation, also when the keys' records are dropped", async () => {
  const keys = {
    createPaymentIntent: newKey(),
    confirmPaymentIntent: newKey(),
    capturePaymentIntent: newKey(),
    refundPaymentIntent: newKey(),
    cancelPaymentIntent: newKey(),
    createWebhookEndpoint: newKey(),
    createMerchant: newKey(),
  };
  const created = await api.send({
    query: CREATE_INTENT,
    variables: {
      input: {
        amount: 900,
        currency: "USD",
        paymentMethod: "pm_card_visa",
        captureMethod: "MANUAL",
      },
      key: keys.createPaymentIntent,
    },
  });
  const { id } = created.data.createPaymentIntent.paymentIntent;
  const of = { paymentIntentId: id };
  await api.send({
    query: CONFIRM_INTENT,
    variables: { input: of, key: keys.confirmPaymentIntent },
  });
  await api.drain();
  await api.send({
    query: CAPTURE_INTENT,
    variables: { input: of, key: keys.capturePaymentIntent },
  });
  await api.drain();
  await api.send({ query: REFUND_INTENT, variables: { input: of, key: keys.refundPaymentIntent } });
  await api.drain();
  const canceled = await makeIntent(api);
  await api.send({
    query: CANCEL_INTENT,
    variables: { input: { paymentIntentId: canceled.id }, key: keys.cancelPaymentIntent },
  });
  await api.send({
    query: CREATE_ENDPOINT,
    // Of a type that never occurs here: nobody answers there.
    variables: {
      input: { url: "https://hooks.example/", eventTypes: ["refund.failed"] },
      key: keys.createWebhookEndpoint,
    },
  });
  await api.send({
    query: CREATE_MERCHANT,
    variables: { input: { name: "Made" }, key: keys.createMerchant },
    ...api.asPlatform,
  });

  const answers: Record<string, unknown> = {};
  for (const [name, key] of Object.entries(keys)) answers[name] = await ask(name, key);
  const intent = { id, __typename: "PaymentIntent" };
  expect(answers).toMatchObject({
    createPaymentIntent: {
      status: "SUCCEEDED",
      result: { ...intent, status: "REQUIRES_CONFIRMATION", version: 1 },
    },
    confirmPaymentIntent: { status: "SUCCEEDED", result: { ...intent, status: "PROCESSING" } },
    capturePaymentIntent: { status: "SUCCEEDED", result: { ...intent, status: "PROCESSING" } },
    refundPaymentIntent: { status: "SUCCEEDED", result: { __typename: "Refund", amount: 900 } },
    cancelPaymentIntent: { status: "SUCCEEDED", result: { id: canceled.id, status: "CANCELED" } },
    createWebhookEndpoint: { status: "SUCCEEDED", result: { url: "https://hooks.example/" } },
    createMerchant: { status: "SUCCEEDED", result: { name: "Made" } },
  });

  // As after the retention: the objects still know.
  const tx = await api.db.transaction();
  try {
    await tx("idempotency_keys").del();
    for (const [name, key] of Object.entries(keys)) {
      const expected = name === "cancelPaymentIntent" ? "NOT_SEEN" : "SUCCEEDED";
      const found = await look(tx, { merchantId: api.merchant.id, operation: name, key });
      expect({ name, status: found?.status }).toEqual({ name, status: expected });
    }
  } finally {
    await tx.rollback();
  }
});

test("FAILED with the stored refusal", async () => {
  const { id } = await makePaid(api);
  const key = newKey();
  const refused = await api.send({
    query: REFUND_INTENT,
    variables: { input: { paymentIntentId: id, amount: 9_999 }, key },
  });
  expect(refused.error?.extensions.code).toBe("AMOUNT_TOO_LARGE");
  expect(await ask("refundPaymentIntent", key)).toMatchObject({
    status: "FAILED",
    firstSeenAt: expect.any(String),
    result: null,
    error: { code: "AMOUNT_TOO_LARGE", details: { id, remaining: 2_500 } },
  });
});

test.each(["payCash", "", "constructor", "paymentIntent", "__proto__"])(
  "there is no operation %j",
  async (name) => {
    const { error } = await api.send({ query: OPERATION, variables: { name, key: "k" } });
    expect(error?.extensions.code).toBe("BAD_USER_INPUT");
  },
);

describe("a publishable key", () => {
  const asBrowser = (name: string, key: string, clientSecret: string) =>
    api.send({
      query: OPERATION,
      variables: { name, key },
      key: api.merchant.publishableKey,
      headers: { "oncepay-client-secret": clientSecret },
    });
  const confirm = (id: string, key: string) =>
    api.send({ query: CONFIRM_INTENT, variables: { input: { paymentIntentId: id }, key } });

  const confirmInBrowser = ({ id, clientSecret }: MadeIntent, key: string) =>
    api.send({
      query: CONFIRM_INTENT,
      variables: { input: { paymentIntentId: id }, key },
      key: api.merchant.publishableKey,
      headers: { "oncepay-client-secret": clientSecret },
    });

  test("is told what became of the confirmation of its intent", async () => {
    const intent = await makeIntent(api);
    const { id, clientSecret } = intent;
    const key = newKey();
    await confirmInBrowser(intent, key);
    const succeeded = await asBrowser("confirmPaymentIntent", key, clientSecret);
    expect(succeeded.body.errors).toBeUndefined();
    expect(succeeded.data.operation).toMatchObject({
      status: "SUCCEEDED",
      result: { id, status: "PROCESSING" },
    });
    const late = newKey();
    await confirmInBrowser(intent, late);
    const refused = await asBrowser("confirmPaymentIntent", late, clientSecret);
    expect(refused.data.operation).toMatchObject({
      status: "FAILED",
      error: { code: "INVALID_STATE", details: { id, allowedActions: ["CANCEL"] } },
    });
    await api.drain();
    await api.db("idempotency_keys").whereLike("key", `%${key}`).del();
    const spent = await asBrowser("confirmPaymentIntent", key, clientSecret);
    expect(spent.data.operation).toMatchObject({ status: "SUCCEEDED", result: { id } });
  });

  test("is told the same of the merchant's and of another intent's keys as of keys that nobody has used", async () => {
    const mine = await makeIntent(api);
    const other = await makeIntent(api);
    const [succeeded, refused, executing, unused] = [newKey(), newKey(), newKey(), newKey()];
    const elsewhere = newKey();
    await confirmInBrowser(await makeIntent(api), elsewhere);
    await confirm(other.id, succeeded);
    await confirm(other.id, refused);
    const holder = await api.db.transaction();
    await holder("idempotency_keys").insert({
      merchant_id: api.merchant.id,
      operation: "confirmPaymentIntent",
      key: executing,
      fingerprint: Buffer.alloc(32),
      failure_code: "NOT_FOUND",
    });
    const answers: object[] = [];
    for (const key of [succeeded, refused, executing, elsewhere, unused]) {
      const { body } = await asBrowser("confirmPaymentIntent", key, mine.clientSecret);
      answers.push({ ...body.data.operation, idempotencyKey: "any" });
    }
    await holder.rollback();
    const [nothing] = answers.slice(-1);
    expect(nothing).toMatchObject({ status: "NOT_SEEN", result: null, error: null });
    expect(answers).toEqual(answers.map(() => nothing));
    await api.drain();
  });

  test.each(["createPaymentIntent", "refundPaymentIntent", "createMerchant", "payCash"])(
    "may not ask for %s, used or not",
    async (name) => {
      const { clientSecret } = await makeIntent(api);
      const { error } = await asBrowser(name, newKey(), clientSecret);
      expect(error?.extensions.code).toBe("FORBIDDEN");
    },
  );
});
