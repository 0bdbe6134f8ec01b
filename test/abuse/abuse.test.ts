import { buildSchema } from "../../schema/schema";
import { type TestApi, startTestApi } from "../support/api";
import { type WireAnswer, type WireRequest, exchange } from "./exchange";
import { textQueries } from "./every-text";
import { GRAPHQL_ROWS } from "./graphql-rows";
import { HTTP_ROWS } from "./http-rows";
import { leaksIn } from "./leaks";

/*
 * What nobody asks who means well. Each is answered with a clean 4xx that says what is wrong and nothing of us, stores
 * nothing, and leaves the connection as it should be: usable where the next request can be found, and closed where not.
 */

let api: TestApi;
let to: { host: string; port: number };
const slowest: { what: string; ms: number }[] = [];

beforeAll(async () => {
  api = await startTestApi({
    ONCEPAY_SANDBOX_WEBHOOK_SECRET: "what the sandbox signs with",
    ONCEPAY_WEBHOOK_ALLOW_LOOPBACK: "false",
  });
  to = { host: "127.0.0.1", port: api.server.port };
});
afterAll(async () => {
  slowest.sort((a, b) => b.ms - a.ms);
  const told = slowest.slice(0, 5).map(({ what, ms }) => `${what}: ${ms.toFixed(0)} ms`);
  // How long it takes depends on the machine, so it is only told.
  process.stderr.write(
    `${String(slowest.length)} hostile requests, the slowest: ${told.join(", ")}\n`,
  );
  await api.stop();
});

async function countAll(): Promise<number> {
  const [inbox] = await api.db("inbox").count<{ count: number }[]>("* as count");
  return (await api.countRows()) + Number(inbox?.count);
}

async function ask(what: string, request: WireRequest): Promise<WireAnswer> {
  const rows = await countAll();
  const startedAt = performance.now();
  const answer = await exchange(to, request);
  slowest.push({ what, ms: performance.now() - startedAt });
  expect(leaksIn(answer.body)).toEqual([]);
  expect(await countAll()).toBe(rows);
  return answer;
}

interface Shown {
  readonly data?: unknown;
  readonly errors: { readonly message: string; readonly extensions: Record<string, unknown> }[];
}

function expectRefused(answer: WireAnswer, code: string): void {
  const { data, errors } = JSON.parse(answer.body) as Shown;
  expect(data ?? null).toBeNull();
  expect(errors.length).toBeLessThanOrEqual(6);
  for (const { message, extensions } of errors) {
    expect(extensions["code"]).toBe(code);
    expect(extensions["requestId"]).toBe(answer.headers["x-request-id"]);
    expect(Object.keys(extensions).sort()).toEqual([
      "code",
      "details",
      "requestId",
      "retryAfterMs",
      "retryable",
    ]);
    expect(message.length).toBeLessThanOrEqual(500);
  }
}

test("there are enough of them", () => {
  expect(HTTP_ROWS.length + GRAPHQL_ROWS.length).toBeGreaterThanOrEqual(130);
});

test.each(HTTP_ROWS)("over HTTP: $what", async ({ what, request, status, code, closes }) => {
  const accept = "application/graphql-response+json";
  const asked =
    code === undefined ? request : { ...request, headers: { accept, ...request.headers } };
  const answer = await ask(what, asked);
  expect([answer.status, answer.isUsable]).toEqual([status, closes !== true]);
  if (code !== undefined) expectRefused(answer, code);
});

test.each(GRAPHQL_ROWS)("in GraphQL: $what", async ({ what, query, variables, code, body }) => {
  const answer = await ask(what, {
    headers: {
      "content-type": "application/json",
      accept: "application/graphql-response+json",
      authorization: `Bearer ${api.merchant.secretKey}`,
    },
    body: body ?? JSON.stringify({ query, variables }),
  });
  expect([answer.status, answer.isUsable]).toEqual([code === "FORBIDDEN" ? 403 : 400, true]);
  expectRefused(answer, code ?? "BAD_USER_INPUT");
});

const UNSTORABLE = ["\u0000", "\ud800", "x".repeat(10_000), ""];

test.each(textQueries(buildSchema()))("any text in $place", async ({ query, variables }) => {
  const asked = UNSTORABLE.flatMap((text) =>
    [{ key: api.merchant.operatorKey }, { key: api.asPlatform.key }].map((by) => ({ text, by })),
  );
  for (const { text, by } of asked) {
    const { error } = await api.send({ query, variables: variables(text), ...by });
    expect([undefined, "BAD_USER_INPUT", "NOT_FOUND", "FORBIDDEN"]).toContain(
      error?.extensions["code"],
    );
  }
});
