import { auditBooks } from "../../src/audit/audit-books";
import {
  CANCEL_INTENT,
  CAPTURE_INTENT,
  CONFIRM_INTENT,
  CREATE_ENDPOINT,
  CREATE_INTENT,
  type MadeIntent,
  REFUND_INTENT,
  REPLAY_DELIVERY,
  type TestApi,
  makeIntent,
  newKey,
  startTestApi,
} from "../support/api";
import { spelledCards } from "../security/corpus";

/* What a tenant puts where it does not belong is refused, so that no tenant can make the operator's audit fail. */

let api: TestApi;
let intent: MadeIntent;
let sensitive: Record<string, string>;
beforeAll(async () => {
  api = await startTestApi();
  intent = await makeIntent(api);
  const endpoint = await api.send({
    query: CREATE_ENDPOINT,
    variables: { input: { url: "https://shop.example/hooks" }, key: newKey() },
  });
  const body = api.merchant.id.slice("mer_".length);
  sensitive = {
    "a card number": "order-4242424242424242",
    "a card number with dots": "4242.4242.4242.4242",
    "a secret key": api.merchant.secretKey,
    "a publishable key": `for ${api.merchant.publishableKey}`,
    "an operator's key": api.merchant.operatorKey,
    "a key in live mode": `sk_live_${body}_${"a1B2".repeat(11)}`,
    "a client secret": intent.clientSecret,
    "a webhook secret": String(endpoint.data.createWebhookEndpoint.secret),
  };
});
afterAll(() => api.stop());

const good = { amount: 2_500, currency: "USD" };

interface Place {
  readonly field: string;
  readonly query: string;
  readonly variables: (value: string) => Readonly<Record<string, unknown>>;
}

const inInput = (
  field: string,
  query: string,
  input: (value: string) => Readonly<Record<string, unknown>>,
): Place => ({
  field,
  query,
  variables: (value) => ({ input: input(value), key: newKey() }),
});

const PLACES: readonly Place[] = [
  ...["description", "customer", "merchantReference", "paymentMethod"].map((name) =>
    inInput(`input.${name}`, CREATE_INTENT, (value) => ({ ...good, [name]: value })),
  ),
  inInput("input.metadata.note", CREATE_INTENT, (value) => ({
    ...good,
    metadata: { note: value },
  })),
  inInput("input.metadata", CREATE_INTENT, (value) => ({ ...good, metadata: { [value]: "x" } })),
  {
    field: "idempotencyKey",
    query: CREATE_INTENT,
    variables: (value) => ({ input: good, key: value.replaceAll(" ", "-") }),
  },
  ...[CONFIRM_INTENT, CAPTURE_INTENT, CANCEL_INTENT, REFUND_INTENT].map((query) =>
    inInput("input.paymentIntentId", query, (value) => ({ paymentIntentId: value })),
  ),
  inInput("input.returnUrl", CONFIRM_INTENT, (value) => ({
    paymentIntentId: intent.id,
    returnUrl: `https://shop.example/${value}`,
  })),
  inInput("input.metadata.a", REFUND_INTENT, (value) => ({
    paymentIntentId: intent.id,
    metadata: { a: value },
  })),
  inInput("input.url", CREATE_ENDPOINT, (value) => ({ url: `https://shop.example/?k=${value}` })),
  inInput("input.description", CREATE_ENDPOINT, (value) => ({
    url: "https://shop.example/",
    description: value,
  })),
  inInput("input.deliveryId", REPLAY_DELIVERY, (value) => ({ deliveryId: value })),
  {
    field: "id",
    query: "query ($id: ID!) { paymentIntent(id: $id) { id } }",
    variables: (id) => ({ id }),
  },
  {
    field: "ids.1",
    query: "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }",
    variables: (value) => ({ ids: [intent.id, value] }),
  },
  {
    field: "idempotencyKey",
    query: `query ($k: String!) { operation(name: "createPaymentIntent", idempotencyKey: $k) { status } }`,
    variables: (k) => ({ k }),
  },
  {
    field: "after",
    query: "query ($c: String) { paymentIntents(after: $c) { edges { cursor } } }",
    variables: (c) => ({ c }),
  },
  {
    field: "filter.metadata.value",
    query: `query ($v: String!) { paymentIntents(filter: {metadata: {key: "a", value: $v}}) { edges { cursor } } }`,
    variables: (v) => ({ v }),
  },
];

test("in every input of every field; the field is named and the value is not repeated", async () => {
  const before = await api.countRows();
  for (const [what, value] of Object.entries(sensitive)) {
    for (const place of PLACES) {
      const answer = await api.send({ query: place.query, variables: place.variables(value) });
      expect({ what, error: answer.error?.extensions }).toEqual({
        what,
        error: expect.objectContaining({
          code: "BAD_USER_INPUT",
          details: { field: place.field },
        }),
      });
      expect(JSON.stringify(answer.body)).not.toContain(value);
    }
  }
  expect(await api.countRows()).toBe(before);
});

test("in literals, in their names, and in the defaults of variables", async () => {
  const fields: Readonly<Record<string, string>> = {
    'input: {amount: 1, currency: "USD", description: "VALUE"}': "input.description",
    'input: {amount: 1, currency: "USD", metadata: {a: "VALUE"}}': "input.metadata.a",
    'input: {amount: 1, currency: "USD", metadata: {_VALUE: "a"}}': "input.metadata",
  };
  for (const [text, field] of Object.entries(fields)) {
    const answer = await api.send({
      query: `mutation { createPaymentIntent(${text.replace("VALUE", "4242424242424242")}, idempotencyKey: "${newKey()}") { paymentIntent { id } } }`,
    });
    expect(answer.error?.extensions["details"]).toEqual({ field });
    expect(JSON.stringify(answer.body)).not.toContain("4242424242424242");
  }
  const byDefault = await api.send({
    query: `query ($id: ID! = "${intent.clientSecret}") { paymentIntent(id: $id) { id } }`,
  });
  expect(byDefault.error?.extensions["details"]).toEqual({ field: "id" });
});

test("every spelling of a card number is refused", async () => {
  // All cards in one spelling each, and one card in all of them, would be a thousand requests.
  const rows = spelledCards().filter((_row, index) => index % 9 === 0);
  for (const [what, text] of rows) {
    const answer = await api.send({
      query: CREATE_INTENT,
      variables: { input: { ...good, description: text }, key: newKey() },
    });
    expect({ what, code: answer.error?.extensions.code }).toEqual({ what, code: "BAD_USER_INPUT" });
  }
});

test("a value of any shape beside the inputs is looked at too, and does no harm", async () => {
  let nested: unknown = "4242424242424242";
  for (let depth = 0; depth < 1_000; depth += 1) nested = [nested];
  const query = "query ($id: ID!) { paymentIntent(id: $id) { id } }";
  const unused = await api.send({ query, variables: { id: intent.id, other: nested } });
  expect(unused.data.paymentIntent).toEqual({ id: intent.id });
  const used = await api.send({ query, variables: { id: nested } });
  expect(used.error?.extensions.code).toBe("BAD_USER_INPUT");
});

test("a request's own id is not taken over when it holds any of it", async () => {
  for (const value of ["order-4242424242424242", api.merchant.secretKey]) {
    const answer = await api.send({ query: "{ __typename }", headers: { "x-request-id": value } });
    expect(answer.headers.get("x-request-id")).toMatch(/^req_[0-9a-f-]{36}$/);
  }
});

test("afterwards the audit finds nothing", async () => {
  expect(await auditBooks(api.db)).toEqual([]);
});
