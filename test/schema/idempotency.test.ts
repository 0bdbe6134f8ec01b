import { type TestApi, makeIntent, makePaid, newKey, startTestApi } from "../support/api";

/** What an answer says about itself: which version of the intent it shows, and when that was. */

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

const REFUND = `mutation ($input: RefundPaymentIntentInput!, $key: String!) {
  refundPaymentIntent(input: $input, idempotencyKey: $key) {
    refund { id status }
    paymentIntent { id version amountRefunded amountRefundable }
    idempotency { status firstSeenAt version }
  }
}`;

const CONFIRM = `mutation ($input: ConfirmPaymentIntentInput!, $key: String!) {
  confirmPaymentIntent(input: $input, idempotencyKey: $key) {
    paymentIntent { status version } idempotency { status version }
  }
}`;

const CREATE_MERCHANT = `mutation ($input: CreateMerchantInput!, $key: String!) {
  createMerchant(input: $input, idempotencyKey: $key) { idempotency { version } }
}`;

const versionOf = async (id: string): Promise<number> => {
  const { data } = await api.send({ query: `{ paymentIntent(id: "${id}") { version } }` });
  return data.paymentIntent.version as number;
};

test("a replay shows an older version than the intent has by now, and says which", async () => {
  const { id } = await makeIntent(api);
  const request = {
    query: CONFIRM,
    variables: { input: { paymentIntentId: id }, key: newKey() },
  };
  const first = await api.send(request);
  expect(first.data.confirmPaymentIntent).toEqual({
    paymentIntent: { status: "PROCESSING", version: 2 },
    idempotency: { status: "EXECUTED", version: 2 },
  });
  await api.drain();
  const again = await api.send(request);
  expect(again.data.confirmPaymentIntent).toEqual({
    paymentIntent: { status: "PROCESSING", version: 2 },
    idempotency: { status: "REPLAYED", version: 2 },
  });
  expect(await versionOf(id)).toBe(3);
  // Of an expired record's intent there is only today's version, and it says so.
  await api.db("idempotency_keys").where({ key: request.variables.key }).del();
  const spent = await api.send(request);
  expect(spent.data.confirmPaymentIntent).toEqual({
    paymentIntent: { status: "SUCCEEDED", version: 3 },
    idempotency: { status: "REPLAYED", version: 3 },
  });
});

test("a refund's replay shows the intent as the refund left it, and none when that is not known", async () => {
  const { id } = await makePaid(api);
  const request = {
    query: REFUND,
    variables: { input: { paymentIntentId: id, amount: 500 }, key: newKey() },
  };
  const first = (await api.send(request)).data.refundPaymentIntent;
  expect(first).toMatchObject({
    paymentIntent: { id, version: 4, amountRefunded: 0, amountRefundable: 2_000 },
    idempotency: { status: "EXECUTED", version: 4 },
  });
  await api.drain();
  expect(await versionOf(id)).toBe(5);
  const again = (await api.send(request)).data.refundPaymentIntent;
  expect(again).toEqual({
    ...first,
    idempotency: { ...first.idempotency, status: "REPLAYED" },
  });
  await api.db("idempotency_keys").where({ key: request.variables.key }).del();
  const spent = (await api.send(request)).data.refundPaymentIntent;
  expect(spent).toMatchObject({
    refund: { id: first.refund.id, status: "SUCCEEDED" },
    paymentIntent: null,
    idempotency: { status: "REPLAYED", version: null },
  });
});

test("an answer that shows no intent is of no version", async () => {
  const { data } = await api.send({
    query: CREATE_MERCHANT,
    variables: { input: { name: "New" }, key: newKey() },
    ...api.asPlatform,
  });
  expect(data.createMerchant.idempotency).toEqual({ version: null });
});
