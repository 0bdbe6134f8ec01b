import {
  CAPTURE_INTENT,
  REFUND_INTENT,
  type TestApi,
  makeIntent,
  makePaid,
  newKey,
  startTestApi,
} from "../support/api";
import { aDispute } from "../support/disputes";

/** What belongs to a payment intent is listed with it in pages. */

let api: TestApi;
let id: string;
let other: string;
const REFUNDS = 5;
const DISPUTES = 3;

beforeAll(async () => {
  api = await startTestApi();
  ({ id } = await makePaid(api, { captureMethod: "MANUAL" }));
  await api.send({
    query: CAPTURE_INTENT,
    variables: { input: { paymentIntentId: id }, key: newKey() },
  });
  await api.drain();
  for (let index = 0; index < REFUNDS; index += 1) {
    const input = { paymentIntentId: id, amount: 100 + index };
    await api.send({ query: REFUND_INTENT, variables: { input, key: newKey() } });
    await api.drain();
  }
  for (const outcome of ["won", "lost", undefined] as const) {
    await aDispute(api, id, { amount: 100, ...(outcome && { outcome }) });
  }
  await api.drain();
  ({ id: other } = await makePaid(api));
});
afterAll(() => api.stop());

interface PartPage {
  readonly edges: readonly { readonly cursor: string; readonly node: Record<string, unknown> }[];
  readonly pageInfo: Readonly<Record<string, unknown>>;
}

async function partsOf(intent: string, field: string): Promise<PartPage> {
  const { data, body } = await api.send({
    query: `{ paymentIntent(id: "${intent}") { part: ${field} } }`,
  });
  expect(body.errors).toBeUndefined();
  return data.paymentIntent.part as PartPage;
}

const INFO = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }";

const KINDS = [
  ["attempts", "id", 7],
  ["captures", "id", 1],
  ["refunds", "id", REFUNDS],
  ["disputes", "id", DISPUTES],
  ["transitions", "version", 21],
  ["events", "sequence", 21],
] as const;

test.each(KINDS)("walks through the %s both ways, newest first", async (kind, key, count) => {
  const whole = await partsOf(
    id,
    `${kind}(first: 100) { edges { cursor node { ${key} } } ${INFO} }`,
  );
  const keys = whole.edges.map(({ node }) => node[key]);
  expect(keys).toHaveLength(count);
  expect(keys).toEqual([...keys].sort((a, b) => ((a as string) < (b as string) ? 1 : -1)));
  for (const [size, from, cursorOf] of [
    ["first", "after", "endCursor"],
    ["last", "before", "startCursor"],
  ] as const) {
    const seen: unknown[] = [];
    let cursor: string | null = null;
    for (let page = 0; page <= count; page += 1) {
      const args = `${size}: 2${cursor === null ? "" : `, ${from}: "${cursor}"`}`;
      const part = await partsOf(
        id,
        `${kind}(${args}) { edges { cursor node { ${key} } } ${INFO} }`,
      );
      const found = part.edges.map(({ node }) => node[key]);
      if (size === "first") seen.push(...found);
      else seen.unshift(...found);
      const isLast = seen.length === count;
      const [more, behind] = [!isLast, page > 0];
      expect(part.pageInfo).toMatchObject(
        size === "first"
          ? { hasNextPage: more, hasPreviousPage: behind }
          : { hasNextPage: behind, hasPreviousPage: more },
      );
      if (isLast) break;
      cursor = part.pageInfo[cursorOf] as string;
    }
    expect(seen).toEqual(keys);
  }
});

test("an intent that has none gives an empty page", async () => {
  const empty = await makeIntent(api);
  for (const kind of ["attempts", "captures", "refunds", "disputes"]) {
    expect(await partsOf(empty.id, `${kind} { edges { cursor } ${INFO} }`)).toEqual({
      edges: [],
      pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
    });
  }
});

// How large a page may be is known before anything is executed.
test.each(["refunds(first: 0)", "refunds(first: 101)"])("refuses %s as a whole", async (field) => {
  const { data, error } = await api.send({
    query: `{ paymentIntent(id: "${id}") { id part: ${field} { edges { cursor } } } }`,
  });
  expect(error?.extensions.code).toBe("BAD_USER_INPUT");
  expect(data).toBeUndefined();
});

test.each([
  "refunds(first: 1, last: 1)",
  'refunds(after: "nonsense")',
  `transitions(after: "${Buffer.from("0").toString("base64url")}")`,
  `transitions(after: "${Buffer.from("2147483648").toString("base64url")}")`,
  `events(after: "${Buffer.from("re_01m7w8wagbx5338azawms6zrmk").toString("base64url")}")`,
])("refuses %s, and shows the intent all the same", async (field) => {
  const { data, error } = await api.send({
    query: `{ paymentIntent(id: "${id}") { id part: ${field} { edges { cursor } } } }`,
  });
  expect(error?.extensions.code).toBe("BAD_USER_INPUT");
  expect(data).toEqual({ paymentIntent: { id, part: null } });
});

test("a page of each kind costs a statement, however many intents are listed and however often it is asked for", async () => {
  const statements: string[] = [];
  const count = ({ sql }: { sql: string }): void => {
    statements.push(sql);
  };
  const deaf = api.hear(count);
  try {
    const { data, body } = await api.send({
      query: `{ paymentIntents(first: 10) { edges { node {
        id
        one: refunds(first: 1) { edges { node { amount } } }
        same: refunds(first: 1) { edges { node { amount } } }
        all: refunds(first: 50) { edges { node { amount paymentIntent { id } } } pageInfo { hasNextPage } }
      } } } }`,
    });
    expect(body.errors).toBeUndefined();
    const nodes = data.paymentIntents.edges.map(({ node }: { node: { id: string } }) => node);
    const found = nodes.find((node: { id: string }) => node.id === id);
    expect(found.one.edges).toEqual([{ node: { amount: 104 } }]);
    expect(found.same).toEqual(found.one);
    expect(found.all.edges).toHaveLength(REFUNDS);
    expect(nodes.find((node: { id: string }) => node.id === other).all.edges).toEqual([]);
  } finally {
    deaf();
  }
  const reads = statements.filter((sql) => sql.includes("from"));
  // The list, two pages of refunds, and the refunds' intents.
  expect(reads).toHaveLength(4);
});

test("refunds, disputes and captures are listed by themselves, by intent, status and time", async () => {
  const list = async (field: string): Promise<unknown[]> => {
    const { data, body } = await api.send({
      query: `{ part: ${field} { edges { node { id } } } }`,
    });
    expect(body.errors).toBeUndefined();
    return data.part.edges.map(({ node }: { node: { id: string } }) => node.id);
  };
  const refunds = await list("refunds");
  expect(refunds).toHaveLength(REFUNDS);
  expect(await list(`refunds(filter: {paymentIntentId: "${id}"}, first: 2)`)).toEqual(
    refunds.slice(0, 2),
  );
  expect(await list(`refunds(filter: {paymentIntentId: "${other}"})`)).toEqual([]);
  expect(await list("refunds(filter: {statuses: [SUCCEEDED]}, last: 2)")).toEqual(
    refunds.slice(-2),
  );
  expect(await list("refunds(filter: {statuses: [FAILED, REVERSED]})")).toEqual([]);
  expect(await list('refunds(filter: {createdAfter: "2999-01-01"})')).toEqual([]);
  expect(await list('refunds(filter: {createdBefore: "2999-01-01"})')).toEqual(refunds);
  const disputes = await list("disputes");
  expect(disputes).toHaveLength(DISPUTES);
  expect(await list(`disputes(filter: {paymentIntentId: "${id}"}, first: 2)`)).toEqual(
    disputes.slice(0, 2),
  );
  expect(await list("disputes(filter: {statuses: [OPEN, LOST]})")).toEqual(disputes.slice(0, 2));
  expect(await list(`disputes(filter: {paymentIntentId: "${other}"})`)).toEqual([]);
  expect(await list('disputes(filter: {createdAfter: "2999-01-01"})')).toEqual([]);
  const captures = await list("captures(filter: {statuses: [SUCCEEDED]})");
  expect(captures).toHaveLength(1);
  const wrong = await api.send({
    query: `{ captures(filter: {paymentIntentId: "${String(captures[0])}"}) { edges { cursor } } }`,
  });
  expect(wrong.error?.extensions).toMatchObject({
    code: "BAD_USER_INPUT",
    details: { field: "filter.paymentIntentId" },
  });
});

test("nodes gives what there is of many ids, in their order, and reads each kind once", async () => {
  const { edges } = await partsOf(id, "refunds { edges { node { id } } }");
  const refunds = edges.map(({ node }) => String(node["id"]));
  const ids = [refunds[2], id, "nothing", refunds[0], other, id, `pi_${"0".repeat(26)}`];
  const query = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }";
  const statements: string[] = [];
  const count = ({ sql }: { sql: string }): void => {
    statements.push(sql);
  };
  const deaf = api.hear(count);
  const { data, body } = await api.send({ query, variables: { ids } });
  deaf();
  expect(body.errors).toBeUndefined();
  expect(data.nodes.map((node: { id: string } | null) => node?.id)).toEqual([
    refunds[2],
    id,
    undefined,
    refunds[0],
    other,
    id,
    undefined,
  ]);
  expect(statements.filter((sql) => sql.includes("from"))).toHaveLength(2);
  const many = await api.send({ query, variables: { ids: Array.from({ length: 101 }, () => id) } });
  expect(many.error?.extensions).toMatchObject({
    code: "BAD_USER_INPUT",
    details: { field: "ids" },
  });
});
