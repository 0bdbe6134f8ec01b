import { type Watching, watch } from "../live/watch";
import { waitFor } from "../support/wait-for";
import {
  CANCEL_INTENT,
  CAPTURE_INTENT,
  REFUND_INTENT,
  type TestAnswer,
  type TestApi,
  makeIntent,
  makePaid,
  newKey,
  startTestApi,
} from "../support/api";

/* An answer is of one time: what belongs to the payment is of the payment's, or absent. */

const PARTS = `
  attempts { edges { node { id status } } } captures { edges { node { id status } } }
  refunds { edges { node { id status } } } transitions { edges { node { to } } }
  events { edges { node { type } } } disputes { edges { node { id status } } }
  timeline { edges { node { kind } } }`;
const CONFIRM = `
  mutation ($input: ConfirmPaymentIntentInput!, $key: String!) {
    confirmPaymentIntent(input: $input, idempotencyKey: $key) {
      paymentIntent { id status version ${PARTS} } idempotency { status version }
    }
  }`;
const NOTHING = {
  attempts: null,
  captures: null,
  refunds: null,
  transitions: null,
  events: null,
  disputes: null,
  timeline: null,
};

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

describe("what changes while an answer is being read", () => {
  const LATE = "disputes { edges { node { id } } }";
  /** Whoever reads disputes waits, for as long as the payment is worked on. */
  async function whileNobodyReads(work: () => Promise<void>): Promise<void> {
    const tx = await api.db.transaction();
    await tx.raw("lock table disputes in access exclusive mode");
    await work().finally(() => tx.rollback());
  }
  const confirm = (id: string) =>
    api.send({
      query: CONFIRM.replace(PARTS, LATE),
      variables: { input: { paymentIntentId: id }, key: newKey() },
    });
  const cancel = (id: string) =>
    api.send({
      query: CANCEL_INTENT,
      variables: { input: { paymentIntentId: id }, key: newKey() },
    });

  test("a confirmation shows nothing of what came of it meanwhile", async () => {
    const { id } = await makeIntent(api);
    let confirming: Promise<TestAnswer> | undefined;
    await whileNobodyReads(async () => {
      confirming = confirm(id);
      await waitForReader();
      expect((await cancel(id)).error).toBeUndefined();
    });
    const { data, body } = (await confirming) as TestAnswer;
    expect(body.errors).toBeUndefined();
    expect(data.confirmPaymentIntent).toMatchObject({
      paymentIntent: { status: "PROCESSING", disputes: null },
      idempotency: { status: "EXECUTED" },
    });
  });

  test("neither does a state that a subscription sends", async () => {
    const { id } = await makeIntent(api);
    const query = `subscription ($id: ID!) { paymentIntentUpdated(id: $id) { id status version ${LATE} } }`;
    let watching: Watching | undefined;
    await whileNobodyReads(async () => {
      watching = watch(api.server.url, { id, key: api.merchant.secretKey, query });
      await waitForReader();
      expect((await cancel(id)).error).toBeUndefined();
    });
    await waitFor("the end", () => watching?.end() !== undefined);
    const [first, last] = watching?.states ?? [];
    expect(first).toMatchObject({ status: "REQUIRES_CONFIRMATION", disputes: null });
    expect(last).toMatchObject({ status: "CANCELED", disputes: { edges: [] } });
  });

  const waitForReader = () =>
    waitFor("a reader that waits", async () => {
      const { rows } = await api.db.raw<{ rows: object[] }>(
        "select 1 from pg_locks where relation = 'disputes'::regclass and not granted",
      );
      return rows.length > 0;
    });
});
