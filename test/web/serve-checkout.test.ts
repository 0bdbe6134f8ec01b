import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fastify from "fastify";
import { readConfig } from "../../src/config";
import { type Server, startServer } from "../../src/server";
import { serveCheckout } from "../../src/web/serve-checkout";
import { type TestApi, startTestApi } from "../support/api";
import { testSettings } from "../support/app";

/* The demo shop without a browser: what is served, to whom, and what the shop's backend half gives away. */

let api: TestApi;
let server: Server;
let home: string;

beforeAll(async () => {
  api = await startTestApi();
  const app = api.anotherApp({
    ONCEPAY_DEMO_SECRET_KEY: api.merchant.secretKey,
    ONCEPAY_DEMO_PUBLISHABLE_KEY: api.merchant.publishableKey,
  });
  server = await startServer(app, { host: "127.0.0.1", port: 0 });
  home = server.url;
});
afterAll(async () => {
  await server.close();
  await api.stop();
});

interface Answer {
  readonly payment: { publishableKey: string; paymentIntentId: string; clientSecret: string };
}

async function order(path: string, cookie = "", body: object = {}) {
  const response = await fetch(home + path, {
    method: "POST",
    headers: { "content-type": "application/json", cookie },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
  const text = await response.text();
  const { payment } = JSON.parse(text) as Answer;
  return { payment, text, cookie: response.headers.get("set-cookie")?.split(";")[0] ?? cookie };
}

test("is served in development alone, and only with the keys of a merchant in test mode", async () => {
  expect((await fetch(`${api.server.url}/checkout`)).status).toBe(404);
  expect((await fetch(`${api.server.url}/checkout/order`, { method: "POST" })).status).toBe(404);
  const settings = testSettings("postgres://user@host/name", "http://127.0.0.1:1", {
    ONCEPAY_ENCRYPTION_KEY: randomBytes(32).toString("base64"),
    ONCEPAY_DEMO_SECRET_KEY: "sk_test_1",
    ONCEPAY_DEMO_PUBLISHABLE_KEY: "pk_test_1",
  });
  const keys = { secretKey: "sk_test_1", publishableKey: "pk_test_1" };
  expect(readConfig(settings).demoShop).toEqual(keys);
  expect(readConfig({ ...settings, NODE_ENV: "production" }).demoShop).toBeUndefined();
  const half = { ...settings };
  delete half["ONCEPAY_DEMO_PUBLISHABLE_KEY"];
  expect(readConfig(half).demoShop).toBeUndefined();
  expect(() => readConfig({ ...settings, ONCEPAY_DEMO_SECRET_KEY: "sk_live_1" })).toThrow(
    "ONCEPAY_DEMO_SECRET_KEY: must be a secret key of a merchant in test mode",
  );
});

test("the page has nothing in it that its policy forbids, and nothing of anybody else's", async () => {
  const page = await fetch(`${home}/checkout`);
  const policy = page.headers.get("content-security-policy") ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/https?:|unsafe|\*|'self' /);
  expect(page.headers.get("set-cookie")).toMatch(
    /^oncepay-demo-order=now\.[\w-]{36}; Path=\/checkout; HttpOnly; SameSite=Lax$/,
  );
  const text = await page.text();
  expect(text).not.toMatch(/https?:|src="\/\/|<style| style=|<script(?![^>]* src=)| on\w+=/);
  expect(text).not.toMatch(/[sp]k_test/);
});

test("no other file can be had", async () => {
  const assets = mkdtempSync(path.join(tmpdir(), "oncepay-web-"));
  const web = fastify();
  serveCheckout(web, { secretKey: "sk_test_1", publishableKey: "pk_test_1", assets });
  for (const name of ["checkout.js", "checkout.css", "other.js"]) {
    writeFileSync(path.join(assets, name), `the file ${name}`);
  }
  const get = (name: string) => web.inject(`/checkout/assets/${name}`);
  const script = await get("checkout.js");
  expect([script.body, script.headers["content-type"]]).toEqual([
    "the file checkout.js",
    "text/javascript; charset=utf-8",
  ]);
  expect((await get("checkout.css")).headers["content-type"]).toContain("text/css");
  for (const name of ["other.js", "..%2fpackage.json", "%2e%2e/package.json", "constructor"]) {
    expect([name, (await get(name)).statusCode]).toEqual([name, 404]);
  }
  await web.close();
  rmSync(assets, { recursive: true });
});

test("an order is one payment, however often and from however many tabs it is asked for", async () => {
  const first = await order("/checkout/order");
  const again = await Promise.all([1, 2, 3].map(() => order("/checkout/order", first.cookie)));
  for (const { payment, cookie } of again) {
    expect([payment, cookie]).toEqual([first.payment, first.cookie]);
  }
  const intent = `query ($id: ID!) { paymentIntent(id: $id) { status amount captureMethod } }`;
  const { data } = await api.send({
    query: intent,
    variables: { id: first.payment.paymentIntentId },
  });
  expect(data.paymentIntent).toEqual({
    status: "REQUIRES_PAYMENT_METHOD",
    amount: 4_200,
    captureMethod: "AUTOMATIC",
  });
});

test("a new order is another payment, and a cookie that is none begins one", async () => {
  const first = await order("/checkout/order");
  const later = await order("/checkout/new-order", first.cookie, { kind: "later" });
  const strange = await order("/checkout/order", "a=b; oncepay-demo-order=now.1; c=d");
  const ids = [first, later, strange].map(({ payment }) => payment.paymentIntentId);
  expect(new Set(ids).size).toBe(3);
  expect(await order("/checkout/order", later.cookie)).toMatchObject({ payment: later.payment });
  expect(later.cookie).toContain("=later.");
});

test("the page is given what the shopper may do, and no secret key", async () => {
  const { payment, text } = await order("/checkout/order");
  expect(text).not.toContain("sk_test");
  expect(payment.publishableKey).toBe(api.merchant.publishableKey);
  const read = { id: payment.paymentIntentId };
  const { data } = await api.send({
    query: "query ($id: ID!) { paymentIntent(id: $id) { id } }",
    variables: read,
    key: payment.publishableKey,
    headers: { "oncepay-client-secret": payment.clientSecret },
  });
  expect(data.paymentIntent).toEqual(read);
});
