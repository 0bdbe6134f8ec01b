import { newRelay, relayOnce } from "../../workers/relay-outbox";
import { runCommandLine } from "../../src/cli/run-command-line";
import { type TestAnswer, type TestApi, makeIntent, newKey, startTestApi } from "../support/api";
import { rowOf, setMessageAside } from "../support/set-aside";

/** Rows of the outbox that relays died over, as those who run the installation see and release them. */

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());
// Nothing is harmful any more: it can be relayed, as every event must be.
afterEach(async () => {
  await api.db("outbox").update({ aside_until: null });
  await api.drain();
});

const FIELDS =
  "id merchantId eventId eventType attemptId deliveryId tries lastError setAsideAt nextTryAt createdAt";
const LIST = `query ($of: ID, $first: Int, $after: String) {
  setAsideMessages(merchantId: $of, first: $first, after: $after) {
    edges { node { ${FIELDS} } } pageInfo { hasNextPage endCursor }
  } }`;
const RELEASE = `mutation ($input: ReleaseSetAsideMessagesInput!, $key: String!) {
  releaseSetAsideMessages(input: $input, idempotencyKey: $key) {
    count hasMore idempotency { status }
  } }`;

interface Asking {
  readonly key: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const platform = (): Asking => ({ key: api.asPlatform.key });

async function list(variables: object = {}, by = platform()) {
  const answer = await api.send({ query: LIST, variables: { ...variables }, ...by });
  expect(answer.body.errors).toBeUndefined();
  const { edges, pageInfo } = answer.data.setAsideMessages;
  type Node = Readonly<Record<string, unknown>>;
  return { nodes: (edges as { node: Node }[]).map(({ node }) => node), pageInfo };
}

function release(input: object, by = platform(), key = newKey()): Promise<TestAnswer> {
  const variables = { input: { reason: "the cause is gone", ...input }, key };
  return api.send({ query: RELEASE, variables, ...by });
}

const setAside = (merchantId: string) => setMessageAside(api.db, merchantId);

const outbox = () => api.db("outbox").orderBy("id");

/** The event of this payment makes the database refuse whatever its deliveries are planned with. */
async function poisoned<Result>(work: (paymentId: string) => Promise<Result>): Promise<Result> {
  const { id } = await makeIntent(api);
  await api.db.raw(`
    create function refuse_poison() returns trigger language plpgsql as $$
    begin raise exception 'poison'; end $$;
    create trigger refuse_poison before insert on event_feed
      for each row execute function refuse_poison()`);
  try {
    return await work(id);
  } finally {
    await api.db.raw("drop function refuse_poison cascade");
  }
}

/** Relays until it has given up for now. */
async function relayInVain(): Promise<void> {
  const relay = newRelay();
  for (let round = 0; round < 4; round += 1) {
    await relayOnce(api.app, api.queues, relay).catch(() => 0);
  }
}

test("what relays died over is shown with its event, tries and cause; released, it is relayed", async () => {
  const paymentId = await poisoned(async (id) => {
    await relayInVain();
    return id;
  });
  const event = await api.db("events").where({ subject_id: paymentId }).first<{ id: string }>();
  const { nodes } = await list();
  expect(nodes).toEqual([
    {
      id: expect.stringMatching(/^msg_0+\d+$/),
      merchantId: api.merchant.id,
      eventId: event?.id,
      eventType: "payment_intent.created",
      attemptId: null,
      deliveryId: null,
      tries: 2,
      lastError: "DATABASE",
      setAsideAt: expect.any(String),
      nextTryAt: expect.any(String),
      createdAt: expect.any(String),
    },
  ]);
  const { data } = await release({ ids: [nodes[0]?.["id"]] });
  expect(data.releaseSetAsideMessages).toEqual({
    count: 1,
    hasMore: false,
    idempotency: { status: "EXECUTED" },
  });
  expect((await list()).nodes).toEqual([]);
  await api.drain();
  expect(await outbox()).toEqual([]);
  expect(await api.db("event_feed").where({ event_id: event?.id })).toHaveLength(1);
});

test("one that a relay dies over again is set aside again, and takes nothing with it", async () => {
  const id = await setAside(api.merchant.id);
  await release({ all: true });
  // It is begun with alone, so the others go on even if it is as bad as it was.
  await poisoned(async (paymentId) => {
    const event = await api.db("events").where({ subject_id: paymentId }).first<{ id: string }>();
    await api.db("outbox").where({ event_id: event?.id }).del();
    await rowOf(api.db, id).update({ event_id: event?.id });
    await relayInVain();
  });
  const { nodes } = await list();
  expect(nodes).toMatchObject([{ id, tries: 2, lastError: "DATABASE" }]);
});

test("a relay that died says nothing, and that is said", async () => {
  const id = await setAside(api.merchant.id);
  await rowOf(api.db, id).update({ relay_error: null, aside_since: null });
  expect((await list()).nodes).toMatchObject([
    { id, tries: 8, lastError: "RELAY_DIED", nextTryAt: null },
  ]);
});

test("those of all merchants, of one, or of the one that the operator acts for; page by page", async () => {
  const ours = [await setAside(api.merchant.id), await setAside(api.merchant.id)];
  const theirs = await setAside(api.stranger.id);
  const ids = async (variables: object, by = platform()) =>
    (await list(variables, by)).nodes.map(({ id }) => id);
  expect(await ids({})).toEqual([theirs, ...ours.toReversed()]);
  expect(await ids({ of: api.stranger.id })).toEqual([theirs]);
  expect(await ids({}, api.asPlatform)).toEqual(ours.toReversed());
  const first = await list({ first: 2 });
  expect(first.pageInfo.hasNextPage).toBe(true);
  const second = await list({ first: 2, after: first.pageInfo.endCursor });
  expect(second.nodes.map(({ id }) => id)).toEqual([ours[0]]);
  const acting = await api.send({
    query: LIST,
    variables: { of: api.stranger.id },
    ...api.asPlatform,
  });
  expect(acting.error?.extensions.code).toBe("FORBIDDEN");
});

test("only the installation's own operators see and release them", async () => {
  await setAside(api.merchant.id);
  for (const key of [api.merchant.operatorKey, api.merchant.secretKey]) {
    const seen = await api.send({ query: LIST, key });
    expect(seen.error?.extensions.code).toBe("FORBIDDEN");
    const released = await release({ all: true }, { key });
    expect(released.error?.extensions.code).toBe("FORBIDDEN");
  }
  expect((await list()).nodes).toHaveLength(1);
});

test("who acts for a merchant releases that merchant's and no others", async () => {
  const [ours, theirs] = [await setAside(api.merchant.id), await setAside(api.stranger.id)];
  const refused = await release({ ids: [theirs] }, api.asPlatform);
  expect(refused.error?.extensions).toMatchObject({ code: "NOT_FOUND", details: { id: theirs } });
  const { data } = await release({ ids: [ours, theirs] }, api.asPlatform);
  expect(data.releaseSetAsideMessages).toMatchObject({ count: 1 });
  expect((await list()).nodes).toMatchObject([{ id: theirs }]);
});

test("a key releases once, and who did it and why is on record", async () => {
  await setAside(api.merchant.id);
  await setAside(api.stranger.id);
  const key = newKey();
  const input = { all: true, reason: "the disk has room again" };
  expect((await release(input, platform(), key)).data.releaseSetAsideMessages.count).toBe(2);
  await api.db("outbox").update({ aside_until: "infinity", relay_deaths: 8 });
  const again = await release(input, platform(), key);
  expect(again.data.releaseSetAsideMessages).toEqual({
    count: 2,
    hasMore: false,
    idempotency: { status: "REPLAYED" },
  });
  expect((await list()).nodes).toHaveLength(2);
  const [entry] = await api.db("audit_log").where({ idempotency_key: key, outcome: "SUCCEEDED" });
  expect(entry).toMatchObject({
    operation: "releaseSetAsideMessages",
    actor_kind: "PLATFORM",
    details: { reason: "the disk has room again", after: { count: 2 } },
  });
});

test.each([
  [{ ids: [] }],
  [{}],
  [{ ids: ["1"], all: true }],
  [{ ids: ["12"] }],
  [{ ids: [`evt_${"0".repeat(26)}`] }],
  [{ ids: Array.from({ length: 101 }, () => `msg_${"1".padStart(26, "0")}`) }],
])("refuses %j", async (input) => {
  const answer = await release(input);
  expect(answer.error?.extensions.code).toBe("BAD_USER_INPUT");
  expect(String(answer.error?.extensions["details"].field)).toMatch(/^input\.ids/);
});

test("from a terminal: listed, tried dry, released", async () => {
  const [ours, theirs] = [await setAside(api.merchant.id), await setAside(api.stranger.id)];
  const said: string[] = [];
  const ops = async (...args: string[]): Promise<string> => {
    said.length = 0;
    const code = await runCommandLine(["ops", "set-aside", ...args], {
      environment: {
        ONCEPAY_URL: `${api.server.url}/graphql`,
        ONCEPAY_OPERATOR_KEY: api.asPlatform.key,
      },
      out: (text) => (said.push(text), true),
      error: (text) => (said.push(text), true),
    });
    return `${String(code)} ${said.join("")}`;
  };
  expect(await ops("list")).toMatch(new RegExp(`${theirs} .*DATABASE(.|\\n)*${ours} `));
  expect(await ops("list", "--merchant", api.merchant.id)).not.toContain(api.stranger.id);
  const reason = ["--reason", "the cause is gone"];
  const dry = await ops("release", "--ids", ours, ...reason, "--dry-run", "--json");
  expect(JSON.parse(dry.slice(2))).toMatchObject({
    dryRun: true,
    setAsideMessages: [{ id: ours }],
  });
  expect((await list()).nodes).toHaveLength(2);
  expect(await ops("release", ...reason)).toContain("--ids or --all");
  expect(await ops("release", "--ids", ours, ...reason)).toBe("0 Released 1.\n");
  expect(await ops("release", "--all", ...reason)).toBe("0 Released 1.\n");
  expect(await ops("list")).toBe("0 There are none.\n");
});
