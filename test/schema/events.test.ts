import { randomUUID } from "node:crypto";
import { newId } from "../../src/ids";
import { type TestApi, makeIntent, makePaid, startTestApi } from "../support/api";
import { waitFor } from "../support/wait-for";

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

const FEED = `query ($after: String, $first: Int, $types: [EventType!]) {
  events(after: $after, first: $first, filter: {types: $types}) {
    edges { cursor node { id type subjectId sequence data apiVersion createdAt } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;

interface FeedPage {
  readonly edges: { cursor: string; node: { id: string; type: string; sequence: number } }[];
  readonly pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

async function feed(variables: Readonly<Record<string, unknown>>): Promise<FeedPage> {
  const { data, body } = await api.send({ query: FEED, variables });
  expect(body.errors).toBeUndefined();
  return data.events as FeedPage;
}

/** The feed holds back what is younger than the oldest transaction of the whole server, of other tests' databases too. */
async function readable(): Promise<void> {
  await waitFor("older transactions to end", async () => {
    const { rows } = await api.db.raw<{ rows: { readable: boolean }[] }>(
      "select coalesce(max(xid) < pg_snapshot_xmin(pg_current_snapshot()), true) as readable from events",
    );
    return rows[0]?.readable;
  });
}

async function readAll(
  first: number,
  after: string | null,
): Promise<{ ids: string[]; end: string | null }> {
  const ids: string[] = [];
  let end = after;
  for (;;) {
    const page = await feed({ first, after: end });
    ids.push(...page.edges.map(({ node }) => node.id));
    end = page.pageInfo.endCursor;
    if (!page.pageInfo.hasNextPage) return { ids, end };
  }
}

test("is oldest first, and goes on from where it ended, also from an empty page", async () => {
  expect(await feed({})).toMatchObject({ edges: [], pageInfo: { endCursor: null } });
  await makePaid(api);
  await readable();
  const { ids, end } = await readAll(2, null);
  expect(ids).toHaveLength(3);
  const empty = await feed({ after: end });
  expect(empty).toEqual({
    edges: [],
    pageInfo: { hasNextPage: false, hasPreviousPage: true, startCursor: null, endCursor: end },
  });
  await makeIntent(api);
  await readable();
  const more = await feed({ after: empty.pageInfo.endCursor });
  expect(more.edges.map(({ node }) => node.type)).toEqual(["payment_intent.created"]);
});

test("knows types", async () => {
  await readable();
  const page = await feed({ types: ["payment_intent.succeeded"], first: 100 });
  expect(page.edges.map(({ node }) => node.type)).toEqual(["payment_intent.succeeded"]);
});

test("never skips an event whose transaction began earlier and commits later", async () => {
  await readable();
  const { end } = await readAll(100, null);
  const intent = await makeIntent(api);
  // An older transaction, holding an event of its own, is still open while newer ones commit.
  const late = newId("event");
  const tx = await api.db.transaction();
  await tx("events").insert({
    merchant_id: api.merchant.id,
    id: late,
    type: "payment_intent.processing",
    api_version: "test",
    subject_id: intent.id,
    sequence: 2,
    object: "{}",
  });
  const newer = await makeIntent(api);
  const during = await readAll(100, end);
  await tx.rollback();
  await readable();
  const after = await readAll(100, during.end);
  const seen = [...during.ids, ...after.ids];
  expect(new Set(seen).size).toBe(seen.length);
  const { data } = await api.send({
    query: `{ a: paymentIntent(id: "${intent.id}") { events { edges { node { id } } } } b: paymentIntent(id: "${newer.id}") { events { edges { node { id } } } } }`,
  });
  for (const { node } of [...data.a.events.edges, ...data.b.events.edges]) {
    expect(seen).toContain(node.id);
  }
  // What was committed after the open transaction began is not shown before that one has ended.
  expect(during.ids).not.toContain(data.b.events.edges[0].node.id);
});

test("reads every event once while many commit at the same time", async () => {
  await readable();
  let { end } = await readAll(100, null);
  const made = Promise.all(
    Array.from({ length: 60 }, async (_, index) => {
      await new Promise((resolve) => setTimeout(resolve, index * 3));
      return makeIntent(api, { merchantReference: randomUUID() });
    }),
  );
  const seen: string[] = [];
  let done = false;
  void made.finally(() => {
    done = true;
  });
  while (!done) {
    const page = await readAll(7, end);
    seen.push(...page.ids);
    end = page.end;
  }
  await made;
  await readable();
  seen.push(...(await readAll(7, end)).ids);
  expect(seen).toHaveLength(60);
  expect(new Set(seen).size).toBe(60);
});

test.each([{ after: "nonsense" }, { first: 0 }, { first: 101 }, { types: ["nothing.happened"] }])(
  "refuses %j",
  async (variables) => {
    const { error } = await api.send({ query: FEED, variables });
    expect(error?.extensions.code).toBe("BAD_USER_INPUT");
  },
);
