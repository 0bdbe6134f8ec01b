import { type Server, startServer } from "../../src/server";
import { storeApiKey } from "../support/api-keys";
import {
  CREATE_API_KEY,
  REVOKE_API_KEY,
  ROLL_API_KEY,
  type TestAnswer,
  type TestApi,
  newKey,
  startTestApi,
} from "../support/api";
import { waitFor } from "../support/wait-for";

let api: TestApi;
let other: Server;
beforeAll(async () => {
  api = await startTestApi();
  other = await startServer(api.anotherApp(), { host: "127.0.0.1", port: 0 });
});
afterAll(async () => {
  await other.close();
  await api.stop();
});

interface Made {
  readonly id: string;
  readonly secret: string;
}

const ask = (query: string, input: object, as?: string, key = newKey()): Promise<TestAnswer> =>
  api.send({ query, variables: { input, key }, ...(as !== undefined && { key: as }) });

const create = (input: object, as?: string) =>
  ask(CREATE_API_KEY, { kind: "RESTRICTED", name: "a key", ...input }, as);
const roll = (apiKeyId: string, input: object = {}, as?: string) =>
  ask(ROLL_API_KEY, { apiKeyId, ...input }, as);
const revoke = (apiKeyId: string, as?: string) => ask(REVOKE_API_KEY, { apiKeyId }, as);

async function made(asked: Promise<TestAnswer>): Promise<Made> {
  const { data, body } = await asked;
  expect(body.errors).toBeUndefined();
  const [payload] = Object.values(data as Record<string, { apiKey: Made; secret: string }>);
  return { id: payload?.apiKey.id ?? "", secret: payload?.secret ?? "" };
}

const codeOf = ({ error }: TestAnswer): unknown => error?.extensions.code;

async function isAccepted(key: string): Promise<boolean> {
  const answer = await api.send({ query: "{ eventTypes { type } }", key });
  return codeOf(answer) !== "UNAUTHENTICATED";
}

const inAnHour = (): string => new Date(Date.now() + 3_600_000).toISOString();

describe("a new key", () => {
  test("can do what its kind can, and says its mode", async () => {
    const answer = await create({ kind: "SECRET", name: "backend" });
    const { apiKey, secret } = answer.data.createApiKey;
    expect(secret).toMatch(/^sk_test_[0-9a-z]{26}_\w{49}$/);
    expect(apiKey).toMatchObject({
      kind: "SECRET",
      name: "backend",
      mode: "TEST",
      hint: `sk_test_…${secret.slice(-4)}`,
      status: "ACTIVE",
      allowedAddresses: [],
      expiresAt: null,
    });
    const { data } = await api.send({ query: "{ merchant { id mode } }", key: secret });
    expect(data.merchant).toEqual({ id: api.merchant.id, mode: "TEST" });
  });

  test("is stored as a hash alone", async () => {
    const { id, secret } = await made(create({}));
    const [row] = await api.db("api_keys").where({ id });
    expect(JSON.stringify(row)).not.toContain(secret.slice(20));
    const records = await api.db("idempotency_keys").whereNotNull("sealed");
    expect(records.length).toBeGreaterThan(0);
    expect(JSON.stringify(records)).not.toContain(secret.slice(20));
  });

  test.each([
    ["scopes", { kind: "SECRET", scopes: ["payments:read"] }],
    ["scopes", { scopes: [] }],
    ["scopes", { scopes: ["merchants:write"] }],
    ["scopes", { scopes: ["operations:write"] }],
    ["scopes.0", { scopes: ["payments:steal"] }],
    ["kind", { kind: "PLATFORM" }],
    ["expiresAt", { expiresAt: "2020-01-01T00:00:00Z" }],
    ["name", { name: "" }],
    ["allowedAddresses.1", { allowedAddresses: ["10.0.0.1", "10.0.0.0/33"] }],
    ["allowedAddresses.0", { allowedAddresses: ["shop.example"] }],
    ["allowedAddresses", { allowedAddresses: Array.from({ length: 51 }, () => "10.0.0.1") }],
  ])("with impossible %s is refused, and nothing is stored", async (field, input) => {
    const before = await api.countRows();
    const answer = await create(input);
    expect(answer.error?.extensions).toMatchObject({
      code: "BAD_USER_INPUT",
      details: { field: `input.${field}` },
    });
    expect(await api.countRows()).toBe(before);
  });

  test("is one of a hundred at most, also when many are made at once", async () => {
    const crowded = api.stranger;
    const first = await api.db("api_keys").where({ merchant_id: crowded.id });
    for (let stored = first.length; stored < 98; stored += 1) {
      await storeApiKey(api.db, crowded, {});
    }
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => create({}, crowded.secretKey)),
    );
    const refused = answers.filter((answer) => codeOf(answer) === "INVALID_STATE");
    expect(refused).toHaveLength(4);
    expect(refused[0]?.error).toMatchObject({
      message:
        "There may be 100 at most. The merchant has as many active keys: one must be revoked first.",
      extensions: { details: { currentState: "LIMIT_REACHED", limit: 100 } },
    });
    const id = answers.find(({ data }) => data)?.data.createApiKey.apiKey.id as string;
    await revoke(id, crowded.secretKey);
    expect(codeOf(await create({}, crowded.secretKey))).toBeUndefined();
  });
});

describe("a key cannot make a wider one", () => {
  test("in scopes, whatever kind it asks for", async () => {
    const small = await made(create({ scopes: ["keys:write", "events:read"] }));
    for (const [input, scope] of [
      [{ scopes: ["events:read", "payments:read"] }, "payments:read"],
      [{}, "payments:read"],
      [{ kind: "SECRET" }, "payments:read"],
      [{ kind: "PUBLISHABLE" }, "payments:confirm"],
      [{ kind: "OPERATOR" }, "payments:read"],
    ] as const) {
      const answer = await create(input, small.secret);
      expect(answer.error?.extensions).toMatchObject({ code: "FORBIDDEN", details: { scope } });
    }
    expect(codeOf(await create({ scopes: ["events:read"] }, small.secret))).toBeUndefined();
    const secretsOwn = await create({ kind: "OPERATOR" });
    expect(secretsOwn.error?.extensions.details).toEqual({ scope: "operations:read" });
    const operators = await create({ kind: "SECRET" }, api.merchant.operatorKey);
    expect(codeOf(operators)).toBe("FORBIDDEN");
  });

  test("in time", async () => {
    const scopes = ["keys:write"];
    const expiresAt = inAnHour();
    const short = await made(create({ scopes, expiresAt }));
    const later = new Date(Date.parse(expiresAt) + 1).toISOString();
    expect(codeOf(await create({ scopes }, short.secret))).toBe("FORBIDDEN");
    expect(codeOf(await create({ scopes, expiresAt: later }, short.secret))).toBe("FORBIDDEN");
    expect(codeOf(await create({ scopes, expiresAt }, short.secret))).toBeUndefined();
    expect(codeOf(await roll(short.id, { expiresAt: later }, short.secret))).toBe("FORBIDDEN");
  });

  test("in addresses", async () => {
    const scopes = ["keys:write"];
    const here = { scopes, allowedAddresses: ["127.0.0.0/8", "::1"] };
    const bound = await made(create(here));
    for (const allowedAddresses of [[], ["127.0.0.1", "10.0.0.1"], ["126.0.0.0/7"], ["::/64"]]) {
      expect(codeOf(await create({ scopes, allowedAddresses }, bound.secret))).toBe("FORBIDDEN");
    }
    const within = { scopes, allowedAddresses: ["127.3.0.0/16", "::ffff:127.0.0.1"] };
    const narrower = await create(within, bound.secret);
    expect(narrower.data.createApiKey.apiKey.allowedAddresses).toEqual([
      "127.0.0.1/32",
      "127.3.0.0/16",
    ]);
  });

  test("by rolling one", async () => {
    const wide = await made(create({ kind: "SECRET" }));
    const small = await made(create({ scopes: ["keys:write"] }));
    expect(codeOf(await roll(wide.id, {}, small.secret))).toBe("FORBIDDEN");
    expect(codeOf(await roll(small.id, {}, small.secret))).toBeUndefined();
  });

  test("by repeating the request that made one", async () => {
    const small = await made(create({ scopes: ["keys:write"] }));
    const [created, rolled] = [newKey(), newKey()];
    const wide = { kind: "SECRET", name: "backend" };
    const { id } = await made(ask(CREATE_API_KEY, wide, undefined, created));
    await made(ask(ROLL_API_KEY, { apiKeyId: id }, undefined, rolled));
    const answers = [
      await ask(CREATE_API_KEY, wide, small.secret, created),
      await ask(ROLL_API_KEY, { apiKeyId: id }, small.secret, rolled),
    ];
    for (const { body, error } of answers) {
      expect(error?.extensions.code).toBe("FORBIDDEN");
      expect(JSON.stringify(body)).not.toMatch(/sk_test_[0-9a-z]{26}_/);
    }
  });
});

describe("rolling", () => {
  test("leaves two live, the old one for a day or as long as is said", async () => {
    const old = await made(create({ scopes: ["events:read"], name: "feed" }));
    const answer = await roll(old.id);
    const { apiKey, oldApiKey, secret } = answer.data.rollApiKey;
    expect(apiKey).toMatchObject({
      name: "feed",
      scopes: ["events:read"],
      rolledFrom: old.id,
      expiresAt: null,
    });
    expect(oldApiKey).toMatchObject({ id: old.id, status: "ACTIVE" });
    const [row] = await api
      .db("api_keys")
      .where({ id: old.id })
      .select(api.db.raw("expires_at - now() between interval '23 hours' and '24 hours' as day"));
    expect(row).toEqual({ day: true });
    expect([await isAccepted(old.secret), await isAccepted(secret)]).toEqual([true, true]);

    const atOnce = await made(create({}));
    const rolled = await roll(atOnce.id, { overlapSeconds: 0 });
    expect(rolled.data.rollApiKey.oldApiKey.status).toBe("EXPIRED");
    expect(await isAccepted(atOnce.secret)).toBe(false);
  });

  test("never prolongs a key", async () => {
    const expiresAt = inAnHour();
    const { id } = await made(create({ expiresAt }));
    const { data } = await roll(id, { overlapSeconds: 2_592_000 });
    expect(data.rollApiKey.oldApiKey.expiresAt).toBe(expiresAt);
    expect(data.rollApiKey.apiKey.expiresAt).toBe(expiresAt);
    const longer = await made(create({ expiresAt }));
    const later = new Date(Date.parse(expiresAt) + 3_600_000).toISOString();
    const extended = await roll(longer.id, { expiresAt: later });
    expect(extended.data.rollApiKey.apiKey.expiresAt).toBe(later);
  });

  test("twice at once makes one successor", async () => {
    const { id } = await made(create({}));
    const answers = await Promise.all([roll(id), roll(id), roll(id), roll(id)]);
    expect(answers.map(codeOf).sort()).toEqual([
      ...Array<string>(3).fill("INVALID_STATE"),
      undefined,
    ]);
    const refused = answers.find(({ error }) => error)?.error;
    expect(refused?.extensions.details).toEqual({
      id,
      currentState: "ROLLED",
      because: "It was rolled before: roll the key that took its place.",
      allowedActions: ["REVOKE"],
    });
    expect(await api.db("api_keys").where({ rolled_from: id })).toHaveLength(1);
  });

  test("of a successor waits until its predecessor has ended", async () => {
    const first = await made(create({}));
    const second = await made(roll(first.id));
    const early = await roll(second.id);
    expect(early.error?.extensions.details).toMatchObject({ currentState: "OVERLAPPING" });
    await revoke(first.id);
    expect(codeOf(await roll(second.id))).toBeUndefined();
  });

  test.each([-1, 2_592_001])("refuses an overlap of %d seconds", async (overlapSeconds) => {
    const { id } = await made(create({}));
    expect(codeOf(await roll(id, { overlapSeconds }))).toBe("BAD_USER_INPUT");
  });

  test("is answered again to a key that has rolled itself and lost the answer", async () => {
    const own = await made(create({ kind: "SECRET" }));
    const key = newKey();
    const first = await ask(ROLL_API_KEY, { apiKeyId: own.id }, own.secret, key);
    const again = await ask(ROLL_API_KEY, { apiKeyId: own.id }, own.secret, key);
    expect(again.data.rollApiKey.secret).toBe(first.data.rollApiKey.secret);
    expect(again.data.rollApiKey.oldApiKey).toEqual(first.data.rollApiKey.oldApiKey);
  });
});

describe("revoking", () => {
  test("is final", async () => {
    const { id, secret } = await made(create({}));
    const { data } = await revoke(id);
    expect(data.revokeApiKey.apiKey).toMatchObject({ id, status: "REVOKED" });
    await waitFor("the key to be refused", async () => !(await isAccepted(secret)));
    const again = await revoke(id);
    expect(again.error).toMatchObject({
      message: "This is not possible while the API key is REVOKED. It was revoked before.",
      extensions: { code: "INVALID_STATE" },
    });
    expect(codeOf(await roll(id))).toBe("INVALID_STATE");
  });

  test("stops a key on every server within a second of the answer, under load", async () => {
    const { id, secret } = await made(create({ scopes: ["events:read"] }));
    const accepted: number[] = [];
    let stopped = 0;
    const hammer = async (url: string): Promise<void> => {
      for (;;) {
        const sentMs = performance.now();
        const response = await fetch(`${url}/graphql`, {
          method: "POST",
          headers: { "content-type": "application/json", authorization: `Bearer ${secret}` },
          body: JSON.stringify({ query: "{ eventTypes { type } }" }),
        });
        const { errors } = (await response.json()) as { errors?: unknown };
        if (errors) break;
        accepted.push(sentMs);
      }
      stopped += 1;
    };
    const servers = [api.server.url, other.url, api.server.url, other.url];
    const load = Promise.all(servers.map(hammer));
    await waitFor("the load", () => accepted.length > 40);
    expect(codeOf(await revoke(id))).toBeUndefined();
    const revokedMs = performance.now();
    await load;
    expect(stopped).toBe(servers.length);
    // What is promised of requests that are sent later than that, however slow this machine is.
    expect(accepted.filter((sentMs) => sentMs > revokedMs + 1_000)).toEqual([]);
  });
});

test("a key works from its addresses alone", async () => {
  const near = await made(create({ allowedAddresses: ["127.0.0.0/8"] }));
  const far = await made(create({ allowedAddresses: ["203.0.113.0/24", "2001:db8::/32"] }));
  expect(
    codeOf(await api.send({ query: "{ merchant { id } }", key: near.secret })),
  ).toBeUndefined();
  const refused = await api.send({ query: "{ merchant { id } }", key: far.secret });
  expect(refused.error).toMatchObject({
    message: "The API key may not be used from this address.",
    extensions: { code: "FORBIDDEN" },
  });
});

const LIST = `query ($filter: ApiKeyFilter, $first: Int, $after: String) {
  apiKeys(filter: $filter, first: $first, after: $after) {
    edges { node { id kind status createdBy } } pageInfo { hasNextPage endCursor } } }`;

describe("the list", () => {
  test("is of the merchant's own keys, by kind and by whether they can be used", async () => {
    const { id } = await made(create({ kind: "PUBLISHABLE" }));
    await revoke(id);
    const list = async (filter: object) => {
      const { data } = await api.send({ query: LIST, variables: { filter, first: 100 } });
      return (data.apiKeys.edges as { node: { id: string; status: string } }[]).map(
        ({ node }) => node,
      );
    };
    const all = await list({});
    const stored = await api.db("api_keys").where({ merchant_id: api.merchant.id });
    expect(all.map((key) => key.id).sort()).toEqual(stored.map((row) => row.id as string).sort());
    expect((await list({ active: true })).every(({ status }) => status === "ACTIVE")).toBe(true);
    const ended = await list({ kinds: ["PUBLISHABLE"], active: false });
    expect(ended).toMatchObject([{ id, kind: "PUBLISHABLE", status: "REVOKED" }]);
    const { data } = await api.send({ query: LIST, variables: { first: 2 } });
    const { endCursor: after } = data.apiKeys.pageInfo;
    const next = await api.send({ query: LIST, variables: { first: 2, after } });
    expect(next.data.apiKeys.edges[0].node.id).toBe(all[2]?.id);
  });

  test("shows nothing of another tenant's, by id neither", async () => {
    const { id } = await made(create({}));
    const as = api.stranger.secretKey;
    expect(codeOf(await roll(id, {}, as))).toBe("NOT_FOUND");
    expect(codeOf(await revoke(id, as))).toBe("NOT_FOUND");
    const { data } = await api.send({ query: `{ node(id: "${id}") { id } }`, key: as });
    expect(data.node).toBeNull();
    const own = await api.send({ query: `{ node(id: "${id}") { id ... on ApiKey { hint } } }` });
    expect(own.data.node).toMatchObject({ id });
  });
});
