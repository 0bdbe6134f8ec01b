import fc from "fast-check";
import { type GraphQLInputType, coerceInputValue } from "graphql";
import { faultsIn } from "../../schema/input-path";
import { buildSchema } from "../../schema/schema";
import { CREATE_ENDPOINT, CREATE_INTENT, type TestApi, newKey, startTestApi } from "../support/api";

/** Every BAD_USER_INPUT names its input in details.field, so that a form can mark it. */

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

const CARD = "4242424242424242";
const good = { amount: 2_500, currency: "USD" };

async function fieldsOf(
  query: string,
  variables?: Readonly<Record<string, unknown>>,
): Promise<unknown[]> {
  const before = await api.countRows();
  const { body } = await api.send({ query, ...(variables && { variables }) });
  expect(body.data ?? null).toBeNull();
  const errors = body.errors as { extensions: { code: string; details: { field: unknown } } }[];
  expect(errors.map(({ extensions }) => extensions.code)).toEqual(
    errors.map(() => "BAD_USER_INPUT"),
  );
  expect(JSON.stringify(body)).not.toContain(CARD);
  expect(await api.countRows()).toBe(before);
  return errors.map(({ extensions }) => extensions.details.field);
}

const VARIABLES: [string, object, string[]][] = [
  ["a missing field", { currency: "USD" }, ["input.amount"]],
  ["several", { amount: -1 }, ["input.amount", "input.currency"]],
  ["null", { ...good, amount: null }, ["input.amount"]],
  ["a scalar of another kind", { ...good, amount: "2500" }, ["input.amount"]],
  ["a scalar's own rule", { ...good, currency: "usd" }, ["input.currency"]],
  ["a scalar of graphql-js", { ...good, description: 1 }, ["input.description"]],
  ["an enum", { ...good, captureMethod: "LATER" }, ["input.captureMethod"]],
  ["an unknown field", { ...good, amout: 1 }, ["input.amout"]],
  ["an unknown field that is a card", { ...good, [CARD]: 1 }, ["input"]],
  ["metadata that is none", { ...good, metadata: ["a"] }, ["input.metadata"]],
  ["a pair", { ...good, metadata: { a: "b", order: 1 } }, ["input.metadata.order"]],
  ["a long value", { ...good, metadata: { order: "x".repeat(501) } }, ["input.metadata.order"]],
  ["a card in a value", { ...good, metadata: { order: CARD } }, ["input.metadata.order"]],
  ["a card as a key", { ...good, metadata: { [CARD]: "a" } }, ["input.metadata"]],
  ["too many pairs", { ...good, metadata: manyPairs(51) }, ["input.metadata"]],
  ["the use case's own rule", { ...good, amount: 0 }, ["input.amount"]],
  ["a long text", { ...good, description: "x".repeat(1_001) }, ["input.description"]],
  ["a card in a text", { ...good, customer: CARD }, ["input.customer"]],
];

function manyPairs(count: number): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`k${String(index)}`, "v"]),
  );
}

test.each(VARIABLES)("in variables: %s", async (_what, input, expected) => {
  expect(await fieldsOf(CREATE_INTENT, { input, key: newKey() })).toEqual(expected);
});

test("in variables: whole arguments, items of lists, and nothing at all", async () => {
  expect(await fieldsOf(CREATE_INTENT, { input: good, key: "" })).toEqual(["idempotencyKey"]);
  expect(await fieldsOf(CREATE_INTENT, { input: good, key: null })).toEqual(["idempotencyKey"]);
  expect(await fieldsOf(CREATE_INTENT, { input: good })).toEqual(["idempotencyKey"]);
  expect(await fieldsOf(CREATE_INTENT, { input: 1, key: "a" })).toEqual(["input"]);
  expect(await fieldsOf(CREATE_INTENT)).toEqual(["input", "idempotencyKey"]);
  const eventTypes = ["payment_intent.created", "payment_intent.exploded"];
  const endpoint = { url: "nowhere", eventTypes };
  expect(await fieldsOf(CREATE_ENDPOINT, { input: endpoint, key: "a" })).toEqual([
    "input.url",
    "input.eventTypes.1",
  ]);
});

test("an address that may not receive webhooks", async () => {
  for (const url of ["https://10.0.0.1/webhooks", "https://user:pass@shop.example/"]) {
    const input = { url, eventTypes: [] };
    expect(await fieldsOf(CREATE_ENDPOINT, { input, key: newKey() })).toEqual(["input.url"]);
  }
});

test("of more than five mistakes the first five are named, and that there are more", async () => {
  const metadata = { a: 1 };
  const input = { metadata, captureMethod: 1, description: 1, customer: 1, paymentMethod: 1 };
  expect(await fieldsOf(CREATE_INTENT, { input, key: "a" })).toEqual([
    "input.amount",
    "input.currency",
    "input.paymentMethod",
    "input.captureMethod",
    "input.description",
    null,
  ]);
});

const create = (input: string, key = '"a"'): string =>
  `createPaymentIntent(input: ${input}, idempotencyKey: ${key}) { paymentIntent { id } }`;

test("a variable is named by where its value goes, not by its own name", async () => {
  const query = `mutation ($sum: MinorUnits!, $pair: String) {
    ...A @skip(if: false)
  } fragment A on Mutation { ${create('{amount: $sum, currency: "USD", metadata: {order: $pair}}')} }`;
  expect(await fieldsOf(query, { sum: 0.5 })).toEqual(["input.amount"]);
  // Inside a scalar a variable is looked at when the field is executed.
  const late = { sum: 1, pair: CARD };
  expect(await fieldsOf(query, late)).toEqual(["input.metadata.order"]);
  const named = `mutation ($data: CreatePaymentIntentInput!) { ${create("$data")} }`;
  expect(await fieldsOf(named, { data: { ...good, metadata: { order: 1 } } })).toEqual([
    "input.metadata.order",
  ]);
  const item = `query ($type: PaymentIntentStatus!) { paymentIntents(filter: {customer: "a", statuses: [PROCESSING, $type]}) { __typename } }`;
  const filter = "statuses" in filterFields() ? "statuses" : "status";
  const ask = item.replace("statuses", filter);
  expect(await fieldsOf(ask, { type: "NONE" })).toEqual([`filter.${filter}.1`]);
});

function filterFields(): object {
  const type = buildSchema().getType("PaymentIntentFilter");
  return type && "getFields" in type ? type.getFields() : {};
}

test.each([
  ["a missing field", create('{currency: "USD"}'), ["input.amount"]],
  ["several", create("{}"), ["input.amount", "input.currency"]],
  ["a scalar", create('{amount: 1.5, currency: "USD"}'), ["input.amount"]],
  [
    "an enum",
    create('{amount: 1, currency: "USD", captureMethod: LATER}'),
    ["input.captureMethod"],
  ],
  ["an unknown field", create('{amount: 1, currency: "USD", amout: 1}'), ["input.amout"]],
  ["null", create('{amount: null, currency: "USD"}'), ["input.amount"]],
  [
    "a pair",
    create('{amount: 1, currency: "USD", metadata: {order: 1}}'),
    ["input.metadata.order"],
  ],
  ["no object", create("1"), ["input"]],
  ["a bad key", create('{amount: 1, currency: "USD"}', '"a b"'), ["idempotencyKey"]],
  ["a key that is no text", create('{amount: 1, currency: "USD"}', "1"), ["idempotencyKey"]],
  [
    "a missing argument",
    'createPaymentIntent(input: {amount: 1, currency: "USD"}) { idempotency { status } }',
    ["idempotencyKey"],
  ],
  ["an unknown argument", create('{amount: 1, currency: "USD"}', '"a", key: "b"'), ["key"]],
  ["an undeclared variable", create("$data"), ["input"]],
])("in literals: %s", async (_what, text, expected) => {
  expect(await fieldsOf(`mutation { ${text} }`)).toEqual(expected);
});

test("in a variable's default, and in a variable of another type", async () => {
  const wrong = `mutation ($input: CreatePaymentIntentInput = {amount: 0.5, currency: "USD"}) { ${create("$input")} }`;
  expect(await fieldsOf(wrong)).toEqual(["input.amount"]);
  expect(
    await fieldsOf(`mutation ($key: Int!) { ${create('{amount: 1, currency: "USD"}', "$key")} }`),
  ).toEqual(["idempotencyKey"]);
});

test.each([
  ["no GraphQL", "{"],
  ["an unknown field of a type", "{ merchant { nothing } }"],
  ["no selection", "{ merchant }"],
  ["two operations and no name", "query A { merchant { id } } query B { merchant { id } }"],
  [
    "two mutation fields",
    `mutation { a: ${create('{amount: 1, currency: "USD"}')} b: ${create('{amount: 1, currency: "USD"}')} }`,
  ],
  ["an argument of a directive", '{ merchant { id @skip(if: "no") } }'],
])("about no input, null: %s", async (_what, query) => {
  expect(await fieldsOf(query)).toEqual([null]);
});

test("pages and filters", async () => {
  const list = "paymentIntents";
  expect(await fieldsOf(`{ ${list}(first: 0) { __typename } }`)).toEqual(["first"]);
  expect(await fieldsOf(`{ ${list}(last: 101) { __typename } }`)).toEqual(["last"]);
  expect(await fieldsOf(`{ ${list}(after: "x") { __typename } }`)).toEqual(["after"]);
  expect(await fieldsOf(`{ ${list}(filter: {customer: "${CARD}"}) { __typename } }`)).toEqual([
    "filter.customer",
  ]);
});

test("finds as many faults in a value as graphql-js does, and at the same places", () => {
  const schema = buildSchema();
  const word = fc.oneof(
    fc.constantFrom("USD", "usd", "AUTOMATIC", "payment_intent.created", "https://a.example/"),
    fc.string({ maxLength: 5 }),
  );
  const key = fc.constantFrom(
    "amount",
    "currency",
    "metadata",
    "captureMethod",
    "eventTypes",
    "url",
    "a",
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.oneof(word, fc.integer(), fc.double(), fc.boolean(), fc.constant(null)),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(key, tie("value"), { maxKeys: 5 }),
    ),
  }));
  for (const name of ["CreatePaymentIntentInput", "CreateWebhookEndpointInput"]) {
    const type = schema.getType(name) as GraphQLInputType;
    const check = (input: unknown): void => {
      const theirs: (readonly (string | number)[])[] = [];
      coerceInputValue(input, type, (path) => theirs.push(path));
      const ours = [...faultsIn(input, type)];
      expect(ours.length).toBe(theirs.length);
      // Theirs end at the object or the scalar that something is wrong with; ours may go on.
      for (const [index, path] of theirs.entries()) {
        expect(ours[index]?.slice(0, path.length)).toEqual(path);
      }
    };
    fc.assert(fc.property(value, check), { numRuns: 500 });
    fc.assert(fc.property(fc.dictionary(key, value), check), { numRuns: 500 });
  }
});
