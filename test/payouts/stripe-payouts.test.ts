import { applyProcessorWebhooks } from "../../src/inbox/apply-processor-webhooks";
import { confirmIntent, createIntent, openDispute } from "../stripe-simulation/bank";
import { newBalanceTransaction } from "../stripe-simulation/objects";
import { arrive, completeReconciliation, payOut, sendBack } from "../stripe-simulation/payouts";
import { type Simulation, startSimulation } from "../stripe-simulation/simulation";
import { REFUND_INTENT, type TestApi, newKey, startTestApi } from "../support/api";
import { accountListing } from "../support/account-lists";
import { crashOnceAt, expectCrashed } from "../support/crash";
import { booksOf } from "../support/stripe-books";
import {
  type StripeAccount,
  connectStripe,
  paid as paidAt,
  tellAll,
} from "../processor-accounts/stripe-account";
import { attemptsOf, route, to } from "../processor-accounts/world";

/** What Stripe has sent to a merchant's bank, by the account's list. */

let api: TestApi;
let stripe: Simulation;
let account: StripeAccount;
let lists: ReturnType<typeof accountListing>;
beforeAll(async () => {
  stripe = await startSimulation();
  api = await startTestApi({
    ONCEPAY_STRIPE_URL: stripe.url,
    ONCEPAY_LOOKUP_SCHEDULE_MS: "3600000",
  });
  api.movements = booksOf(stripe);
  lists = accountListing(api);
  account = await connectStripe(api);
  expect((await route(api, [to({ id: account.id })])).error).toBeUndefined();
});
beforeEach(() => lists.startOver());
afterAll(async () => {
  await api.drain();
  await api.stop();
  await stripe.close();
});

const HOUR_MS = 3_600_000;

const paid = () => paidAt(api);

let hours = 0;
/** The next hour's list. */
async function list(): Promise<number> {
  hours += 1;
  return lists.listUpTo(Date.now() + hours * HOUR_MS);
}

const rowsOf = (payoutId: string) => api.db("payouts").where({ processor_payout_id: payoutId });
const linesOf = (payoutId: string) =>
  api.db("processor_payout_lines").where({ processor_payout_id: payoutId }).orderBy("line");
const openBreaks = () => api.db("reconciliation_breaks").whereNot({ status: "RESOLVED" });

async function balanceOf(kind: string): Promise<number> {
  const { rows } = await api.db.raw<{ rows: { balance: string }[] }>(
    `select coalesce(sum(case when p.credit_account_id = a.id then p.amount else -p.amount end), 0)
       as balance
     from ledger_accounts a
     join postings p on p.merchant_id = a.merchant_id
       and a.id in (p.debit_account_id, p.credit_account_id)
     where a.merchant_id = ? and a.kind = ? and a.currency = 'USD' and not p.pending`,
    [api.merchant.id, kind],
  );
  return Number(rows[0]?.balance);
}

/** Everything that is due is paid out, and known to be complete. */
function sent() {
  const payout = payOut(stripe.bank);
  completeReconciliation(stripe.bank, payout);
  return payout;
}

test("a payout is recorded with what it consists of, once, and goes on its way to the bank and back", async () => {
  const first = await paid();
  const second = await paid();
  const variables = { input: { paymentIntentId: first.id, amount: 1_000 }, key: newKey() };
  await api.send({ query: REFUND_INTENT, variables });
  await api.drain();
  const refund = (await attemptsOf(api, first.id))[1]?.id;
  const payout = payOut(stripe.bank);
  expect(payout.amount).toBe(2 * (2_500 - 103) - 1_000);
  // Until Stripe says that it is complete, it is none.
  expect(await list()).toBe(0);
  expect(await rowsOf(payout.id)).toEqual([]);
  completeReconciliation(stripe.bank, payout);
  const before = await balanceOf("MERCHANT_BALANCE");
  for (let times = 0; times < 2; times += 1) expect(await list()).toBe(0);
  const [row, ...others] = await rowsOf(payout.id);
  expect(others).toEqual([]);
  expect(row).toMatchObject({
    ...{ merchant_id: api.merchant.id, processor: "stripe", processor_account_id: account.id },
    ...{ status: "IN_TRANSIT", amount: payout.amount, currency: "USD", line_count: 5 },
  });
  const lines = await api.db("payout_lines").where({ payout_id: row.id }).orderBy("line");
  expect(lines.map(({ kind, amount, attempt_id: of }) => [kind, amount, of])).toEqual([
    ["REFUND", -1_000, refund],
    ["CHARGE", 2_500, second.reference],
    ["FEE", -103, second.reference],
    ["CHARGE", 2_500, first.reference],
    ["FEE", -103, first.reference],
  ]);
  expect(await balanceOf("MERCHANT_BALANCE")).toBe(before - payout.amount);
  expect(await balanceOf("PAYOUTS")).toBe(payout.amount);
  arrive(stripe.bank, payout);
  for (let times = 0; times < 2; times += 1) expect(await list()).toBe(0);
  expect(await rowsOf(payout.id)).toMatchObject([{ status: "PAID", version: 2 }]);
  expect(await balanceOf("PAYOUTS")).toBe(0);
  sendBack(stripe.bank, payout);
  for (let times = 0; times < 2; times += 1) expect(await list()).toBe(0);
  expect(await rowsOf(payout.id)).toMatchObject([{ status: "FAILED", version: 3 }]);
  expect(await balanceOf("MERCHANT_BALANCE")).toBe(before);
  expect(await openBreaks()).toEqual([]);
  const query = `{ payouts(first: 5) { edges { node { status processor processorAccountId } } } }`;
  const { data } = await api.send({ query });
  expect(data.payouts.edges[0].node).toEqual({
    ...{ status: "FAILED", processor: "stripe", processorAccountId: account.id },
  });
});

test("disputes, what is taken back, and another integration's money are in it, each as what it is", async () => {
  const { reference } = await paid();
  const row = await api.db("attempts").where({ id: reference }).first();
  const intent = stripe.bank.intents.get(row.processor_ref as string);
  const charge = [...stripe.bank.charges.values()].find(
    ({ payment_intent: of }) => of === intent?.id,
  );
  if (!charge) throw new Error("nothing was charged");
  openDispute(stripe.bank, charge);
  await tellAll(api, stripe, account);
  await applyProcessorWebhooks(api.app, 100);
  const strange = createIntent(stripe.bank, {
    ...{ amount: 700, currency: "usd", payment_method: "pm_card_visa", metadata: {} },
  });
  confirmIntent(stripe.bank, strange, {}, null);
  stripe.bank.movements.pop();
  // A fee of Stripe's own has no source.
  const created = Math.floor(Date.now() / 1_000);
  const own = { type: "stripe_fee", amount: -5, fee: 0, currency: "usd", source: "", created };
  stripe.bank.lines.push({ ...newBalanceTransaction({ ...own }), source: null });
  const payout = sent();
  expect(await list()).toBe(0);
  const lines = await linesOf(payout.id);
  const ours = lines.filter((line) => line.reference === reference);
  expect(ours.map(({ kind, amount }) => [kind, amount])).toEqual([
    ["DISPUTE", -2_500],
    ["FEE", -1_500],
    ["CHARGE", 2_500],
    ["FEE", -103],
  ]);
  const sum = lines.reduce((all, { amount }) => all + Number(amount), 0);
  expect(sum).toBe(payout.amount);
  // What the bank sent back is in it as what it was, too.
  const again = 2 * (2_500 - 103) - 1_000;
  expect(await rowsOf(payout.id)).toMatchObject([
    { amount: again - 1_500 - 103, line_count: 5 + 4 },
  ]);
  expect(await openBreaks()).toEqual([]);
});

test("a payout whose lines are not its amount is a break, and is not recorded", async () => {
  await paid();
  const payout = sent();
  payout.amount += 1;
  expect(await list()).toBe(1);
  expect(await list()).toBe(0);
  expect(await rowsOf(payout.id)).toEqual([]);
  expect(await api.db("reconciliation_breaks").where({ subject_id: payout.id })).toMatchObject([
    {
      ...{ kind: "AMOUNT", merchant_id: api.merchant.id, processor_account_id: account.id },
      detail: `a payout of 2398 USD in 2 lines there, whose 2 lines are 2397 USD`,
    },
  ]);
});

test("a payout by hand is left out: Stripe does not say what is in it", async () => {
  await paid();
  const payout = payOut(stripe.bank);
  Object.assign(payout, { automatic: false, reconciliation_status: "not_applicable" });
  expect(await list()).toBe(0);
  expect(await linesOf(payout.id)).toEqual([]);
});

test("who is killed between a payout's lines and the payout, or before it is recorded, records it once", async () => {
  await paid();
  const payout = sent();
  const at = Date.now() + (hours += 1) * HOUR_MS;
  for (const point of [
    "reconcile.after_slice",
    "reconcile.inside_transaction",
    "reconcile.after_slice",
  ] as const) {
    crashOnceAt(point);
    expect(await lists.listUpTo(at)).toBe(0);
    expectCrashed(point);
    expect(await rowsOf(payout.id)).toEqual([]);
  }
  expect(await lists.listUpTo(at)).toBe(0);
  expect(await rowsOf(payout.id)).toMatchObject([{ status: "IN_TRANSIT", line_count: 2 }]);
  expect(await list()).toBe(0);
  expect(await rowsOf(payout.id)).toHaveLength(1);
});

test("more lines than a page are all there, each once", async () => {
  for (let charges = 0; charges < 101; charges += 1) {
    const intent = createIntent(stripe.bank, {
      ...{ amount: 700, currency: "usd", payment_method: "pm_card_visa", metadata: {} },
    });
    confirmIntent(stripe.bank, intent, {}, null);
    stripe.bank.movements.pop();
  }
  const { reference } = await paid();
  const payout = sent();
  expect(await list()).toBe(0);
  const lines = await linesOf(payout.id);
  expect(lines).toHaveLength(103);
  expect(new Set(lines.map(({ line }) => Number(line))).size).toBe(103);
  expect(await rowsOf(payout.id)).toMatchObject([{ amount: 2_397, line_count: 2 }]);
  const [line] = await api.db("payout_lines").where({ attempt_id: reference, kind: "CHARGE" });
  expect(line).toMatchObject({ amount: 2_500 });
});
