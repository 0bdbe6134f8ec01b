import { runCommandLine } from "../../src/cli/run-command-line";
import { type TestApi, send, startTestApi } from "../support/api";
import { waitFor } from "../support/wait-for";

/** API keys made and ended by those who hold the database; the API accepts and refuses them. */

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

async function keys(...args: string[]) {
  const said = { out: "", error: "" };
  const code = await runCommandLine(["keys", ...args], {
    environment: { DATABASE_URL: api.databaseUrl },
    out: (text) => ((said.out += text), true),
    error: (text) => ((said.error += text), true),
  });
  return { code, ...said };
}

interface Shown {
  readonly id: string;
  readonly secret: string;
  readonly [field: string]: unknown;
}

async function shown(...args: string[]): Promise<Shown> {
  const { code, out, error } = await keys(...args, "--json");
  expect([code, error]).toEqual([0, ""]);
  return JSON.parse(out) as Shown;
}

const ofMerchant = (): string[] => ["--merchant", api.merchant.id];

async function codeFor(key: string, query = "{ eventTypes { type } }"): Promise<unknown> {
  return (await send(api.server.url, { query, key })).error?.extensions["code"];
}

test("the first platform operator of an installation", async () => {
  const made = await shown("create", "--platform", "--name", "Alice");
  expect(made).toMatchObject({ kind: "PLATFORM", name: "Alice", status: "ACTIVE" });
  expect(made.secret).toMatch(/^plk_live_0{26}_/);
  expect(await codeFor(made.secret)).toBeUndefined();
  const listed = await keys("list", "--platform");
  expect(listed.out).toContain(made.id);
  expect(listed.out).not.toContain(made.secret);
});

test("a merchant's key, from its making to its end", async () => {
  const options = ["--scopes", "events:read", "--expires-in", "90d", "--allow", "127.0.0.1/8, ::1"];
  const made = await shown(
    "create",
    ...ofMerchant(),
    "--kind",
    "restricted",
    "--name",
    "feed",
    ...options,
  );
  expect(made).toMatchObject({
    scopes: ["events:read"],
    allowedAddresses: ["127.0.0.0/8", "::1/128"],
    expiresAt: expect.any(String),
  });
  expect(await codeFor(made.secret)).toBeUndefined();
  expect(await codeFor(made.secret, "{ trialBalance { balanced } }")).toBe("FORBIDDEN");

  const rolled = await shown("roll", ...ofMerchant(), "--id", made.id, "--overlap", "0s");
  expect(rolled).toMatchObject({
    apiKey: { rolledFrom: made.id, scopes: ["events:read"] },
    oldApiKey: { id: made.id, status: "EXPIRED" },
  });
  expect(await codeFor(rolled.secret)).toBeUndefined();
  await waitFor("the old key to end", async () => {
    return (await codeFor(made.secret)) === "UNAUTHENTICATED";
  });

  const { id } = rolled["apiKey"] as Shown;
  expect(await shown("revoke", ...ofMerchant(), "--id", id)).toMatchObject({ status: "REVOKED" });
  await waitFor("the key to be refused", async () => {
    return (await codeFor(rolled.secret)) === "UNAUTHENTICATED";
  });
  expect((await keys("list", ...ofMerchant())).out).not.toContain(id);
  expect((await keys("list", ...ofMerchant(), "--all")).out).toContain(id);
  const again = await keys("revoke", ...ofMerchant(), "--id", id);
  expect([again.code, again.error]).toEqual([
    1,
    "This is not possible while the API key is REVOKED. It was revoked before.\n",
  ]);
});

test.each([
  [["create", "--name", "a"], "Either --merchant with a merchant's id or --platform"],
  [["create", "--platform", "--kind", "secret", "--name", "a"], "--kind must be"],
  [
    ["create", "--merchant", `mer_${"z".repeat(26)}`, "--kind", "secret", "--name", "a"],
    "no merchant",
  ],
  [["list", "--merchant", "mer_1"], "Either --merchant"],
  [["roll", "--platform", "--id", "whd_1"], "--id is required"],
  [
    ["roll", "--platform", "--id", `key_${"0".repeat(26)}`, "--overlap", "soon"],
    "--overlap must be",
  ],
])("keys %j is refused in a sentence", async (args, text) => {
  const { code, out, error } = await keys(...args);
  expect([code, out, error]).toEqual([2, "", expect.stringContaining(text)]);
});

test("what a key cannot be is refused in a sentence", async () => {
  const create = (...options: string[]) =>
    keys("create", ...ofMerchant(), "--name", "a", ...options);
  for (const [options, text] of [
    [["--kind", "platform"], "--kind must be"],
    [["--kind", "secret", "--scopes", "events:read"], "Only a restricted key's scopes"],
    [["--kind", "restricted", "--scopes", "events:steal"], "--scopes has one"],
    [["--kind", "restricted", "--scopes", "merchants:write"], "Only platform operators' keys"],
    [["--kind", "secret", "--expires-in", "90"], "--expires-in must be a duration"],
    [["--kind", "secret", "--allow", "shop.example"], "--allow: at most 50"],
  ] as const) {
    const { code, error } = await create(...options);
    expect([code, error]).toEqual([2, expect.stringContaining(text)]);
  }
});
