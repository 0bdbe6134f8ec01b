import { runCommandLine } from "../../src/cli/run-command-line";
import { ATTEMPT, OPERATION } from "../../src/processors/stripe/outcomes";
import { confirmIntent, createIntent, failRefund } from "../stripe-simulation/bank";
import { idOf } from "../stripe-simulation/objects";
import { SECRET_KEY, type Simulation, startSimulation } from "../stripe-simulation/simulation";
import {
  CANCEL_INTENT,
  CAPTURE_INTENT,
  REFUND_INTENT,
  type TestApi,
  newKey,
  startTestApi,
} from "../support/api";
import { accountListing } from "../support/account-lists";
import { ENCRYPTION_KEY } from "../support/app";
import { postingsOf } from "../support/processor-lists";
import { booksOf } from "../support/stripe-books";
import { type StripeAccount, connectStripe, paid, tried } from "./stripe-account";
import { attemptsOf, route, statusOf, to } from "./world";

/** What Stripe lists of an account, against the attempts of the account. The witness is the simulation's books. */

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
beforeEach(() => {
  stripe.bank.isLate = false;
  lists.withheld.clear();
});
afterAll(async () => {
  await api.drain();
  await api.stop();
  await stripe.close();
});

const MINUTE_MS = 60_000;

const ask = async (query: string, input: object): Promise<void> => {
  const { error } = await api.send({ query, variables: { input, key: newKey() } });
  expect(error).toBeUndefined();
  await api.drain();
};

interface Against {
  readonly listed: number;
  readonly missing: number;
  readonly unread: readonly string[];
  readonly movements: readonly object[];
}

/** What "oncepay verify --against-network" says, with everything that the books' own audit says left out. */
async function againstNetwork(): Promise<Against> {
  let out = "";
  await runCommandLine(["verify", "--against-network", "--json"], {
    environment: {
      DATABASE_URL: api.databaseUrl,
      ONCEPAY_ENCRYPTION_KEY: ENCRYPTION_KEY,
      ONCEPAY_SANDBOX_URL: api.sandbox.url,
      ONCEPAY_STRIPE_URL: stripe.url,
    },
    out: (text) => ((out += text), true),
    error: (text) => {
      throw new Error(text);
    },
  });
  return (JSON.parse(out) as { againstNetwork: Against }).againstNetwork;
}

/** The list of half an hour from now, and the first one by which whatever is known now must have come. */
async function listUntilExpected(): Promise<number[]> {
  await lists.startOver();
  const now = Date.now();
  const first = await lists.listUpTo(now + 30 * MINUTE_MS);
  return [first, await lists.listUpTo(now + 90 * MINUTE_MS)];
}

test("charges, captures, refunds and what undoes agree; authorisations and voids are not missed", async () => {
  const { id } = await paid(api);
  await ask(REFUND_INTENT, { paymentIntentId: id, amount: 1_000 });
  const { id: held } = await tried(api, { captureMethod: "MANUAL" });
  await ask(CAPTURE_INTENT, { paymentIntentId: held, amount: 700 });
  const { id: let_go } = await tried(api, { captureMethod: "MANUAL" });
  await ask(CANCEL_INTENT, { paymentIntentId: let_go });
  expect(await statusOf(api, let_go)).toBe("CANCELED");
  expect(await listUntilExpected()).toEqual([0, 0]);
  const [first] = await lists.runsOf(account.id);
  expect(first).toMatchObject({ status: "COMPLETED", lines: 3, compared: 3, matched: 3 });
});

test("an approval that was lost is found in the list, and given back", async () => {
  stripe.server.faults.push({ fault: "lose_answer", only: "confirm" });
  const { id, reference } = await tried(api);
  expect((await attemptsOf(api, id))[0]?.status).toBe("UNKNOWN");
  await api.app.settleAttempt({
    ...{ merchantId: api.merchant.id, attemptId: reference, paymentIntentId: id, source: "test" },
    outcome: { kind: "declined", code: "card_declined", message: "no", hard: true },
  });
  expect(await lists.listAnew()).toBe(1);
  expect(await lists.rowsOf(reference)).toMatchObject([
    { kind: "STATE", processor: "stripe", processor_account_id: account.id },
  ]);
  await lists.seeTo();
  await api.drain();
  await lists.seeTo();
  expect(await lists.shown(reference)).toEqual([
    "STATE RESOLVED REVERSED it moved there, and is DECLINED here",
  ]);
  expect(stripe.moved(reference)).toEqual(["capture 2500", "reverse 2500"]);
});

test("what nothing here asked for is refunded at the account, once, and its fee is posted", async () => {
  const reference = "att_of_another_installation";
  const intent = createIntent(stripe.bank, {
    ...{ amount: 1_000, currency: "usd", payment_method: "pm_card_visa" },
    metadata: { [ATTEMPT]: reference, [OPERATION]: "charge" },
  });
  confirmIntent(stripe.bank, intent, {}, null);
  const lacking = { processor: "stripe", processorAccountId: account.id, reference };
  expect(await againstNetwork()).toMatchObject({
    ...{ missing: 1, unread: [] },
    movements: [{ ...lacking, amountMinor: 1_000, state: "NOT_HERE", breakId: null }],
  });
  expect(await lists.listAnew()).toBe(1);
  const [found] = await lists.rowsOf(reference);
  expect((await againstNetwork()).movements).toMatchObject([{ ...lacking, breakId: found?.id }]);
  expect(found).toMatchObject({
    ...{ merchant_id: api.merchant.id, processor_account_id: account.id },
    detail: `nothing here asked for it at ${account.id}: capture of 1000 USD`,
  });
  for (let times = 0; times < 2; times += 1) await lists.seeTo({ ghostCharges: "reverse" });
  expect(await lists.shown(reference)).toEqual([
    `MISSING_HERE RESOLVED REVERSED nothing here asked for it at ${account.id}: capture of 1000 USD`,
  ]);
  expect(stripe.moved(reference)).toEqual(["capture 1000", "reverse 1000"]);
  expect(await postingsOf(api, (await lists.rowsOf(reference))[0]?.["journal_id"])).toEqual([
    "PROCESSING_FEES to PROCESSOR_RECEIVABLE 59 USD",
  ]);
  expect(await lists.listAnew()).toBe(0);
  expect(await againstNetwork()).toMatchObject({ missing: 0, unread: [], movements: [] });
});

test("what others take through the same account is nobody's break", async () => {
  const intent = createIntent(stripe.bank, {
    ...{ amount: 1_000, currency: "usd", payment_method: "pm_card_visa", metadata: {} },
  });
  confirmIntent(stripe.bank, intent, {}, null);
  expect(await lists.listAnew()).toBe(0);
  stripe.bank.movements.pop();
});

test("a line may come an hour late; what has none by then is a break, and closes when it comes", async () => {
  const { reference } = await paid(api);
  lists.withheld.set(account.id, [reference]);
  expect(await listUntilExpected()).toEqual([0, 1]);
  expect(await lists.rowsOf(reference)).toMatchObject([
    {
      ...{ kind: "MISSING_THERE", processor_account_id: account.id, status: "OPEN" },
      detail: "charge of 2500 USD has no line",
    },
  ]);
  lists.withheld.clear();
  expect(await lists.listAnew()).toBe(0);
  expect(await lists.rowsOf(reference)).toMatchObject([{ resolution: "CLOSED_ITSELF" }]);
});

test.each([
  ["that of the payment", "usd", "PROCESSING_FEES to PROCESSOR_RECEIVABLE 103 USD"],
  ["another one", "eur", "PROCESSING_FEES to PROCESSOR_RECEIVABLE 103 EUR"],
])("a fee that is told later is posted once, in %s", async (_name, currency, posting) => {
  stripe.bank.isLate = true;
  const { reference } = await paid(api);
  const row = () => api.db("attempts").where({ id: reference }).first();
  expect(await row()).toMatchObject({ fee: null });
  expect(await lists.listAnew()).toBe(0);
  stripe.writeLines();
  const line = stripe.bank.lines.at(-1);
  const intent = (await row()).processor_ref as string;
  const charge = stripe.bank.intents.get(intent)?.latest_charge ?? null;
  expect(line?.source).toBe(idOf(charge));
  Object.assign(line ?? {}, { currency });
  for (let times = 0; times < 2; times += 1) expect(await lists.listAnew()).toBe(0);
  expect(await row()).toMatchObject({
    fee: 103,
    fee_currency: currency === "usd" ? null : "EUR",
  });
  const journals = await api.db("journals").where({ source_id: reference, kind: "fee" });
  expect(journals).toHaveLength(1);
  expect(await postingsOf(api, journals[0].id)).toEqual([posting]);
  expect(await lists.runsOf(account.id)).toMatchObject([{ status: "COMPLETED" }]);
  const [report] = await lists.runsOf(account.id);
  expect(report?.matched).toBe(report?.compared);
});

test("a refund that came back, and that no webhook told of, is found in the list", async () => {
  const { id } = await paid(api);
  await ask(REFUND_INTENT, { paymentIntentId: id, amount: 1_000 });
  const refund = (await attemptsOf(api, id))[1]?.id ?? "";
  expect(await lists.listAnew()).toBe(0);
  const [last] = [...stripe.bank.refunds.values()].slice(-1);
  if (!last) throw new Error("nothing was refunded");
  failRefund(stripe.bank, last);
  expect(await lists.listAnew()).toBe(1);
  const state = "STATE OPEN it was taken back there, and stands here";
  expect(await lists.shown(refund)).toEqual([state]);
  for (let times = 0; times < 2; times += 1) await lists.seeTo();
  expect((await lists.rowsOf(refund))[0]).toMatchObject({ status: "RESOLVED" });
  expect(await api.db("refunds").where({ payment_intent_id: id })).toMatchObject([
    { status: "REVERSED" },
  ]);
  expect(await lists.listAnew()).toBe(0);
});

test("a key that was revoked is said by the report: nothing is missed, and gone on with under the next", async () => {
  const { reference } = await paid(api);
  const key = stripe.accounts.get(SECRET_KEY);
  stripe.accounts.delete(SECRET_KEY);
  expect(await listUntilExpected()).toEqual([0, 0]);
  expect(await lists.runsOf(account.id)).toMatchObject([
    { status: "LOADING", failure: "CREDENTIALS_REFUSED", lines: 0 },
  ]);
  expect(await lists.rowsOf(reference)).toEqual([]);
  expect(await againstNetwork()).toMatchObject({ listed: 0, missing: 0, unread: [account.id] });
  if (key) stripe.accounts.set(SECRET_KEY, key);
  expect(await lists.listUpTo(Date.now() + 30 * MINUTE_MS)).toBe(0);
  const [report] = await lists.runsOf(account.id);
  expect(report).toMatchObject({ status: "COMPLETED", failure: null });
  expect(report?.matched).toBe(report?.compared);
});
