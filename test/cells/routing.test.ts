import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { runCommandLine } from "../../src/cli/run-command-line";
import type { Db } from "../../src/db/db";
import { newId } from "../../src/ids";
import { DEFAULT_SCOPES, newApiKey } from "../../src/merchants/api-key";
import { createPlatformKey } from "../../src/merchants/create-platform-key";
import { signWebhook } from "../../src/sandbox/webhook-signature";
import { createClient } from "../../src/sdk/client";
import {
  type TestAnswer,
  type TestRequest,
  type TestApi,
  send,
  startTestApi,
} from "../support/api";
import { type TestDatabase, createEmptyDatabase } from "../support/database";
import { type CellRouter, haproxyIsMissing, startCellRouter } from "../support/haproxy";
import { connectAccount } from "../support/processor-accounts";
import { waitFor } from "../support/wait-for";

/* Two cells behind a real HAProxy with the configuration of deploy/cells: who is where, and what one does not do to the other. */

const missing = haproxyIsMissing();
if (missing !== undefined) console.warn(`Skipped: cells behind a router. ${missing}.`);

const EACH = 5_000;
// All of them take a minute: every tenth is asked.
const ASKED_EVERY = 10;
const AT_ONCE = 32;
const SECRET = "what each cell's own sandbox signs with";
const WHO = "{ merchant { id name } }";
const CHARGE = { status: "succeeded", charge_id: "ch_1", amount: 2_500, fee: 0 };
const SETTINGS = { ONCEPAY_SANDBOX_WEBHOOK_SECRET: SECRET };

let a: TestApi;
let b: TestApi;
let directory: TestDatabase;
let router: CellRouter;

interface Made {
  readonly cell: string;
  readonly id: string;
  readonly key: string;
}

async function makeMerchants(db: Db, cell: string): Promise<Made[]> {
  const made = Array.from({ length: EACH }, () => {
    const id = newId("merchant");
    return { cell, id, ...newApiKey("SECRET", { id, mode: "TEST" }) };
  });
  const ids = made.map(({ id }) => id);
  await db.raw("insert into merchants (id, name, mode) select unnest(?::text[]), ?, 'TEST'", [
    ids,
    cell,
  ]);
  await db.raw(
    `insert into api_keys (merchant_id, id, kind, name, scopes, secret_hash, hint)
    select m, 'key_' || substr(m, 5), 'SECRET', 'test', ?::text[], decode(h, 'hex'), 'sk_test_…0000'
    from unnest(?::text[], ?::text[]) as k (m, h)`,
    [[...DEFAULT_SCOPES.SECRET], ids, made.map(({ hash }) => hash.toString("hex"))],
  );
  return made.map(({ secret, id }) => ({ cell, id, key: secret }));
}

async function oncepay(...args: string[]) {
  const said = { out: "", error: "" };
  const code = await runCommandLine(args, {
    environment: {
      ONCEPAY_DIRECTORY_URL: directory.url,
      CELL_A_URL: a.databaseUrl,
      CELL_B_URL: b.databaseUrl,
      AWAY_URL: "postgres://u:geheim@127.0.0.1:1/n",
    },
    out: (text) => ((said.out += text), true),
    error: (text) => ((said.error += text), true),
  });
  return { code, ...said };
}

async function done(...args: string[]): Promise<unknown> {
  const { code, out, error } = await oncepay(...args, "--json");
  expect([code, error]).toEqual([0, ""]);
  return JSON.parse(out);
}

const write = () => done("cells", "map", "--file", router.map, "--reload", router.reload);

/** A router that is reloaded closes connections that are kept: whoever has just used one asks again, as clients do. */
async function again<Answer>(work: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if ((error as Error).message !== "fetch failed") throw error;
    }
  }
}

const via = (request: TestRequest): Promise<TestAnswer> => again(() => send(router.url, request));

/** A busy machine's cell may miss a probe of the router's; whoever is told so asks again. */
async function ask(key: string): Promise<TestAnswer> {
  for (;;) {
    const answer = await via({ query: WHO, key });
    if (answer.error?.extensions["code"] !== "UNAVAILABLE") return answer;
    await new Promise((resolve) => setTimeout(resolve, answer.error?.extensions["retryAfterMs"]));
  }
}

/** The new worker of the router may take a moment to take over. */
const isKnown = (key: string) =>
  waitFor("the router knows the key", async () => {
    const { data } = await via({ query: WHO, key });
    return data != null;
  });

async function everybody(all: readonly Made[], work: (one: Made) => Promise<void>): Promise<void> {
  const left = [...all];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let one = left.pop(); one; one = left.pop()) await work(one);
    }),
  );
}

(missing === undefined ? describe : describe.skip)("two cells behind HAProxy", () => {
  beforeAll(async () => {
    [a, b, directory] = await Promise.all([
      startTestApi(SETTINGS),
      startTestApi(SETTINGS),
      createEmptyDatabase(),
    ]);
    router = await startCellRouter({ a: a.server.port, b: b.server.port });
  });

  afterAll(async () => {
    await router.stop();
    await Promise.all([a.stop(), b.stop(), directory.drop()]);
  });

  test("the directory says what it lacks, and of which database", async () => {
    const cases: [string[], number, string][] = [
      [["cells", "list"], 1, 'There is no directory there: run "oncepay cells add" first.'],
      [["cells", "add", "--name", "A"], 2, "--name must be a letter"],
      [["cells", "add", "--name", "a", "--database-url-env", "x=y"], 2, "--database-url-env must"],
      [["cells", "add", "--name", "a", "--database-url-env", "NONE"], 78, "NONE: is not set"],
      [["cells", "add", "--name", "a", "--database-url-env", "AWAY_URL"], 69, "AWAY_URL: nothing"],
    ];
    for (const [args, code, text] of cases) {
      const result = await oncepay(...args);
      expect([args, result.code, result.error]).toEqual([
        args,
        code,
        expect.stringContaining(text),
      ]);
      expect(result.error).not.toContain("geheim");
    }
    await done("cells", "add", "--name", "a", "--database-url-env", "CELL_A_URL");
    await done("cells", "add", "--name", "b", "--database-url-env", "CELL_A_URL");
    await done("cells", "add", "--name", "b", "--database-url-env", "CELL_B_URL");
    const empty = await oncepay("cells", "map", "--file", router.map);
    expect([empty.code, empty.error]).toEqual([1, expect.stringContaining("no merchants")]);
    expect((await oncepay("cells", "assign", "--cell", "c")).error).toContain("no cell c");
  });

  test("ten thousand merchants each reach the cell that has their rows", async () => {
    const all = [...(await makeMerchants(a.db, "a")), ...(await makeMerchants(b.db, "b"))];
    // Beside those the two of each world.
    const assigned = { assigned: EACH + 2, elsewhere: 0 };
    expect(await done("cells", "assign", "--cell", "a")).toEqual({ cell: "a", ...assigned });
    expect(await done("cells", "assign", "--cell", "b")).toEqual({ cell: "b", ...assigned });
    expect(await done("cells", "assign", "--cell", "b")).toMatchObject({ assigned: 0 });
    expect(await done("cells", "list")).toEqual({
      cells: [
        { name: "a", databaseUrlEnv: "CELL_A_URL", merchants: EACH + 2 },
        { name: "b", databaseUrlEnv: "CELL_B_URL", merchants: EACH + 2 },
      ],
      moves: [],
    });
    expect(await write()).toEqual({ entries: 2 * EACH + 6, changed: true, reloaded: true });
    await isKnown(a.merchant.secretKey);
    const wrong: object[] = [];
    const asked = all.filter((_, at) => at % ASKED_EVERY === 0);
    await everybody(asked, async ({ cell, id, key }) => {
      const { data, error } = await ask(key);
      if (data?.merchant?.id !== id || data.merchant.name !== cell)
        wrong.push({ cell, data, error });
    });
    expect(wrong).toEqual([]);
  });

  test("one who is in a cell is not assigned to another", async () => {
    const { id } = a.merchant;
    await b.db.raw("insert into merchants (id, name, mode) values (?, 'a copy', 'TEST')", [id]);
    expect(await done("cells", "assign", "--cell", "b")).toMatchObject({ elsewhere: 1 });
    const refused = await oncepay("cells", "assign", "--cell", "b", "--merchant", id);
    expect([refused.code, refused.error]).toEqual([1, expect.stringContaining("stays there")]);
    expect(await done("cells", "list", "--merchant", id)).toEqual({ merchantId: id, cell: "a" });
    const nobody = newId("merchant");
    expect((await oncepay("cells", "assign", "--cell", "b", "--merchant", nobody)).code).toBe(1);
  });

  test("a cell refuses another's key, and the router one that nobody has, in the same words", async () => {
    const foreign = await send(b.server.url, { query: WHO, key: a.merchant.secretKey });
    expect(foreign.error?.extensions["code"]).toBe("UNAUTHENTICATED");
    const { secret } = newApiKey("SECRET", { id: newId("merchant"), mode: "LIVE" });
    for (const key of [secret, "sk_test_x", null]) {
      const plain = await via({ query: WHO, key });
      expect([plain.status, plain.error?.extensions]).toEqual([
        foreign.status,
        { ...foreign.error?.extensions, requestId: plain.headers.get("x-request-id") },
      ]);
      const accept = { accept: "application/graphql-response+json" };
      const exact = await via({ query: WHO, key, headers: accept });
      expect([exact.status, exact.headers.get("content-type")]).toEqual([401, accept.accept]);
    }
    const sdk = createClient({ url: `${router.url}/graphql`, apiKey: secret });
    await expect(sdk.merchant()).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });

  test("a shopper's page reaches its payment with the publishable key; preflights need none", async () => {
    for (const { merchant } of [a, b]) {
      const backend = createClient({ url: `${router.url}/graphql`, apiKey: merchant.secretKey });
      const made = await backend.createPaymentIntent({ amount: 500, currency: "USD" });
      const { id, clientSecret } = made.paymentIntent;
      const seen = await via({
        query: `{ paymentIntent(id: "${id}") { id amount } }`,
        key: merchant.publishableKey,
        headers: { "oncepay-client-secret": String(clientSecret) },
      });
      expect(seen.data).toEqual({ paymentIntent: { id, amount: 500 } });
    }
    const { status } = await fetch(`${router.url}/graphql`, { method: "OPTIONS" });
    expect(status).not.toBe(401);
    expect((await fetch(`${router.url}/health/ready`)).status).toBe(200);
  });

  test("webhooks come to the cell of their account, or to the one that they name", async () => {
    const account = await connectAccount(b);
    const { webhookPath } = account;
    const merchant = `?merchant=${b.merchant.id}`;
    const tell = async (where: string, secret: string): Promise<number> => {
      const reference = newId("attempt");
      const data = { ...CHARGE, reference };
      const body = JSON.stringify({ id: newId("event"), type: "charge.updated", data });
      const headers = { "sandbox-signature": signWebhook(secret, body, Date.now()) };
      const response = await again(() =>
        fetch(router.url + where, { method: "POST", headers, body }),
      );
      return response.status;
    };
    const stored = async ({ db }: TestApi) => Number((await db("inbox").count())[0]?.["count"]);
    expect(await tell(webhookPath, account.webhookSecret)).toBe(404);
    expect(await tell(webhookPath + merchant, account.webhookSecret)).toBe(200);
    await done("cells", "assign", "--cell", "b");
    expect(await write()).toMatchObject({ changed: true, reloaded: true });
    await waitFor("the router knows the account", async () => {
      return (await tell(webhookPath, account.webhookSecret)) === 200;
    });
    const before = await stored(b);
    expect([await stored(a), before >= 2]).toEqual([0, true]);
    expect(await tell("/processors/sandbox/webhooks?cell=a", SECRET)).toBe(200);
    expect(await tell("/processors/sandbox/webhooks?cell=c", SECRET)).toBe(404);
    expect(await tell("/processors/sandbox/webhooks", SECRET)).toBe(404);
    expect([await stored(a), await stored(b)]).toEqual([1, before]);
  });

  test("the console's session and a platform operator find their cell", async () => {
    const { operatorKey, id } = b.merchant;
    const own = { "sec-fetch-site": "same-origin", "oncepay-console": "act" };
    const headers = { ...own, "content-type": "application/json" };
    const signIn = await again(() =>
      fetch(`${router.url}/console/session`, {
        method: "POST",
        headers,
        body: JSON.stringify({ key: operatorKey }),
      }),
    );
    expect(await signIn.json()).toMatchObject({ merchantId: id });
    const cookie = (signIn.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
    const asked = await again(() =>
      fetch(`${router.url}/console/graphql`, {
        method: "POST",
        headers: { ...headers, cookie },
        body: JSON.stringify({ query: WHO }),
      }),
    );
    expect(await asked.json()).toMatchObject({ data: { merchant: { id } } });
    const key = await createPlatformKey(b.db, "test");
    const acting = { "oncepay-merchant": id };
    const named = { ...acting, "oncepay-cell": "b" };
    expect((await via({ query: WHO, key, headers: named })).data.merchant.id).toBe(id);
    const unnamed = await via({ query: WHO, key, headers: acting });
    expect(unnamed.error?.extensions["code"]).toBe("UNAUTHENTICATED");
  });

  test("a map that the router did not take is offered again; one that it has is not", async () => {
    const place = mkdtempSync(path.join(tmpdir(), "oncepay-map-"));
    const file = path.join(place, "cells.map");
    const again = () => oncepay("cells", "map", "--file", file, "--reload", `test -e ${place}/up`);
    expect((await again()).error).toContain("the router has not taken it");
    expect([existsSync(file), (await again()).code]).toEqual([true, 1]);
    const up = `touch ${place}/reloaded`;
    const ran = () => done("cells", "map", "--file", file, "--reload", up);
    expect(await ran()).toMatchObject({ changed: false, reloaded: true });
    rmSync(path.join(place, "reloaded"));
    expect(await ran()).toMatchObject({ changed: false, reloaded: false });
    expect(existsSync(path.join(place, "reloaded"))).toBe(false);
    expect(readFileSync(file, "utf8")).toBe(readFileSync(router.map, "utf8"));
    rmSync(place, { recursive: true });
  });

  test("a cell that is gone is gone for its own merchants alone, and for no longer than it is", async () => {
    await a.server.close();
    const lost = await via({ query: WHO, key: a.merchant.secretKey });
    expect([lost.status, lost.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(lost.error?.extensions).toMatchObject({
      code: "UNAVAILABLE",
      retryable: true,
      retryAfterMs: 1_000,
      details: { mayHaveExecuted: false },
    });
    const { secretKey, id } = b.merchant;
    for (let n = 0; n < 200; n += 1) {
      const { data, error } = await ask(secretKey);
      expect([data, error]).toEqual([{ merchant: { id, name: "Merchant" } }, undefined]);
    }
    // What is about nobody is answered by whoever is there.
    await waitFor("the router has noticed", async () => {
      const asked = Array.from({ length: 8 }, () => fetch(`${router.url}/health/ready`));
      return (await Promise.all(asked)).every(({ status }) => status === 200);
    });
  });
});
