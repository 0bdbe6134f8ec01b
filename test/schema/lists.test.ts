import {
  CANCEL_INTENT,
  type TestApi,
  makeIntent,
  makePaid,
  newKey,
  startTestApi,
} from "../support/api";

let api: TestApi;
const ids: string[] = [];
const MADE = 7;

beforeAll(async () => {
  api = await startTestApi();
  for (let index = 0; index < MADE; index += 1) {
    const { id } = await makeIntent(api, {
      customer: index % 2 === 0 ? "even" : "odd",
      merchantReference: `order-${String(index)}`,
      amount: 2_500 + (index % 3),
      metadata: { parity: index % 2 === 0 ? "even" : "odd", "it's": `"${String(index)}"` },
      ...(index === 3 && { paymentMethod: null }),
    });
    ids.push(id);
    // Ids of one millisecond have no order, and here the order is looked at.
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
  ids.reverse();
});
afterAll(() => api.stop());

const LIST = `query ($filter: PaymentIntentFilter, $first: Int, $after: String, $last: Int, $before: String) {
  paymentIntents(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
    edges { cursor node { id createdAt } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;

interface Listed {
  readonly ids: string[];
  readonly pageInfo: {
    hasNextPage: boolean;
    hasPreviousPage: boolean;
    startCursor: string | null;
    endCursor: string | null;
  };
}

async function list(variables: Readonly<Record<string, unknown>>): Promise<Listed> {
  const { data, body } = await api.send({ query: LIST, variables });
  expect(body.errors).toBeUndefined();
  const { edges, pageInfo } = data.paymentIntents;
  const found = edges as { cursor: string; node: { id: string } }[];
  expect(pageInfo.startCursor).toBe(found[0]?.cursor ?? null);
  expect(pageInfo.endCursor).toBe(found.at(-1)?.cursor ?? null);
  return { ids: found.map(({ node }) => node.id), pageInfo };
}

test.each([1, 2, 3, 7, 100])("walks forwards, newest first, %i at a time", async (first) => {
  const seen: string[] = [];
  let after: string | null = null;
  for (let page = 0; page <= MADE; page += 1) {
    const { ids: found, pageInfo }: Listed = await list({ first, after });
    expect(pageInfo.hasPreviousPage).toBe(page > 0);
    seen.push(...found);
    expect(pageInfo.hasNextPage).toBe(seen.length < MADE);
    if (!pageInfo.hasNextPage) break;
    after = pageInfo.endCursor;
  }
  expect(seen).toEqual(ids);
});

test.each([1, 2, 3, 7, 100])("walks backwards from the oldest, %i at a time", async (last) => {
  let seen: string[] = [];
  let before: string | null = null;
  for (let page = 0; page <= MADE; page += 1) {
    const { ids: found, pageInfo }: Listed = await list({ last, before });
    expect(pageInfo.hasNextPage).toBe(page > 0);
    seen = [...found, ...seen];
    expect(pageInfo.hasPreviousPage).toBe(seen.length < MADE);
    if (!pageInfo.hasPreviousPage) break;
    before = pageInfo.startCursor;
  }
  expect(seen).toEqual(ids);
});

test("an empty page beyond the end knows that there is something before it", async () => {
  const { pageInfo } = await list({ first: 100 });
  expect(await list({ after: pageInfo.endCursor })).toEqual({
    ids: [],
    pageInfo: { hasNextPage: false, hasPreviousPage: true, startCursor: null, endCursor: null },
  });
});

test("filters by customer, reference, status and time, and by all of them together", async () => {
  const even = ids.filter((_id, index) => index % 2 === 0);
  expect((await list({ filter: { customer: "even" } })).ids).toEqual(even);
  expect((await list({ filter: { customer: "even" }, first: 2 })).ids).toEqual(even.slice(0, 2));
  expect((await list({ filter: { merchantReference: "order-6" } })).ids).toEqual([ids[0]]);
  expect((await list({ filter: { statuses: ["REQUIRES_PAYMENT_METHOD"] } })).ids).toEqual([ids[3]]);
  expect((await list({ filter: { statuses: "REQUIRES_PAYMENT_METHOD" } })).ids).toEqual([ids[3]]);
  const both = ["REQUIRES_CONFIRMATION", "REQUIRES_PAYMENT_METHOD", "REQUIRES_CONFIRMATION"];
  expect((await list({ filter: { statuses: both } })).ids).toEqual(ids);
  expect((await list({ filter: { statuses: both }, last: 3 })).ids).toEqual(ids.slice(-3));
  expect((await list({ filter: { statuses: [] } })).ids).toEqual(ids);
  const createdAt = timeOf(ids[2] ?? "");
  expect((await list({ filter: { createdAfter: createdAt } })).ids).toEqual(ids.slice(0, 3));
  expect((await list({ filter: { createdBefore: createdAt } })).ids).toEqual(ids.slice(3));
  const filter = {
    statuses: ["REQUIRES_CONFIRMATION"],
    customer: "even",
    merchantReference: "order-4",
    createdAfter: createdAt,
    createdBefore: "2999-01-01",
  };
  expect((await list({ filter })).ids).toEqual([ids[2]]);
});

test("filters by amount, metadata and the last change", async () => {
  const byAmount = ids.filter((_id, index) => (MADE - 1 - index) % 3 === 1);
  expect((await list({ filter: { amount: 2_501 } })).ids).toEqual(byAmount);
  const even = ids.filter((_id, index) => index % 2 === 0);
  const metadata = { key: "parity", value: "even" };
  expect((await list({ filter: { metadata } })).ids).toEqual(even);
  expect((await list({ filter: { metadata }, last: 2 })).ids).toEqual(even.slice(-2));
  const quoted = { key: "it's", value: '"6"' };
  expect((await list({ filter: { metadata: quoted } })).ids).toEqual([ids[0]]);
  expect((await list({ filter: { metadata: { key: "parity", value: "none" } } })).ids).toEqual([]);
  expect((await list({ filter: { metadata, amount: 2_501 } })).ids).toEqual(
    even.filter((id) => byAmount.includes(id)),
  );
  const changed = ids[4] ?? "";
  const before = new Date().toISOString();
  await api.send({
    query: CANCEL_INTENT,
    variables: { input: { paymentIntentId: changed }, key: newKey() },
  });
  expect((await list({ filter: { updatedAfter: before } })).ids).toEqual([changed]);
});

/** The moment that an id was made at. */
function timeOf(id: string): string {
  const digits = "0123456789abcdefghjkmnpqrstvwxyz";
  let atMs = 0;
  for (const character of id.slice(3, 13)) atMs = atMs * 32 + digits.indexOf(character);
  return new Date(atMs).toISOString();
}

test.each([
  { first: 0 },
  { first: 101 },
  { first: -1 },
  { last: 0 },
  { last: 101 },
  { first: 1, last: 1 },
  { first: 1, before: "x" },
  { after: "nonsense" },
  { after: "" },
  { after: Buffer.from("cap_01m7w8wagbx5338azawms6zrmk").toString("base64url") },
  { before: "x".repeat(10_000) },
  { filter: { createdAfter: "yesterday" } },
  { filter: { createdAfter: "2026-02-30T99:00:00Z" } },
  { filter: { createdBefore: "1960-01-01" } },
  { filter: { statuses: ["LOST"] } },
  { filter: { status: ["SUCCEEDED"] } },
  { filter: { amount: -1 } },
  { filter: { metadata: { key: "a" } } },
  { filter: { metadata: { key: "", value: "a" } } },
])("refuses %j", async (variables) => {
  const { error } = await api.send({ query: LIST, variables });
  expect(error?.extensions.code).toBe("BAD_USER_INPUT");
});

/** A key is remembered for some seconds, which may be over between any two requests. */
test("a list with everything in it costs one statement for each kind of thing", async () => {
  await makePaid(api);
  const statements: string[] = [];
  const count = ({ sql }: { sql: string }): void => {
    statements.push(sql);
  };
  const deaf = api.hear(count);
  try {
    const { body } = await api.send({
      query: `{ paymentIntents(first: 5) { edges { node {
        id
        attempts(first: 2) { edges { node { id evidence { source } } } }
        captures(first: 2) { edges { node { id } } }
        refunds(first: 2) { edges { node { id } } }
        transitions(first: 2) { edges { node { to } } }
        events(first: 2) { edges { node { type } } }
        lastPaymentError { attempt { id } }
      } } } }`,
    });
    expect(body.errors).toBeUndefined();
  } finally {
    deaf();
  }
  const read = statements.filter((sql) => sql.includes("from"));
  expect(read).toHaveLength(7);
});

test("creating costs exactly one statement", async () => {
  await makeIntent(api);
  const statements: string[] = [];
  const count = ({ sql }: { sql: string }): void => {
    statements.push(sql);
  };
  const deaf = api.hear(count);
  try {
    await makeIntent(api);
  } finally {
    deaf();
  }
  expect(statements).toHaveLength(1);
});
