import {
  CAPTURE_INTENT,
  REFUND_INTENT,
  type TestAnswer,
  type TestApi,
  makeIntent,
  makePaid,
  newKey,
  startTestApi,
} from "../support/api";

/* The answer to a repeated mutation is of one time: what belongs to the payment is of the payment's, or absent. */

const PARTS = `
  attempts { edges { node { id status } } } captures { edges { node { id status } } }
  refunds { edges { node { id status } } } transitions { edges { node { to } } }
  events { edges { node { type } } }`;
const CONFIRM = `
  mutation ($input: ConfirmPaymentIntentInput!, $key: String!) {
    confirmPaymentIntent(input: $input, idempotencyKey: $key) {
      paymentIntent { id status version ${PARTS} } idempotency { status version }
    }
  }`;
const NOTHING = { attempts: null, captures: null, refunds: null, transitions: null, events: null };

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

test("a replayed confirmation shows what belongs to the payment until that changes, and then nothing of it", async () => {
  const { id } = await makeIntent(api);
  const request = {
    query: CONFIRM,
    variables: { input: { paymentIntentId: id }, key: newKey() },
  };
  const shown = ({ data, body }: TestAnswer) => {
    expect(body.errors).toBeUndefined();
    return data.confirmPaymentIntent;
  };
  const first = shown(await api.send(request));
  expect(first.paymentIntent.attempts.edges).toMatchObject([{ node: { status: "QUEUED" } }]);
  const soon = shown(await api.send(request));
  expect(soon.idempotency.status).toBe("REPLAYED");
  // Nothing has changed: the answer is the same, lists included.
  expect(soon.paymentIntent).toEqual(first.paymentIntent);
  await api.drain();
  const later = shown(await api.send(request));
  expect(later.paymentIntent).toEqual({
    id,
    status: "PROCESSING",
    version: first.paymentIntent.version,
    ...NOTHING,
  });
  const looked = await api.send({
    query: `query ($key: String!) {
      operation(name: "confirmPaymentIntent", idempotencyKey: $key) {
        result { ... on PaymentIntent { status ${PARTS} } }
      }
      paymentIntent(id: "${id}") { status attempts { edges { node { status } } } }
    }`,
    variables: { key: request.variables.key },
  });
  expect(looked.data.operation.result).toEqual({ status: "PROCESSING", ...NOTHING });
  // What is asked for as it is now is whole.
  expect(looked.data.paymentIntent).toEqual({
    status: "SUCCEEDED",
    attempts: { edges: [{ node: { status: "SUCCEEDED" } }] },
  });
});

test.each([
  ["capturePaymentIntent", CAPTURE_INTENT, { captureMethod: "MANUAL" }],
  ["refundPaymentIntent", REFUND_INTENT, {}],
])("so does a replayed %s", async (name, mutation, made) => {
  const { id } = await makePaid(api, made);
  const request = {
    query: mutation.replace("amountCapturable", `amountCapturable ${PARTS}`),
    variables: { input: { paymentIntentId: id }, key: newKey() },
  };
  const first = await api.send(request);
  expect(first.data[name].paymentIntent.attempts.edges).toHaveLength(2);
  await api.drain();
  const later = await api.send(request);
  expect(later.body.errors).toBeUndefined();
  expect(later.data[name].idempotency.status).toBe("REPLAYED");
  expect(later.data[name].paymentIntent).toMatchObject(NOTHING);
});
