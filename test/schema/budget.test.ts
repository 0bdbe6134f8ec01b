import { ANSWER_BYTES_MAX } from "../../schema/budget";
import { refundPaymentIntent } from "../../src/payments/refund-payment-intent";
import {
  CONFIRM_INTENT,
  REFUND_INTENT,
  type TestApi,
  makeIntent,
  makePaid,
  newKey,
  send,
  startTestApi,
} from "../support/api";
import { createCommand, refundCommand, succeeded } from "../support/factories";
import { startServer } from "../../src/server";

/*
 * What a request may take while it is executed: how many values, how many bytes, how much time. A query that takes more
 * is refused as a whole, and a mutation's answer shows all the same what it has committed.
 */

const METADATA = Object.fromEntries(
  Array.from({ length: 50 }, (_, index) => [
    `${"k".repeat(38)}${String(index).padStart(2, "0")}`,
    "\u00e9".repeat(500),
  ]),
);
const GRAPHQL = { accept: "application/graphql-response+json" };

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
}, 120_000);
afterAll(() => api.stop());

const LARGE = { code: "BAD_USER_INPUT", details: { field: null, bytesMax: ANSWER_BYTES_MAX } };
const LATE = { code: "UNAVAILABLE", retryable: true };

describe("bytes", () => {
  beforeAll(async () => {
    const creations = Array.from({ length: 100 }, () =>
      api.app.createPaymentIntent(createCommand(api.merchant.id, { metadata: METADATA })),
    );
    await Promise.all(creations);
  });

  test("an answer of more than 4 MiB is refused, in one error", async () => {
    const query = "{ paymentIntents(first: 100) { edges { node { a: metadata b: metadata } } } }";
    const plain = await api.send({ query });
    expect(plain.error?.extensions).toMatchObject(LARGE);
    expect(plain.body).toEqual({ errors: [expect.any(Object)] });
    expect((await api.send({ query, headers: GRAPHQL })).status).toBe(400);
  });

  test("names are counted, too: an alias comes once for each object", async () => {
    const alias = (letter: string): string => letter.repeat(100);
    const names = Array.from({ length: 28 }, (_, index) =>
      alias(String.fromCharCode(index < 26 ? 97 + index : 39 + index)),
    );
    const query = `{ paymentIntents(first: 100) { edges { node { ${names.map((name) => `${name}: id`).join(" ")} } } } }`;
    const { data } = await api.send({ query });
    expect(data.paymentIntents.edges).toHaveLength(100);
    const longer = query.replace(alias("a"), "a".repeat(101));
    expect((await api.send({ query: longer })).error?.message).toMatch(/alias of more than 100/);
  });

  test("a page that fits is answered", async () => {
    const query = "{ paymentIntents(first: 50) { edges { node { metadata } } } }";
    const { data } = await api.send({ query });
    expect(data.paymentIntents.edges).toHaveLength(50);
  });

  test("after a commit, what is read beyond the payload is null, and the payload is there", async () => {
    const { id } = await makePaid(api, { amount: 2_500 });
    for (let index = 0; index < 90; index += 1) {
      const command = refundCommand(api.merchant.id, id, { amount: 1, metadata: METADATA });
      succeeded(await refundPaymentIntent(api.app.db, command));
    }
    await api.drain();
    const again = "refunds(first: 100) { edges { node { a: metadata b: metadata } } }";
    const variables = { input: { paymentIntentId: id, amount: 7 }, key: newKey() };
    const query = REFUND_INTENT.replace(
      "amountRefundable }",
      `amountRefundable metadata ${again} }`,
    );
    const { body, data, status } = await api.send({ query, variables, headers: GRAPHQL });
    const { paymentIntent, refund } = data.refundPaymentIntent;
    expect(refund).toMatchObject({ amount: 7 });
    expect(paymentIntent).toMatchObject({ id, refunds: null });
    expect(status).toBe(200);
    expect(body.errors).toEqual([
      expect.objectContaining({ extensions: expect.objectContaining(LARGE) }),
    ]);
    // And the same for the replay.
    const replay = await api.send({ query, variables });
    expect(replay.data.refundPaymentIntent.idempotency.status).toBe("REPLAYED");
  });
});

describe("time", () => {
  let hurried: Awaited<ReturnType<typeof startServer>>;
  beforeAll(async () => {
    const app = api.anotherApp({ ONCEPAY_QUERY_TIME_MS: "300" });
    hurried = await startServer(app, { host: "127.0.0.1", port: 0 });
  });
  afterAll(() => hurried.close());

  /** While this runs, nobody can read the table. */
  async function whileLocked(table: string, work: () => Promise<void>): Promise<void> {
    const tx = await api.db.transaction();
    try {
      await tx.raw(`lock table ${table} in access exclusive mode`);
      await work();
    } finally {
      await tx.rollback();
    }
  }
  const key = (): string => api.merchant.secretKey;

  test("a query whose statement takes too long is answered in time, and refused", async () => {
    await whileLocked("refunds", async () => {
      const query = "{ merchant { id } refunds { edges { node { id } } } }";
      const { body, error } = await send(hurried.url, { query, key: key() });
      expect(error?.extensions).toMatchObject(LATE);
      expect(error?.extensions.details).toEqual({ mayHaveExecuted: false });
      expect(body.data).toBeUndefined();
    });
  });

  test("a mutation has the time that it needs, and what is read for it has not", async () => {
    const { id } = await makeIntent(api);
    const query = CONFIRM_INTENT.replace(
      "amountRefundable }",
      "amountRefundable refunds { edges { node { id } } } }",
    );
    const variables = { input: { paymentIntentId: id }, key: newKey() };
    await whileLocked("refunds", async () => {
      const { data, error } = await send(hurried.url, { query, variables, key: key() });
      expect(error?.extensions).toMatchObject(LATE);
      expect(data.confirmPaymentIntent.paymentIntent).toMatchObject({
        id,
        status: "PROCESSING",
        refunds: null,
      });
    });
    const waited = await makeIntent(api);
    const slow = { input: { paymentIntentId: waited.id }, key: newKey() };
    let answer: ReturnType<typeof send> | undefined;
    await whileLocked("attempts", async () => {
      answer = send(hurried.url, { query: CONFIRM_INTENT, variables: slow, key: key() });
      // Longer than its resolvers may take.
      await new Promise((resolve) => setTimeout(resolve, 600));
    });
    expect((await answer)?.data.confirmPaymentIntent.paymentIntent.status).toBe("PROCESSING");
  });
});

test("introspection is as large as the schema, and no larger", async () => {
  const nested = "{ __schema { types { fields { type { fields { name } } } } } }";
  const aliased = "{ __schema { a: types { name } b: types { name } } }";
  const twice = "{ a: __schema { types { name } } b: __schema { types { name } } }";
  for (const query of [nested, aliased, twice]) {
    const { error } = await api.send({ query, key: null });
    expect(error?.extensions.code).toBe("BAD_USER_INPUT");
    expect(error?.message).toMatch(/^Introspection must not/);
  }
});
