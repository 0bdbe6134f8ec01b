import type { GraphQLScalarType } from "graphql";
import { buildSchema } from "../../schema/schema";
import { trialBalance } from "../../src/ledger/balance-store";
import { takeBalanceSnapshots } from "../../src/ledger/take-balance-snapshots";
import { REFUND_INTENT, type TestApi, makePaid, newKey, startTestApi } from "../support/api";

let api: TestApi;
let beforeAnything: string;
beforeAll(async () => {
  api = await startTestApi();
  beforeAnything = new Date().toISOString();
  await makePaid(api, { amount: 10_000 });
  await makePaid(api, { amount: 500, currency: "JPY" });
  await makePaid(api, { amount: 3_000, captureMethod: "MANUAL" });
  const { id } = await makePaid(api, { amount: 4_000 });
  await api.send({
    query: REFUND_INTENT,
    variables: { input: { paymentIntentId: id, amount: 1_500 }, key: newKey() },
  });
  await api.drain();
});
afterAll(() => api.stop());

const ACCOUNT = (name: string, kind: string, currency: string, fields: string) =>
  `${name}: ledgerAccounts(first: 1, filter: {kinds: [${kind}], currencies: ["${currency}"]}) { edges { node { ${fields} } } }`;

const BOOKS = `query ($asOf: DateTime) {
  trialBalance { balanced currencies { currency debits credits difference } }
  ${ACCOUNT("receivable", "PROCESSOR_RECEIVABLE", "USD", "id kind currency balance pendingBalance old: balance(asOf: $asOf)")}
  ${ACCOUNT("balance", "MERCHANT_BALANCE", "USD", "id balance pendingBalance")}
  ${ACCOUNT("fees", "PROCESSING_FEES", "USD", "balance")}
  ${ACCOUNT("suspense", "SUSPENSE", "USD", "balance pendingBalance")}
  ${ACCOUNT("yen", "MERCHANT_BALANCE", "JPY", "balance")}
  ${ACCOUNT("none", "MERCHANT_BALANCE", "CHF", "balance")}
}`;

async function readBooks() {
  const { data, body } = await api.send({ query: BOOKS, variables: { asOf: beforeAnything } });
  expect(body.errors).toBeUndefined();
  const { trialBalance: trial, ...lists } = data;
  type Edges = { node: Record<string, string> }[];
  const accounts = Object.entries(lists as Record<string, { edges: Edges }>).map(([name, list]) => {
    const { edges } = list;
    expect(edges.length).toBeLessThanOrEqual(1);
    return [name, edges[0]?.node];
  });
  return { trialBalance: trial, ...Object.fromEntries(accounts) };
}

function expectBooks(books: Awaited<ReturnType<typeof readBooks>>): void {
  expect(books.trialBalance.balanced).toBe(true);
  expect(
    books.trialBalance.currencies.map(({ currency }: { currency: string }) => currency),
  ).toEqual(["JPY", "USD"]);
  for (const { debits, credits, difference } of books.trialBalance.currencies) {
    expect(debits).toMatch(/^[1-9]\d*$/);
    expect(debits).toBe(credits);
    expect(difference).toBe("0");
  }
  expect(books.balance).toMatchObject({ balance: "12500", pendingBalance: "3000" });
  expect(Number(books.fees.balance)).toBeGreaterThan(0);
  expect(books.receivable.balance).toBe(String(12_500 - Number(books.fees.balance)));
  expect(books.receivable).toMatchObject({
    pendingBalance: "3000",
    old: "0",
    kind: "PROCESSOR_RECEIVABLE",
  });
  expect(books.suspense).toEqual({ balance: "0", pendingBalance: "0" });
  expect(books.yen.balance).toBe("500");
  expect(books.none).toBeUndefined();
}

/** Of whatever has been posted, instead of what is a minute old and much. */
const AT_ONCE = { limit: 100, postingsMin: 1, marginMs: 0 };

test("balances are the same before a snapshot, from a snapshot, and from a snapshot and what came after", async () => {
  const books = await readBooks();
  expectBooks(books);
  expect(await takeBalanceSnapshots(api.db, { limit: 100 })).toBe(0);
  expect(await takeBalanceSnapshots(api.db, AT_ONCE)).toBeGreaterThan(0);
  expect(await readBooks()).toEqual(books);
  await makePaid(api, { amount: 100 });
  const after = await readBooks();
  expect(after.balance.balance).toBe("12600");
  expect(after.trialBalance.balanced).toBe(true);
  await takeBalanceSnapshots(api.db, AT_ONCE);
  expect(await readBooks()).toEqual(after);
});

test("a snapshot that lies shows in the trial balance", async () => {
  const tx = await api.db.transaction();
  try {
    await tx.raw("update balance_snapshots set debits = debits + 1 where debits > 0");
    const { balanced, currencies } = await trialBalance(tx, api.merchant.id);
    expect(balanced).toBe(false);
    expect(currencies.some(({ difference }) => difference > 0n)).toBe(true);
  } finally {
    await tx.rollback();
  }
});

test("entries add up to the balance, newest first, in pages", async () => {
  const { balance: account } = await readBooks();
  const query = `query ($id: ID!, $after: String) { ledgerAccount(id: $id) {
    id balance
    entries(first: 2, after: $after) {
      edges { node { journalId line kind side amount currency pending balanceAfter source sourceId paymentIntentId attemptId createdAt } }
      pageInfo { hasNextPage hasPreviousPage endCursor }
    }
  } }`;
  interface Entry {
    readonly side: string;
    readonly amount: number;
    readonly pending: boolean;
    readonly balanceAfter: string;
    readonly createdAt: string;
    readonly source: string;
    readonly sourceId: string;
    readonly attemptId: string;
  }
  const entries: Entry[] = [];
  let balance = 0;
  let after: string | null = null;
  for (;;) {
    const { data, body } = await api.send({ query, variables: { id: account.id, after } });
    expect(body.errors).toBeUndefined();
    const found = data.ledgerAccount;
    balance = Number(found.balance);
    expect(found.entries.pageInfo.hasPreviousPage).toBe(after !== null);
    entries.push(...found.entries.edges.map(({ node }: { node: Entry }) => node));
    if (!found.entries.pageInfo.hasNextPage) break;
    after = found.entries.pageInfo.endCursor;
  }
  const posted = entries.filter(({ pending }) => !pending);
  const sum = posted.reduce(
    (total, { side, amount }) => total + (side === "CREDIT" ? amount : -amount),
    0,
  );
  expect(sum).toBe(balance);
  expect(entries[0]?.balanceAfter).toBe(String(balance));
  for (const { source, sourceId, attemptId } of entries) {
    expect({ source, sourceId }).toEqual({ source: "ATTEMPT", sourceId: attemptId });
  }
  const times = entries.map(({ createdAt }) => createdAt);
  expect(times).toEqual([...times].sort().reverse());
});

test("an account is found by its id", async () => {
  const { id } = (await readBooks()).balance;
  const { data } = await api.send({
    query: `{ ledgerAccount(id: "${id}") { kind currency createdAt } node(id: "${id}") { ... on LedgerAccount { kind } } }`,
  });
  expect(data).toMatchObject({
    ledgerAccount: { kind: "MERCHANT_BALANCE", currency: "USD" },
    node: { kind: "MERCHANT_BALANCE" },
  });
});

test("accounts are listed in pages, by kinds and currencies", async () => {
  const list = async (args: string): Promise<string[]> => {
    const { data, body } = await api.send({
      query: `{ ledgerAccounts${args} { edges { node { kind currency } } } }`,
    });
    expect(body.errors).toBeUndefined();
    return data.ledgerAccounts.edges.map(
      ({ node }: { node: { kind: string; currency: string } }) => `${node.kind} ${node.currency}`,
    );
  };
  const all = await list("");
  expect(all).toHaveLength(12);
  expect(await list("(filter: {kinds: [], currencies: null})")).toEqual(all);
  expect(await list("(first: 3)")).toEqual(all.slice(0, 3));
  expect(await list("(last: 3)")).toEqual(all.slice(-3));
  expect((await list("(filter: {kinds: [SUSPENSE]})")).sort()).toEqual([
    "SUSPENSE JPY",
    "SUSPENSE USD",
  ]);
  expect(await list('(filter: {currencies: ["JPY"]})')).toHaveLength(6);
});

test("sums of any size are answered exactly", async () => {
  const tx = await api.db.transaction();
  try {
    await tx.raw(
      "update balance_snapshots set debits = debits + 90071992547409930, credits = credits + 90071992547409930",
    );
    const { balanced, currencies } = await trialBalance(tx, api.merchant.id);
    expect(balanced).toBe(true);
    for (const { debits } of currencies) expect(debits).toBeGreaterThan(2n ** 53n);
  } finally {
    await tx.rollback();
  }
  const scalar = buildSchema().getType("BigMinorUnits") as GraphQLScalarType;
  expect(scalar.serialize(-(10n ** 40n))).toBe(`-1${"0".repeat(40)}`);
});
