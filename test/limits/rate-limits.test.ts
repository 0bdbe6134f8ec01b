import { waitFor } from "../support/wait-for";
import {
  CONFIRM_INTENT,
  CREATE_ENDPOINT,
  CREATE_INTENT,
  type MadeIntent,
  type TestAnswer,
  type TestApi,
  makeIntent,
  newKey,
  startTestApi,
} from "../support/api";

/** Limits that are met at once. Windows are so long beside a test that none of them fades meanwhile. */
let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({
    ONCEPAY_LIMIT_QUERY_COST: "key=off,tenant=10000,address=off",
    ONCEPAY_LIMIT_MUTATIONS: "key=100,tenant=off,address=off",
    ONCEPAY_LIMIT_BAD_KEYS: "address=3",
    ONCEPAY_LIMIT_ENDPOINTS: "total=2",
    ONCEPAY_LIMIT_CONFIRMS: "intent=3,address=4,addressDeclines=2,paymentMethodDeclines=1",
    ONCEPAY_TRUST_PROXY: "loopback",
  });
});
afterAll(() => api.stop());

const LIST = "{ paymentIntents(first: 100) { edges { node { id amount } } } }";

let addresses = 0;
/** From an address that nothing came from before. */
function from(): { headers: Record<string, string> } {
  addresses += 1;
  return { headers: { "x-forwarded-for": `198.51.100.${String(addresses)}` } };
}

async function until(code: string, ask: () => Promise<TestAnswer>): Promise<TestAnswer> {
  let last: TestAnswer | undefined;
  await waitFor(`an answer with ${code}`, async () => {
    last = await ask();
    return last.error?.extensions["code"] === code;
  });
  return last as TestAnswer;
}

function expectLimited(answer: TestAnswer, policy: string): void {
  expect(answer.error?.extensions).toMatchObject({
    code: "RATE_LIMITED",
    retryable: true,
    retryAfterMs: expect.any(Number),
    details: { policy },
  });
  const { retryAfterMs } = answer.error?.extensions as { retryAfterMs: number };
  expect(retryAfterMs).toBeGreaterThan(0);
  expect(answer.headers.get("retry-after")).toBe(String(Math.ceil(retryAfterMs / 1_000)));
}

test("queries are limited by what they cost, and another tenant notices nothing", async () => {
  const first = await api.send({ query: LIST });
  expect(first.headers.get("ratelimit-policy")).toBe('"query-cost-tenant";q=10000;w=10');
  expect(first.headers.get("ratelimit")).toMatch(/^"query-cost-tenant";r=\d+;t=\d+$/);
  const answer = await until("RATE_LIMITED", () => api.send({ query: LIST }));
  expectLimited(answer, "query-cost-tenant");
  expect(answer.headers.get("ratelimit")).toMatch(/^"query-cost-tenant";r=0;t=\d+$/);
  expect(answer.data).toBeUndefined();
  const newer = { accept: "application/graphql-response+json" };
  expect((await api.send({ query: LIST, headers: newer })).status).toBe(429);
  expect((await api.send({ query: LIST, key: api.stranger.secretKey })).error).toBeUndefined();
});

test("mutations are limited by their number, before anything is stored", async () => {
  const input = { amount: 100, currency: "EUR" };
  const key = newKey();
  const create = (of = newKey()) =>
    api.send({
      query: CREATE_INTENT,
      variables: { input, key: of },
      key: api.stranger.secretKey,
    });
  await create(key);
  const answer = await until("RATE_LIMITED", () => create());
  expectLimited(answer, "mutations-key");
  const rows = await api.countRows();
  expectLimited(await create(), "mutations-key");
  expect(await api.countRows()).toBe(rows);
});

test("an address that presents bad keys is refused before they are looked up; good keys are not", async () => {
  const bad = (): string =>
    api.merchant.secretKey.slice(0, -6) + newKey().padStart(6, "x").slice(-6);
  const { headers } = from();
  const ask = (key: string) => api.send({ query: "{ eventTypes { type } }", key, headers });
  const good = api.merchant.operatorKey;
  expect((await ask(bad())).error?.extensions["code"]).toBe("UNAUTHENTICATED");
  await ask(good);
  const refused = await until("RATE_LIMITED", () => ask(bad()));
  expectLimited(refused, "bad-keys-address");
  const statements: string[] = [];
  const count = ({ sql }: { sql: string }): void => void statements.push(sql);
  api.db.client.on("query", count);
  expectLimited(await ask(bad()), "bad-keys-address");
  api.db.client.off("query", count);
  expect(statements).toEqual([]);
  expect((await ask(good)).error?.extensions["details"]?.policy).not.toBe("bad-keys-address");
  // From elsewhere nobody is held responsible for it.
  const elsewhere = await api.send({ query: "{ eventTypes { type } }", key: bad(), ...from() });
  expect(elsewhere.error?.extensions["code"]).toBe("UNAUTHENTICATED");
});

describe("confirmations from browsers", () => {
  const SOFT = "pm_card_chargeDeclinedInsufficientFunds";

  interface Shopper {
    readonly headers: Record<string, string>;
  }

  function confirm(shopper: Shopper, intent: MadeIntent, paymentMethod?: string) {
    return api.send({
      query: CONFIRM_INTENT,
      variables: { input: { paymentIntentId: intent.id, paymentMethod }, key: newKey() },
      key: api.merchant.publishableKey,
      headers: { ...shopper.headers, "oncepay-client-secret": intent.clientSecret },
    });
  }

  test("are limited by payment, those that are refused included", async () => {
    const intent = await makeIntent(api);
    for (let index = 0; index < 3; index += 1) await confirm(from(), intent);
    const rows = await api.countRows();
    expectLimited(await confirm(from(), intent), "confirms-intent");
    expect(await api.countRows()).toBe(rows);
  });

  test("are limited by address", async () => {
    const shopper = from();
    for (let index = 0; index < 4; index += 1) {
      expect((await confirm(shopper, await makeIntent(api))).error).toBeUndefined();
    }
    const next = await makeIntent(api);
    expectLimited(await confirm(shopper, next), "confirms-address");
    expect((await confirm(from(), next)).error).toBeUndefined();
    await api.drain();
  });

  test("are limited by declines: of an address, and of a card wherever it comes from", async () => {
    const shopper = from();
    const [first, second] = [await makeIntent(api), await makeIntent(api)];
    await confirm(shopper, first, SOFT);
    await confirm(shopper, second, "pm_card_chargeDeclinedExpiredCard");
    await api.drain();
    await api.app.limits.confirms.look();
    expectLimited(await confirm(shopper, await makeIntent(api)), "confirms-addressDeclines");
    const card = await confirm(from(), await makeIntent(api), SOFT);
    expectLimited(card, "confirms-paymentMethodDeclines");
  });

  test("a merchant's own server is not limited by where it is", async () => {
    const { headers } = from();
    for (let index = 0; index < 6; index += 1) {
      const { id } = await makeIntent(api);
      const variables = { input: { paymentIntentId: id, paymentMethod: SOFT }, key: newKey() };
      const answer = await api.send({ query: CONFIRM_INTENT, variables, headers });
      expect(answer.error).toBeUndefined();
    }
    await api.drain();
  });
});

// Last: deliveries to these endpoints never end.
test("a merchant has a bounded number of webhook endpoints, whoever creates them at once", async () => {
  const create = (key: string) =>
    api.send({
      query: CREATE_ENDPOINT,
      variables: { input: { url: "https://shop.example/hooks" }, key },
      key: api.merchant.secretKey,
    });
  const keys = [newKey(), newKey(), newKey(), newKey()];
  const answers = await Promise.all(keys.map(create));
  const refused = answers.filter(({ error }) => error);
  expect(refused).toHaveLength(2);
  for (const { error } of refused) {
    expect(error?.extensions).toMatchObject({
      code: "FORBIDDEN",
      retryable: false,
      details: { count: 2, limit: 2 },
    });
  }
  // What was created is still replayed.
  const made = keys[answers.findIndex(({ error }) => !error)] ?? "";
  expect((await create(made)).data.createWebhookEndpoint.idempotency.status).toBe("REPLAYED");
});
