import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fastify from "fastify";
import { readConfig } from "../../src/config";
import { type Server, startServer } from "../../src/server";
import { serveConsole } from "../../src/web/serve-console";
import { REVOKE_API_KEY, type TestApi, makeIntent, newKey, startTestApi } from "../support/api";
import { testSettings } from "../support/app";

/* The console without a browser: who is let in, what a session counts for, and for how long. */

let api: TestApi;
let home: string;
beforeAll(async () => {
  api = await startTestApi();
  home = api.server.url;
});
afterAll(() => api.stop());

const OWN_PAGE = { "oncepay-console": "act", "sec-fetch-site": "same-origin" };
const INTENT = "query ($id: ID!) { paymentIntent(id: $id) { id } }";
const WHO = "{ merchant { id } }";

type Headers = Readonly<Record<string, string>>;

/* eslint-disable @typescript-eslint/no-explicit-any -- Answers come as JSON; the expectations check their shape. */
interface Answer {
  readonly errors?: readonly { readonly extensions: { readonly code: string } }[];
  readonly data?: any;
  readonly key?: any;
}
/* eslint-enable @typescript-eslint/no-explicit-any */

async function send(where: string, request: { method?: string; headers?: Headers; body?: object }) {
  const { method = "POST", headers = OWN_PAGE, body = {} } = request;
  const response = await fetch(where.startsWith("http") ? where : home + where, {
    method,
    headers: { "content-type": "application/json", ...headers },
    ...(method !== "GET" && { body: JSON.stringify(body) }),
  });
  const answer = (await response.json()) as Answer;
  const [error] = answer.errors ?? [];
  return { answer, code: error?.extensions.code, headers: response.headers };
}

async function signIn(key: string, headers: Headers = OWN_PAGE) {
  const {
    answer,
    code,
    headers: given,
  } = await send("/console/session", {
    headers,
    body: { key },
  });
  const whole = given.get("set-cookie") ?? "";
  return { answer, code, whole, cookie: whole.split(";")[0] ?? "" };
}

async function ask(cookie: string, given: { query?: string; headers?: Headers; id?: string } = {}) {
  const { query = WHO, headers = OWN_PAGE, id } = given;
  const body = { query, variables: id === undefined ? {} : { id } };
  return send("/console/graphql", { headers: { ...headers, cookie }, body });
}

const entries = async (where: object) => {
  await api.app.auditLog.flush();
  return api.db("audit_log").where(where).orderBy("id");
};

test("is on in development, and in production only where it is asked for", () => {
  const settings = testSettings("postgres://user@host/name", "http://127.0.0.1:1", {
    ONCEPAY_ENCRYPTION_KEY: Buffer.alloc(32, 9).toString("base64"),
  });
  const isOn = (given: object) => readConfig({ ...settings, ...given }).console;
  const key = Buffer.from(Array.from({ length: 32 }, (_, n) => (n * 37 + 11) % 251));
  const production = {
    NODE_ENV: "production",
    ONCEPAY_ENCRYPTION_KEY: key.toString("base64"),
    ONCEPAY_SANDBOX_WEBHOOK_SECRET: undefined,
  };
  expect([isOn({}), isOn({ ONCEPAY_CONSOLE: "false" })]).toEqual([true, false]);
  expect([isOn(production), isOn({ ...production, ONCEPAY_CONSOLE: "true" })]).toEqual([
    false,
    true,
  ]);
});

test("where it is off, there is nothing at its addresses", async () => {
  const app = api.anotherApp({ ONCEPAY_CONSOLE: "false" });
  const server = await startServer(app, { host: "127.0.0.1", port: 0 });
  for (const path of ["/console", "/console/assets/console.js", "/console/session"]) {
    expect([path, (await fetch(server.url + path)).status]).toEqual([path, 404]);
  }
  const asked = await fetch(`${server.url}/console/graphql`, { method: "POST", headers: OWN_PAGE });
  expect(asked.status).toBe(404);
  await server.close();
});

test("the page has nothing in it that its policy forbids, at whatever address it is asked for", async () => {
  for (const address of ["/console", `/console/${api.merchant.id}/payments?status=FAILED`]) {
    const page = await fetch(home + address);
    const policy = page.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/https?:|unsafe|\*/);
    const text = await page.text();
    expect(text).not.toMatch(/https?:|src="\/\/|<style| style=|<script(?![^>]* src=)| on\w+=/);
    expect([page.status, page.headers.get("set-cookie")]).toEqual([200, null]);
  }
});

test("no other file can be had", async () => {
  const assets = mkdtempSync(path.join(tmpdir(), "oncepay-web-"));
  const web = fastify();
  serveConsole(web, { isServed: true, assets });
  for (const name of ["console.js", "console.css", "other.js"]) {
    writeFileSync(path.join(assets, name), `the file ${name}`);
  }
  const get = (name: string) => web.inject(`/console/assets/${name}`);
  expect((await get("console.js")).body).toBe("the file console.js");
  expect((await get("console.css")).headers["content-type"]).toContain("text/css");
  for (const name of ["other.js", "..%2fpackage.json", "constructor"]) {
    expect([name, (await get(name)).statusCode]).toEqual([name, 404]);
  }
  await web.close();
  rmSync(assets, { recursive: true });
});

test("a session stands for its key, and only its hash is stored", async () => {
  const { answer, cookie, whole } = await signIn(api.merchant.operatorKey);
  expect(answer).toMatchObject({ merchantId: api.merchant.id, key: { kind: "OPERATOR" } });
  expect(whole).toMatch(
    /^oncepay-console=ocs_[0-9a-z]{26}_[0-9A-Za-z]{43}; Path=\/console; HttpOnly; SameSite=Strict$/,
  );
  expect((await ask(cookie)).answer.data).toEqual({ merchant: { id: api.merchant.id } });
  const again = await send("/console/session", { method: "GET", headers: { ...OWN_PAGE, cookie } });
  expect(again.answer).toEqual(answer);
  const rows = await api.db("console_sessions").select(api.db.raw("console_sessions::text as t"));
  expect(JSON.stringify(rows)).not.toContain(cookie.slice(-30));
  const [entry] = await entries({ operation: "consoleSignIn", actor_id: answer.key.id });
  expect(entry).toMatchObject({ action: "WRITE", outcome: "SUCCEEDED", address: "127.0.0.1" });
});

test("over https the cookie is Secure, and of this host alone", async () => {
  const app = api.anotherApp({ ONCEPAY_PUBLIC_URL: "https://pay.example" });
  const server = await startServer(app, { host: "127.0.0.1", port: 0 });
  const { headers } = await send(`${server.url}/console/session`, {
    body: { key: api.merchant.operatorKey },
  });
  const whole = headers.get("set-cookie") ?? "";
  expect(whole).toMatch(
    /^__Host-oncepay-console=ocs_\w+; Path=\/; Secure; HttpOnly; SameSite=Strict$/,
  );
  const cookie = whole.split(";")[0] ?? "";
  const own = { "oncepay-console": "act", origin: "https://pay.example", cookie };
  const asked = await send(`${server.url}/console/graphql`, { headers: own, body: { query: WHO } });
  expect(asked.answer.data).toEqual({ merchant: { id: api.merchant.id } });
  await server.close();
});

test("keys of backends and of shops' pages are not for browsers", async () => {
  for (const key of [api.merchant.secretKey, api.merchant.publishableKey]) {
    expect(await signIn(key)).toMatchObject({ code: "FORBIDDEN", whole: "" });
  }
});

test("a wrong key is refused and on record, and many of them are not looked at", async () => {
  const wrong = `${api.merchant.operatorKey.slice(0, -1)}${api.merchant.operatorKey.endsWith("a") ? "b" : "a"}`;
  expect(await signIn(wrong)).toMatchObject({ code: "UNAUTHENTICATED", whole: "" });
  const refused = await entries({ action: "AUTHENTICATION_REFUSED", outcome: "REFUSED" });
  expect(refused.length).toBeGreaterThan(0);
  const app = api.anotherApp({ ONCEPAY_LIMIT_BAD_KEYS: "address=3" });
  const server: Server = await startServer(app, { host: "127.0.0.1", port: 0 });
  const attempt = async (key: string) =>
    (await send(`${server.url}/console/session`, { body: { key } })).code;
  const codes = [];
  for (let n = 0; n < 4; n += 1) codes.push(await attempt(wrong));
  expect(codes).toEqual([...Array<string>(3).fill("UNAUTHENTICATED"), "RATE_LIMITED"]);
  expect(await attempt(api.merchant.operatorKey)).toBe("RATE_LIMITED");
  await server.close();
});

test.each<[string, Headers]>([
  ["of another origin", { "oncepay-console": "act", origin: "https://evil.example" }],
  ["of another site", { "oncepay-console": "act", "sec-fetch-site": "cross-site" }],
  ["of a sibling", { "oncepay-console": "act", "sec-fetch-site": "same-site" }],
  ["typed into the address bar", { "oncepay-console": "act", "sec-fetch-site": "none" }],
  ["of no page", { "oncepay-console": "act" }],
  ["without the console's header", { "sec-fetch-site": "same-origin" }],
])("a request %s is refused, whatever its cookie", async (_what, headers) => {
  const { cookie } = await signIn(api.merchant.operatorKey);
  const own = { ...OWN_PAGE, cookie };
  expect((await ask(cookie, { headers })).code).toBe("FORBIDDEN");
  expect((await signIn(api.merchant.operatorKey, headers)).code).toBe("FORBIDDEN");
  const out = await send("/console/session", { method: "DELETE", headers: { ...headers, cookie } });
  expect(out.code).toBe("FORBIDDEN");
  expect((await send("/console/graphql", { headers: own, body: { query: WHO } })).code).toBe(
    undefined,
  );
});

test("where browsers do not say what kind of page it is, the page's own origin counts", async () => {
  const { cookie } = await signIn(api.merchant.operatorKey);
  const { code } = await ask(cookie, { headers: { "oncepay-console": "watch", origin: home } });
  expect(code).toBe(undefined);
});

test("a form of another page can not sign anybody in", async () => {
  const response = await fetch(`${home}/console/session`, {
    method: "POST",
    headers: { ...OWN_PAGE, "content-type": "text/plain" },
    body: JSON.stringify({ key: api.merchant.operatorKey }),
  });
  expect([response.status, response.headers.get("set-cookie")]).toEqual([415, null]);
});

test("the cookie means nothing at /graphql, nor its token as a key", async () => {
  const { cookie } = await signIn(api.merchant.operatorKey);
  const headers = { ...OWN_PAGE, cookie };
  expect((await send("/graphql", { headers, body: { query: WHO } })).code).toBe("UNAUTHENTICATED");
  const [, token = ""] = cookie.split("=");
  const bearer = { authorization: `Bearer ${token}` };
  const asked = await send("/graphql", { headers: bearer, body: { query: WHO } });
  expect(asked.code).toBe("UNAUTHENTICATED");
  // And a key means nothing at the console.
  const withKey = { ...OWN_PAGE, authorization: `Bearer ${api.merchant.operatorKey}` };
  const other = await send("/console/graphql", { headers: withKey, body: { query: WHO } });
  expect(other.code).toBe("UNAUTHENTICATED");
});

test("another merchant's rows are not seen, whichever way they are asked for", async () => {
  const { id } = await makeIntent(api);
  const { cookie } = await signIn(api.stranger.operatorKey);
  expect((await ask(cookie, { query: INTENT, id })).answer.data).toEqual({ paymentIntent: null });
  const named = { ...OWN_PAGE, "oncepay-merchant": api.merchant.id };
  expect((await ask(cookie, { query: INTENT, id, headers: named })).code).toBe("FORBIDDEN");
  const platform = await signIn(api.asPlatform.key);
  const { answer } = await ask(platform.cookie, { query: INTENT, id, headers: named });
  expect(answer.data).toEqual({ paymentIntent: { id } });
});

test("a session may do what its key may, and nothing else", async () => {
  const { cookie } = await signIn(api.merchant.operatorKey);
  const create = `mutation { createPaymentIntent(idempotencyKey: "1", input: { amount: 1, currency: "USD" }) {
    paymentIntent { id } } }`;
  expect((await ask(cookie, { query: create })).code).toBe("FORBIDDEN");
});

test("no stream is opened on a session", async () => {
  const { cookie } = await signIn(api.merchant.operatorKey);
  const { id } = await makeIntent(api);
  const query = "subscription ($id: ID!) { paymentIntentUpdated(id: $id) { id } }";
  const { code } = await ask(cookie, { query, id });
  expect(code).toBe("BAD_USER_INPUT");
});

describe("a session ends", () => {
  const created = async () => {
    const session = await signIn(api.merchant.operatorKey);
    const [row] = await api.db("console_sessions").orderBy("created_at", "desc").limit(1);
    const change = (columns: object) =>
      api.db("console_sessions").where({ token_hash: row.token_hash }).update(columns);
    const ago = (interval: string) => api.db.raw(`now() - interval '${interval}'`);
    const lastUse = async () => {
      const rows = await api.db("console_sessions").where({ token_hash: row.token_hash });
      return (rows[0]?.last_used_at as Date | undefined)?.getTime() ?? 0;
    };
    return { ...session, change, ago, lastUse };
  };

  test("when nobody has done anything for half an hour; what a page asks by itself is nothing", async () => {
    const { cookie, change, ago, lastUse } = await created();
    await change({ last_used_at: ago("29 minutes") });
    const before = await lastUse();
    const watch = { ...OWN_PAGE, "oncepay-console": "watch" };
    expect((await ask(cookie, { headers: watch })).code).toBe(undefined);
    expect(await lastUse()).toBe(before);
    expect((await ask(cookie)).code).toBe(undefined);
    expect(await lastUse()).toBeGreaterThan(before);
    await change({ last_used_at: ago("31 minutes") });
    expect((await ask(cookie)).code).toBe("UNAUTHENTICATED");
  });

  test("after eight hours, and its row goes with the next sign-in", async () => {
    const { cookie, change, ago, lastUse } = await created();
    await change({ created_at: ago("481 minutes") });
    expect((await ask(cookie)).code).toBe("UNAUTHENTICATED");
    await signIn(api.merchant.operatorKey);
    expect(await lastUse()).toBe(0);
  });

  test("when somebody signs out, and that is on record", async () => {
    const { cookie, answer } = await created();
    const headers = { ...OWN_PAGE, cookie };
    const out = await send("/console/session", { method: "DELETE", headers });
    expect(out.headers.get("set-cookie")).toMatch(/^oncepay-console=; .*Max-Age=0$/);
    expect((await ask(cookie)).code).toBe("UNAUTHENTICATED");
    const done = { operation: "consoleSignOut", actor_id: answer.key.id };
    expect(await entries(done)).toHaveLength(1);
  });

  test("with its key, at once", async () => {
    const { cookie, answer } = await created();
    await api.send({
      query: REVOKE_API_KEY,
      variables: { input: { apiKeyId: answer.key.id }, key: newKey() },
    });
    expect((await ask(cookie)).code).toBe("UNAUTHENTICATED");
  });
});
