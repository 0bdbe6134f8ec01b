import { serverAudits } from "graphql-http";
import { CREATE_INTENT, type TestAnswer, type TestApi, newKey, startTestApi } from "../support/api";
import { cpuMsOf } from "../support/cpu-time";

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

const MANY = 200;
const repeat = (count: number, make: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => make(index)).join(" ");
const nested = (depth: number): string =>
  `{ paymentIntents { edges { node { refunds ${"{ edges { node { paymentIntent { refunds ".repeat(depth)}{ edges { cursor } }${" } } } }".repeat(depth)} } } } }`;

const GREEDY: [string, string][] = [
  ["too many tokens", `{ merchant { ${"id ".repeat(1_000)} } }`],
  ["too deep", nested(5)],
  [
    "too deep through fragments",
    `{ paymentIntents { edges { node { ...A } } } } fragment A on PaymentIntent { refunds { edges { node { paymentIntent { ...B } } } } } fragment B on PaymentIntent { refunds { edges { node { paymentIntent { ...C } } } } } fragment C on PaymentIntent { refunds { edges { node { paymentIntent { refunds { edges { node { paymentIntent { refunds { edges { cursor } } } } } } } } } } }`,
  ],
  ["a fragment that spreads itself", "{ merchant { ...A } } fragment A on Merchant { ...A }"],
  ["too many aliases", `{ merchant { ${repeat(31, (index) => `a${String(index)}: id`)} } }`],
  ["too many root fields", `{ ${repeat(11, (index) => `a${String(index)}: merchant { id }`)} }`],
  [
    "too many root fields through a fragment",
    `{ ...A ...B } fragment A on Query { ${repeat(6, (index) => `a${String(index)}: merchant { id }`)} } fragment B on Query { ${repeat(6, (index) => `b${String(index)}: merchant { id }`)} }`,
  ],
  [
    "too many mutations",
    `mutation { ${repeat(MANY, (index) => `m${String(index)}: createPaymentIntent(input: {amount: 1, currency: "USD"}, idempotencyKey: "g${String(index)}") { paymentIntent { id } }`)} }`,
  ],
  [
    "too many objects",
    `{ ${repeat(10, (index) => `a${String(index)}: paymentIntents(first: 100) { edges { node { attempts { edges { node { id } } } events { edges { node { id } } } } } }`)} }`,
  ],
  [
    "lists in lists",
    "{ paymentIntents(first: 100) { edges { node { refunds { edges { node { paymentIntent { refunds { edges { node { paymentIntent { id } } } } } } } } } } } }",
  ],
  ["a deep literal", `{ node(id: ${"[".repeat(480)}1${"]".repeat(480)}) { id } }`],
  [
    "many variables that nobody declared",
    `{ merchant { id } } ${repeat(100, (index) => `query Q${String(index)} { node(id: $a${String(index)}) { id } }`)}`,
  ],
];

test.each(GREEDY)(
  "%s is a clean and quick BAD_USER_INPUT, and nothing of it is executed",
  async (_what, query) => {
    const before = await api.countRows();
    let plain!: TestAnswer;
    const cpuMs = await cpuMsOf(async () => {
      plain = await api.send({ query });
    });
    expect(cpuMs).toBeLessThan(1_000);
    expect(plain.status).toBe(200);
    expect(plain.error?.extensions.code).toBe("BAD_USER_INPUT");
    expect(plain.body.data ?? null).toBeNull();
    expect(plain.body.errors.length).toBeLessThanOrEqual(6);
    const spec = await api.send({
      query,
      headers: { accept: "application/graphql-response+json" },
    });
    expect(spec.status).toBe(400);
    expect(await api.countRows()).toBe(before);
  },
);

test("what people ask for is within the limits", async () => {
  const { body } = await api.send({
    query: `{
      paymentIntents(first: 20) { edges { cursor node { id status amount refunds(first: 5) { edges { node { id } } } captures(first: 5) { edges { node { id } } } attempts(first: 5) { edges { node { id } } } events(first: 5) { edges { node { id type } } } } } pageInfo { endCursor } }
      merchant { id }
    }`,
  });
  expect(body.errors).toBeUndefined();
});

test("a body of more than 256 KiB, no JSON, another content type, a batch", async () => {
  const post = (body: string, headers: Record<string, string> = {}) =>
    fetch(`${api.server.url}/graphql`, {
      method: "POST",
      body,
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${api.merchant.secretKey}`,
        ...headers,
      },
    });
  const query = JSON.stringify({ query: "{ merchant { id } }" });
  const answers = {
    large: await post(
      JSON.stringify({ query: "{ merchant { id } }", variables: { a: "x".repeat(256 * 1_024) } }),
    ),
    noJson: await post('{ "4242424242424242'),
    text: await post(query, { "content-type": "text/plain" }),
    form: await post("query=x", { "content-type": "application/x-www-form-urlencoded" }),
    batch: await post(`[${query}]`),
    poison: await post('{"query": "{ merchant { id } }", "__proto__": {"a": 1}}'),
    accept: await post(query, { accept: "text/html" }),
  };
  const statuses: Record<string, number> = {};
  for (const [what, answer] of Object.entries(answers)) {
    statuses[what] = answer.status;
    const body = (await answer.json()) as { errors: { extensions: object }[] };
    expect(body.errors[0]?.extensions).toEqual({
      code: "BAD_USER_INPUT",
      retryable: false,
      retryAfterMs: null,
      requestId: answer.headers.get("x-request-id"),
      details: { field: null },
    });
    expect(JSON.stringify(body)).not.toContain("4242424242424242");
  }
  expect(statuses).toEqual({
    large: 413,
    noJson: 400,
    text: 415,
    form: 415,
    batch: 400,
    poison: 400,
    accept: 406,
  });
});

test("a text is what it says, whatever is said to be its hash", async () => {
  const ask = async (body: object): Promise<unknown> => {
    const answer = await fetch(`${api.server.url}/graphql`, {
      method: "POST",
      body: JSON.stringify(body),
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${api.merchant.secretKey}`,
      },
    });
    return answer.json();
  };
  const called = (sha256Hash: string) => ({ persistedQuery: { version: 1, sha256Hash } });
  const [query, another] = ["{ merchant { id } }", "{ merchant { __typename } }"];
  const merchant = { id: api.merchant.id };
  // Once as it is, so that its parsed document is kept; then under the other's name, which is its text here.
  await ask({ query });
  await ask({ query: another });
  for (const name of ["00", another]) {
    expect(await ask({ query, extensions: called(name) })).toEqual({ data: { merchant } });
  }
  for (const name of ["00", query]) {
    expect(await ask({ extensions: called(name) })).toEqual({
      errors: [expect.objectContaining({ message: "PersistedQueryNotSupported" })],
    });
  }
});

test("no mutation by GET", async () => {
  const query = `mutation { createPaymentIntent(input: {amount: 1, currency: "USD"}, idempotencyKey: "${newKey()}") { paymentIntent { id } } }`;
  const answer = await fetch(`${api.server.url}/graphql?query=${encodeURIComponent(query)}`, {
    headers: { authorization: `Bearer ${api.merchant.secretKey}`, "apollo-require-preflight": "1" },
  });
  expect(answer.status).toBe(405);
  expect(answer.headers.get("allow")).toBe("POST");
});

test("Accept is read as HTTP says", async () => {
  const both = "application/graphql-response+json, application/json;q=0.9";
  const cases: [string, string][] = [
    ["*/*", "application/json"],
    ["application/*", "application/json"],
    ["application/json", "application/json"],
    ["application/json, multipart/mixed", "application/json"],
    [both, "application/graphql-response+json"],
    [
      "application/graphql-response+json; charset=utf-8, application/json; charset=utf-8",
      "application/graphql-response+json",
    ],
    ["application/json, application/graphql-response+json;q=0.5", "application/json"],
    ["text/html, */*;q=0.1", "application/json"],
    ["application/json;q=0, */*", "application/graphql-response+json"],
    ["application/graphql-response+json;q=0, */*", "application/json"],
    ["application/*;q=0.1, application/graphql-response+json", "application/graphql-response+json"],
    ['application/graphql-response+json; charset="UTF-8"', "application/graphql-response+json"],
    [
      "application/json;q=0.1, application/graphql-response+json;q=0.2",
      "application/graphql-response+json",
    ],
  ];
  for (const [accept, type] of cases) {
    const answer = await api.send({ query: "{ merchant { id } }", headers: { accept } });
    expect([accept, answer.headers.get("content-type")]).toEqual([
      accept,
      `${type}; charset=utf-8`,
    ]);
  }
  for (const accept of [
    "application/json;q=0",
    "text/html",
    "*/*;q=0",
    "application/xml, text/*",
  ]) {
    const answer = await api.send({ query: "{ merchant { id } }", headers: { accept } });
    expect([accept, answer.status]).toEqual([accept, 406]);
  }
});

describe("GraphQL over HTTP, as graphql-http audits it", () => {
  // Anonymous: introspection is on here, and the audits ask for nothing else.
  const audits = serverAudits({ url: () => `${api.server.url}/graphql`, fetchFn: fetch });
  let warnings = 0;
  test.each(audits.map((audit) => [audit.name, audit] as const))("%s", async (_name, audit) => {
    const result = await audit.fn();
    if (result.status === "warn") warnings += 1;
    if (result.status === "error") throw new Error(result.reason);
  });
  test("with no more warnings than known", () => {
    expect(warnings).toBeLessThanOrEqual(3);
  });
});

describe("introspection", () => {
  const introspect = "{ __schema { queryType { name } } __typename }";

  test("is open where it is on", async () => {
    const { data } = await api.send({ query: introspect, key: null });
    expect(data.__schema.queryType.name).toBe("Query");
  });

  test("is closed where it is off, tells no suggestions, and strangers nothing at all", async () => {
    const closed = await startTestApi({ ONCEPAY_INTROSPECTION: "off" });
    try {
      const asked = await closed.send({ query: introspect });
      expect(asked.error?.extensions.code).toBe("BAD_USER_INPUT");
      const misspelt = await closed.send({ query: "{ merchan { id } }" });
      expect(misspelt.error?.message).not.toContain("merchant");
      const value = await closed.send({
        query:
          'mutation { createPaymentIntent(input: {amout: 1, currency: "USD"}, idempotencyKey: "a") { paymentIntent { id } } }',
      });
      expect(JSON.stringify(value.body)).not.toContain("Did you mean");
      const variable = await closed.send({
        query: CREATE_INTENT,
        variables: { input: { amout: 1, captureMethod: "AUTOMATI" }, key: "a" },
      });
      expect(JSON.stringify(variable.body)).not.toContain("Did you mean");
      for (const query of [introspect, "{ merchan }", "{"]) {
        const stranger = await closed.send({ query, key: null });
        expect(stranger.error?.extensions.code).toBe("UNAUTHENTICATED");
      }
    } finally {
      await closed.stop();
    }
  });
});
