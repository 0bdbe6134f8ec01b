import { shapeOf } from "../../src/sdk/document-shape";

const MUTATION = { kind: "mutation", field: "confirmPaymentIntent" };

test.each([
  [
    "a mutation with a variable for its key",
    "mutation Pay($input: ConfirmPaymentIntentInput!, $idempotencyKey: String!) { confirmPaymentIntent(input: $input, idempotencyKey: $idempotencyKey) { paymentIntent { id } } }",
    { ...MUTATION, keyVariable: "idempotencyKey" },
  ],
  [
    "whatever its variable is called",
    'mutation($k:String=""){pay:confirmPaymentIntent(idempotencyKey:$k){idempotency{status}}}',
    { ...MUTATION, keyVariable: "k" },
  ],
  [
    "a key that is written out",
    'mutation { confirmPaymentIntent(idempotencyKey: "order-1 { $x") { idempotency { status } } }',
    { ...MUTATION, keyVariable: undefined },
  ],
  [
    "defaults with braces, comments, and a fragment that comes first",
    `# mutation wrong { no }
     fragment mutation on PaymentIntent { id """ { """ @include(if: true) }
     mutation Pay($input: X = {a: {b: 1}}, $key: String!) @client(x: {y: 1}) {
       # no { brace
       confirmPaymentIntent(input: $input, idempotencyKey: $key) { paymentIntent { ...mutation } }
     }`,
    { ...MUTATION, keyVariable: "key" },
  ],
  ["a query without a name", "{ merchant { id } }", { kind: "query", field: "merchant" }],
  [
    "a query with one",
    "query Q($id: ID!) { intent: paymentIntent(id: $id) { id } merchant { id } }",
    { kind: "query", field: "paymentIntent" },
  ],
  [
    "a subscription",
    "subscription S($id: ID!) { paymentIntentUpdated(id: $id) { id } }",
    { kind: "subscription", field: "paymentIntentUpdated" },
  ],
  ["no document at all", "", { kind: "query", field: "" }],
])("%s", (_what, document, shape) => {
  expect(shapeOf(document)).toEqual({ keyVariable: undefined, ...shape });
});

test("the name says which operation of several is meant", () => {
  const document =
    "query A { merchant { id } } mutation B { revokeApiKey(idempotencyKey: $k) { x } }";
  expect(shapeOf(document, "B")).toEqual({
    kind: "mutation",
    field: "revokeApiKey",
    keyVariable: "k",
  });
  expect(shapeOf(document, "A").kind).toBe("query");
});
