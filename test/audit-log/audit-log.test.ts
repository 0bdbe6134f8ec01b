import { type GraphQLField, isNonNullType } from "graphql";
import { ACCESS } from "../../schema/access";
import { buildSchema } from "../../schema/schema";
import { recordCommand } from "../../src/audit-log/record-write";
import { transact } from "../../src/db/transact";
import { newId } from "../../src/ids";
import { DEFAULT_SCOPES, type Scope } from "../../src/merchants/api-key";
import { registry } from "../../src/observability/metrics";
import { KEYED_MUTATIONS } from "../idempotency/keyed-mutations";
import type { World } from "../idempotency/keyed-world";
import {
  CREATE_ENDPOINT,
  REPLAY_DELIVERY,
  type TestAnswer,
  type TestApi,
  type TestRequest,
  makeIntent,
  makePaid,
  newKey,
  startTestApi,
} from "../support/api";
import { crashOnceAt, expectCrashed } from "../support/crash";
import { type TestReceiver, startReceiver } from "../support/receiver";

let api: TestApi;
let receiver: TestReceiver;
let world: World;
beforeAll(async () => {
  [api, receiver] = await Promise.all([
    startTestApi({
      ONCEPAY_LOOKUP_SCHEDULE_MS: "600000",
      ONCEPAY_LIMIT_BAD_KEYS: "address=off",
      // Reads whole pages of entries again and again.
      ONCEPAY_LIMIT_QUERY_COST: "key=off,tenant=off,address=off",
    }),
    startReceiver(),
  ]);
  world = { api, receiver };
});
afterAll(async () => {
  await api.makeDue();
  await api.drain();
  await api.stop();
  await receiver.close();
});

const ENTRY = `id action operation outcome errorCode actorKind actorId actorHint address requestId
  subjectType subjectId idempotencyKey count at lastAt details`;

const AUDIT_LOG = `query ($filter: AuditLogFilter, $first: Int, $after: String) {
  auditLog(filter: $filter, first: $first, after: $after) {
    edges { cursor node { ${ENTRY} } } pageInfo { hasNextPage endCursor }
  }
}`;

interface Shown {
  readonly id: string;
  readonly action: string;
  readonly operation: string | null;
  readonly count: number;
  readonly details: Record<string, unknown>;
  readonly [field: string]: unknown;
}

/** What an operator is shown of it, once all that was noted so far is written. */
async function entries(filter: object = {}, key = api.merchant.operatorKey): Promise<Shown[]> {
  await api.app.auditLog.flush();
  const variables = { filter, first: 100 };
  const { data, body } = await api.send({ query: AUDIT_LOG, variables, key });
  expect(body.errors).toBeUndefined();
  return data.auditLog.edges.map(({ node }: { node: Shown }) => node);
}

function hintOf(key: string): string {
  return `${key.slice(0, key.lastIndexOf("_")).replace(/[0-9a-z]{26}$/, "")}…${key.slice(-4)}`;
}

async function rowsOf(idempotencyKey: string): Promise<Record<string, unknown>[]> {
  return api.db("audit_log").where({ idempotency_key: idempotencyKey });
}

const OPERATORS: readonly Scope[] = [...DEFAULT_SCOPES.OPERATOR, ...DEFAULT_SCOPES.PLATFORM];
const OPERATORS_MUTATIONS = Object.entries(KEYED_MUTATIONS).filter(([name]) =>
  OPERATORS.includes(ACCESS[`Mutation.${name}`]?.scope as Scope),
);

function operatorOf(name: string): Pick<TestRequest, "key" | "headers"> {
  const isPlatform = KEYED_MUTATIONS[name]?.as === "platform";
  return isPlatform ? api.asPlatform : { key: api.merchant.operatorKey };
}

function write(name: string, input: object, key: string): Promise<TestAnswer> {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
  return api.send({
    query: `mutation ($input: ${type}!, $key: String!) {
      ${name}(input: $input, idempotencyKey: $key) { idempotency { status } } }`,
    variables: { input, key },
    ...operatorOf(name),
  });
}

test("operators' keys cannot use the hot statements, which record nothing", () => {
  for (const scope of ["payments:write", "payments:confirm"] as const) {
    expect(OPERATORS).not.toContain(scope);
  }
  expect(OPERATORS_MUTATIONS.length).toBeGreaterThan(2);
});

describe.each(OPERATORS_MUTATIONS)("an operator's %s", (name, mutation) => {
  test("is recorded once with its object, its key and its outcome, and its replay as one", async () => {
    const { input } = await mutation.prepare(world);
    const key = newKey();
    const first = await write(name, input, key);
    expect(first.body.errors).toBeUndefined();
    const [row, ...others] = await rowsOf(key);
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      merchant_id: api.merchant.id,
      action: "WRITE",
      operation: name,
      outcome: "SUCCEEDED",
      error_code: null,
      actor_kind: mutation.as === "platform" ? "PLATFORM" : "OPERATOR",
      actor_hint: hintOf(String(operatorOf(name).key)),
      address: "127.0.0.1",
      request_id: first.headers.get("x-request-id"),
      idempotency_key: key,
      count: 1,
    });
    expect(row?.["subject_id"]).toMatch(/^[a-z]+_[0-9a-z]{26}$/);
    await write(name, input, key);
    expect(await rowsOf(key)).toHaveLength(1);
    const replays = (await entries({ action: "WRITE" })).filter(
      (entry) => entry.operation === name && entry["outcome"] === "REPLAYED",
    );
    expect(replays.length).toBeGreaterThan(0);
  });

  test("whose transaction dies leaves neither the effect nor the entry", async () => {
    const { input } = await mutation.prepare(world);
    const key = newKey();
    const before = await api.countRows();
    crashOnceAt("api.before_commit");
    expect((await write(name, input, key)).error?.extensions.code).toBe("INTERNAL");
    expectCrashed("api.before_commit");
    expect(await api.countRows()).toBe(before);
    expect(await rowsOf(key)).toEqual([]);
  });

  test("whose process dies after the commit leaves both", async () => {
    const { input } = await mutation.prepare(world);
    const key = newKey();
    crashOnceAt("api.after_commit");
    expect((await write(name, input, key)).error?.extensions.code).toBe("INTERNAL");
    expectCrashed("api.after_commit");
    expect(await rowsOf(key)).toHaveLength(1);
    expect(await api.db("idempotency_keys").where({ operation: name, key })).toHaveLength(1);
  });

  test("cannot happen without its entry", async () => {
    const { input } = await mutation.prepare(world);
    const key = newKey();
    await api.drain();
    const before = await api.countRows();
    // What is noted meanwhile beside the requests would be lost: there is nothing to write.
    await api.app.auditLog.stop();
    await api.db.raw("alter table audit_log add constraint nothing_fits check (false) not valid");
    try {
      expect((await write(name, input, key)).error?.extensions.code).toBe("INTERNAL");
    } finally {
      await api.db.raw("alter table audit_log drop constraint nothing_fits");
    }
    expect(await api.countRows()).toBe(before);
  });

  if (mutation.refuse) {
    test("that is refused is recorded with the reason", async () => {
      const refusable = await mutation.refuse?.(world);
      const key = newKey();
      const { error } = await write(name, refusable?.input ?? {}, key);
      const [row] = await rowsOf(key);
      expect(row).toMatchObject({ outcome: "REFUSED", error_code: error?.extensions.code });
    });
  }
});

test("the two who race for a key leave one entry", async () => {
  const input = { url: receiver.url, description: "raced" };
  const key = newKey();
  await Promise.all([1, 2, 3, 4].map(() => write("createWebhookEndpoint", input, key)));
  expect(await rowsOf(key)).toHaveLength(1);
});

test("a backend's changes of endpoints and deliveries are recorded, and its payments are not", async () => {
  const key = newKey();
  const variables = { input: { url: receiver.url }, key };
  const made = await api.send({ query: CREATE_ENDPOINT, variables });
  const { id } = made.data.createWebhookEndpoint.webhookEndpoint;
  expect(await entries({ subjectId: id })).toMatchObject([
    {
      action: "WRITE",
      operation: "createWebhookEndpoint",
      actorKind: "SECRET",
      subjectType: "WebhookEndpoint",
      idempotencyKey: key,
    },
  ]);
  const missing = newId("webhookDelivery");
  const replayKey = newKey();
  const replay = { input: { deliveryId: missing }, key: replayKey };
  await api.send({ query: REPLAY_DELIVERY, variables: replay });
  expect(await entries({ subjectId: missing })).toMatchObject([
    { outcome: "REFUSED", errorCode: "NOT_FOUND", details: { deliveryId: missing } },
  ]);
  const paid = await makePaid(api);
  expect(await entries({ subjectId: paid.id })).toEqual([]);
});

test("an operator's reads are one row for a field and a minute, with the ids", async () => {
  const [one, two] = [await makeIntent(api), await makeIntent(api)];
  const key = api.stranger.operatorKey;
  const query = `query ($id: ID!) { mine: paymentIntent(id: $id) { amount } }`;
  await api.send({ query, variables: { id: one.id }, key });
  await api.send({ query, variables: { id: two.id }, key });
  await api.send({ query: "{ paymentIntents { edges { node { customer } } } }", key });
  // What the stranger asked for is not theirs, and that they asked is recorded.
  const reads = await entries({ action: "READ" }, key);
  const about = reads.filter(({ operation }) => operation === "paymentIntent");
  expect(about.reduce((sum, { count }) => sum + count, 0)).toBe(2);
  expect(about.flatMap(({ details }) => details["ids"])).toEqual([one.id, two.id]);
  expect(about.every(({ details }) => details["objects"] === 0)).toBe(true);
  expect(reads.some(({ operation }) => operation === "paymentIntents")).toBe(true);

  await api.send({
    query: "{ paymentIntents(first: 2) { edges { node { customer } } } }",
    key: api.merchant.operatorKey,
  });
  const own = await entries({ action: "READ" });
  const list = own.find(({ operation }) => operation === "paymentIntents");
  expect(list?.details["ids"]).toEqual([two.id, one.id]);
  expect(list?.details["objects"]).toBe(2);
});

test("a backend's reads are not recorded", async () => {
  const before = await api.db("audit_log").where({ action: "READ" });
  await api.send({ query: "{ paymentIntents { edges { node { id } } } }" });
  await api.app.auditLog.flush();
  expect(await api.db("audit_log").where({ action: "READ" })).toHaveLength(before.length);
});

/** A query of a field alone, with whatever it must be given. */
function aloneOf(field: GraphQLField<unknown, unknown>, id: string): string {
  const values: Readonly<Record<string, string>> = {
    id: field.name === "ledgerAccount" ? `"${newId("ledgerAccount")}"` : `"${id}"`,
    ids: `["${id}"]`,
    paymentIntentId: `"${id}"`,
    name: '"createPaymentIntent"',
    idempotencyKey: '"unused"',
  };
  const needed = field.args.filter(({ type }) => isNonNullType(type));
  const given = needed.map(({ name }) => `${name}: ${values[name] ?? "?"}`).join(", ");
  return `{ ${field.name}${given === "" ? "" : `(${given})`} { __typename } }`;
}

const QUERIES = Object.values(buildSchema().getQueryType()?.getFields() ?? {}).filter(({ name }) =>
  // Those that an operator may ask for; and eventTypes is about nobody.
  [null, ...DEFAULT_SCOPES.OPERATOR].includes(ACCESS[`Query.${name}`]?.scope as Scope | null),
);

test.each(QUERIES.map((field) => [field.name, field] as const))(
  "an operator's %s is noted",
  async (name, field) => {
    const key = api.merchant.operatorKey;
    const { id } = await makeIntent(api);
    const asked = await api.send({ query: aloneOf(field, id), key });
    expect(asked.body.errors).toBeUndefined();
    const noted = (await entries({ action: "READ" })).some(({ operation }) => operation === name);
    expect(noted).toBe(name !== "eventTypes");
  },
);

test("a refusal says what was lacking, and who lacked it", async () => {
  await api.send({ query: "{ auditLog { edges { cursor } } }" });
  const [refused] = await entries({ action: "ACCESS_REFUSED" });
  expect(refused).toMatchObject({
    operation: "auditLog",
    outcome: "REFUSED",
    errorCode: "FORBIDDEN",
    actorKind: "SECRET",
    actorHint: hintOf(api.merchant.secretKey),
    details: { scope: "audit:read" },
  });
});

test("a platform operator sees what concerns nobody's tenant, and with the header any tenant's log", async () => {
  await api.app.auditLog.flush();
  const { key } = api.asPlatform;
  const ask = (headers: Record<string, string>) =>
    api.send({ query: AUDIT_LOG, variables: { filter: {}, first: 50 }, key, headers });
  const own = (await ask({})).data.auditLog.edges as { node: Shown }[];
  expect(own.some(({ node }) => node.action === "COMMAND")).toBe(true);
  const theirs = (await ask({ "oncepay-merchant": api.merchant.id })).data.auditLog.edges;
  const ids = (await entries()).map(({ id }) => id);
  expect(theirs.length).toBeGreaterThan(0);
  expect(theirs.every(({ node }: { node: Shown }) => ids.includes(node.id))).toBe(true);
  // The tenant sees who acted for it; the installation, that its key was used.
  const seen = await entries({ action: "READ" });
  expect(seen.some(({ actorKind }) => actorKind === "PLATFORM")).toBe(true);
  const uses = (await ask({})).data.auditLog.edges as { node: Shown }[];
  expect(uses.some(({ node }) => node.action === "API_KEY_USED")).toBe(true);
});

test("the use of a key is recorded with its first use", async () => {
  await makeIntent(api);
  const uses = await entries({ action: "API_KEY_USED" });
  const used = uses.filter(({ actorHint }) => actorHint === hintOf(api.merchant.secretKey));
  expect(used.length).toBeGreaterThan(0);
  expect(used.at(-1)).toMatchObject({ actorKind: "SECRET", address: "127.0.0.1" });
});

test("a flood of bad keys is a few rows, and every one of them is counted", async () => {
  const body = "0123456789abcdefghjkmnpqrst".slice(0, 26);
  const bad = (n: number): string =>
    `sk_${n % 2 === 0 ? body : api.merchant.id.slice(4)}_${String(n).padStart(43, "0")}`;
  const query = "{ paymentIntents { edges { cursor } } }";
  const before = await refusals();
  await Promise.all(Array.from({ length: 300 }, (_, n) => api.send({ query, key: bad(n) })));
  await Promise.all(Array.from({ length: 50 }, () => api.send({ query, key: null })));
  const after = await refusals();
  expect(after.count - before.count).toBe(350);
  // Five that are told apart, the rest, and as many again should a minute end meanwhile; each in two rows.
  expect(after.rows - before.rows).toBeLessThanOrEqual(24);
  // What names no tenant of ours belongs to the installation.
  const ours = await api.db("audit_log").where({ merchant_id: `mer_${body}` });
  expect(ours).toEqual([]);
});

async function refusals(): Promise<{ rows: number; count: number }> {
  // As if the minute were over: all that was counted is written.
  await api.app.auditLog.stop();
  const rows = await api.db("audit_log").where({ action: "AUTHENTICATION_REFUSED" });
  return { rows: rows.length, count: rows.reduce((sum, row) => sum + Number(row.count), 0) };
}

test("another tenant sees none of it, and only operators see any", async () => {
  const own = await entries();
  expect(own.length).toBeGreaterThan(0);
  const theirs = await entries({}, api.stranger.operatorKey);
  const ids = new Set(own.map(({ id }) => id));
  expect(theirs.filter(({ id }) => ids.has(id))).toEqual([]);
  const filters = own.flatMap(({ actorId, subjectId }) => [{ actorId }, { subjectId }]);
  for (const filter of filters.slice(0, 20)) {
    if (Object.values(filter).includes(null)) continue;
    expect(await entries(filter, api.stranger.operatorKey)).toEqual([]);
  }
  for (const key of [api.merchant.secretKey, api.merchant.publishableKey]) {
    const answer = await api.send({ query: "{ auditLog { edges { cursor } } }", key });
    expect(answer.error?.extensions.code).toBe("FORBIDDEN");
  }
});

test("it is read page by page, and by what was done, by whom, to what and when", async () => {
  const all = await entries();
  const ids = all.map(({ id }) => id);
  expect(ids).toEqual([...ids].sort().reverse());
  const walked: string[] = [];
  for (let after: string | null = null; ;) {
    const variables: Record<string, unknown> = { first: 3, after };
    const key = api.merchant.operatorKey;
    const { data, error } = await api.send({ query: AUDIT_LOG, variables, key });
    expect(error).toBeUndefined();
    walked.push(...data.auditLog.edges.map(({ node }: { node: Shown }) => node.id));
    if (data.auditLog.pageInfo.hasNextPage !== true) break;
    after = data.auditLog.pageInfo.endCursor as string;
  }
  // Reading it is noted as well, and may be written meanwhile: at its newer end.
  expect(walked.filter((id) => ids.includes(id))).toEqual(ids.slice(0, walked.length));
  const actor = all.find(({ actorId }) => actorId !== null)?.["actorId"];
  const byActor = await entries({ actorId: actor });
  expect(byActor.every(({ actorId }) => actorId === actor)).toBe(true);
  expect(await entries({ recordedBefore: "2020-01-01T00:00:00Z" })).toEqual([]);
  expect(await entries({ recordedAfter: "2100-01-01T00:00:00Z" })).toEqual([]);
  const wrong = await api.send({
    query: AUDIT_LOG,
    variables: { filter: { actorId: "4242424242424242" } },
    key: api.merchant.operatorKey,
  });
  expect(wrong.error?.extensions).toMatchObject({
    code: "BAD_USER_INPUT",
    details: { field: "filter.actorId" },
  });
});

test("no entry holds a secret, a card number or a word of the caller's", async () => {
  const card = "4242424242424242";
  const { clientSecret } = await makeIntent(api);
  for (const key of [api.merchant.operatorKey, card, `sk_${card}`, "hunter2", null]) {
    await api.send({
      query: `query Q${card} { a${card}: node(id: "${card}") { id } merchant { id } hunter2: __typename }`,
      key,
      headers: {
        "oncepay-client-secret": clientSecret,
        "x-forwarded-for": card,
        "x-request-id": `req-${card}`,
      },
    });
  }
  await api.app.auditLog.flush();
  const { rows } = await api.db.raw<{ rows: { text: string }[] }>(
    "select audit_log::text as text from audit_log",
  );
  const text = rows.map((row) => row.text).join("\n");
  const secrets = Object.values(api.merchant).filter((value) => /^(?:sk|pk|ok)_/.test(value));
  expect(secrets.length).toBeGreaterThanOrEqual(3);
  for (const secret of [...secrets, clientSecret, card, "hunter2", "whsec_", "_secret_"]) {
    expect(text).not.toContain(secret);
  }
});

test("the database refuses to change or delete an entry, also by the name of its partition", async () => {
  await transact(api.db, (tx) =>
    recordCommand(tx, { merchantId: api.merchant.id, name: "merchants create" }),
  );
  const { rows } = await api.db.raw<{ rows: { name: string }[] }>(
    `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'audit_log'::regclass`,
  );
  const tables = ["audit_log", ...rows.map(({ name }) => name)];
  expect(tables.length).toBeGreaterThanOrEqual(6);
  for (const table of tables) {
    for (const change of [
      `update ${table} set outcome = 'REPLAYED'`,
      `delete from ${table}`,
      `truncate ${table}`,
    ]) {
      const refused = await api.db.raw(change).catch((error: unknown) => error);
      expect([change, (refused as { code?: string }).code]).toEqual([change, "23001"]);
    }
  }
});

test("requests do not wait for it, and what it could not write for a while is written once", async () => {
  const lock = await api.db.transaction();
  await lock.raw("lock table audit_log in access exclusive mode");
  const { id } = await makeIntent(api);
  const key = api.stranger.operatorKey;
  const query = "query ($id: ID!) { node(id: $id) { id } }";
  const answer = await api.send({ query, variables: { id }, key });
  expect(answer.data).toEqual({ node: null });
  const flushed = api.app.auditLog.flush();
  await lock.rollback();
  await flushed;
  await api.app.auditLog.flush();
  expect(await api.db("audit_log").where({ subject_id: id, action: "READ" })).toHaveLength(1);
});

test("what can never be written is counted, and does not stand in the way", async () => {
  const dropped = async (): Promise<number> => {
    const metric = registry.getSingleMetric("oncepay_audit_entries_dropped_total");
    return (await metric?.get())?.values[0]?.value ?? 0;
  };
  const before = await dropped();
  const [one, two] = [await makeIntent(api), await makeIntent(api)];
  const query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }";
  const key = api.stranger.operatorKey;
  await api.app.auditLog.stop();
  await api.db.raw("alter table audit_log add constraint nothing_fits check (false) not valid");
  await api.send({ query, variables: { ids: [one.id] }, key });
  await api.app.auditLog.flush();
  await api.db.raw("alter table audit_log drop constraint nothing_fits");
  expect(await dropped()).toBeGreaterThan(before);
  await api.send({ query, variables: { ids: [two.id] }, key });
  await api.app.auditLog.stop();
  expect(await api.db("audit_log").where({ subject_id: one.id })).toEqual([]);
  expect(await api.db("audit_log").where({ subject_id: two.id })).toHaveLength(1);
});

test("a process that stops writes what it has noted", async () => {
  const other = api.anotherApp();
  const actor = { kind: "OPERATOR", id: newId("apiKey"), hint: null } as const;
  const noted = {
    merchantId: api.merchant.id,
    action: "READ",
    operation: "paymentIntent",
    outcome: "SUCCEEDED",
    errorCode: null,
    actor: { ...actor, address: null, requestId: null },
  } as const;
  for (let n = 0; n < 3; n += 1) other.auditLog.note(noted);
  await other.auditLog.flush();
  for (let n = 0; n < 4; n += 1) other.auditLog.note(noted);
  await other.auditLog.stop();
  const rows = await api.db("audit_log").where({ actor_id: actor.id });
  expect(rows.map(({ count }) => Number(count)).sort()).toEqual([3, 4]);
});
