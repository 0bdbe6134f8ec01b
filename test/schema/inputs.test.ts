import {
  CANCEL_INTENT,
  CAPTURE_INTENT,
  CONFIRM_INTENT,
  CREATE_ENDPOINT,
  CREATE_INTENT,
  CREATE_MERCHANT,
  REFUND_INTENT,
  REPLAY_DELIVERY,
  type TestApi,
  makeIntent,
  newKey,
  startTestApi,
} from "../support/api";

let api: TestApi;
let id: string;
beforeAll(async () => {
  api = await startTestApi();
  ({ id } = await makeIntent(api));
});
afterAll(() => api.stop());

const CARD = "4242424242424242";
const CARDS = [CARD, "4242 4242 4242 4242", "4000-0566-5566-5556"];
const good = { amount: 2_500, currency: "USD" };

interface Case {
  readonly what: string;
  readonly query: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly key?: string | null;
  readonly operator?: true;
}

const create = (what: string, input: Readonly<Record<string, unknown>>): Case => ({
  what: `create: ${what}`,
  query: CREATE_INTENT,
  input: { ...good, ...input },
});

const AMOUNTS = [0, -1, 1.5, 0.1, 2 ** 53, 1e300, "2500", "", true, null, [1], { a: 1 }];
const CURRENCIES = ["usd", "XXX", "US", "USDX", "", 840, null];
const BAD_KEYS = ["", "k".repeat(256), "a b", "ü", "a\n", CARD, "4242-4242-4242-4242"];
const BAD_METADATA = [
  "text",
  ["a"],
  { a: 1 },
  { a: null },
  { a: { b: "c" } },
  { [CARD]: "a" },
  { a: `card ${CARD}` },
  { ["k".repeat(41)]: "a" },
  { "": "a" },
  { a: "v".repeat(501) },
  Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`k${String(index)}`, "v"])),
  { a: "\u0000" },
  { a: "\ud800" },
];

const intentCases = (what: string, query: string, extra: object = {}): Case[] => [
  ...[
    "",
    "pi",
    "re_01m7w8wagbx5338azawms6zrmk",
    CARD,
    "pi_'; drop table",
    `pi_${"a".repeat(200)}`,
  ].map((paymentIntentId) => ({
    what: `${what}: id ${paymentIntentId}`,
    query,
    input: { paymentIntentId, ...extra },
  })),
  { what: `${what}: no id`, query, input: { ...extra } },
];

const CASES: Case[] = [
  ...AMOUNTS.map((amount) => create(`amount ${JSON.stringify(amount)}`, { amount })),
  ...CURRENCIES.map((currency) => create(`currency ${JSON.stringify(currency)}`, { currency })),
  ...BAD_METADATA.map((metadata) =>
    create(`metadata ${JSON.stringify(metadata).slice(0, 60)}`, { metadata }),
  ),
  ...[...CARDS, "", "x".repeat(256), "a\u0000b"].map((paymentMethod) =>
    create(`paymentMethod ${paymentMethod.slice(0, 30)}`, { paymentMethod }),
  ),
  ...["description", "customer", "merchantReference"].flatMap((field) => [
    ...CARDS.map((card) => create(`${field} ${card}`, { [field]: `my card is ${card}, thanks` })),
    create(`${field} too long`, { [field]: "x".repeat(1_001) }),
    create(`${field} with U+0000`, { [field]: "a\u0000b" }),
    create(`${field} with half a surrogate pair`, { [field]: "a\udc00" }),
    create(`${field} no text`, { [field]: 1 }),
  ]),
  create("capture method", { captureMethod: "LATER" }),
  create("unknown field", { amout: 1 }),
  ...BAD_KEYS.map((key) => ({ ...create(`key ${key.slice(0, 20)}`, {}), key })),
  { ...create("no key", {}), key: null },
  ...intentCases("confirm", CONFIRM_INTENT),
  ...intentCases("capture", CAPTURE_INTENT),
  ...intentCases("cancel", CANCEL_INTENT),
  ...intentCases("refund", REFUND_INTENT, { amount: 1 }),
];

const casesOfIntent = (): Case[] => [
  ...[
    "javascript:alert(1)",
    "/back",
    "https://u:p@a.example/",
    `https://a.example/${CARD}`,
    "x",
  ].map((returnUrl) => ({
    what: `confirm: returnUrl ${returnUrl}`,
    query: CONFIRM_INTENT,
    input: { paymentIntentId: id, returnUrl },
  })),
  ...CARDS.map((paymentMethod) => ({
    what: `confirm: paymentMethod ${paymentMethod}`,
    query: CONFIRM_INTENT,
    input: { paymentIntentId: id, paymentMethod },
  })),
  ...[0, -1, 1.5, "1"].flatMap((amount) => [
    { what: `capture ${amount}`, query: CAPTURE_INTENT, input: { paymentIntentId: id, amount } },
    { what: `refund ${amount}`, query: REFUND_INTENT, input: { paymentIntentId: id, amount } },
  ]),
  {
    what: "refund: metadata",
    query: REFUND_INTENT,
    input: { paymentIntentId: id, metadata: { a: CARD } },
  },
  { what: "refund: reason", query: REFUND_INTENT, input: { paymentIntentId: id, reason: CARD } },
  { what: "cancel: reason", query: CANCEL_INTENT, input: { paymentIntentId: id, reason: "WHY" } },
  { what: "endpoint: url", query: CREATE_ENDPOINT, input: { url: "ftp://a.example" } },
  {
    what: "endpoint: card",
    query: CREATE_ENDPOINT,
    input: { url: `https://a.example/?c=${CARD}` },
  },
  {
    what: "endpoint: type",
    query: CREATE_ENDPOINT,
    input: { url: "https://a.example/", eventTypes: ["payment_intent.exploded"] },
  },
  {
    what: "endpoint: description",
    query: CREATE_ENDPOINT,
    input: { url: "https://a.example/", description: CARD },
  },
  { what: "replay: id", query: REPLAY_DELIVERY, input: { deliveryId: CARD } },
  { what: "merchant: card", query: CREATE_MERCHANT, input: { name: CARD }, operator: true },
  { what: "merchant: no name", query: CREATE_MERCHANT, input: { name: "" }, operator: true },
];

test("malformed input is BAD_USER_INPUT, stores nothing, leaves the key unused and is not repeated to anybody", async () => {
  const before = await api.countRows();
  for (const each of [...CASES, ...casesOfIntent()]) {
    const { what, query, input } = each;
    const answer = await api.send({
      query,
      variables: { input, key: each.key === undefined ? newKey() : each.key },
      ...(each.operator && api.asPlatform),
    });
    expect({ what, code: answer.error?.extensions.code, status: answer.status }).toEqual({
      what,
      code: "BAD_USER_INPUT",
      status: 200,
    });
    expect(answer.error?.extensions).toEqual({
      code: "BAD_USER_INPUT",
      retryable: false,
      retryAfterMs: null,
      requestId: answer.headers.get("x-request-id"),
      details: { field: expect.any(String) },
    });
    for (const card of CARDS) expect(JSON.stringify(answer.body)).not.toContain(card);
  }
  expect(await api.countRows()).toBe(before);
});

test.each([
  ["amount: 1.0", "a float"],
  ["amount: 1e3", "an exponent"],
  ['amount: "1"', "a string"],
  ["amount: -1", "a negative number"],
  ["amount: 9007199254740992", "2^53"],
  [`amount: 1, metadata: {a: "${CARD}"}`, "a card number in metadata"],
  ["amount: 1, metadata: {a: 1}", "a number in metadata"],
])("literals are read as strictly as variables: %s is %s", async (text) => {
  const before = await api.countRows();
  const answer = await api.send({
    query: `mutation { createPaymentIntent(input: {currency: "USD", ${text}}, idempotencyKey: "${newKey()}") { paymentIntent { id } } }`,
  });
  expect(answer.error?.extensions.code).toBe("BAD_USER_INPUT");
  expect(JSON.stringify(answer.body)).not.toContain(CARD);
  expect(await api.countRows()).toBe(before);
});

test("metadata literals may hold variables", async () => {
  const answer = await api.send({
    query: `mutation ($v: String) { createPaymentIntent(input: {currency: "JPY", amount: 1, metadata: {a: $v, b: "c"}}, idempotencyKey: "${newKey()}") { paymentIntent { metadata } } }`,
    variables: { v: "d" },
  });
  expect(answer.data.createPaymentIntent.paymentIntent.metadata).toEqual({ a: "d", b: "c" });
});

test("the largest of everything is accepted", async () => {
  const answer = await api.send({
    query: CREATE_INTENT,
    variables: {
      input: {
        amount: Number.MAX_SAFE_INTEGER,
        currency: "KWD",
        description: "ü".repeat(1_000),
        customer: "x".repeat(255),
        merchantReference: "x".repeat(255),
        metadata: Object.fromEntries(
          Array.from({ length: 50 }, (_, index) => [
            `${"k".repeat(38)}${String(index).padStart(2, "0")}`,
            "v".repeat(500),
          ]),
        ),
      },
      key: "~".repeat(255),
    },
  });
  expect(answer.body.errors).toBeUndefined();
  expect(answer.data.createPaymentIntent.paymentIntent.amount).toBe(Number.MAX_SAFE_INTEGER);
});

test.each([
  `{ paymentIntent(id: "${CARD}") { id } }`,
  `{ node(id: "${CARD}") { id } }`,
  `{ refund(id: "${CARD}") { id } }`,
  `{ ledgerAccount(id: "${CARD}") { id } }`,
  `{ paymentIntents(filter: {customer: "${CARD}"}) { edges { cursor } } }`,
  `{ paymentIntents(filter: {merchantReference: "${CARD}"}) { edges { cursor } } }`,
  `{ webhookDeliveries(filter: {eventId: "${CARD}"}) { edges { cursor } } }`,
  `{ operation(name: "createPaymentIntent", idempotencyKey: "${CARD}") { status } }`,
  `{ operation(name: "${CARD}", idempotencyKey: "a") { status } }`,
  `{ paymentIntents(after: "${CARD}") { edges { cursor } } }`,
])("queries refuse card numbers too: %s", async (query) => {
  const answer = await api.send({ query });
  expect(answer.error?.extensions.code).toBe("BAD_USER_INPUT");
  expect(JSON.stringify(answer.body)).not.toContain(CARD);
});
