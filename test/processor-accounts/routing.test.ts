import {
  CANCEL_INTENT,
  CAPTURE_INTENT,
  REFUND_INTENT,
  type TestApi,
  makeIntent,
  newKey,
  startTestApi,
} from "../support/api";
import {
  type ConnectedAccount,
  DISABLE_ACCOUNT,
  ENABLE_ACCOUNT,
  REPLACE_ROUTES,
  connectAccount,
} from "../support/processor-accounts";
import { attemptsOf, confirm, confirmed, movedAt, route, statusOf, to } from "./world";

/** Which account a payment goes to, and that everything that follows it goes there, too. */

let api: TestApi;
let one: ConnectedAccount;
let two: ConnectedAccount;
beforeAll(async () => {
  api = await startTestApi();
  [one, two] = [await connectAccount(api), await connectAccount(api)];
});
beforeEach(() => route(api, []));
afterAll(() => api.stop());

async function paid(input: Readonly<Record<string, unknown>> = {}) {
  const made = await confirmed(api, input);
  await api.drain();
  return made;
}

const ask = (query: string, input: object) =>
  api.send({ query, variables: { input, key: newKey() } });

test("without rules a payment goes to the installation's own processor", async () => {
  const { id, attempt } = await paid();
  expect(attempt.processor_account_id).toBeNull();
  expect(await movedAt(api, attempt.id)).toEqual([""]);
  expect(await statusOf(api, id)).toBe("SUCCEEDED");
});

test("the first rule counts that a payment meets", async () => {
  const { error } = await route(api, [
    to(one, { currency: "EUR", minAmount: 100, maxAmount: 5_000 }),
    to(two, { captureMethod: "MANUAL" }),
    { currency: "JPY", processorAccountId: null },
    to(one, { currency: "GBP" }),
    to(two),
  ]);
  expect(error).toBeUndefined();
  const cases = [
    [{ currency: "EUR", amount: 100 }, one],
    [{ currency: "EUR", amount: 5_000, captureMethod: "MANUAL" }, one],
    [{ currency: "EUR", amount: 99 }, two],
    [{ currency: "EUR", amount: 5_001 }, two],
    [{ currency: "GBP", captureMethod: "MANUAL" }, two],
    [{ currency: "GBP" }, one],
    [{ currency: "JPY" }, null],
    [{ currency: "USD" }, two],
  ] as const;
  for (const [input, account] of cases) {
    const { attempt } = await paid(input);
    expect([input, attempt.processor_account_id]).toEqual([input, account?.id ?? null]);
    expect(await movedAt(api, attempt.id)).toEqual([account?.name ?? ""]);
  }
});

test("what follows a payment goes where the payment is, whatever the rules are by then", async () => {
  await route(api, [to(one)]);
  const manual = { captureMethod: "MANUAL" };
  const [kept, canceled] = [await paid(manual), await paid(manual)];
  await route(api, [to(two)]);
  await ask(CAPTURE_INTENT, { paymentIntentId: kept.id, amount: 1_000, final: true });
  await ask(CANCEL_INTENT, { paymentIntentId: canceled.id });
  await api.drain();
  await ask(REFUND_INTENT, { paymentIntentId: kept.id, amount: 400 });
  await api.drain();
  const all = [...(await attemptsOf(api, kept.id)), ...(await attemptsOf(api, canceled.id))];
  expect(all.map(({ operation, status }) => `${operation} ${status}`)).toEqual([
    "authorize SUCCEEDED",
    "capture SUCCEEDED",
    "refund SUCCEEDED",
    "authorize SUCCEEDED",
    "void SUCCEEDED",
  ]);
  for (const attempt of all) {
    expect(attempt.processor_account_id).toBe(one.id);
    expect(await movedAt(api, attempt.id)).toEqual([one.name]);
  }
});

test("a card that is tried again on a payment is tried where it was, and another card where the rules say", async () => {
  await route(api, [to(one)]);
  const declined = "pm_card_chargeDeclinedInsufficientFunds";
  const { id } = await paid({ paymentMethod: declined });
  await route(api, [to(two)]);
  await confirm(api, id, { paymentMethod: declined });
  await api.drain();
  await confirm(api, id, { paymentMethod: "pm_card_visa" });
  await api.drain();
  const tried = await attemptsOf(api, id);
  expect(tried.map(({ status, processor_account_id: account }) => [status, account])).toEqual([
    ["DECLINED", one.id],
    ["DECLINED", one.id],
    ["SUCCEEDED", two.id],
  ]);
});

test("a disabled account is passed over; where none is left, nothing is stored and the key stays usable", async () => {
  await route(api, [to(one, { currency: "USD" }), to(two)]);
  await ask(DISABLE_ACCOUNT, { processorAccountId: one.id });
  expect((await paid()).attempt.processor_account_id).toBe(two.id);
  await ask(DISABLE_ACCOUNT, { processorAccountId: two.id });
  const { id } = await makeIntent(api);
  const key = newKey();
  const before = await api.countRows();
  for (const _again of [1, 2]) {
    const { error } = await confirm(api, id, {}, { key });
    expect(error?.extensions).toMatchObject({
      code: "INVALID_STATE",
      details: { currentState: "UNROUTED" },
    });
  }
  expect(await api.countRows()).toBe(before);
  await ask(ENABLE_ACCOUNT, { processorAccountId: two.id });
  const { data } = await confirm(api, id, {}, { key });
  expect(data.confirmPaymentIntent.idempotency.status).toBe("EXECUTED");
  await api.drain();
  expect((await attemptsOf(api, id)).map((made) => made.processor_account_id)).toEqual([two.id]);
  await ask(ENABLE_ACCOUNT, { processorAccountId: one.id });
});

test("what a disabled account has begun is finished there", async () => {
  await route(api, [to(one)]);
  const { id } = await paid({ captureMethod: "MANUAL" });
  await ask(DISABLE_ACCOUNT, { processorAccountId: one.id });
  await ask(CAPTURE_INTENT, { paymentIntentId: id });
  await api.drain();
  await ask(REFUND_INTENT, { paymentIntentId: id, amount: 1 });
  await api.drain();
  const statuses = (await attemptsOf(api, id)).map(({ status }) => status);
  expect(statuses).toEqual(["SUCCEEDED", "SUCCEEDED", "SUCCEEDED"]);
  await ask(ENABLE_ACCOUNT, { processorAccountId: one.id });
});

test.each([
  ["a last rule that asks for something", [{ currency: "USD" }], "input.routes.0"],
  ["an empty range", [{ minAmount: 2, maxAmount: 1 }, {}], "input.routes.0.maxAmount"],
  ["too many", Array.from({ length: 101 }, () => ({})), "input.routes"],
])("%s is refused", async (_what, routes, field) => {
  const { error } = await route(api, routes);
  expect(error?.extensions).toMatchObject({ code: "BAD_USER_INPUT", details: { field } });
});

test("another tenant's account cannot be routed to: not through the API, nor by the database's leave", async () => {
  const theirs = await connectAccount(api, { key: api.stranger.secretKey });
  const { error } = await route(api, [to(theirs)]);
  expect(error?.extensions).toMatchObject({
    code: "BAD_USER_INPUT",
    details: { field: "input.routes.0.processorAccountId" },
  });
  const rule = { merchant_id: api.merchant.id, position: 1, account_id: theirs.id };
  await expect(api.db("processor_routes").insert(rule)).rejects.toThrow("foreign key");
  const { attempt } = await paid();
  const row = () => api.db("attempts").where({ id: attempt.id });
  const stolen = { processor_account_id: theirs.id };
  await expect(row().update(stolen)).rejects.toThrow();
  const copy = await row().first<object>();
  const another = { ...copy, id: `${attempt.id.slice(0, -4)}0000`, idempotency_key: null };
  await expect(api.db("attempts").insert({ ...another, ...stolen })).rejects.toThrow(
    "an account of its own merchant",
  );
  const follows = { ...another, ...stolen, processor_account_id: one.id };
  await expect(
    api.db("attempts").insert({ ...follows, target_attempt_id: attempt.id }),
  ).rejects.toThrow("goes to the same account");
});

test("rules that are replaced while payments are confirmed are seen as a whole, and the last ones are left", async () => {
  // Of the sets, each sends both currencies to one account.
  const sets = [one, two].map((account) => [
    to(account, { currency: "EUR" }),
    to(account, { currency: "USD" }),
    to(account),
  ]);
  await route(api, sets[0] ?? []);
  const intents = await Promise.all(
    Array.from({ length: 30 }, (_, n) => makeIntent(api, { currency: n % 2 ? "EUR" : "USD" })),
  );
  const asked = [
    ...intents.map(({ id }) => confirm(api, id)),
    ...Array.from({ length: 6 }, (_, n) => route(api, sets[n % 2] ?? [])),
  ];
  const answers = await Promise.all(asked);
  expect(answers.filter(({ error }) => error !== undefined)).toEqual([]);
  const left = (await api.send({ query: "{ processorRoutes { currency processorAccountId } }" }))
    .data.processorRoutes as { processorAccountId: string }[];
  expect(left).toHaveLength(3);
  expect(new Set(left.map(({ processorAccountId: id }) => id)).size).toBe(1);
  await api.drain();
  for (const { id } of intents) {
    const [attempt, ...more] = await attemptsOf(api, id);
    expect(more).toEqual([]);
    expect(attempt?.status).toBe("SUCCEEDED");
    const at = attempt?.processor_account_id === one.id ? one : two;
    expect(await movedAt(api, attempt?.id ?? "")).toEqual([at.name]);
  }
});

test("a replacement is one for its key, and says in the audit log how many rules there were", async () => {
  const key = newKey();
  const send = (routes: object[]) =>
    api.send({ query: REPLACE_ROUTES, variables: { input: { routes }, key } });
  const [first, again] = [await send([to(one)]), await send([to(one)])];
  expect(first.data.replaceProcessorRoutes.idempotency.status).toBe("EXECUTED");
  expect(again.data.replaceProcessorRoutes.idempotency.status).toBe("REPLAYED");
  expect((await send([to(two)])).error?.extensions["code"]).toBe("IDEMPOTENCY_KEY_REUSED");
  const entry = await api
    .db("audit_log")
    .where({ idempotency_key: key })
    .first<{ details: object }>();
  expect(entry?.details).toMatchObject({ before: { routes: 0 }, after: { routes: 1 } });
});
