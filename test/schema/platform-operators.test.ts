import {
  CREATE_API_KEY,
  CREATE_INTENT,
  CREATE_MERCHANT,
  type TestApi,
  makeIntent,
  newKey,
  startTestApi,
} from "../support/api";

/** What the installation's own operators may do, and their tenants' operators may not. */

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

const LIST = "{ merchant { id } paymentIntents { edges { node { id } } } }";

test("they act for the merchant that they name, and for no other", async () => {
  const { id } = await makeIntent(api);
  const own = await api.send({ query: LIST, ...api.asPlatform });
  expect(own.data).toEqual({
    merchant: { id: api.merchant.id },
    paymentIntents: { edges: [{ node: { id } }] },
  });
  const { key } = api.asPlatform;
  const other = await api.send({
    query: LIST,
    key,
    headers: { "oncepay-merchant": api.stranger.id },
  });
  expect(other.data).toEqual({
    merchant: { id: api.stranger.id },
    paymentIntents: { edges: [] },
  });
  const nobody = await api.send({ query: "{ paymentIntents { edges { node { id } } } }", key });
  expect(nobody.data.paymentIntents.edges).toEqual([]);
});

test.each([
  ["BAD_USER_INPUT", "mer_1"],
  ["BAD_USER_INPUT", "%00"],
  ["BAD_USER_INPUT", "*"],
  ["NOT_FOUND", `mer_${"z".repeat(26)}`],
])("what is no merchant is %s", async (code, merchant) => {
  const headers = { "oncepay-merchant": merchant };
  const answer = await api.send({ query: LIST, key: api.asPlatform.key, headers });
  expect(answer.error?.extensions.code).toBe(code);
  expect(answer.data ?? null).toBeNull();
});

test("nobody else may name a merchant, not even their own", async () => {
  const { secretKey, publishableKey, operatorKey } = api.merchant;
  for (const key of [secretKey, publishableKey, operatorKey]) {
    for (const { id } of [api.merchant, api.stranger]) {
      const headers = { "oncepay-merchant": id };
      const answer = await api.send({ query: LIST, key, headers });
      expect(answer.error?.extensions.code).toBe("FORBIDDEN");
    }
  }
  const headers = { "oncepay-merchant": api.merchant.id };
  const anonymous = await api.send({ query: LIST, key: null, headers });
  expect(anonymous.error?.extensions.code).toBe("UNAUTHENTICATED");
});

test("a tenant's operator creates no merchants", async () => {
  const before = await api.countRows();
  for (const key of [api.merchant.operatorKey, api.merchant.secretKey]) {
    const variables = { input: { name: "New" }, key: newKey() };
    const answer = await api.send({ query: CREATE_MERCHANT, variables, key });
    expect(answer.error?.extensions).toMatchObject({
      code: "FORBIDDEN",
      details: { scope: "merchants:write" },
    });
  }
  expect(await api.countRows()).toBe(before);
});

test("they start no payments, neither for a merchant nor for the installation", async () => {
  const variables = { input: { amount: 1, currency: "USD" }, key: newKey() };
  const answer = await api.send({ query: CREATE_INTENT, variables, ...api.asPlatform });
  expect(answer.error?.extensions.code).toBe("FORBIDDEN");
  const insert = api.db.raw(
    `insert into payment_intents (merchant_id, id, status, amount, currency, capture_method,
       idempotency_key, processor)
     select 'mer_00000000000000000000000000', id || 'x', status, amount, currency, capture_method,
       'k', processor from payment_intents limit 1`,
  );
  await expect(insert).rejects.toThrow(/payment_intents_not_of_the_platform|column/);
});

test("they make merchants in either mode, and what they make says so", async () => {
  for (const [mode, said] of [
    ["LIVE", "live"],
    ["TEST", "test"],
  ] as const) {
    const variables = { input: { name: "Shop", mode }, key: newKey() };
    const { data } = await api.send({ query: CREATE_MERCHANT, variables, ...api.asPlatform });
    const { secretKey, publishableKey, operatorKey } = data.createMerchant;
    for (const key of [secretKey, publishableKey, operatorKey]) {
      expect(key).toMatch(new RegExp(`^(sk|pk|ok)_${said}_`));
    }
    const own = await api.send({ query: "{ merchant { mode } }", key: secretKey });
    expect(own.data.merchant.mode).toBe(mode);
  }
});

test("a request that says nothing of the mode is the one from before there was any", async () => {
  const key = newKey();
  for (const [input, status] of [
    [{ name: "Shop" }, "EXECUTED"],
    [{ name: "Shop", mode: "TEST" }, "REPLAYED"],
  ] as const) {
    const request = { query: CREATE_MERCHANT, variables: { input, key }, ...api.asPlatform };
    const { data } = await api.send(request);
    expect(data.createMerchant.idempotency.status).toBe(status);
  }
});

test("they give merchants operators' keys, and no key that starts payments; their own are apart", async () => {
  const create = (kind: string, as: object) =>
    api.send({
      query: CREATE_API_KEY,
      variables: { input: { kind, name: "a key" }, key: newKey() },
      ...as,
    });
  const operators = await create("OPERATOR", api.asPlatform);
  expect(operators.data.createApiKey.secret).toMatch(/^ok_test_/);
  for (const kind of ["SECRET", "PUBLISHABLE"]) {
    const answer = await create(kind, api.asPlatform);
    expect(answer.error?.extensions.code).toBe("FORBIDDEN");
  }
  const { key } = api.asPlatform;
  expect((await create("PLATFORM", api.asPlatform)).error?.extensions.code).toBe("BAD_USER_INPUT");
  expect((await create("SECRET", { key })).error?.extensions.code).toBe("BAD_USER_INPUT");
  expect((await create("PLATFORM", { key })).data.createApiKey.secret).toMatch(/^plk_live_/);
  const tenants = await create("PLATFORM", { key: api.merchant.secretKey });
  expect(tenants.error?.extensions.code).toBe("BAD_USER_INPUT");
});
