import { type TestApi, makePaid, startTestApi } from "../support/api";

/* Cursors of lists that are sorted by positions of ours show none of them; those given out earlier still work. */

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  await makePaid(api);
});
afterAll(() => api.stop());

const EVENTS = `query ($after: String) {
  events(first: 2, after: $after) { edges { cursor node { id } } pageInfo { startCursor endCursor } }
}`;
const ENTRIES = `query ($after: String) { ledgerAccounts { edges { node { kind
  entries(first: 1, after: $after) { edges { cursor node { journalId line createdAt } } } } } } }`;

const plain = (text: string): string => Buffer.from(text).toString("base64url");
const readable = (cursor: string): string =>
  Buffer.from(cursor.replace("c1_", ""), "base64url").toString("latin1");

test("the feed of events", async () => {
  const first = (await api.send({ query: EVENTS })).data.events;
  const [one, two] = first.edges as { cursor: string; node: { id: string } }[];
  expect(readable(two?.cursor ?? "")).not.toMatch(/evt_/);
  expect(first.pageInfo).toEqual({ startCursor: one?.cursor, endCursor: two?.cursor });
  const next = await api.send({ query: EVENTS, variables: { after: two?.cursor } });
  expect(next.data.events.edges.length).toBeGreaterThan(0);
  // As it was written before: position and id.
  const earlier = plain(`2 ${two?.node.id ?? ""}`);
  const same = await api.send({ query: EVENTS, variables: { after: earlier } });
  expect(same.data.events).toEqual(next.data.events);
});

test("the entries of an account", async () => {
  const { data } = await api.send({ query: ENTRIES });
  const account = data.ledgerAccounts.edges.find(
    ({ node }: { node: { kind: string } }) => node.kind === "PROCESSOR_RECEIVABLE",
  );
  const { cursor } = account.node.entries.edges[0] as { cursor: string };
  expect(readable(cursor)).not.toMatch(/jrn_/);
  const next = await api.send({ query: ENTRIES, variables: { after: cursor } });
  expect(next.error).toBeUndefined();
});
