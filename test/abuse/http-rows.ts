import { gzipSync } from "node:zlib";
import type { WireRequest } from "./exchange";

/** Hostile requests below GraphQL, each with what it must be answered. */
export interface HttpRow {
  readonly what: string;
  readonly request: WireRequest;
  /** 0: the connection is closed without a word. */
  readonly status: number;
  /** The code in GraphQL's errors; elsewhere there are only words. */
  readonly code?: string;
  /** Whether the server must close the connection: after what it could not read, nobody knows where the next begins. */
  readonly closes?: true;
}

const JSON_TYPE = { "content-type": "application/json" };
const QUERY = JSON.stringify({ query: "{ merchant { id } }" });
const MUTATION_TEXT =
  'mutation { createPaymentIntent(input: {amount: 1, currency: "USD"}, idempotencyKey: "x") { paymentIntent { id } } }';
const MUTATION = JSON.stringify({ query: MUTATION_TEXT });

function inAddress(query: string): string {
  return `/graphql?query=${encodeURIComponent(query)}`;
}

function body(what: string, sent: string | Buffer, others: Partial<HttpRow> = {}): HttpRow {
  const request = { headers: JSON_TYPE, body: sent };
  return { what, request, status: 400, code: "BAD_USER_INPUT", ...others };
}

// After a body that it could not read, Fastify trusts the connection no more.
const UNREADABLE = { closes: true } as const;

const BODIES: readonly HttpRow[] = [
  body("no body", "", UNREADABLE),
  body("null", "null"),
  body("a list", "[]"),
  body("a batch", `[${QUERY},${QUERY}]`),
  body("a string", '"query"'),
  body("a number", "1"),
  body("half a body", '{"query": "{ merch', UNREADABLE),
  body("something after the body", `${QUERY}}`, UNREADABLE),
  body("a key twice", '{"query": "{ merchant { id } }", "query": 1}'),
  body("__proto__", '{"query": "{ merchant { id } }", "__proto__": {"admin": true}}', UNREADABLE),
  body(
    "a constructor",
    '{"query": "{ a }", "constructor": {"prototype": {"admin": true}}}',
    UNREADABLE,
  ),
  body("a byte order mark in the middle", `{"query": \ufeff"{ a }"}`, UNREADABLE),
  body("UTF-16", Buffer.from(QUERY, "utf16le"), UNREADABLE),
  body("bytes that are no UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), UNREADABLE),
  body("only NULs", Buffer.alloc(100), UNREADABLE),
  body("a compressed body", gzipSync(QUERY), {
    ...UNREADABLE,
    request: { headers: { ...JSON_TYPE, "content-encoding": "gzip" }, body: gzipSync(QUERY) },
  }),
  body("no query", "{}"),
  body("an empty query", '{"query": ""}'),
  body("a query that is an object", '{"query": {"kind": "Document"}}'),
  body("variables that are a string", '{"query": "{ a }", "variables": "{}"}'),
  body("variables that are a list", '{"query": "{ a }", "variables": []}'),
  body("extensions that are a number", '{"query": "{ a }", "extensions": 1}'),
  body("an operation name that is a list", '{"query": "{ a }", "operationName": ["a"]}'),
  body("a document id that is none", '{"documentId": "sha256:00"}'),
  body("a document id and a query", '{"documentId": "sha256:00", "query": "{ a }"}'),
  body(
    "a persisted query that nobody stored",
    '{"extensions": {"persistedQuery": {"version": 1}}}',
    // What its client falls back on.
    { status: 200, code: "PERSISTED_QUERY_NOT_SUPPORTED" },
  ),
  body(
    "20,000 levels",
    `{"query": "{ a }", "variables": {"a": ${"[".repeat(20_000)}${"]".repeat(20_000)}}}`,
  ),
  body("20,000 levels that never end", `{"variables": ${'{"a":'.repeat(20_000)}`, UNREADABLE),
  body("more than 256 KiB", JSON.stringify({ query: "x".repeat(300_000) }), {
    status: 413,
    closes: true,
  }),
  body("more than 256 KiB in chunks", "", {
    status: 413,
    closes: true,
    request: {
      raw: `POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${"10000\r\n".concat("x".repeat(65_536), "\r\n").repeat(5)}0\r\n\r\n`,
    },
  }),
];

function typed(type: string | undefined): HttpRow {
  return {
    what: `the content type ${String(type)}`,
    request: { headers: { "content-type": type }, body: QUERY },
    status: 415,
    code: "BAD_USER_INPUT",
  };
}

const TYPES: readonly HttpRow[] = [
  ...[
    "text/plain",
    "application/graphql",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/xml",
    "json",
    "*/*",
    undefined,
  ].map(typed),
  ...["text/html", "image/*", "application/json;q=0", "*/*;q=0", "multipart/mixed"].map(
    (accept): HttpRow => ({
      what: `Accept: ${accept}`,
      request: { headers: { ...JSON_TYPE, accept }, body: QUERY },
      status: 406,
      code: "BAD_USER_INPUT",
    }),
  ),
];

const METHODS: readonly HttpRow[] = [
  ...["PUT", "PATCH", "DELETE"].map((method): HttpRow => ({
    what: `${method} /graphql`,
    request: { method, headers: JSON_TYPE, body: MUTATION },
    status: 405,
  })),
  // Queries may be asked by GET, but none is in the address.
  ...["GET", "HEAD"].map((method): HttpRow => ({
    what: `${method} /graphql`,
    request: { method, headers: JSON_TYPE, body: method === "HEAD" ? "" : MUTATION },
    status: 400,
  })),
  {
    what: "a mutation in the address",
    request: { method: "GET", headers: JSON_TYPE, path: inAddress(MUTATION_TEXT) },
    status: 405,
  },
  {
    what: "a query in the address that any page could have sent",
    request: { method: "GET", path: inAddress("{ __typename }") },
    status: 400,
    code: "BAD_USER_INPUT",
  },
  { what: "OPTIONS", request: { method: "OPTIONS" }, status: 404 },
  { what: "TRACE", request: { method: "TRACE" }, status: 404 },
  { what: "a method of its own", request: { method: "STEAL" }, status: 400, closes: true },
  { what: "CONNECT", request: { method: "CONNECT", path: "a:443" }, status: 0, closes: true },
  {
    what: "a WebSocket",
    request: {
      method: "GET",
      headers: { connection: "upgrade", upgrade: "websocket", "sec-websocket-version": "13" },
    },
    status: 400,
  },
];

const PATHS: readonly HttpRow[] = [
  ...[
    "/graphql/",
    "/GRAPHQL",
    "/graphql%00",
    "/graphql%2f..",
    "//graphql",
    "/../graphql",
    "/metrics",
    "/health",
    "/health/live",
    "/.env",
    "/graphiql/assets/..%2f..%2fpackage.json",
    "/processors",
    "/processors//webhooks",
    "/processors/__proto__/webhooks",
    "/processors/nobody/webhooks",
    "/processors/%00/webhooks",
    "*",
    "http://evil.example/nowhere",
  ].map((path): HttpRow => ({
    what: `POST ${path.slice(0, 40)}`,
    request: { path, headers: JSON_TYPE, body: "{}" },
    status: 404,
  })),
  {
    what: "a processor with a name of 500 characters",
    request: { path: `/processors/${"x".repeat(500)}/webhooks`, body: "{}" },
    status: 414,
  },
  { what: "an address that is none", request: { path: "/%E0%A4%A" }, status: 400 },
  {
    what: "an unsigned webhook",
    request: { path: "/processors/sandbox/webhooks", body: "{}" },
    status: 401,
  },
  {
    what: "a large webhook",
    request: { path: "/processors/sandbox/webhooks", body: "x".repeat(600_000) },
    status: 413,
    closes: true,
  },
  {
    what: "an address of 20 kB",
    request: { path: `/${"x".repeat(20_000)}` },
    status: 431,
    closes: true,
  },
];

function host(value: string): HttpRow {
  return {
    what: `the host ${JSON.stringify(value)}`,
    request: { headers: { ...JSON_TYPE, host: value }, body: QUERY },
    status: 401,
    code: "UNAUTHENTICATED",
  };
}

const raw = (what: string, text: string | Buffer, status = 400): HttpRow => ({
  what,
  request: { raw: text },
  status,
  closes: true,
});
const post = (headers: string, sent = ""): string =>
  `POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n${headers}\r\n\r\n${sent}`;

const WIRE: readonly HttpRow[] = [
  ...["[", "a b", "%", "//", "a:b:c", "\u00ff", ""].map(host),
  raw("no host", `POST /graphql HTTP/1.1\r\ncontent-length: 0\r\n\r\n`),
  raw("a length and chunks", post(`content-length: 4\r\ntransfer-encoding: chunked`, "0\r\n\r\n")),
  raw("two lengths", post(`content-length: 4\r\ncontent-length: 5`, "{}{}{")),
  raw("a length below zero", post("content-length: -1")),
  raw("a length that is none", post("content-length: many")),
  raw("an unknown transfer encoding", post("transfer-encoding: gzip")),
  raw("a chunk that is none", post("transfer-encoding: chunked", "zz\r\n{}\r\n")),
  raw("a header with a NUL", post("x-a: a\u0000b\r\ncontent-length: 0")),
  raw("a header without a name", post(": a\r\ncontent-length: 0")),
  raw("a header with a space in its name", post("x a: a\r\ncontent-length: 0")),
  raw("headers of 20 kB", post(`x-a: ${"x".repeat(20_000)}`), 431),
  raw(
    "1,000 headers",
    post(
      Array.from({ length: 1_000 }, (_, at) => `x-a-${String(at)}: ${"x".repeat(10)}`).join("\r\n"),
    ),
    431,
  ),
  raw("another protocol's version", "POST /graphql HTTP/9.9\r\nhost: a\r\n\r\n"),
  raw("the beginning of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  raw("TLS", Buffer.from("16030100a5010000a10303", "hex")),
  raw("noise", Buffer.from(Array.from({ length: 300 }, (_, at) => (at * 73) % 256))),
  {
    what: "an expectation",
    request: { headers: { ...JSON_TYPE, expect: "200-ok" }, body: QUERY },
    status: 417,
  },
];

function key(what: string, authorization: string | undefined): HttpRow {
  return {
    what: `the key: ${what}`,
    request: { headers: { ...JSON_TYPE, authorization }, body: QUERY },
    status: 401,
    code: "UNAUTHENTICATED",
  };
}

const KEYS: readonly HttpRow[] = [
  key("none", undefined),
  key("an empty one", ""),
  key("without a scheme", "sk_test"),
  key("another scheme", "Basic c2s6"),
  key("only a scheme", "Bearer"),
  key("10 kB of it", `Bearer sk_${"x".repeat(10_000)}`),
  key("SQL", "Bearer sk_'or'1'='1"),
  key("another tenant's shape", `Bearer sk_01m7w8wagbx5338azawms6zrmk_${"A".repeat(43)}`),
  key("letters beyond ASCII", "Bearer sk_\u00e9\u00e9"),
  key("two of them", "Bearer a, Bearer b"),
];

export const HTTP_ROWS: readonly HttpRow[] = [
  ...BODIES,
  ...TYPES,
  ...METHODS,
  ...PATHS,
  ...WIRE,
  ...KEYS,
];
