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

const BOOKS = `query ($asOf: DateTime) {
  trialBalance { balanced currencies { currency debits credits difference } }
  receivable: ledgerAccount(kind: PROCESSOR_RECEIVABLE, currency: "USD") { id kind currency balance pendingBalance old: balance(asOf: $asOf) }
  balance: ledgerAccount(kind: MERCHANT_BALANCE, currency: "USD") { id balance pendingBalance }
  fees: ledgerAccount(kind: PROCESSING_FEES, currency: "USD") { balance }
  suspense: ledgerAccount(kind: SUSPENSE, currency: "USD") { balance pendingBalance }
  yen: ledgerAccount(kind: MERCHANT_BALANCE, currency: "JPY") { balance }
  none: ledgerAccount(kind: MERCHANT_BALANCE, currency: "CHF") { balance }
}`;

async function readBooks() {
  const { data, body } = await api.send({ query: BOOKS, variables: { asOf: beforeAnything } });
  expect(body.errors).toBeUndefined();
  return data;
}

function expectBooks(books: Awaited<ReturnType<typeof readBooks>>): void {
  expect(books.trialBalance.balanced).toBe(true);
  expect(
    books.trialBalance.currencies.map(({ currency }: { currency: string }) => currency),
  ).toEqual(["JPY", "USD"]);
  for (const { debits, credits, difference } of books.trialBalance.currencies) {
    expect(debits).toBeGreaterThan(0);
    expect(debits).toBe(credits);
    expect(difference).toBe(0);
  }
  expect(books.balance).toMatchObject({ balance: 12_500, pendingBalance: 3_000 });
  expect(books.fees.balance).toBeGreaterThan(0);
  expect(books.receivable.balance).toBe(12_500 - books.fees.balance);
  expect(books.receivable).toMatchObject({
    pendingBalance: 3_000,
    old: 0,
    kind: "PROCESSOR_RECEIVABLE",
  });
  expect(books.suspense).toEqual({ balance: 0, pendingBalance: 0 });
  expect(books.yen.balance).toBe(500);
  expect(books.none).toBeNull();
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
  expect(after.balance.balance).toBe(12_600);
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
    expect(currencies.some(({ difference }) => difference > 0)).toBe(true);
  } finally {
    await tx.rollback();
  }
});

test("entries add up to the balance, newest first, in pages", async () => {
  const query = `query ($after: String) { ledgerAccount(kind: MERCHANT_BALANCE, currency: "USD") {
    id balance
    entries(first: 2, after: $after) {
      edges { node { journalId line kind side amount currency pending paymentIntentId attemptId createdAt } }
      pageInfo { hasNextPage hasPreviousPage endCursor }
    }
  } }`;
  interface Entry {
    readonly side: string;
    readonly amount: number;
    readonly pending: boolean;
    readonly createdAt: string;
  }
  const entries: Entry[] = [];
  let balance = 0;
  let after: string | null = null;
  for (;;) {
    const { data, body } = await api.send({ query, variables: { after } });
    expect(body.errors).toBeUndefined();
    const account = data.ledgerAccount;
    balance = account.balance;
    expect(account.entries.pageInfo.hasPreviousPage).toBe(after !== null);
    entries.push(...account.entries.edges.map(({ node }: { node: Entry }) => node));
    if (!account.entries.pageInfo.hasNextPage) break;
    after = account.entries.pageInfo.endCursor;
  }
  const posted = entries.filter(({ pending }) => !pending);
  const sum = posted.reduce(
    (total, { side, amount }) => total + (side === "CREDIT" ? amount : -amount),
    0,
  );
  expect(sum).toBe(balance);
  const times = entries.map(({ createdAt }) => createdAt);
  expect(times).toEqual([...times].sort().reverse());
});

test("an account is found by its id, and half a question is refused", async () => {
  const books = await readBooks();
  const { data } = await api.send({
    query: `{ ledgerAccount(id: "${books.balance.id}") { kind currency createdAt } node(id: "${books.balance.id}") { ... on LedgerAccount { kind } } }`,
  });
  expect(data).toMatchObject({
    ledgerAccount: { kind: "MERCHANT_BALANCE", currency: "USD" },
    node: { kind: "MERCHANT_BALANCE" },
  });
  for (const args of [
    "",
    "(kind: SUSPENSE)",
    '(currency: "USD")',
    `(id: "${books.balance.id}", currency: "USD")`,
  ]) {
    const { error } = await api.send({ query: `{ ledgerAccount${args} { id } }` });
    expect(error?.extensions.code).toBe("BAD_USER_INPUT");
  }
});
