import { Redis as Client } from "ioredis";
import { type GraphQLObjectType, getNamedType, isLeafType, isObjectType } from "graphql";
import { buildSchema } from "../../schema/schema";
import type { App } from "../../src/app";
import { once } from "../../src/idempotency/once";
import { watchDatabaseLife } from "../../src/idempotency/replay-cache/database-life";
import { createEntries } from "../../src/idempotency/replay-cache/entries";
import { createSealing } from "../../src/idempotency/replay-cache/entry";
import { replayCache } from "../../src/observability/metrics";
import { openRedis } from "../../src/redis";
import { type Server, startServer } from "../../src/server";
import { ENCRYPTION_KEY, connectAsOwner } from "../support/app";
import {
  CONFIRM_INTENT,
  type TestApi,
  hearStatements,
  makeIntent,
  makePaid,
  newKey,
  send,
  startTestApi,
} from "../support/api";
import { copyIn, copyOut } from "../support/copied-database";
import { crashOnceAt, expectCrashed } from "../support/crash";
import { createTestDatabase } from "../support/database";
import { PATIENCE_MS } from "../support/patience";
import { type TestReceiver, startReceiver } from "../support/receiver";
import { type TestRedis, redisIsMissing, startRedis } from "../support/redis";
import { waitFor } from "../support/wait-for";
import { KEYED_MUTATIONS } from "./keyed-mutations";
import type { KeyedMutation, World } from "./keyed-world";

/*
 * What Redis answers is what Postgres would have answered, to the byte, and whatever Redis says or forgets, Postgres
 * decides. Asked over HTTP, of servers with the cache and of one that has none.
 */

const missing = redisIsMissing();
if (missing !== undefined) console.info(`Skipped: ${missing}.`);
const withRedis = missing === undefined ? describe : describe.skip;

const MUTATIONS = buildSchema().getMutationType()?.getFields() ?? {};
const SHOWN_ONCE = [
  "createWebhookEndpoint",
  "rotateWebhookSecret",
  "createMerchant",
  "createApiKey",
  "rollApiKey",
];
/** Whoever has somebody erased has no entries: test/erasure/replay-cache.test.ts. */
const ASKED = Object.entries(KEYED_MUTATIONS).filter(([name]) => name !== "eraseCustomer");
/** What is as of now in every answer, and asked of the database. */
const AS_OF_NOW = ["last24Hours", "oldestDueAt"];
const PREFIX = "oncepay:replay:";
function selectionOf(type: GraphQLObjectType, depth = 1): string {
  const parts = Object.values(type.getFields()).map((field) => {
    const of = getNamedType(field.type);
    if (field.args.length > 0 || AS_OF_NOW.includes(field.name)) return "";
    if (isLeafType(of)) return field.name;
    return isObjectType(of) && depth > 0 ? `${field.name} { ${selectionOf(of, depth - 1)} }` : "";
  });
  return parts.join(" ");
}

withRedis("the replay cache", () => {
  let redis: TestRedis;
  let raw: Client;
  let api: TestApi;
  let world: World;
  let receiver: TestReceiver;
  let cached: Cached;
  let other: Cached;
  const opened: Server[] = [];

  interface Cached {
    readonly app: App;
    readonly server: Server;
    /** What was asked of the database for requests since the last time. */
    queries(): string[];
  }

  beforeAll(async () => {
    redis = (await startRedis()) as TestRedis;
    raw = new Client(redis.url);
    raw.on("error", () => undefined);
    [api, receiver] = await Promise.all([
      startTestApi({ ONCEPAY_LOOKUP_SCHEDULE_MS: "600000" }),
      startReceiver(),
    ]);
    world = { api, receiver };
    [cached, other] = [await open(), await open()];
  });
  afterAll(async () => {
    raw.disconnect();
    await api.makeDue();
    await api.drain();
    await Promise.all(opened.map((server) => server.close()));
    await api.stop();
    await receiver.close();
    await redis.stop();
  });

  /** Another API process with the cache, which knows its Redis and its database already. */
  async function open(settings: Readonly<Record<string, string>> = {}): Promise<Cached> {
    const app = api.anotherApp({ REDIS_URL: redis.url, ...settings });
    const server = await startServer(app, { host: "127.0.0.1", port: 0 });
    opened.push(server);
    let seen: string[] = [];
    hearStatements(app, ({ sql }) => {
      if (!OF_OPERATORS.test(sql)) seen.push(sql);
    });
    const made: Cached = {
      app,
      server,
      queries: () => {
        const since = seen;
        seen = [];
        return since;
      },
    };
    await untilAnsweredByRedis(made, { name: "createPaymentIntent", key: newKey() }, CREATE);
    return made;
  }

  interface Asked {
    readonly name: string;
    readonly key: string;
  }
  const CREATE = { amount: 100, currency: "USD" };
  /** Which merchant an operator names, and whether it is held, is looked up, and that it was asked is written, cached or not. */
  const OF_OPERATORS =
    /audit_log|from merchants where id = (\?|\$1)$|from merchant_holds where merchant_id = (\?|\$1)$/;

  /** The bytes of the answer. */
  async function ask(at: Server, { name, key }: Asked, input: object): Promise<string> {
    const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
    const payload = getNamedType(MUTATIONS[name]?.type) as GraphQLObjectType;
    const query = `mutation ($input: ${type}!, $key: String!) {
      ${name}(input: $input, idempotencyKey: $key) { ${selectionOf(payload)} }
    }`;
    const response = await fetch(`${at.url}/graphql`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...senderOf(name),
        "x-request-id": "the-same",
      },
      body: JSON.stringify({ query, variables: { input, key } }),
    });
    return response.text();
  }

  function senderOf(name: string): Record<string, string> {
    const as = KEYED_MUTATIONS[name]?.as;
    const { key, headers } =
      as === "platform"
        ? api.asPlatform
        : { key: api.merchant[as ?? "secretKey"], headers: undefined };
    return { authorization: `Bearer ${key}`, ...headers };
  }

  /** Repeats it until an answer was given without the database, and returns that one; until then all were the same. */
  async function untilAnsweredByRedis(at: Cached, asked: Asked, input: object): Promise<string> {
    const first = await ask(at.server, asked, input);
    return waitFor(`${asked.name} answered by Redis`, async () => {
      at.queries();
      const again = await ask(at.server, asked, input);
      expect(asReplay(again)).toBe(asReplay(first));
      return at.queries().length === 0 && again;
    });
  }

  const asReplay = (text: string): string => text.replace('"EXECUTED"', '"REPLAYED"');

  async function counts(): Promise<Record<string, number>> {
    const { values } = await replayCache.get();
    return Object.fromEntries(values.map(({ labels, value }) => [String(labels.outcome), value]));
  }

  async function entries(): Promise<Map<string, Buffer>> {
    const names = (await raw.keys(`${PREFIX}*`)).sort();
    const values = await Promise.all(names.map((name) => raw.getBuffer(name)));
    return new Map(names.map((name, index) => [name, values[index] ?? Buffer.alloc(0)]));
  }

  const rows = async (key: string): Promise<number> =>
    (await api.db("payment_intents").where({ idempotency_key: key })).length;

  describe.each(ASKED)("%s", (name, mutation: KeyedMutation) => {
    const isSecret = SHOWN_ONCE.includes(name);

    test("its repeat is what Postgres replays, to the byte, and another input is refused as there", async () => {
      const { input, other: another } = await mutation.prepare(world);
      const asked = { name, key: newKey() };
      const first = await ask(cached.server, asked, input);
      expect(first).toContain('"EXECUTED"');
      const fromPostgres = await ask(api.server, asked, input);
      expect(fromPostgres).toBe(asReplay(first));
      if (isSecret) return;
      for (const at of [cached, other]) {
        expect(await untilAnsweredByRedis(at, asked, input)).toBe(fromPostgres);
      }
      cached.queries();
      const reused = await ask(cached.server, asked, another);
      expect(cached.queries()).toEqual([]);
      expect(reused).toContain("IDEMPOTENCY_KEY_REUSED");
      expect(reused).toBe(await ask(api.server, asked, another));
    });

    if (isSecret)
      test("shows a secret once, and Redis hears nothing of it", async () => {
        const { input } = await mutation.prepare(world);
        const before = await entries();
        const asked = { name, key: newKey() };
        const first = await ask(cached.server, asked, input);
        expect(await ask(cached.server, asked, input)).toBe(asReplay(first));
        expect(cached.queries()).not.toEqual([]);
        expect([...(await entries()).keys()]).toEqual([...before.keys()]);
      });

    const { refuse } = mutation;
    if (refuse)
      test("its refusal stays the same, though it would be executed now", async () => {
        const { input, makePossible } = await refuse(world);
        const asked = { name, key: newKey() };
        const first = await ask(cached.server, asked, input);
        expect(first).toContain('"errors"');
        await makePossible();
        if (!isSecret) expect(await untilAnsweredByRedis(cached, asked, input)).toBe(first);
        for (const { server } of [cached, api]) {
          expect(await ask(server, asked, input)).toBe(first);
        }
      });
  });

  test("a use case that shows a secret does not ask it, whoever offers it", async () => {
    const before = await entries();
    const request = {
      merchantId: api.merchant.id,
      key: newKey(),
      fingerprint: "00".repeat(32),
      replays: cached.app.replays,
    };
    const ask = () =>
      once<object, object>(cached.app.db, request, {
        operation: { name: "createWebhookEndpoint" },
        secrets: cached.app.secrets,
        execute: () => Promise.resolve({ result: { id: "we_1" }, secret: { secret: "whsec_1" } }),
      });
    const first = await ask();
    cached.queries();
    expect(await ask()).toEqual({ ...first, status: "REPLAYED" });
    expect(cached.queries()).not.toEqual([]);
    expect([...(await entries()).keys()]).toEqual([...before.keys()]);
  });

  test("a shopper's key is the shopper's own, also where the merchant's is known", async () => {
    const asked = { name: "confirmPaymentIntent", key: newKey() };
    const [merchants, shoppers, others] = [
      await makeIntent(api),
      await makeIntent(api),
      await makeIntent(api),
    ];
    const known = await untilAnsweredByRedis(cached, asked, { paymentIntentId: merchants.id });
    for (const { id, clientSecret } of [shoppers, others]) {
      const confirm = async (): Promise<string> => {
        const { body } = await send(cached.server.url, {
          query: CONFIRM_INTENT,
          variables: { input: { paymentIntentId: id }, key: asked.key },
          key: api.merchant.publishableKey,
          headers: { "oncepay-client-secret": clientSecret },
        });
        return JSON.stringify(body);
      };
      const first = await confirm();
      expect(first).toContain('"EXECUTED"');
      expect(first).toContain(id);
      await waitFor("the shopper's answer from Redis", async () => {
        cached.queries();
        expect(await confirm()).toBe(asReplay(first));
        return cached.queries().length === 0;
      });
    }
    expect(await untilAnsweredByRedis(cached, asked, { paymentIntentId: merchants.id })).toBe(
      known,
    );
  });

  test("of 50 at once, on two processes, one holds a connection and the others wait for it", async () => {
    const { id } = await makePaid(api);
    const before = await counts();
    let volleys = 0;
    // A process that was asked nothing for some seconds does not rely on Redis until it has looked at its database.
    await waitFor("a volley that holds one connection", async () => {
      volleys += 1;
      const known = { name: "createPaymentIntent", key: newKey() };
      for (const at of [cached, other]) await untilAnsweredByRedis(at, known, CREATE);
      return (await volley(id)) === 1;
    });
    expect((await counts())["gave_up"] ?? 0).toBe(before["gave_up"] ?? 0);
    await api.drain();
    const refunds = (await api.movements()).filter(({ kind }) => kind === "refund");
    expect(refunds.filter(({ amount }) => amount === 101)).toHaveLength(volleys);
  });

  /** 50 refunds with one key; returns how many connections waited for the intent's lock, or for a free connection. */
  async function volley(paymentIntentId: string): Promise<number> {
    const asked = { name: "refundPaymentIntent", key: newKey() };
    const holder = await api.db.transaction();
    await holder.raw("select from payment_intents where id = ? for update", [paymentIntentId]);
    const all = Array.from({ length: 50 }, (_, index) => {
      const { server } = index % 2 === 0 ? cached : other;
      return ask(server, asked, { paymentIntentId, amount: 101 });
    });
    const first = await waitFor("somebody who waits for the lock", () => waitingForLocks());
    // Whoever else wanted a connection would have it by the time that another request has been answered.
    const behind = { name: "createPaymentIntent", key: newKey() };
    for (const { server } of [cached, other]) await ask(server, behind, CREATE);
    const waiting = Math.max(first, await waitingForLocks());
    await holder.rollback();
    const answers = await Promise.all(all);
    expect(answers.filter((text) => text.includes('"EXECUTED"'))).toHaveLength(1);
    expect(new Set(answers.map(asReplay)).size).toBe(1);
    return waiting;
  }

  async function waitingForLocks(): Promise<number> {
    const { rows: found } = await api.db.raw<{ rows: { count: number }[] }>(
      `select count(*) from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return found[0]?.count ?? 0;
  }

  test("one that did nothing gives the key back at once", async () => {
    const asked = { name: "createPaymentIntent", key: newKey() };
    const before = await counts();
    crashOnceAt("api.before_commit");
    expect(await ask(cached.server, asked, CREATE)).toContain("INTERNAL");
    expectCrashed("api.before_commit");
    expect(await ask(other.server, asked, CREATE)).toContain('"EXECUTED"');
    expect((await counts())["gave_up"] ?? 0).toBe(before["gave_up"] ?? 0);
  });

  test("one that died with the key is not waited for any longer than others wait", async () => {
    const hasty = await open({ ONCEPAY_LOCK_TIMEOUT_MS: "100" });
    const sealing = createSealing(Buffer.from(ENCRYPTION_KEY, "base64"));
    const { of: lifeOf } = watchDatabaseLife(api.db, { keptSeconds: 600 });
    const life = await waitFor("the database's life", () => lifeOf(api.merchant.id));
    const key = newKey();
    const name = { merchantId: api.merchant.id, operation: "createPaymentIntent", key };
    const died = openRedis({ url: redis.url, deadlineMs: PATIENCE_MS, log: api.app.log });
    await waitFor("Redis", async () => (await died.ask("PING")) !== undefined);
    const ages = { keptMs: 60_000, recordAgeMaxMs: 60_000, busyMs: 60_000 };
    const left = createEntries({ redis: died, sealing, ...ages });
    const entryName = sealing.nameOf(life, name);
    expect(await left.ask(entryName, 0)).toBe("ours");
    const asked = { name: name.operation, key };
    expect(await ask(hasty.server, asked, CREATE)).toContain('"EXECUTED"');
    // What it did is known again, although the dead one's mark was still there.
    await untilAnsweredByRedis(hasty, asked, CREATE);
    died.close();
  });

  test("holds nothing that can be read, and nothing for long", async () => {
    const key = "a-key-that-can-be-read";
    const input = { ...CREATE, customer: "Ada Lovelace", description: "a readable description" };
    const answer = await untilAnsweredByRedis(cached, { name: "createPaymentIntent", key }, input);
    // Words of three letters turn up by chance in names that are hashes and in what is sealed.
    const forms = ["pi_01", "whsec_", "sk_test_", '"USD"', "Ada Lovelace", "Lovelace"];
    const words = [key, api.merchant.id, ...forms, ...(answer.match(/\w{6,}/g) ?? [])];
    expect(words).toContainEqual(expect.stringMatching(/^pi_/));
    expect(words).toContain("readable");
    const held = await entries();
    expect(held.size).toBeGreaterThan(0);
    for (const [name, value] of held) {
      const text = `${name} ${value.toString("latin1")}`;
      for (const word of words) expect(text).not.toContain(word);
      const ms = await raw.pttl(name);
      expect(ms === -2 || (ms > 0 && ms <= 600_000)).toBe(true);
    }
  });

  test.each([
    ["flushed", () => raw.flushall()],
    ["an entry evicted", async () => raw.del(...(await entries()).keys())],
    ["overwritten with what nobody sealed", () => overwrite((value) => Buffer.alloc(value.length))],
    ["one byte changed", () => overwrite(flipLastByte)],
    ["cut short", () => overwrite((value) => value.subarray(0, value.length - 1))],
    ["each entry under another's name", swapAll],
    ["a list where a text was", makeLists],
  ])("%s: Postgres answers, and then it is known again", async (_what, spoil) => {
    const asked = [newKey(), newKey()].map((key) => ({ name: "createPaymentIntent", key }));
    const inputs = [CREATE, { ...CREATE, amount: 200 }];
    const before: string[] = [];
    for (const [index, one] of asked.entries()) {
      before.push(await untilAnsweredByRedis(cached, one, inputs[index] ?? {}));
    }
    await spoil();
    for (const [index, one] of asked.entries()) {
      cached.queries();
      expect(await ask(cached.server, one, inputs[index] ?? {})).toBe(before[index]);
      expect(cached.queries()).not.toEqual([]);
      expect(await untilAnsweredByRedis(cached, one, inputs[index] ?? {})).toBe(before[index]);
      expect(await rows(one.key)).toBe(1);
    }
  });

  async function overwrite(change: (value: Buffer) => Buffer): Promise<void> {
    for (const [name, value] of await entries()) await raw.set(name, change(value));
  }
  function flipLastByte(value: Buffer): Buffer {
    const changed = Buffer.from(value);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    return changed;
  }
  async function swapAll(): Promise<void> {
    const held = await entries();
    const values = [...held.values()];
    for (const [index, name] of [...held.keys()].entries()) {
      await raw.set(name, values[(index + 1) % values.length] ?? "");
    }
  }
  async function makeLists(): Promise<void> {
    for (const name of (await entries()).keys()) {
      await raw.del(name);
      await raw.lpush(name, "1");
    }
  }

  test("frozen, it is not waited for; thawed, it is used again", async () => {
    const hasty = await open({ ONCEPAY_REDIS_DEADLINE_MS: "50" });
    const asked = { name: "createPaymentIntent", key: newKey() };
    const known = await untilAnsweredByRedis(hasty, asked, CREATE);
    redis.freeze();
    try {
      for (let time = 0; time < 10; time += 1) {
        hasty.queries();
        expect(await ask(hasty.server, asked, CREATE)).toBe(known);
        expect(hasty.queries()).not.toEqual([]);
      }
      const fresh = { name: "createPaymentIntent", key: newKey() };
      expect(await ask(hasty.server, fresh, CREATE)).toContain('"EXECUTED"');
      expect(await ask(hasty.server, fresh, CREATE)).toContain('"REPLAYED"');
      expect(await rows(fresh.key)).toBe(1);
    } finally {
      redis.thaw();
    }
    expect(await untilAnsweredByRedis(hasty, asked, CREATE)).toBe(known);
  });

  test("after a rotation of the encryption key everything is asked of Postgres once", async () => {
    const asked = { name: "createPaymentIntent", key: newKey() };
    const known = await untilAnsweredByRedis(cached, asked, CREATE);
    const newest = Buffer.alloc(32, 8).toString("base64");
    const rotated = await open({ ONCEPAY_ENCRYPTION_KEY: `${newest},${ENCRYPTION_KEY}` });
    rotated.queries();
    // The client secret is made of the key, and is not part of what is stored.
    const withoutSecret = (text: string): string => text.replace(/_secret_[\w-]+/, "");
    const again = await ask(rotated.server, asked, CREATE);
    expect(withoutSecret(again)).toBe(withoutSecret(known));
    expect(rotated.queries()).not.toEqual([]);
    expect(await untilAnsweredByRedis(rotated, asked, CREATE)).toBe(again);
  });

  test("a database that was restored to before a commit is not told of it", async () => {
    const earlier = await copyOut(api.db);
    const asked = { name: "createPaymentIntent", key: newKey() };
    await untilAnsweredByRedis(cached, asked, CREATE);
    const restored = await createTestDatabase();
    const owner = connectAsOwner(restored.url);
    await copyIn(owner, earlier);
    await owner.destroy();
    const elsewhere = await open({ DATABASE_URL: restored.url });
    elsewhere.queries();
    expect(await ask(elsewhere.server, asked, CREATE)).toContain('"EXECUTED"');
    await untilAnsweredByRedis(elsewhere, asked, CREATE);
    await restored.drop();
  });

  test("turned off, nothing is asked of Redis", async () => {
    const app = api.anotherApp({ REDIS_URL: redis.url, ONCEPAY_REPLAY_CACHE_SECONDS: "0" });
    const server = await startServer(app, { host: "127.0.0.1", port: 0 });
    opened.push(server);
    const before = await counts();
    const asked = { name: "createPaymentIntent", key: newKey() };
    expect(await ask(server, asked, CREATE)).toContain('"EXECUTED"');
    expect(await ask(server, asked, CREATE)).toContain('"REPLAYED"');
    expect(await counts()).toEqual(before);
  });
});
