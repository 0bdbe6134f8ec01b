import { randomUUID } from "node:crypto";
import { createPaymentIntents } from "../../src/payments/create-payment-intent";
import { type TestApi, makeIntent, makePaid, startTestApi } from "../support/api";
import { createCommand } from "../support/factories";

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
  const { ids, end } = await readAll(2, null);
  expect(ids).toHaveLength(3);
  const empty = await feed({ after: end });
  expect(empty).toEqual({
    edges: [],
    pageInfo: { hasNextPage: false, hasPreviousPage: true, startCursor: null, endCursor: end },
  });
  await makeIntent(api);
  // Nothing is shown before it has its place.
  expect((await feed({ after: end })).edges).toEqual([]);
  await api.relayOnce();
  const more = await feed({ after: empty.pageInfo.endCursor });
  expect(more.edges.map(({ node }) => node.type)).toEqual(["payment_intent.created"]);
});

test("knows types, and goes on from another type's cursor", async () => {
  const page = await feed({ types: ["payment_intent.succeeded"], first: 100 });
  expect(page.edges.map(({ node }) => node.type)).toEqual(["payment_intent.succeeded"]);
  const next = { types: ["payment_intent.created"], after: page.pageInfo.endCursor };
  const created = await feed(next);
  expect(created.edges.map(({ node }) => node.type)).toEqual(["payment_intent.created"]);
  expect((await feed({ ...next, after: created.pageInfo.endCursor })).edges).toEqual([]);
});

test("never skips an event whose transaction began earlier and commits later", async () => {
  const { end } = await readAll(100, null);
  // An older transaction, holding an event of its own, is still open while a newer one commits.
  const tx = await api.db.transaction();
  const [late] = await createPaymentIntents(tx, [createCommand(api.merchant.id)]);
  const newer = await makeIntent(api);
  await api.relayOnce();
  const during = await readAll(100, end);
  await tx.commit();
  await api.relayOnce();
  const after = await readAll(100, during.end);
  const eventsOf = async (id: string): Promise<string[]> => {
    const rows = await api.db("events").where({ subject_id: id }).select("id");
    return rows.map((row: { id: string }) => row.id);
  };
  expect(during.ids).toEqual(await eventsOf(newer.id));
  if (!late || late instanceof Error) throw new Error("not created");
  expect(after.ids).toEqual(await eventsOf(late.result.id));
});

test("reads every event once while many commit at the same time", async () => {
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
    await api.relayOnce();
    const page = await readAll(7, end);
    seen.push(...page.ids);
    end = page.end;
  }
  await made;
  await api.relayOnce();
  seen.push(...(await readAll(7, end)).ids);
  expect(seen).toHaveLength(60);
  expect(new Set(seen).size).toBe(60);
});

const TOO_HIGH = Buffer.from(`${"9".repeat(19)} evt_${"0".repeat(26)}`).toString("base64url");

test.each([
  { after: "nonsense" },
  { after: TOO_HIGH },
  { first: 0 },
  { first: 101 },
  { types: ["nothing.happened"] },
])("refuses %j", async (variables) => {
  const { error } = await api.send({ query: FEED, variables });
  expect(error?.extensions.code).toBe("BAD_USER_INPUT");
});
