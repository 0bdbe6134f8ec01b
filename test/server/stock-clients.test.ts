import { ApolloClient, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { createHash } from "node:crypto";
import { documentIdOf } from "../../schema/trusted-documents";
import { type Server, startServer } from "../../src/server";
import { CREATE_INTENT, type TestApi, makeIntent, newKey, startTestApi } from "../support/api";

/* What the clients that people already use send by default. */

const SHOP = "https://shop.example";
const GRAPHQL = "application/graphql-response+json";
const MERCHANT = "query Merchant { merchant { name } }";

let api: TestApi;
const servers: Server[] = [];
beforeAll(async () => {
  api = await startTestApi({ ONCEPAY_CORS_ORIGINS: SHOP });
});
afterAll(async () => {
  for (const server of servers) await server.close();
  await api.stop();
});

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly data?: Record<string, unknown>;
  readonly error: { message: string; extensions: Record<string, unknown> } | undefined;
}

async function read(response: Response): Promise<Answer> {
  const { data, errors } = (await response.json()) as {
    data?: Record<string, unknown>;
    errors?: NonNullable<Answer["error"]>[];
  };
  const { status, headers } = response;
  return { status, headers, ...(data && { data }), error: errors?.[0] };
}

interface Get {
  readonly parameters: Readonly<Record<string, string>> | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** None when null. */
  readonly key?: string | null;
  readonly url?: string;
}

async function get({ parameters, headers, key, url }: Get): Promise<Answer> {
  const search = new URLSearchParams(parameters).toString();
  const bearer = key === undefined ? api.merchant.secretKey : key;
  const response = await fetch(`${url ?? api.server.url}/graphql?${search}`, {
    headers: {
      accept: GRAPHQL,
      ...(bearer !== null && { authorization: `Bearer ${bearer}` }),
      ...headers,
    },
  });
  return read(response);
}

async function post(body: object, url = api.server.url): Promise<Answer> {
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: {
      accept: GRAPHQL,
      authorization: `Bearer ${api.merchant.secretKey}`,
      "content-type": "application/json",
    },
    body: JSON.stringify(body),
  });
  return read(response);
}

describe("queries by GET", () => {
  test("are answered like those by POST, with variables, a name and extensions in the address", async () => {
    const { id } = await makeIntent(api);
    const query = `${MERCHANT} query Intent($id: ID!) { paymentIntent(id: $id) { id } }`;
    const found = await get({
      parameters: {
        query,
        operationName: "Intent",
        variables: JSON.stringify({ id }),
        extensions: JSON.stringify({ client: "a" }),
      },
    });
    expect([found.status, found.data]).toEqual([200, { paymentIntent: { id } }]);
    expect(found.headers.get("content-type")).toBe(`${GRAPHQL}; charset=utf-8`);
    expect(found.headers.get("ratelimit")).toContain("query-cost");
  });

  test("change nothing: a mutation is refused with 405, whatever type of answer is asked for", async () => {
    const before = await api.countRows();
    const variables = JSON.stringify({
      input: { amount: 1, currency: "USD" },
      key: newKey(),
    });
    for (const accept of [GRAPHQL, "application/json"]) {
      const refused = await get({
        parameters: { query: CREATE_INTENT, variables },
        headers: { accept },
      });
      expect([refused.status, refused.headers.get("allow")]).toEqual([405, "POST"]);
      expect(refused.error?.extensions).toMatchObject({ code: "BAD_USER_INPUT" });
    }
    expect(await api.countRows()).toBe(before);
  });

  test("are refused where a page of any origin could have sent them, and cross no other border", async () => {
    const parameters = { query: "{ __typename }" };
    const simple = await get({ parameters, key: null });
    expect(simple.status).toBe(400);
    expect(simple.error?.message).toContain("apollo-require-preflight");
    for (const headers of [
      { "apollo-require-preflight": "true" },
      { "x-apollo-operation-name": "A" },
      { "content-type": "application/json" },
    ]) {
      expect((await get({ parameters, key: null, headers })).status).toBe(200);
    }
    // A browser adds what it knows of a password by itself, and never a key.
    const basic = { authorization: "Basic YTpi" };
    expect((await get({ parameters, key: null, headers: basic })).status).toBe(400);
    expect((await get({ parameters, headers: { "content-type": "text/plain" } })).status).toBe(200);
  });

  test.each([
    ["no document", {}, "query"],
    ["two documents", "query={a}&query={b}", "once"],
    ["variables that are no JSON", { query: MERCHANT, variables: "{" }, "variables"],
    ["variables that are no object", { query: MERCHANT, variables: "[]" }, "variables"],
    ["extensions that are no object", { query: MERCHANT, extensions: "1" }, "extensions"],
  ])("are refused with %s", async (_what, parameters, word) => {
    const refused = await get({ parameters });
    expect([refused.status, refused.error?.extensions["code"]]).toEqual([400, "BAD_USER_INPUT"]);
    expect(refused.error?.message).toContain(word);
  });

  test("are held to the same access, limits, costs and trusted documents", async () => {
    expect((await get({ parameters: { query: MERCHANT }, key: "sk_nobody" })).status).toBe(401);
    const publishable = { parameters: { query: MERCHANT }, key: api.merchant.publishableKey };
    expect((await get(publishable)).status).toBe(403);
    const deep = `{ merchant ${"{ a ".repeat(13)} ${"}".repeat(13)} }`;
    expect((await get({ parameters: { query: deep } })).error?.message).toContain("deeper");
    const dear = `{ ${Array.from({ length: 9 }, (_, n) => `a${String(n)}: paymentIntents(first: 100) { edges { node { id } } }`).join(" ")} }`;
    expect((await get({ parameters: { query: dear } })).error?.extensions["details"]).toMatchObject(
      { costMax: 20_000 },
    );
    const app = api.anotherApp({
      ONCEPAY_TRUSTED_DOCUMENTS: `${__dirname}/../../src/sdk/trusted-documents.json`,
      ONCEPAY_TRUSTED_DOCUMENTS_ONLY: "everybody",
    });
    const server = await startServer(app, { host: "127.0.0.1", port: 0 });
    servers.push(server);
    const { url } = server;
    expect((await get({ parameters: { query: MERCHANT }, url })).status).toBe(403);
    const unknown = { documentId: documentIdOf(MERCHANT) };
    expect((await get({ parameters: unknown, url })).status).toBe(400);
    // What a hash stands for is not known here either, and its text is no more trusted for it.
    const extensions = { persistedQuery: { version: 1, sha256Hash: sha256(MERCHANT) } };
    expect((await post({ extensions }, url)).error?.message).toBe("PersistedQueryNotSupported");
    expect((await post({ query: MERCHANT, extensions }, url)).status).toBe(403);
  });
});

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

describe("automatic persisted queries", () => {
  const extensions = { persistedQuery: { version: 1, sha256Hash: sha256(MERCHANT) } };

  test("are answered so that the client sends the text instead", async () => {
    const parameters = { extensions: JSON.stringify(extensions) };
    for (const refused of [
      await post({ extensions, operationName: "Merchant", variables: {} }),
      await get({ parameters }),
    ]) {
      expect(refused.status).toBe(200);
      expect(refused.data).toBeUndefined();
      expect(refused.error).toMatchObject({
        message: "PersistedQueryNotSupported",
        extensions: { code: "PERSISTED_QUERY_NOT_SUPPORTED", retryable: false, details: {} },
      });
      expect(refused.error?.extensions["requestId"]).toBe(refused.headers.get("x-request-id"));
    }
    const text = await post({ query: MERCHANT });
    expect(text.data).toEqual({ merchant: { name: "Merchant" } });
  });

  test("are asked for by Apollo's own link, which then sends the text, and from then on at once", async () => {
    const sent: { query?: string; extensions?: object }[] = [];
    const http = new HttpLink({
      uri: `${api.server.url}/graphql`,
      headers: { authorization: `Bearer ${api.merchant.secretKey}` },
      fetch: (url, init) => {
        sent.push(JSON.parse(init?.body as string) as object);
        return fetch(url, init);
      },
    });
    const link = new PersistedQueryLink({ sha256 }).concat(http);
    const client = new ApolloClient({ link, cache: new InMemoryCache() });
    for (const fetchPolicy of ["cache-first", "network-only"] as const) {
      const { data } = await client.query({ query: gql(MERCHANT), fetchPolicy });
      expect(data).toMatchObject({ merchant: { name: "Merchant" } });
    }
    const hasText = sent.map(({ query, extensions }) => [query !== undefined, Boolean(extensions)]);
    expect(hasText).toEqual([
      [false, true],
      [true, true],
      [true, expect.any(Boolean)],
    ]);
  });

  test("with their text are answered as what that says", async () => {
    const found = await post({ query: MERCHANT, extensions });
    expect(found.data).toEqual({ merchant: { name: "Merchant" } });
  });
});

describe("pages of other origins", () => {
  const SENT = [
    "authorization",
    "content-type",
    "oncepay-client-secret",
    "oncepay-try",
    "apollographql-client-name",
    "apollographql-client-version",
    "apollo-require-preflight",
    "x-apollo-operation-name",
    "traceparent",
    "tracestate",
    "baggage",
    "sentry-trace",
    "x-datadog-trace-id",
    "x-datadog-parent-id",
    "x-datadog-origin",
    "x-datadog-sampling-priority",
    "x-request-id",
  ];

  test.each(["POST", "GET"])(
    "may send by %s what their clients add by themselves",
    async (method) => {
      const answer = await fetch(`${api.server.url}/graphql`, {
        method: "OPTIONS",
        headers: {
          origin: SHOP,
          "access-control-request-method": method,
          "access-control-request-headers": SENT.join(","),
        },
      });
      const listed = (name: string): string[] => (answer.headers.get(name) ?? "").split(", ");
      expect(listed("access-control-allow-methods")).toContain(method);
      expect(listed("access-control-allow-headers")).toEqual(expect.arrayContaining(SENT));
    },
  );

  test("may read when to come back, and by which name to ask about a request", async () => {
    const { headers } = await get({ parameters: { query: MERCHANT }, headers: { origin: SHOP } });
    const shown = (headers.get("access-control-expose-headers") ?? "").split(", ");
    expect(shown).toEqual(
      expect.arrayContaining(["ratelimit", "ratelimit-policy", "retry-after", "x-request-id"]),
    );
    expect(headers.get("access-control-allow-origin")).toBe(SHOP);
  });
});
