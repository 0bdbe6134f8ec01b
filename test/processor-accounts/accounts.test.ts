import { resealSecrets } from "../../src/key-rotation/reseal-secrets";
import { keyIdOf } from "../../src/security/secrets";
import { CREATE_INTENT, type TestAnswer, type TestApi, newKey, startTestApi } from "../support/api";
import {
  CONNECT_ACCOUNT,
  DISABLE_ACCOUNT,
  ENABLE_ACCOUNT,
  ROTATE_ACCOUNT_SECRET,
  ROTATE_CREDENTIALS,
  aSandboxKey,
  anAccountName,
  connectAccount,
} from "../support/processor-accounts";
import { maintainOnce } from "../../workers/maintain";

/** Accounts at the sandbox network, which says itself whose keys they are. */

let api: TestApi;
const said: string[] = [];
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(async () => {
  await api.stop();
});

async function ask(query: string, input: object, more: object = {}): Promise<TestAnswer> {
  const answer = await api.send({ query, variables: { input, key: newKey() }, ...more });
  said.push(JSON.stringify(answer.body));
  return answer;
}

function connect(secretKey: string, more: object = {}, by: object = {}): Promise<TestAnswer> {
  return ask(CONNECT_ACCOUNT, { processor: "sandbox", credentials: { secretKey }, ...more }, by);
}

const rowOf = async (id: string) => {
  const row = await api.db("processor_accounts").where({ id }).first<Record<string, Buffer>>();
  if (!row) throw new Error("there is no such account");
  return row;
};

test("what an account is called is the processor's word, and its secrets are stored sealed and never shown", async () => {
  const name = anAccountName();
  const secretKey = aSandboxKey(name);
  const { data } = await connect(secretKey, { webhookSecret: "what it signs with, quite long" });
  const { processorAccount: account } = data.connectProcessorAccount;
  expect(account).toMatchObject({
    processor: "sandbox",
    externalAccountId: name,
    mode: "TEST",
    status: "ACTIVE",
    credentialsHint: `…${secretKey.slice(-4)}`,
    webhookSecretHint: "…long",
    webhookPath: `/processors/sandbox/${String(account.id)}/webhooks`,
    version: 1,
  });
  const row = await rowOf(account.id as string);
  expect(JSON.stringify(row)).not.toContain(secretKey);
  expect(
    JSON.parse(
      api.app.secrets.open(row["credentials"] as Buffer, `${String(account.id)} credentials`),
    ),
  ).toEqual({ secretKey });
  // Sealed for its own row and column: it opens nowhere else.
  const sealed = row["credentials"] as Buffer;
  expect(() => api.app.secrets.open(sealed, `${String(account.id)} webhook secret`)).toThrow();
  expect(said.join()).not.toContain(secretKey);
  expect(said.join()).not.toContain("what it signs with");
});

test.each([
  ["a key that the processor does not know", "sk_test_", "input.credentials"],
  ["a key of the other mode", aSandboxKey("live1", "live"), "input.credentials"],
  ["a key with a line break", `${aSandboxKey("broken1")}\n`, "input.credentials"],
])(
  "%s is refused, is not repeated, and its idempotency key stays usable",
  async (_what, bad, field) => {
    const key = newKey();
    const input = { processor: "sandbox", credentials: { secretKey: bad } };
    const refused = await api.send({ query: CONNECT_ACCOUNT, variables: { input, key } });
    expect(refused.error?.extensions).toMatchObject({ code: "BAD_USER_INPUT", details: { field } });
    const good = { ...input, credentials: { secretKey: aSandboxKey(anAccountName()) } };
    const { data } = await api.send({ query: CONNECT_ACCOUNT, variables: { input: good, key } });
    expect(data.connectProcessorAccount.idempotency.status).toBe("EXECUTED");
  },
);

test.each([
  [{ processor: "nobody" }, "input.processor"],
  [{ credentials: {} }, "input.credentials"],
  [
    { credentials: { secretKey: aSandboxKey("x1"), apiBase: "http://127.0.0.1:9" } },
    "input.credentials",
  ],
  [{ settings: { url: "http://127.0.0.1:9" } }, "input.settings"],
])("what the kind does not have is refused: %j", async (more, field) => {
  const { error } = await connect(aSandboxKey("x1"), more);
  expect(error?.extensions).toMatchObject({ code: "BAD_USER_INPUT", details: { field } });
});

test("a processor that is away makes nothing, and a repeat of the request is executed later", async () => {
  const key = newKey();
  const input = { processor: "sandbox", credentials: { secretKey: aSandboxKey(anAccountName()) } };
  await api.sandbox.post("/admin/outage", { mode: "refuse" });
  const away = await api.send({ query: CONNECT_ACCOUNT, variables: { input, key } });
  expect(away.error?.extensions["code"]).toBe("UNAVAILABLE");
  await api.sandbox.post("/admin/outage", { mode: "off" });
  const { data } = await api.send({ query: CONNECT_ACCOUNT, variables: { input, key } });
  expect(data.connectProcessorAccount.idempotency.status).toBe("EXECUTED");
});

test("an account is connected once, by whomever, whatever key of it is used, also by twenty at once", async () => {
  const name = anAccountName();
  const asked = Array.from({ length: 20 }, (_, n) =>
    connect(aSandboxKey(name), {}, n % 2 === 0 ? {} : { key: api.stranger.secretKey }),
  );
  const answers = await Promise.all(asked);
  const made = answers.filter(({ error }) => error === undefined);
  expect(made).toHaveLength(1);
  const codes = answers.flatMap(({ error }) => error?.extensions["code"] ?? []);
  expect(new Set(codes)).toEqual(new Set(["FORBIDDEN"]));
  // Nothing is said about who has it.
  expect(JSON.stringify(answers.map(({ error }) => error))).not.toMatch(/pac_|mer_/);
  expect(await api.db("processor_accounts").where({ external_account_id: name })).toHaveLength(1);
});

test("new credentials must be the same account's; others change nothing", async () => {
  const { id, name, secretKey } = await connectAccount(api);
  const before = await rowOf(id);
  for (const other of [
    aSandboxKey(anAccountName()),
    aSandboxKey(name, "live"),
    "sk_test_nonsense",
  ]) {
    const input = { processorAccountId: id, credentials: { secretKey: other } };
    const { error } = await ask(ROTATE_CREDENTIALS, input);
    expect(error?.extensions["code"]).toBe("BAD_USER_INPUT");
    expect(JSON.stringify(error)).not.toContain(other);
  }
  expect(await rowOf(id)).toEqual(before);
  const next = aSandboxKey(name);
  const input = { processorAccountId: id, credentials: { secretKey: next } };
  const { data } = await ask(ROTATE_CREDENTIALS, input);
  expect(data.rotateProcessorCredentials.processorAccount).toMatchObject({
    version: 2,
    credentialsHint: `…${next.slice(-4)}`,
  });
  expect(said.join()).not.toContain(secretKey);
  const entries = await api.db("audit_log").where({ operation: "rotateProcessorCredentials" });
  expect(JSON.stringify(entries)).toContain(next.slice(-4));
  expect(JSON.stringify(entries)).not.toContain(next);
});

test("another tenant's account is unknown: to every change of it, and to every look at it", async () => {
  const { id, name } = await connectAccount(api);
  const before = await rowOf(id);
  const by = { key: api.stranger.secretKey };
  const ofIt = { processorAccountId: id };
  for (const [query, input] of [
    [ROTATE_CREDENTIALS, { ...ofIt, credentials: { secretKey: aSandboxKey(name) } }],
    [ROTATE_ACCOUNT_SECRET, { ...ofIt, webhookSecret: "mine now" }],
    [DISABLE_ACCOUNT, ofIt],
    [ENABLE_ACCOUNT, ofIt],
  ] as const) {
    expect((await ask(query, input, by)).error?.extensions["code"]).toBe("NOT_FOUND");
  }
  const list = "{ processorAccounts(first: 50) { edges { node { id } } } }";
  expect(JSON.stringify((await api.send({ query: list, ...by })).data)).not.toContain(id);
  expect(JSON.stringify((await api.send({ query: list })).data)).toContain(id);
  const node = `{ node(id: "${id}") { id } }`;
  expect((await api.send({ query: node, ...by })).data).toEqual({ node: null });
  expect(await rowOf(id)).toEqual(before);
});

test("of two secrets of webhooks the old one is gone when its time is over, and there are never three", async () => {
  const { id } = await connectAccount(api);
  const rotate = (webhookSecret: string, overlapSeconds: number) =>
    ask(ROTATE_ACCOUNT_SECRET, { processorAccountId: id, webhookSecret, overlapSeconds });
  const [first, second] = await Promise.all([rotate("the second", 60), rotate("the third", 60)]);
  const refused = [first, second].filter(({ error }) => error !== undefined);
  expect(refused.map(({ error }) => error?.extensions["code"])).toEqual(["INVALID_STATE"]);
  expect((await rowOf(id))["old_webhook_secret"]).not.toBeNull();
  await api
    .db("processor_accounts")
    .where({ id })
    .update({ old_webhook_secret_until: new Date(0) });
  await maintainOnce(api.app);
  expect((await rowOf(id))["old_webhook_secret"]).toBeNull();
  expect((await rotate("the fourth", 0)).error).toBeUndefined();
});

test("the encryption key can be changed, and what is sealed opens with the new one alone", async () => {
  const { id, secretKey } = await connectAccount(api);
  await ask(ROTATE_ACCOUNT_SECRET, {
    processorAccountId: id,
    webhookSecret: "another one",
    overlapSeconds: 60,
  });
  const both = `${Buffer.alloc(32, 9).toString("base64")},${Buffer.alloc(32, 7).toString("base64")}`;
  const { db, secrets, config } = api.anotherApp({ ONCEPAY_ENCRYPTION_KEY: both });
  await resealSecrets(db, { secrets, keyIds: config.encryptionKeys.map(keyIdOf) });
  const newest = api.anotherApp({ ONCEPAY_ENCRYPTION_KEY: Buffer.alloc(32, 9).toString("base64") });
  const row = await rowOf(id);
  expect(newest.secrets.open(row["credentials"] as Buffer, `${id} credentials`)).toContain(
    secretKey,
  );
  expect(newest.secrets.open(row["webhook_secret"] as Buffer, `${id} webhook secret`)).toBe(
    "another one",
  );
  expect(newest.secrets.open(row["old_webhook_secret"] as Buffer, `${id} webhook secret`)).toMatch(
    /^hook_/,
  );
});

test("secrets of processors may look like ours, where they belong, and nowhere else", async () => {
  const { id } = await connectAccount(api);
  const webhookSecret = `whsec_${"a".repeat(32)}`;
  const rotated = await ask(ROTATE_ACCOUNT_SECRET, {
    processorAccountId: id,
    webhookSecret,
    overlapSeconds: 0,
  });
  expect(rotated.error).toBeUndefined();
  const refused = [
    await ask(DISABLE_ACCOUNT, { processorAccountId: id, reason: webhookSecret }),
    await ask(CREATE_INTENT, { amount: 1, currency: "USD", metadata: { webhookSecret } }),
    await ask(ROTATE_ACCOUNT_SECRET, { processorAccountId: webhookSecret, webhookSecret: "x" }),
    // A document is kept and logged.
    await ask(
      `mutation ($key: String!) { rotateProcessorWebhookSecret(input: {processorAccountId: "${id}", webhookSecret: "${webhookSecret}"}, idempotencyKey: $key) { idempotency { status } } }`,
      {},
    ),
    // Nor may another field beside it.
    await ask(
      `mutation ($input: RotateProcessorWebhookSecretInput!, $key: String!) {
        a: rotateProcessorWebhookSecret(input: $input, idempotencyKey: $key) { idempotency { status } }
        b: rotateProcessorWebhookSecret(input: $input, idempotencyKey: $key) { idempotency { status } } }`,
      { processorAccountId: id, webhookSecret },
    ),
  ];
  for (const { error } of refused) expect(error?.extensions["code"]).toBe("BAD_USER_INPUT");
});

test("the database keeps what an account is, and keeps accounts", async () => {
  const { id } = await connectAccount(api);
  const row = () => api.db("processor_accounts").where({ id });
  for (const change of [
    { external_account_id: "another" },
    { mode: "LIVE" },
    { processor: "stripe" },
    { merchant_id: api.stranger.id },
  ]) {
    await expect(row().update(change)).rejects.toThrow("does not change");
  }
  await expect(row().del()).rejects.toThrow();
  await expect(api.db("processor_changes").del()).rejects.toThrow();
});
