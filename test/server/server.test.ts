import { connect } from "node:net";
import { serveInternal } from "../../src/edge/serve-internal";
import { startServer } from "../../src/server";
import { configureFailpoints, failpointCounts } from "../../src/failpoints";
import {
  CREATE_INTENT,
  type TestApi,
  makeIntent,
  newKey,
  send,
  startTestApi,
} from "../support/api";
import { waitFor } from "../support/wait-for";

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());
afterEach(() => {
  configureFailpoints(undefined);
});

test("answers probes with a word", async () => {
  const { instanceId: instance } = api.app.config;
  for (const [path, status] of [
    ["live", "live"],
    ["ready", "ready"],
  ] as const) {
    const answer = await fetch(`${api.server.url}/health/${path}`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ status, instance });
  }
});

test("metrics and the reasons for not being ready are on the internal port alone", async () => {
  expect((await fetch(`${api.server.url}/metrics`)).status).toBe(404);
  const { readiness } = api.server;
  const options = { host: "127.0.0.1", port: 0, setting: "ONCEPAY_INTERNAL_PORT" };
  const internal = await serveInternal({ instance: "this-one", readiness }, options);
  try {
    await makeIntent(api);
    const metrics = await fetch(`${internal.url}/metrics`);
    expect(metrics.headers.get("content-type")).toContain("text/plain");
    const text = await metrics.text();
    expect(text).toContain('oncepay_graphql_requests_total{code="OK"}');
    expect(text).toContain("oncepay_idempotency_outcomes_total");
    const ready = await fetch(`${internal.url}/health/ready`);
    expect(await ready.json()).toEqual({ status: "ready", missing: [], instance: "this-one" });
    expect((await fetch(`${internal.url}/graphql`)).status).toBe(404);
  } finally {
    await internal.close();
  }
});

test("every answer has a request id: the caller's when it is a sane one, else our own", async () => {
  const idOf = async (path: string, given?: string): Promise<string | null> => {
    const headers = given === undefined ? {} : { "x-request-id": given };
    return (await fetch(api.server.url + path, { headers })).headers.get("x-request-id");
  };
  for (const path of ["/health/live", "/nowhere", "/graphql", "/metrics"]) {
    expect(await idOf(path)).toMatch(/^req_[0-9a-f-]{36}$/);
    expect(await idOf(path, "their-id.1:2_3")).toBe("their-id.1:2_3");
  }
  for (const bad of ["a b", "4242424242424242", "x".repeat(129), "<script>"]) {
    expect(await idOf("/health/live", bad)).toMatch(/^req_/);
  }
});

test("shows GraphiQL to browsers, all of it from this server", async () => {
  const html = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };
  const home = await fetch(`${api.server.url}/`, { headers: html, redirect: "manual" });
  expect(home.status).toBe(302);
  expect(home.headers.get("location")).toBe("/graphql");
  expect((await fetch(`${api.server.url}/`)).status).toBe(404);
  const page = await fetch(`${api.server.url}/graphql`, { headers: html });
  expect(page.status).toBe(200);
  expect(page.headers.get("content-type")).toContain("text/html");
  const policy = page.headers.get("content-security-policy") ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self';");
  expect(policy).not.toMatch(/https?:|unsafe-eval|\*/);
  const text = await page.text();
  expect(text).not.toMatch(/https?:|src="\/\//);
  expect(text).not.toMatch(/<script(?![^>]* src=)/);
  const assets = [...text.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((match) => match[1] ?? "");
  expect(assets.length).toBeGreaterThanOrEqual(6);
  for (const asset of assets) {
    const answer = await fetch(api.server.url + asset);
    expect([asset, answer.status]).toEqual([asset, 200]);
    expect(answer.headers.get("content-type")).toMatch(
      asset.endsWith(".css") ? /^text\/css/ : /^text\/javascript/,
    );
    expect((await answer.text()).length).toBeGreaterThan(20);
  }
  for (const path of ["nothing.js", "..%2f..%2f..%2fpackage.json", "%2e%2e/package.json"]) {
    expect((await fetch(`${api.server.url}/graphiql/assets/${path}`)).status).toBe(404);
  }
});

test("a stopping server says that it is not ready, takes no new connection, and finishes what it has begun", async () => {
  const server = await startServer(api.app, { host: "127.0.0.1", port: 0 });
  // Holds the answer of a mutation that is committed.
  configureFailpoints("api.before_reply:delay=1000");
  const running = send(server.url, {
    query: CREATE_INTENT,
    variables: { input: { amount: 1, currency: "USD" }, key: newKey() },
    key: api.merchant.secretKey,
  });
  await waitFor("the commit", () => failpointCounts()["api.before_reply"] === 1);
  const closed = server.close();
  const ready = await fetch(`${server.url}/health/ready`).then(
    ({ status }) => status,
    () => "refused",
  );
  expect([503, "refused"]).toContain(ready);
  const answer = await running;
  expect(answer.data.createPaymentIntent.idempotency.status).toBe("EXECUTED");
  await closed;
  await expect(fetch(`${server.url}/health/live`)).rejects.toThrow();
});

test("a client that never finishes its request is cut off", async () => {
  const { hostname, port } = new URL(api.server.url);
  const received = await new Promise<string>((resolve, reject) => {
    let text = "";
    const socket = connect(Number(port), hostname, () => {
      socket.write(
        "POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{",
      );
    });
    socket.on("data", (chunk) => {
      text += chunk.toString();
    });
    socket.on("close", () => {
      resolve(text);
    });
    socket.on("error", reject);
  });
  expect(received).toContain("408");
});
