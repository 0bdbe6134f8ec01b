import { createHash } from "node:crypto";
import { newId } from "../../src/ids";
import { newApiKey } from "../../src/merchants/api-key";
import { insertApiKeys } from "../../src/merchants/api-key-store";
import {
  CONFIRM_INTENT,
  CREATE_ENDPOINT,
  CREATE_INTENT,
  type MadeIntent,
  type TestApi,
  makeIntent,
  makePaid,
  newKey,
  startTestApi,
} from "../support/api";
import { type TestReceiver, startReceiver } from "../support/receiver";

let api: TestApi;
let receiver: TestReceiver;
let paid: MadeIntent;
beforeAll(async () => {
  [api, receiver] = await Promise.all([startTestApi(), startReceiver()]);
  await api.send({
    query: CREATE_ENDPOINT,
    variables: { input: { url: receiver.url }, key: newKey() },
  });
  paid = await makePaid(api, {
    customer: "cus_1",
    merchantReference: "order-1",
    metadata: { a: "b" },
  });
  await api.send({
    query: `mutation { refundPaymentIntent(input: {paymentIntentId: "${paid.id}", amount: 1}, idempotencyKey: "${newKey()}") { refund { id } } }`,
  });
  await api.drain();
});
afterAll(async () => {
  await api.stop();
  await receiver.close();
});

const EVERYTHING = `{
  paymentIntents { edges { node {
    id attempts { edges { node { id } } } captures { edges { node { id } } }
    refunds { edges { node { id } } } events { edges { node { id } } }
  } } }
  refunds { edges { node { id } } }
  captures { edges { node { id } } }
  ledgerAccounts { edges { node { id } } }
  events(first: 100) { edges { node { id } } }
  webhookEndpoints { edges { node { id } } }
  webhookDeliveries { edges { node { id } } }
  trialBalance { currencies { currency } }
  merchant { id }
}`;

/** Every id of an object that an answer holds. */
function idsIn(value: unknown): string[] {
  return [
    ...new Set(
      JSON.stringify(value).match(/"(?:pi|att|cap|re|evt|we|whd|acct|mer)_\w{26}"/g) ?? [],
    ),
  ].map((text) => text.slice(1, -1));
}

test("a tenant sees nothing of another: not in lists, not by any id, not by a key, not in a mutation", async () => {
  const own = await api.send({ query: EVERYTHING });
  expect(own.body.errors).toBeUndefined();
  const ids = idsIn(own.data);
  expect(new Set(ids.map((id) => id.split("_")[0]))).toEqual(
    new Set(["pi", "att", "re", "evt", "we", "whd", "mer", "acct"]),
  );

  const key = api.stranger.secretKey;
  const other = await api.send({ query: EVERYTHING, key });
  expect(idsIn(other.data)).toEqual([api.stranger.id]);
  const nodes = await api.send({
    query: "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }",
    variables: { ids },
    key,
  });
  expect(nodes.data.nodes).toEqual(ids.map(() => null));
  for (const id of ids) {
    const mine = await api.send({ query: `{ node(id: "${id}") { id __typename } }` });
    expect(mine.data.node.id).toBe(id);
    const theirs = await api.send({
      query: `{ node(id: "${id}") { id } paymentIntent(id: "${id}") { id } refund(id: "${id}") { id } ledgerAccount(id: "${id}") { id } }`,
      key,
    });
    expect(theirs.data).toEqual({
      node: null,
      paymentIntent: null,
      refund: null,
      ledgerAccount: null,
    });
  }
  const confirm = await api.send({
    query: CONFIRM_INTENT,
    variables: { input: { paymentIntentId: paid.id }, key: newKey() },
    key,
  });
  expect(confirm.error?.extensions.code).toBe("NOT_FOUND");
  const operation = await api.send({
    query: '{ operation(name: "createPaymentIntent", idempotencyKey: "key-2") { status } }',
    key,
  });
  expect(operation.data.operation.status).toBe("NOT_SEEN");
});

test("two tenants may use the same key", async () => {
  const variables = { input: { amount: 1, currency: "USD" }, key: newKey() };
  const first = await api.send({ query: CREATE_INTENT, variables });
  const second = await api.send({ query: CREATE_INTENT, variables, key: api.stranger.secretKey });
  expect(second.data.createPaymentIntent.idempotency.status).toBe("EXECUTED");
  expect(second.data.createPaymentIntent.paymentIntent.id).not.toBe(
    first.data.createPaymentIntent.paymentIntent.id,
  );
});

describe("a publishable key", () => {
  const asBrowser = (query: string, secret: string | undefined, variables?: object) =>
    api.send({
      query,
      ...(variables && { variables: { ...variables } }),
      key: api.merchant.publishableKey,
      headers: secret === undefined ? {} : { "oncepay-client-secret": secret },
    });

  test("confirms and reads the one intent whose client secret it sends", async () => {
    const intent = await makeIntent(api);
    const confirmed = await asBrowser(CONFIRM_INTENT, intent.clientSecret, {
      input: { paymentIntentId: intent.id },
      key: newKey(),
    });
    expect(confirmed.body.errors).toBeUndefined();
    expect(confirmed.data.confirmPaymentIntent.paymentIntent).toMatchObject({
      status: "PROCESSING",
      clientSecret: null,
    });
    await api.drain();
    const read = await asBrowser(
      `{ paymentIntent(id: "${intent.id}") { status } node(id: "${intent.id}") { id } }`,
      intent.clientSecret,
    );
    expect(read.data).toEqual({ paymentIntent: { status: "SUCCEEDED" }, node: { id: intent.id } });
  });

  test("sees nothing of the merchant's", async () => {
    const { data, body } = await asBrowser(
      `{ paymentIntent(id: "${paid.id}") { customer merchantReference metadata clientSecret attempts { edges { node { id processorChargeId message evidence { source } } } } } }`,
      paid.clientSecret,
    );
    expect(body.errors).toBeUndefined();
    expect(data.paymentIntent).toMatchObject({
      customer: null,
      merchantReference: null,
      metadata: {},
      clientSecret: null,
    });
    expect(data.paymentIntent.attempts.edges.length).toBeGreaterThan(0);
    for (const { node } of data.paymentIntent.attempts.edges) {
      expect(node).toMatchObject({ processorChargeId: null, evidence: [] });
    }
  });

  test.each([
    "paymentIntent(id: $id) { refunds { edges { node { id } } } }",
    "paymentIntent(id: $id) { disputes { edges { node { id } } } }",
    "paymentIntent(id: $id) { transitions { edges { node { eventId } } } }",
    "paymentIntent(id: $id) { events { edges { node { id } } } }",
    "paymentIntents { edges { cursor } }",
    "refunds { edges { cursor } }",
    "captures { edges { cursor } }",
    "disputes { edges { cursor } }",
    "ledgerAccounts { edges { cursor } }",
    "eventTypes { type }",
    "merchant { id }",
    "events { edges { cursor } }",
    "trialBalance { balanced }",
    "webhookEndpoints { edges { cursor } }",
    'operation(name: "createPaymentIntent", idempotencyKey: "a") { status }',
  ])("may not ask for %s", async (field) => {
    const query = field.includes("$id") ? `query ($id: ID!) { ${field} }` : `{ ${field} }`;
    const answer = await asBrowser(
      query,
      paid.clientSecret,
      field.includes("$id") ? { id: paid.id } : undefined,
    );
    expect(answer.error?.extensions.code).toBe("FORBIDDEN");
    expect(idsIn(answer.data ?? {})).toEqual([]);
  });

  test("gets nowhere with no, a wrong, another intent's or a stranger's client secret", async () => {
    const intent = await makeIntent(api);
    const forged = `${intent.id}_secret_${"A".repeat(24)}`;
    const secrets = [undefined, "", forged, paid.clientSecret, intent.clientSecret.slice(0, -1)];
    for (const secret of secrets) {
      const read = await asBrowser(`{ paymentIntent(id: "${intent.id}") { id } }`, secret);
      expect(read.error?.extensions.code).toBe("FORBIDDEN");
      const node = await asBrowser(`{ node(id: "${intent.id}") { id } }`, secret);
      expect(node.error?.extensions.code).toBe("FORBIDDEN");
      const confirm = await asBrowser(CONFIRM_INTENT, secret, {
        input: { paymentIntentId: intent.id },
        key: newKey(),
      });
      expect(confirm.error?.extensions.code).toBe("FORBIDDEN");
    }
    const stranger = await api.send({
      query: `{ paymentIntent(id: "${intent.id}") { id } }`,
      key: api.stranger.publishableKey,
      headers: { "oncepay-client-secret": intent.clientSecret },
    });
    expect(stranger.data).toEqual({ paymentIntent: null });
  });

  test("cannot create anything", async () => {
    const answer = await asBrowser(CREATE_INTENT, paid.clientSecret, {
      input: { amount: 1, currency: "USD" },
      key: newKey(),
    });
    expect(answer.error?.extensions.code).toBe("FORBIDDEN");
  });
});

test("a restricted key does what its scopes say, and a revoked one nothing", async () => {
  const make = async (scopes: "events:read"[]): Promise<{ id: string; secret: string }> => {
    const id = newId("apiKey");
    const { secret, hash, hint } = newApiKey("RESTRICTED", api.merchant);
    const row = {
      merchantId: api.merchant.id,
      id,
      kind: "RESTRICTED" as const,
      name: "r",
      scopes,
      hash,
      hint,
    };
    await api.db.transaction((tx) => insertApiKeys(tx, [row]));
    expect(hash).toEqual(createHash("sha256").update(secret).digest());
    return { id, secret };
  };
  const { secret } = await make(["events:read"]);
  const allowed = await api.send({ query: "{ events { edges { node { id } } } }", key: secret });
  expect(allowed.data.events.edges.length).toBeGreaterThan(0);
  const event = allowed.data.events.edges[0].node.id as string;
  const node = await api.send({ query: `{ node(id: "${event}") { id } }`, key: secret });
  expect(node.data.node.id).toBe(event);
  for (const query of [
    `{ node(id: "${paid.id}") { id } }`,
    `{ paymentIntent(id: "${paid.id}") { id } }`,
  ]) {
    const denied = await api.send({ query, key: secret });
    expect(denied.error?.extensions).toMatchObject({
      code: "FORBIDDEN",
      details: { scope: "payments:read" },
    });
  }
  const revoked = await make(["events:read"]);
  await api.db("api_keys").where({ id: revoked.id }).update({ revoked_at: new Date() });
  const refused = await api.send({ query: "{ events { edges { cursor } } }", key: revoked.secret });
  expect(refused.error?.extensions.code).toBe("UNAUTHENTICATED");
});

test("only secret keys see the client secret", async () => {
  const query = `{ paymentIntent(id: "${paid.id}") { clientSecret } }`;
  const secret = await api.send({ query });
  expect(secret.data.paymentIntent.clientSecret).toBe(paid.clientSecret);
  const operator = await api.send({ query, key: api.merchant.operatorKey });
  expect(operator.data.paymentIntent.clientSecret).toBeNull();
});
