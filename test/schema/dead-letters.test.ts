import {
  CREATE_ENDPOINT,
  CREATE_INTENT,
  type TestApi,
  makeIntent,
  newKey,
  startTestApi,
} from "../support/api";
import { type TestReceiver, startReceiver } from "../support/receiver";

/** What operators do with letters that died, through the API; and what it leaves in the audit log. */

let api: TestApi;
let receiver: TestReceiver;
beforeAll(async () => {
  [api, receiver] = await Promise.all([startTestApi(), startReceiver()]);
});
afterAll(async () => {
  await api.stop();
  await receiver.close();
});

interface Letter {
  readonly id: string;
  readonly endpointId: string;
  readonly [field: string]: unknown;
}

async function anEndpoint(eventTypes: string[] = ["payment_intent.created"]): Promise<string> {
  const input = { url: receiver.url, eventTypes };
  const made = await api.send({ query: CREATE_ENDPOINT, variables: { input, key: newKey() } });
  return made.data.createWebhookEndpoint.webhookEndpoint.id as string;
}

/** Dead with what its last try is said to have met. */
async function aLetter(endpointId: string, met: object = { status_code: 500 }): Promise<Letter> {
  await makeIntent(api);
  await api.drain();
  const [row] = await api
    .db("webhook_deliveries")
    .where({ endpoint_id: endpointId })
    .orderBy("created_at", "desc")
    .limit(1);
  const id = row.id as string;
  await set(id, { status: "DEAD", next_at: null, ...met });
  return { id, endpointId };
}

async function set(id: string, state: object): Promise<void> {
  await api.db("webhook_deliveries").where({ id }).update(state);
}

async function letters(filter: object): Promise<Letter[]> {
  const query = `query ($filter: DeadLetterFilter) { deadLetters(filter: $filter, first: 100) {
    edges { node { id endpointId status cause replayedAs tries } } } }`;
  const { data, body } = await api.send({ query, variables: { filter } });
  expect(body.errors).toBeUndefined();
  return (data.deadLetters.edges as { node: Letter }[]).map(({ node }) => node);
}

function mutate(name: string, input: object, key = newKey()) {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
  return api.send({
    query: `mutation ($input: ${type}!, $key: String!) { ${name}(input: $input, idempotencyKey: $key) {
      webhookDelivery { id status nextAt discardReason replayOf } idempotency { status } } }`,
    variables: { input, key },
    key: api.merchant.operatorKey,
  });
}

async function audited(subjectId: string): Promise<object[]> {
  const { data } = await api.send({
    query: `{ auditLog(filter: {subjectId: "${subjectId}", action: WRITE}) { edges { node {
      operation outcome actorKind actorId requestId details } } } }`,
    key: api.merchant.operatorKey,
  });
  return (data.auditLog.edges as { node: object }[]).map(({ node }) => node);
}

const idsOf = (found: readonly Letter[]): string[] => found.map(({ id }) => id).sort();

test("letters are found by endpoint, type, time, cause and whether they were replayed", async () => {
  const endpoint = await anEndpoint();
  const refused = await aLetter(endpoint, { status_code: 404, error_class: "CLIENT_ERROR" });
  const late = await aLetter(endpoint, { error_class: "TIMEOUT" });
  await set(late.id, { updated_at: "2026-01-01T00:00:00Z" });
  const mine = { endpointId: endpoint };
  expect(idsOf(await letters(mine))).toEqual(idsOf([refused, late]));
  expect(await letters({ ...mine, causes: ["CLIENT_ERROR"] })).toMatchObject([
    { id: refused.id, cause: "CLIENT_ERROR", replayedAs: null },
  ]);
  expect(idsOf(await letters({ ...mine, diedBefore: "2026-02-01T00:00:00Z" }))).toEqual([late.id]);
  expect(idsOf(await letters({ ...mine, diedAfter: "2026-02-01T00:00:00Z" }))).toEqual([
    refused.id,
  ]);
  expect(await letters({ ...mine, types: ["payment_intent.succeeded"] })).toEqual([]);
  expect(await letters({ ...mine, types: ["payment_intent.created"], causes: [] })).toHaveLength(2);
  expect(await letters({ ...mine, replayState: "REPLAYED" })).toEqual([]);
});

test("a letter that is replayed leaves the list, and is replayed again only by force", async () => {
  const endpoint = await anEndpoint();
  const letter = await aLetter(endpoint);
  const mine = { endpointId: endpoint };
  const input = { deliveryId: letter.id };
  const replayed = await mutate("replayWebhookDelivery", input);
  const { id } = replayed.data.replayWebhookDelivery.webhookDelivery;
  expect(await letters(mine)).toEqual([]);
  for (const replayState of ["REPLAYED", "ANY"]) {
    expect(await letters({ ...mine, replayState })).toMatchObject([
      { id: letter.id, status: "DEAD", replayedAs: id },
    ]);
  }
  const again = await mutate("replayWebhookDelivery", input);
  expect(again.error?.extensions).toMatchObject({
    code: "INVALID_STATE",
    details: { currentState: "DEAD", needs: "force", replayedAs: id },
  });
  await api.drain();
  const delivered = await mutate("replayWebhookDelivery", { deliveryId: id });
  expect(delivered.error?.extensions.details).toMatchObject({
    currentState: "SUCCEEDED",
    needs: "force",
  });
  const forced = await mutate("replayWebhookDelivery", { ...input, force: true });
  expect(forced.body.errors).toBeUndefined();
  expect(await audited(forced.data.replayWebhookDelivery.webhookDelivery.id as string)).toEqual([
    {
      operation: "replayWebhookDelivery",
      outcome: "SUCCEEDED",
      actorKind: "OPERATOR",
      actorId: expect.stringMatching(/^key_/),
      requestId: expect.any(String),
      details: {
        deliveryId: letter.id,
        force: true,
        before: { status: "DEAD", replayedAs: id },
        after: {
          status: "DEAD",
          replayedAs: forced.data.replayWebhookDelivery.webhookDelivery.id,
        },
      },
    },
  ]);
});

test("a crowd that replays one letter, each with its own key, sends it once", async () => {
  const endpoint = await anEndpoint();
  const letter = await aLetter(endpoint);
  const answers = await Promise.all(
    Array.from({ length: 12 }, () => mutate("replayWebhookDelivery", { deliveryId: letter.id })),
  );
  expect(answers.filter(({ error }) => error === undefined)).toHaveLength(1);
  const codes = answers.flatMap(({ error }) => error?.extensions["code"] ?? []);
  expect(new Set(codes)).toEqual(new Set(["INVALID_STATE"]));
  expect(await api.db("webhook_deliveries").where({ replay_of: letter.id })).toHaveLength(1);
});

test("nothing is replayed to an endpoint that is disabled", async () => {
  const endpoint = await anEndpoint();
  const letter = await aLetter(endpoint);
  const disable = (status: string) =>
    api.db("webhook_endpoints").where({ id: endpoint }).update({ status });
  await disable("DISABLED");
  const refused = await mutate("replayWebhookDelivery", { deliveryId: letter.id, force: true });
  expect(refused.error?.extensions).toMatchObject({
    code: "INVALID_STATE",
    details: {
      id: endpoint,
      because: "It is disabled.",
      currentState: "DISABLED",
      allowedActions: expect.arrayContaining(["ENABLE"]),
    },
  });
  expect(idsOf(await letters({ endpointId: endpoint }))).toEqual([letter.id]);
  await disable("ENABLED");
  const replayed = await mutate("replayWebhookDelivery", { deliveryId: letter.id });
  expect(replayed.body.errors).toBeUndefined();
});

test("a letter that is discarded leaves the list, and says why", async () => {
  const endpoint = await anEndpoint();
  const letter = await aLetter(endpoint);
  const input = { deliveryId: letter.id, reason: "the receiver rebuilt its state" };
  const key = newKey();
  const discarded = await mutate("discardWebhookDelivery", input, key);
  expect(discarded.data.discardWebhookDelivery.webhookDelivery).toMatchObject({
    status: "DISCARDED",
    discardReason: input.reason,
    nextAt: null,
  });
  const repeated = await mutate("discardWebhookDelivery", input, key);
  expect(repeated.data.discardWebhookDelivery.idempotency.status).toBe("REPLAYED");
  expect(await letters({ endpointId: endpoint, replayState: "ANY" })).toEqual([]);
  const again = await mutate("discardWebhookDelivery", input);
  expect(again.error?.extensions).toMatchObject({
    code: "INVALID_STATE",
    details: { currentState: "DISCARDED", allowedActions: ["REPLAY"] },
  });
  const [refusal, entry] = await audited(letter.id).then((all) =>
    all.filter((one) => (one as { outcome: string }).outcome !== "REPLAYED"),
  );
  expect(refusal).toMatchObject({ outcome: "REFUSED", details: { reason: input.reason } });
  expect(entry).toMatchObject({
    operation: "discardWebhookDelivery",
    outcome: "SUCCEEDED",
    details: {
      reason: input.reason,
      before: { status: "DEAD" },
      after: { status: "DISCARDED" },
    },
  });
});

test("what waits for its next try is tried now, once", async () => {
  const endpoint = await anEndpoint();
  const letter = await aLetter(endpoint);
  await set(letter.id, { status: "RETRYING", next_at: "2099-01-01T00:00:00Z", tries: 1 });
  const before = receiver.received.length;
  const [first, second] = await Promise.all([
    mutate("retryWebhookDeliveryNow", { deliveryId: letter.id }),
    mutate("retryWebhookDeliveryNow", { deliveryId: letter.id }),
  ]);
  expect([first, second].filter(({ error }) => error === undefined)).toHaveLength(1);
  await api.drain();
  expect(receiver.received.length).toBe(before + 1);
  const [row] = await api.db("webhook_deliveries").where({ id: letter.id });
  expect(row).toMatchObject({ status: "SUCCEEDED", tries: 2 });
  const late = await mutate("retryWebhookDeliveryNow", { deliveryId: letter.id });
  expect(late.error?.extensions).toMatchObject({
    code: "INVALID_STATE",
    details: { currentState: "SUCCEEDED" },
  });
});

test("one that is held because its endpoint failed is tried now, whatever the receiver asked for", async () => {
  const endpoint = await anEndpoint();
  const letter = await aLetter(endpoint);
  const later = "2099-01-01T00:00:00Z";
  await set(letter.id, { status: "RETRYING", next_at: "infinity", not_before: later, tries: 1 });
  const since = "2026-01-01T00:00:00Z";
  const failing = { failures: 20, failing_since: since, failed_at: since };
  const paused = { ...failing, breaker: "OPEN", paused_until: later };
  await api.db("webhook_endpoints").where({ id: endpoint }).update(paused);
  const before = receiver.received.length;
  const { error } = await mutate("retryWebhookDeliveryNow", { deliveryId: letter.id });
  expect(error).toBeUndefined();
  await api.drain();
  expect(receiver.received.length).toBe(before + 1);
  const [row] = await api.db("webhook_deliveries").where({ id: letter.id });
  expect(row).toMatchObject({ status: "SUCCEEDED", tries: 2 });
  const [well] = await api.db("webhook_endpoints").where({ id: endpoint });
  expect(well).toMatchObject({ breaker: "CLOSED", failures: 0 });
});

describe("those who run the installation", () => {
  const EVERYWHERE = `query ($merchant: ID, $filter: DeadLetterFilter, $after: String) {
    deadLetters(merchantId: $merchant, filter: $filter, first: 2, after: $after) {
      edges { node { id merchantId event { id } attempts { number } } }
      pageInfo { hasNextPage endCursor } } }`;
  const everywhere = (variables: object, key = api.asPlatform.key) =>
    api.send({ query: EVERYWHERE, variables: { ...variables }, key });

  /** A letter of somebody else's. */
  async function aStrangersLetter(): Promise<string> {
    const key = api.stranger.secretKey;
    const endpoint = { url: receiver.url, eventTypes: ["payment_intent.created"] };
    const made = [
      { query: CREATE_ENDPOINT, variables: { input: endpoint, key: newKey() }, key },
      {
        query: CREATE_INTENT,
        variables: { input: { amount: 1, currency: "USD" }, key: newKey() },
        key,
      },
    ];
    for (const request of made) expect((await api.send(request)).body.errors).toBeUndefined();
    await api.drain();
    const [row] = await api.db("webhook_deliveries").where({ merchant_id: api.stranger.id });
    await set(row.id as string, { status: "DEAD", next_at: null, status_code: 500 });
    return row.id as string;
  }

  test("see the letters of all merchants, newest first, or of one", async () => {
    const mine = await aLetter(await anEndpoint());
    const theirs = await aStrangersLetter();
    const seen: { id: string; merchantId: string; event: unknown; attempts: unknown }[] = [];
    let after: string | undefined;
    do {
      const { data, body } = await everywhere({ after });
      expect(body.errors).toBeUndefined();
      seen.push(...data.deadLetters.edges.map(({ node }: { node: never }) => node));
      const { hasNextPage, endCursor } = data.deadLetters.pageInfo;
      after = hasNextPage ? endCursor : undefined;
    } while (after !== undefined);
    const ids = seen.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)].sort().reverse());
    const whose = new Map(seen.map(({ id, merchantId }) => [id, merchantId]));
    expect([whose.get(mine.id), whose.get(theirs)]).toEqual([api.merchant.id, api.stranger.id]);
    expect(seen[0]).toMatchObject({ event: null, attempts: null });
    const { data } = await everywhere({ merchant: api.stranger.id });
    expect(data.deadLetters.edges).toMatchObject([{ node: { id: theirs } }]);
  });

  test("ask for what was replayed by merchant", async () => {
    const filter = { replayState: "ANY" };
    const all = await everywhere({ filter });
    expect(all.error?.extensions).toMatchObject({ code: "BAD_USER_INPUT" });
    expect((await everywhere({ filter, merchant: api.merchant.id })).error).toBeUndefined();
    const malformed = await everywhere({ merchant: "mer_1" });
    expect(malformed.error?.extensions.code).toBe("BAD_USER_INPUT");
  });

  test("are the only ones: nobody else may name a merchant, not even their own", async () => {
    for (const merchant of [api.stranger.id, api.merchant.id]) {
      const refused = await everywhere({ merchant }, api.merchant.operatorKey);
      expect(refused.error?.extensions.code).toBe("FORBIDDEN");
    }
    const asOne = await api.send({
      query: EVERYWHERE,
      variables: { merchant: api.stranger.id },
      ...api.asPlatform,
    });
    expect(asOne.error?.extensions.code).toBe("FORBIDDEN");
    const { data } = await everywhere({}, api.merchant.operatorKey);
    const edges = data.deadLetters.edges as { node: { merchantId: string } }[];
    expect(new Set(edges.map(({ node }) => node.merchantId))).toEqual(new Set([api.merchant.id]));
  });
});
