import { PLATFORM_MERCHANT_ID } from "../../src/merchants/api-key";
import { sealCredentials } from "../../src/processor-accounts/account";
import { sweepAccounts } from "../../src/reconciliation/sweep-accounts";
import { sweepProcessors } from "../../src/reconciliation/sweep-processor";
import { type TestApi, newKey, startTestApi } from "../support/api";
import { accountListing } from "../support/account-lists";
import {
  type ConnectedAccount,
  DISABLE_ACCOUNT,
  ROTATE_CREDENTIALS,
  aSandboxKey,
  anAccountName,
  connectAccount,
} from "../support/processor-accounts";
import { postingsOf } from "../support/processor-lists";
import { atNetwork, attemptsOf, confirmed, movedAt, route, to } from "./world";

/** What is listed at merchants' own accounts, against the attempts of those accounts and of no others. */

let api: TestApi;
let lists: ReturnType<typeof accountListing>;
let one: ConnectedAccount;
let two: ConnectedAccount;
let strangers: ConnectedAccount;
beforeAll(async () => {
  api = await startTestApi({ ONCEPAY_LOOKUP_SCHEDULE_MS: "3600000" });
  lists = accountListing(api);
  strangers = await connectAccount(api, { key: api.stranger.secretKey });
});
beforeEach(async () => {
  [one, two] = [await connectAccount(api), await connectAccount(api)];
  await route(api, [to(two, { currency: "EUR" }), to(one)]);
  lists.withheld.clear();
});
afterAll(async () => {
  await api.drain();
  await api.stop();
});

const HOUR_MS = 3_600_000;

async function paid(input: Readonly<Record<string, unknown>> = {}) {
  const { id, attempt } = await confirmed(api, input);
  await api.drain();
  expect((await attemptsOf(api, id))[0]?.status).toBe("SUCCEEDED");
  return { id, reference: attempt.id };
}

/** Something moves at an account that nothing here asked for. */
async function charge({ secretKey }: ConnectedAccount, reference: string, amount = 400) {
  const response = await fetch(`${api.sandbox.url}/v1/charges`, {
    method: "POST",
    headers: { authorization: `Bearer ${secretKey}`, "content-type": "application/json" },
    body: JSON.stringify({
      ...{ reference, amount, currency: "USD", source: "pm_card_visa", capture: true },
    }),
  });
  expect(response.status).toBe(200);
}

const kindsOf = async (reference: string): Promise<string[]> =>
  (await api.sandbox.movements(reference)).map(({ kind }) => kind);
const revoke = (key: string) => api.sandbox.post("/admin/revoked-keys", { key });

async function rotate({ id, name }: ConnectedAccount): Promise<void> {
  const input = { processorAccountId: id, credentials: { secretKey: aSandboxKey(name) } };
  const variables = { input, key: newKey() };
  const { error } = await api.send({ query: ROTATE_CREDENTIALS, variables });
  expect(error).toBeUndefined();
}

test("each account is compared by itself, and the installation's own list knows nothing of it", async () => {
  const [first, second] = [await paid(), await paid({ currency: "EUR" })];
  expect(await lists.listAnew()).toBe(0);
  for (const account of [one, two]) {
    const [report, ...others] = await lists.runsOf(account.id);
    expect(others).toEqual([]);
    expect(report).toMatchObject({ status: "COMPLETED", lines: 1, compared: 1, matched: 1 });
  }
  const config = { ...api.app.config, listEveryMs: HOUR_MS };
  const options = { nowMs: Date.now() + HOUR_MS / 2, settledMs: 0 };
  expect(await sweepProcessors({ ...api.app, config }, options)).toBe(0);
  const own = await api.db("reconciliation_runs").whereNull("processor_account_id");
  expect(own.map(({ lines }) => Number(lines))).toEqual([0]);
  expect([
    ...(await lists.rowsOf(first.reference)),
    ...(await lists.rowsOf(second.reference)),
  ]).toEqual([]);
});

test("windows follow each other without a gap, and workers share the accounts", async () => {
  await lists.startOver();
  const now = Date.now();
  for (const hour of [1, 2]) expect(await lists.listUpTo(now + hour * HOUR_MS)).toBe(0);
  const runs = await api.db("reconciliation_runs").where({ processor_account_id: one.id });
  const [first, second] = runs.toSorted((a, b) => Number(a.period_to) - Number(b.period_to));
  expect(second.period_from).toEqual(first.period_to);
  const asked = new Map<string, number>();
  const counting: typeof lists.processorOf = (given) => {
    const id = given.processorAccountId ?? "";
    asked.set(id, (asked.get(id) ?? 0) + 1);
    return api.app.processorOf(given);
  };
  await api.db("processor_accounts").update({ lists_at: new Date(0) });
  const config = { ...api.app.config, listEveryMs: HOUR_MS };
  const needs = { ...api.app, config, processorOf: counting };
  const options = { nowMs: now + 3 * HOUR_MS, settledMs: 0 };
  await Promise.all([sweepAccounts(needs, options), sweepAccounts(needs, options)]);
  // Nothing is due any more.
  expect(await sweepAccounts(needs, options)).toBe(0);
  const accounts = await api.db("processor_accounts").select<{ id: string }[]>("id");
  expect([...asked].toSorted()).toEqual(accounts.map(({ id }) => [id, 1]).toSorted());
  expect(await lists.runsOf(one.id)).toHaveLength(3);
});

test("an approval that was lost is found in the account's list, and given back there", async () => {
  const { id, attempt } = await confirmed(api);
  await api.app.settleAttempt({
    ...{ merchantId: api.merchant.id, attemptId: attempt.id, paymentIntentId: id, source: "test" },
    outcome: { kind: "declined", code: "card_declined", message: "no", hard: true },
  });
  await charge(one, attempt.id, 2_500);
  expect(await lists.listAnew()).toBe(1);
  const [found] = await lists.rowsOf(attempt.id);
  expect(found).toMatchObject({ kind: "STATE", processor_account_id: one.id });
  await lists.seeTo();
  await api.drain();
  await lists.seeTo();
  expect(await lists.shown(attempt.id)).toEqual([
    "STATE RESOLVED REVERSED it moved there, and is DECLINED here",
  ]);
  expect(await kindsOf(attempt.id)).toEqual(["capture", "reverse"]);
  expect(await movedAt(api, attempt.id)).toEqual([one.name, one.name]);
});

test("what nothing here asked for is its merchant's break, and is reversed at that account alone", async () => {
  const reference = "ghost-of-two-accounts";
  await charge(one, reference);
  await charge(two, reference);
  await api.sandbox.charge(reference, { amount: 400 });
  expect(await lists.listAnew()).toBe(2);
  const found = await lists.rowsOf(reference);
  expect(found.map((row) => [row["processor_account_id"], row["detail"]]).toSorted()).toEqual(
    [one, two]
      .map(({ id }) => [id, `nothing here asked for it at ${id}: capture of 400 USD`])
      .toSorted(),
  );
  expect(found).toMatchObject([0, 1].map(() => ({ merchant_id: api.merchant.id })));
  await api
    .db("reconciliation_breaks")
    .where({ subject_id: reference, processor_account_id: two.id })
    .update({ next_at: null });
  await lists.seeTo({ ghostCharges: "reverse" });
  const [reversed] = await api
    .db("reconciliation_breaks")
    .where({ subject_id: reference, processor_account_id: one.id });
  expect(reversed).toMatchObject({ status: "RESOLVED", resolution: "REVERSED" });
  expect(await postingsOf(api, reversed.journal_id)).toEqual([
    "PROCESSING_FEES to PROCESSOR_RECEIVABLE 42 USD",
  ]);
  const moved = await api.sandbox.movements(reference);
  const reversals = moved.filter(({ kind }) => kind === "reverse");
  expect(reversals).toHaveLength(1);
  expect(reversals[0]?.chargeId).toContain(one.name);
  // The events and the console show whose it is.
  const query = `query ($id: ID!) {
    node(id: $id) { ... on ReconciliationBreak { merchantId processor processorAccountId } }
  }`;
  const key = api.merchant.operatorKey;
  const { data } = await api.send({ query, variables: { id: reversed.id }, key });
  expect(data.node).toEqual({
    ...{ merchantId: api.merchant.id, processor: "sandbox", processorAccountId: one.id },
  });
  // They are nobody's; what is left of them is taken away for the audit.
  await api
    .db("reconciliation_breaks")
    .where({ subject_id: reference, processor_account_id: two.id })
    .update({ next_at: new Date() });
  await lists.seeTo({ ghostCharges: "reverse" });
  await api.sandbox.reverse(reference);
});

test("what the account's list lacks is a break, and closes when its line comes", async () => {
  const { reference } = await paid();
  lists.withheld.set(one.id, [reference]);
  expect(await lists.listAnew()).toBe(1);
  expect(await lists.rowsOf(reference)).toMatchObject([
    {
      ...{ kind: "MISSING_THERE", processor: "sandbox", processor_account_id: one.id },
      detail: "charge of 2500 USD has no line",
    },
  ]);
  // Somebody else's account has a line of that name; so has another one of the same merchant, and the network's own.
  await charge(strangers, reference, 2_500);
  await charge(two, reference, 2_500);
  await api.sandbox.charge(reference, { amount: 2_500 });
  expect(await lists.listAnew()).toBe(2);
  const config = { ...api.app.config, listEveryMs: HOUR_MS };
  await api.db("reconciliation_runs").whereNull("processor_account_id").delete();
  const options = { nowMs: Date.now() + HOUR_MS / 2, settledMs: 0 };
  expect(await sweepProcessors({ ...api.app, config }, options)).toBe(1);
  const open = await api
    .db("reconciliation_breaks")
    .where({ subject_id: reference, status: "OPEN" })
    .orderBy("kind");
  const shown = open.map((row) => [row.kind, row.merchant_id, row.processor_account_id]);
  expect(shown.toSorted()).toEqual(
    [
      ["MISSING_THERE", api.merchant.id, one.id],
      ["MISSING_HERE", api.merchant.id, two.id],
      ["MISSING_HERE", api.stranger.id, strangers.id],
      ["MISSING_HERE", PLATFORM_MERCHANT_ID, null],
    ].toSorted(),
  );
  // Whoever sees to them touches the others' money alone: what was asked for stands.
  await lists.seeTo({ ghostCharges: "reverse" });
  const moved = await api.sandbox.movements(reference);
  expect(moved.filter(({ kind }) => kind === "reverse")).toHaveLength(3);
  const standing = moved.filter(({ chargeId }) => chargeId.includes(one.name));
  expect(standing.map(({ kind }) => kind)).toEqual(["capture"]);
  lists.withheld.clear();
  expect(await lists.listAnew()).toBe(0);
  expect(await lists.shown(reference)).toContain(
    "MISSING_THERE RESOLVED CLOSED_ITSELF charge of 2500 USD has no line",
  );
});

test("what moved twice at an account is given back there but for one movement", async () => {
  const { reference } = await paid();
  await charge(one, reference, 2_500);
  expect(await lists.listAnew()).toBe(1);
  await lists.seeTo();
  expect(await lists.shown(reference)).toEqual([
    "DUPLICATE RESOLVED REVERSED it moved twice there, and once here",
  ]);
  expect(await kindsOf(reference)).toEqual(["capture", "capture", "reverse"]);
  expect(await lists.listAnew()).toBe(0);
});

test("a disabled account is listed like any other", async () => {
  const reference = `ghost-of-${one.name}`;
  const { reference: missing } = await paid();
  const input = { processorAccountId: one.id, reason: "we have left" };
  const { error } = await api.send({ query: DISABLE_ACCOUNT, variables: { input, key: newKey() } });
  expect(error).toBeUndefined();
  await charge(one, reference);
  lists.withheld.set(one.id, [missing]);
  expect(await lists.listAnew()).toBe(2);
  expect(await lists.rowsOf(reference)).toMatchObject([{ kind: "MISSING_HERE" }]);
  await lists.seeTo({ ghostCharges: "reverse" });
  expect(await kindsOf(reference)).toEqual(["capture", "reverse"]);
  lists.withheld.clear();
  expect(await lists.listAnew()).toBe(0);
});

test("credentials that are refused are said by the report: nothing is missed, and others go on", async () => {
  const [first, second] = [await paid(), await paid({ currency: "EUR" })];
  await lists.startOver();
  await revoke(one.secretKey);
  const at = Date.now() + HOUR_MS / 2;
  for (let times = 0; times < 2; times += 1) expect(await lists.listUpTo(at)).toBe(0);
  const [report] = await lists.runsOf(one.id);
  expect(report).toMatchObject({ status: "LOADING", failure: "CREDENTIALS_REFUSED", lines: 0 });
  expect(await lists.runsOf(two.id)).toMatchObject([{ status: "COMPLETED", failure: null }]);
  for (const { reference } of [first, second]) expect(await lists.rowsOf(reference)).toEqual([]);
  const query = `{ reconciliationReports(first: 20) { edges { node {
    merchantId processorAccountId status failure failedAt
  } } } }`;
  const { data } = await api.send({ query, ...api.asPlatform });
  const shown = data.reconciliationReports.edges.map(({ node }: { node: object }) => node);
  expect(shown).toContainEqual({
    ...{ merchantId: api.merchant.id, processorAccountId: one.id, status: "LOADING" },
    ...{ failure: "CREDENTIALS_REFUSED", failedAt: expect.any(String) as unknown },
  });
  // It is left alone for some minutes, and gone on with once there are others.
  const before = await api.db("processor_accounts").where({ id: one.id }).first();
  expect(Number(before.lists_at)).toBeGreaterThan(at);
  await rotate(one);
  expect(await lists.listUpTo(at)).toBe(0);
  expect(await lists.runsOf(one.id)).toMatchObject([
    { id: report?.id, status: "COMPLETED", failure: null, lines: 1, matched: 1 },
  ]);
});

test("another account's list is none, nor is that of one whose secrets cannot be opened or that is away", async () => {
  const { reference } = await paid();
  const row = () => api.db("processor_accounts").where({ id: one.id });
  const before = await row().first();
  const swapped = { secretKey: aSandboxKey(anAccountName()) };
  const cases = [
    [sealCredentials(api.app.secrets, one.id, swapped), "OTHER_ACCOUNT"],
    [Buffer.alloc(60, 1), "NOT_CONNECTED"],
    [before.credentials, "NOT_READ"],
  ] as const;
  for (const [at, [credentials, failure]] of cases.entries()) {
    await row().update({ credentials, version: 10 + at });
    if (failure === "NOT_READ") await atNetwork(api, one, "outage", { mode: "refuse" });
    expect(await lists.listAnew()).toBe(0);
    expect(await lists.runsOf(one.id)).toMatchObject([{ status: "LOADING", failure }]);
    expect(await lists.rowsOf(reference)).toEqual([]);
  }
  await atNetwork(api, one, "outage", { mode: "off" });
  expect(await lists.listAnew()).toBe(0);
  expect(await lists.runsOf(one.id)).toMatchObject([{ status: "COMPLETED", matched: 1 }]);
});
