import { CREATE_ENDPOINT, CREATE_INTENT, CREATE_MERCHANT, REFUND_INTENT } from "../support/api";

/** Hostile documents and variables, each with the code that it must be answered. */
export interface GraphqlRow {
  readonly what: string;
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  /** What is sent instead, where no JSON.stringify would write it. */
  readonly body?: string;
  /** BAD_USER_INPUT when absent. */
  readonly code?: string;
}

const repeat = (count: number, make: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => make(index)).join(" ");
const id = "pi_01m7w8wagbx5338azawms6zrmk";
const PAN = "4242 4242 4242 4242";

const DOCUMENTS: readonly (readonly [string, string])[] = [
  ["nothing but a space", " "],
  ["a comment", "# { merchant { id } }"],
  ["half a document", "{ merchant { id }"],
  ["U+0000", "{ merchant\u0000 { id } }"],
  ["half a surrogate pair", "{ \ud800 }"],
  ["an empty selection", "{ merchant { } }"],
  ["a field that is not there", "{ merchant { password } }"],
  ["an object without fields", "{ merchant }"],
  ["a scalar with fields", "{ merchant { id { id } } }"],
  ["a fragment that is not there", "{ ...A }"],
  ["a fragment that spreads itself", "{ ...A } fragment A on Query { ...A }"],
  [
    "fragments that spread each other",
    "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
  ],
  ["a fragment that nobody uses", "{ merchant { id } } fragment A on Query { merchant { id } }"],
  ["a fragment of another type", "{ merchant { ...A } } fragment A on Refund { id }"],
  ["two operations", "query A { merchant { id } } query B { merchant { id } }"],
  ["two operations of one name", "query A { merchant { id } } query A { merchant { id } }"],
  ["a subscription", "subscription { paymentIntentUpdated { id } }"],
  ["a type definition", "type Query { id: ID }"],
  ["a schema extension", "{ merchant { id } } extend type Query { x: Int }"],
  ["1,001 tokens", `{ merchant { ${"id ".repeat(1_000)} } }`],
  ["200 kB of one name", `{ ${"a".repeat(200_000)} }`],
  ["31 aliases", `{ merchant { ${repeat(31, (at) => `a${String(at)}: id`)} } }`],
  ["a long alias", `{ merchant { ${"a".repeat(101)}: id } }`],
  ["11 root fields", `{ ${repeat(11, (at) => `a${String(at)}: merchant { id }`)} }`],
  ["51 directives", `{ merchant { ${repeat(51, () => "id @include(if: true)")} } }`],
  [
    "51 directives that are not there",
    `{ merchant { id ${repeat(51, (at) => `@a${String(at)}`)} } }`,
  ],
  ["a directive that is not there", '{ merchant { id @export(as: "a") } }'],
  ["@defer", "{ ... @defer { merchant { id } } }"],
  ["@skip without a condition", "{ merchant { id @skip } }"],
  ["@include twice", "{ merchant { id @include(if: true) @include(if: true) } }"],
  [
    "depth",
    `{ paymentIntents { edges { node { refunds ${"{ edges { node { paymentIntent { refunds ".repeat(4)}{ edges { cursor } }${" } } } }".repeat(4)} } } } }`,
  ],
  [
    "lists in lists in lists",
    "{ paymentIntents(first: 100) { edges { node { refunds(first: 100) { edges { node { paymentIntent { attempts(first: 100) { edges { node { id } } } } } } } } } } }",
  ],
  [
    "the query of 569 bytes",
    `{ paymentIntent(id: "${id}") { ${"refunds(first: 100) { edges { node { paymentIntent { ".repeat(2)} id ${"} } } }".repeat(2)} } }`,
  ],
  [
    "__typename by the thousand",
    `{ paymentIntents(first: 100) { edges { node { attempts(first: 100) { edges { node { ${repeat(30, (at) => `a${String(at)}: __typename`)} } } } } } } }`,
  ],
  [
    "all of the large values",
    `{ paymentIntents(first: 100) { edges { node { ${repeat(30, (at) => `a${String(at)}: metadata`)} } } } }`,
  ],
  ["many scans", `{ ${repeat(10, (at) => `a${String(at)}: events { edges { cursor } }`)} }`],
  ["introspection through aliases", "{ __schema { a: types { name } b: types { name } } }"],
  ["introspection within itself", "{ __schema { types { fields { type { fields { name } } } } } }"],
  [
    "the deepest introspection",
    `{ __schema { types { ${"fields { type { ".repeat(5)} name ${"} }".repeat(5)} } } }`,
  ],
  [
    "two mutations",
    repeat(
      1,
      () =>
        `mutation { a: createPaymentIntent(input: {amount: 1, currency: "USD"}, idempotencyKey: "a") { paymentIntent { id } } b: createPaymentIntent(input: {amount: 1, currency: "USD"}, idempotencyKey: "b") { paymentIntent { id } } }`,
    ),
  ],
  [
    "two mutations, one in a fragment",
    `mutation { ...A ...B } fragment A on Mutation { a: createPaymentIntent(input: {amount: 1, currency: "USD"}, idempotencyKey: "a") { paymentIntent { id } } } fragment B on Mutation { b: createPaymentIntent(input: {amount: 1, currency: "USD"}, idempotencyKey: "b") { paymentIntent { id } } }`,
  ],
  [
    "a mutation that asks for too much",
    `mutation { createPaymentIntent(input: {amount: 1, currency: "USD"}, idempotencyKey: "a") { paymentIntent { refunds(first: 100) { edges { node { paymentIntent { attempts(first: 100) { edges { node { id } } } } } } } } } }`,
  ],
  [
    "a mutation with a page of 101",
    `mutation { createPaymentIntent(input: {amount: 1, currency: "USD"}, idempotencyKey: "a") { paymentIntent { refunds(first: 101) { edges { node { id } } } } } }`,
  ],
  ["fields that cannot be merged", `{ paymentIntent(id: "${id}") { a: id a: status } }`],
  ["160 fields of one object", `{ merchant { ${repeat(160, () => "id")} } }`],
  ["300 fields that may be merged", `{ ${repeat(300, () => "merchant { id }")} x }`],
  [
    "variables that are not used",
    `query (${repeat(200, (at) => `$a${String(at)}: Int`)}) { merchant { id } }`,
  ],
  ["a variable of an output type", "query ($a: PaymentIntent) { merchant { id } }"],
  ["a literal 480 levels deep", `{ node(id: ${"[".repeat(480)}1${"]".repeat(480)}) { id } }`],
  ["an argument twice", `{ node(id: "a", id: "b") { id } }`],
  ["an argument that is not there", `{ node(id: "a", admin: true) { id } }`],
  ["no argument where one is needed", "{ node { id } }"],
  ["an integer beyond 32 bits", "{ paymentIntents(first: 99999999999) { edges { cursor } } }"],
];

const input = (given: Record<string, unknown>): Record<string, unknown> => ({
  input: { amount: 1, currency: "USD", ...given },
  key: "abuse",
});
const metadata = (value: unknown): Record<string, unknown> => input({ metadata: value });

const CREATIONS: readonly (readonly [string, Record<string, unknown>])[] = [
  ["no variables", {}],
  ["an amount as a string", input({ amount: "1" })],
  ["a fraction", input({ amount: 0.5 })],
  ["an amount below zero", input({ amount: -1 })],
  ["nothing", input({ amount: 0 })],
  ["2^53", input({ amount: 2 ** 53 })],
  ["1e300", input({ amount: 1e300 })],
  ["true", input({ amount: true })],
  ["a list of amounts", input({ amount: [1, 2] })],
  ["an object", input({ amount: { valueOf: 1 } })],
  ["null", input({ amount: null })],
  ["a currency in small letters", input({ currency: "usd" })],
  ["a currency that is none", input({ currency: "XXX" })],
  ["a currency with U+0000", input({ currency: "US\u0000" })],
  ["a field that is not there", input({ merchantId: "mer_1" })],
  [
    "__proto__",
    { ...input({}), input: JSON.parse('{"amount":1,"currency":"USD","__proto_":{}}') as unknown },
  ],
  ["an unknown capture method", input({ captureMethod: "LATER" })],
  ["a card number", input({ paymentMethod: PAN })],
  ["a card number in the description", input({ description: `card ${PAN}` })],
  ["U+0000 in the description", input({ description: "a\u0000b" })],
  ["half a surrogate pair in the description", input({ description: "\udfff" })],
  ["a description of 100 kB", input({ description: "x".repeat(100_000) })],
  ["U+0000 in the customer", input({ customer: "\u0000" })],
  ["U+0000 in the reference", input({ merchantReference: "\u0000" })],
  ["U+0000 in the payment method", input({ paymentMethod: "pm_\u0000" })],
  ["an empty payment method", input({ paymentMethod: "" })],
  ["metadata that is a list", metadata(["a"])],
  ["metadata that is a string", metadata("a")],
  ["metadata with numbers", metadata({ a: 1 })],
  ["metadata within metadata", metadata({ a: { b: "c" } })],
  [
    "51 pairs",
    metadata(Object.fromEntries(Array.from({ length: 51 }, (_, at) => [`k${String(at)}`, "v"]))),
  ],
  ["a metadata key of 41 characters", metadata({ ["k".repeat(41)]: "v" })],
  ["a metadata value of 501 characters", metadata({ k: "v".repeat(501) })],
  ["U+0000 in a metadata key", metadata({ "\u0000": "v" })],
  ["U+0000 in a metadata value", metadata({ k: "\u0000" })],
  ["a card number in metadata", metadata({ k: PAN })],
  ["an empty key", { ...input({}), key: "" }],
  ["a key of 256 characters", { ...input({}), key: "k".repeat(256) }],
  ["a key with U+0000", { ...input({}), key: "\u0000" }],
  ["a key with a line break", { ...input({}), key: "a\nb" }],
  ["a key with other letters", { ...input({}), key: "\u00e9" }],
  ["a key that is a card number", { ...input({}), key: "4242424242424242" }],
  ["a key that is a number", { ...input({}), key: 1 }],
];

const refund = (given: Record<string, unknown>): Record<string, unknown> => ({
  input: { paymentIntentId: id, ...given },
  key: "abuse",
});

const OTHERS: readonly GraphqlRow[] = [
  ...[
    "' or 1=1 --",
    "pi_' or 1=1 --",
    "pi_\u0000",
    "\u0000",
    `pi_${"x".repeat(10_000)}`,
    "re_01m7w8wagbx5338azawms6zrmk",
    "",
  ].map((paymentIntentId): GraphqlRow => ({
    what: `a refund of ${JSON.stringify(paymentIntentId.slice(0, 20))}`,
    query: REFUND_INTENT,
    variables: refund({ paymentIntentId }),
  })),
  { what: "a refund of nothing", query: REFUND_INTENT, variables: refund({ amount: 0 }) },
  ...[
    "javascript:alert(1)",
    "file:///etc/passwd",
    "ftp://a.example",
    "//a.example",
    "https://user:pass@a.example",
    "http://169.254.169.254/",
    "https://[::ffff:127.0.0.1]/",
    "https://a.example/4242424242424242",
    "x".repeat(3_000),
    "\u0000",
  ].map((url): GraphqlRow => ({
    what: `a webhook endpoint at ${url.slice(0, 40)}`,
    query: CREATE_ENDPOINT,
    variables: { input: { url }, key: "abuse" },
  })),
  {
    what: "a merchant of a merchant",
    query: CREATE_MERCHANT,
    variables: { input: { name: "x" }, key: "abuse" },
    code: "FORBIDDEN",
  },
  ...[0, -1, 101, 2 ** 31 - 1].map((first): GraphqlRow => ({
    what: `a page of ${String(first)}`,
    query: "query ($first: Int) { paymentIntents(first: $first) { edges { cursor } } }",
    variables: { first },
  })),
  ...[
    "x",
    "",
    "\u0000",
    "bm90aGluZw",
    Buffer.from("evt_1").toString("base64url"),
    "x".repeat(10_000),
  ].map((after): GraphqlRow => ({
    what: `the cursor ${JSON.stringify(after.slice(0, 20))}`,
    query:
      "query ($after: String) { events(after: $after) { edges { cursor } } paymentIntents(after: $after) { edges { cursor } } }",
    variables: { after },
  })),
  { what: "first and last", query: "{ paymentIntents(first: 1, last: 1) { edges { cursor } } }" },
  {
    what: "a date that is none",
    query: '{ paymentIntents(filter: {createdAfter: "yesterday"}) { edges { cursor } } }',
  },
  {
    what: "a status that is none",
    query: "{ paymentIntents(filter: {statuses: [PAID]}) { edges { cursor } } }",
  },
  {
    what: "101 nodes",
    query: "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }",
    variables: { ids: Array.from({ length: 101 }, () => id) },
  },
  {
    what: "10,000 levels in a variable",
    query: "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }",
    body: `{"query": "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", "variables": {"ids": ${"[".repeat(10_000)}1${"]".repeat(10_000)}}}`,
  },
];

export const GRAPHQL_ROWS: readonly GraphqlRow[] = [
  ...DOCUMENTS.map(([what, query]): GraphqlRow => ({ what, query })),
  ...CREATIONS.map(([what, variables]): GraphqlRow => ({
    what: `a payment with ${what}`,
    query: CREATE_INTENT,
    variables,
  })),
  ...OTHERS,
];
