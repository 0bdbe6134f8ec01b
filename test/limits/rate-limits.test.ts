import { startServer } from "../../src/server";
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
  send,
  startTestApi,
} from "../support/api";

/** Limits that are met at once, by requests that come together. */
let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({
    ONCEPAY_LIMIT_QUERY_COST: "key=off,tenant=1,address=off",
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
  const headers = { accept: "application/graphql-response+json" };
  const ask = (key: string) => api.send({ query: LIST, key, headers });
  // The first of them spends all that there is.
  const answers = await Promise.all(Array.from({ length: 5 }, () => ask(api.merchant.secretKey)));
  const served = answers.filter(({ error }) => !error);
  const refused = answers.filter(({ error }) => error);
  expect([served.length > 0, refused.length > 0]).toEqual([true, true]);
  for (const answer of answers) {
    expect(answer.headers.get("ratelimit-policy")).toBe('"query-cost-tenant";q=1;w=10');
    expect(answer.headers.get("ratelimit")).toMatch(/^"query-cost-tenant";r=0;t=\d+$/);
  }
  for (const answer of refused) {
    expectLimited(answer, "query-cost-tenant");
    expect([answer.status, answer.data]).toEqual([429, undefined]);
  }
  expect((await ask(api.stranger.secretKey)).error).toBeUndefined();
});

test("mutations are limited by their number, before anything is stored", async () => {
  const input = { amount: 100, currency: "EUR" };
  const rowsOf = async (): Promise<number> =>
    Number((await api.db("payment_intents").count())[0]?.["count"]);
  const before = await rowsOf();
  const strict = await startServer(api.anotherApp({ ONCEPAY_LIMIT_MUTATIONS: "tenant=1" }), {
    host: "127.0.0.1",
    port: 0,
  });
  const answers = await Promise.all(
    Array.from({ length: 20 }, () =>
      send(strict.url, {
        query: CREATE_INTENT,
        variables: { input, key: newKey() },
        key: api.stranger.secretKey,
      }),
    ),
  );
  await strict.close();
  const refused = answers.filter(({ error }) => error);
  for (const answer of refused) expectLimited(answer, "mutations-tenant");
  expect(refused.length).toBeGreaterThan(0);
  expect((await rowsOf()) - before).toBe(answers.length - refused.length);
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
      details: { limit: 2 },
    });
  }
  // What was created is still replayed.
  const made = keys[answers.findIndex(({ error }) => !error)] ?? "";
  expect((await create(made)).data.createWebhookEndpoint.idempotency.status).toBe("REPLAYED");
});
