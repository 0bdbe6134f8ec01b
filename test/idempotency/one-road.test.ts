import { type GraphQLObjectType, getNamedType, isLeafType, isObjectType } from "graphql";
import { buildSchema } from "../../schema/schema";
import type { FailpointName } from "../../src/failpoints";
import { type Server, startServer } from "../../src/server";
import {
  type TestAnswer,
  type TestApi,
  type TestRequest,
  newKey,
  send,
  startTestApi,
} from "../support/api";
import { crashOnceAt, expectCrashed } from "../support/crash";
import { type TestReceiver, startReceiver } from "../support/receiver";
import { waitFor } from "../support/wait-for";
import { KEYED_MUTATIONS } from "./keyed-mutations";
import type { KeyedMutation, World } from "./keyed-world";

/*
 * Every mutation of the schema, each asked the same questions: what its key promises does not depend on what it does.
 * Asked over HTTP, of two servers that share nothing but the database.
 */

const SCHEMA = buildSchema();
const MUTATIONS = SCHEMA.getMutationType()?.getFields() ?? {};

let api: TestApi;
let world: World;
let receiver: TestReceiver;
let other: Server;
let hasty: Server;
beforeAll(async () => {
  // What is unknown is left so, until an operator says what it was.
  [api, receiver] = await Promise.all([
    startTestApi({
      ONCEPAY_LOOKUP_SCHEDULE_MS: "600000",
      ONCEPAY_LIMIT_ENDPOINTS: "total=off,hourly=off",
    }),
    startReceiver(),
  ]);
  world = { api, receiver };
  const at = { host: "127.0.0.1", port: 0 };
  other = await startServer(api.anotherApp(), at);
  hasty = await startServer(api.anotherApp({ ONCEPAY_LOCK_TIMEOUT_MS: "50" }), at);
});
afterAll(async () => {
  await api.makeDue();
  await api.drain();
  await Promise.all([other.close(), hasty.close()]);
  await api.stop();
  await receiver.close();
});

/** All that a payload shows, one level deep: whatever of it is not as it stood shows in a replay. */
function selectionOf(type: GraphQLObjectType, depth = 1): string {
  const parts = Object.values(type.getFields()).map((field) => {
    const of = getNamedType(field.type);
    if (field.args.length > 0) return "";
    if (isLeafType(of)) return field.name;
    return isObjectType(of) && depth > 0 ? `${field.name} { ${selectionOf(of, depth - 1)} }` : "";
  });
  return parts.join(" ");
}

interface Asked {
  readonly name: string;
  readonly key: string;
  readonly at?: Server;
}

function ask({ name, key, at = api.server }: Asked, input: object): Promise<TestAnswer> {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
  const payload = getNamedType(MUTATIONS[name]?.type) as GraphQLObjectType;
  return send(at.url, {
    query: `mutation ($input: ${type}!, $key: String!) {
      ${name}(input: $input, idempotencyKey: $key) { ${selectionOf(payload)} }
    }`,
    variables: { input, key },
    ...senderOf(name),
  });
}

function senderOf(name: string): Pick<TestRequest, "key" | "headers"> {
  const as = KEYED_MUTATIONS[name]?.as;
  return as === "platform" ? api.asPlatform : { key: api.merchant[as ?? "secretKey"] };
}

/** What the mutation answered, without whether it was the first to. */
function shown(name: string, { data, body }: TestAnswer): object {
  expect(body.errors).toBeUndefined();
  const { idempotency, ...payload } = data[name];
  return { ...payload, idempotency: { ...idempotency, status: "ANY" } };
}

function statusOf(name: string, answer: TestAnswer): string {
  return (answer.data?.[name]?.idempotency.status ?? answer.error?.extensions.code) as string;
}

function refusal({ error }: TestAnswer): object {
  return { ...error?.extensions, message: error?.message, requestId: "any" };
}

/** How many rows there are of what mutations do; the record of the key is none of it. */
async function effects(): Promise<number> {
  const [keys] = await api.db("idempotency_keys").count<{ count: string }[]>();
  return (await api.countRows()) - Number(keys?.count);
}

async function operation(name: string, key: string): Promise<object> {
  const { data } = await api.send({
    query: `{ operation(name: "${name}", idempotencyKey: "${key}") {
      status firstSeenAt error { code message details } } }`,
    ...api.asPlatform,
  });
  return data.operation as object;
}

const IN_USE = {
  code: "IDEMPOTENCY_KEY_IN_USE",
  retryable: true,
  retryAfterMs: expect.any(Number),
};

/** A mutation that both kinds of keys may ask for, and that does nothing. */
const testNothing = (key: string): Promise<TestAnswer> =>
  api.send({
    query: `mutation ($key: String!) { sendTestWebhook(idempotencyKey: $key,
      input: { webhookEndpointId: "we_00000000000000000000000000" }) { idempotency { status } } }`,
    variables: { key: newKey() },
    key,
  });

const forget = (key: string) => api.db("idempotency_keys").where({ key }).del();

test("every mutation of the schema goes down the road", () => {
  expect(Object.keys(KEYED_MUTATIONS).sort()).toEqual(Object.keys(MUTATIONS).sort());
});

describe.each(Object.entries(KEYED_MUTATIONS))("%s", (name, mutation: KeyedMutation) => {
  test("repeated, it has one effect and its original answer, also when things have moved on", async () => {
    const { input } = await mutation.prepare(world);
    const key = newKey();
    const first = await ask({ name, key }, input);
    expect(statusOf(name, first)).toBe("EXECUTED");
    const before = await effects();
    const again = await ask({ name, key, at: other }, input);
    expect(statusOf(name, again)).toBe("REPLAYED");
    expect(shown(name, again)).toEqual(shown(name, first));
    expect(await effects()).toBe(before);
    expect(await api.db("idempotency_keys").where({ operation: name, key })).toHaveLength(1);
    await api.drain();
    expect(shown(name, await ask({ name, key }, input))).toEqual(shown(name, first));
  });

  test("while its merchant is held it is refused, and afterwards executed under the same key", async () => {
    const { input } = await mutation.prepare(world);
    const key = newKey();
    const before = await effects();
    await api.db("merchant_holds").insert({ merchant_id: api.merchant.id, reason: "a test" });
    const refused = await ask({ name, key }, input);
    expect(refused.error?.extensions).toMatchObject({
      code: "UNAVAILABLE",
      retryable: true,
      retryAfterMs: 2_000,
      details: { mayHaveExecuted: false },
    });
    expect(await effects()).toBe(before);
    await api.db("merchant_holds").del();
    await waitFor("no key is remembered as held", async () => {
      const { secretKey, operatorKey } = api.merchant;
      const answers = await Promise.all([secretKey, operatorKey].map(testNothing));
      return answers.every(({ error }) => error?.extensions["code"] === "NOT_FOUND");
    });
    expect(statusOf(name, await ask({ name, key }, input))).toBe("EXECUTED");
  });

  test("raced, one executes and the others get its answer", async () => {
    const alone = await mutation.prepare(world);
    let before = await effects();
    await ask({ name, key: newKey() }, alone.input);
    const ofOne = (await effects()) - before;
    expect(ofOne).toBeGreaterThan(0);
    const { input } = await mutation.prepare(world);
    before = await effects();
    const key = newKey();
    const answers = await Promise.all(
      [api.server, other, api.server, other, api.server, other].map((at) =>
        ask({ name, key, at }, input),
      ),
    );
    const statuses = answers.map((answer) => statusOf(name, answer)).sort();
    expect(statuses).toEqual(["EXECUTED", ...Array<string>(5).fill("REPLAYED")]);
    const [first, ...others] = answers.map((answer) => shown(name, answer));
    for (const answer of others) expect(answer).toEqual(first);
    expect((await effects()) - before).toBe(ofOne);
  });

  test("repeated with another body, it is refused, and nothing happens", async () => {
    const { input, other: body } = await mutation.prepare(world);
    const key = newKey();
    await ask({ name, key }, input);
    const before = await effects();
    const reused = await ask({ name, key }, body);
    expect(reused.error?.extensions.code).toBe("IDEMPOTENCY_KEY_REUSED");
    expect(await effects()).toBe(before);
  });

  test.each<[FailpointName, string]>([
    ["api.before_commit", "EXECUTED"],
    ["api.after_commit", "REPLAYED"],
  ])("killed at %s, its repeat is %s", async (point, status) => {
    const { input } = await mutation.prepare(world);
    const key = newKey();
    const before = await effects();
    crashOnceAt(point);
    const lost = await ask({ name, key }, input);
    expectCrashed(point);
    expect(lost.error?.extensions.code).toBe("INTERNAL");
    const wasCommitted = status === "REPLAYED";
    expect((await effects()) > before).toBe(wasCommitted);
    const found = { status: wasCommitted ? "SUCCEEDED" : "NOT_SEEN" };
    expect(await operation(name, key)).toMatchObject(found);
    const again = await ask({ name, key }, input);
    expect(statusOf(name, again)).toBe(status);
    expect(shown(name, await ask({ name, key }, input))).toEqual(shown(name, again));
  });

  test("when the key's record has expired, its repeat has no second effect", async () => {
    const { input } = await mutation.prepare(world);
    const key = newKey();
    await ask({ name, key }, input);
    await api.drain();
    const before = await effects();
    await forget(key);
    const answers = await Promise.all(
      [api.server, other].map((at) => ask({ name, key, at }, input)),
    );
    expect(answers.map((answer) => statusOf(name, answer))).toEqual([
      mutation.expired,
      mutation.expired,
    ]);
    expect(await effects()).toBe(before);
  });

  test("while the first request is executing, it is refused for now and may be repeated", async () => {
    const { input } = await mutation.prepare(world);
    const key = newKey();
    const before = await effects();
    const holder = await api.db.transaction();
    await holder("idempotency_keys").insert({
      merchant_id: api.merchant.id,
      operation: name,
      key,
      fingerprint: Buffer.alloc(32),
      failure_code: "NOT_FOUND",
    });
    const refused = await ask({ name, key, at: hasty }, input);
    expect(await operation(name, key)).toMatchObject({ status: "IN_PROGRESS" });
    await holder.rollback();
    expect(refused.error?.extensions).toMatchObject(IN_USE);
    expect(await effects()).toBe(before);
    expect(statusOf(name, await ask({ name, key }, input))).toBe("EXECUTED");
  });

  test("it waits for what another transaction has locked no longer than it may", async () => {
    const { input } = await mutation.prepare(world);
    const key = newKey();
    const before = await effects();
    const holder = await api.db.transaction();
    await holder.raw("lock table ?? in exclusive mode", [mutation.table]);
    const refused = await ask({ name, key, at: hasty }, input);
    await holder.rollback();
    expect(refused.error?.extensions).toMatchObject(IN_USE);
    expect(await effects()).toBe(before);
    expect(statusOf(name, await ask({ name, key }, input))).toBe("EXECUTED");
  });

  const { refuse } = mutation;
  if (!refuse) return;

  test("refused, its key is never executed, also when it would be by now", async () => {
    const { input, makePossible } = await refuse(world);
    const key = newKey();
    const before = await effects();
    const refused = await ask({ name, key }, input);
    expect(refused.error?.extensions.code).toBe("INVALID_STATE");
    expect(await effects()).toBe(before);
    const { code, message, details } = refusal(refused) as Record<string, unknown>;
    const error = { code, message, details };
    await makePossible();
    const after = await effects();
    expect(refusal(await ask({ name, key, at: other }, input))).toEqual(refusal(refused));
    expect(await operation(name, key)).toMatchObject({ status: "FAILED", error });
    expect(await effects()).toBe(after);
    expect(statusOf(name, await ask({ name, key: newKey() }, input))).toBe("EXECUTED");
  });

  test("of what is not there, the verdict is kept as well", async () => {
    const { input } = await mutation.prepare(world);
    const [[field = "", ids]] = Object.entries(input) as [[string, string | string[]]];
    const [id = ""] = [ids].flat();
    const nobodys = { ...input, [field]: `${id.slice(0, -4)}zzzz` };
    const key = newKey();
    const refused = await ask({ name, key }, nobodys);
    expect(refused.error?.extensions.code).toBe("NOT_FOUND");
    expect(refusal(await ask({ name, key, at: other }, nobodys))).toEqual(refusal(refused));
    expect(await operation(name, key)).toMatchObject({ status: "FAILED" });
    const reused = await ask({ name, key }, input);
    expect(reused.error?.extensions.code).toBe("IDEMPOTENCY_KEY_REUSED");
  });
});
