import { eraseSealed } from "../../src/db/retention";
import { maintainOnce } from "../../workers/maintain";
import {
  CREATE_API_KEY,
  CREATE_ENDPOINT,
  CREATE_MERCHANT,
  ROTATE_SECRET,
  type TestAnswer,
  type TestApi,
  newKey,
  startTestApi,
} from "../support/api";

/** What is shown once is shown to the same key for a day, so that a lost answer loses no secret; and then to nobody. */

const ENDPOINT = { url: "https://hooks.example/", eventTypes: ["refund.failed"] };

let api: TestApi;
let endpointId: string;
beforeAll(async () => {
  api = await startTestApi();
  const variables = { input: ENDPOINT, key: newKey() };
  const { data } = await api.send({ query: CREATE_ENDPOINT, variables });
  endpointId = data.createWebhookEndpoint.webhookEndpoint.id as string;
});
afterAll(() => api.stop());

const SHOWN_ONCE = [
  {
    name: "createMerchant",
    query: CREATE_MERCHANT,
    input: () => ({ name: "New" }),
    secrets: ["secretKey", "publishableKey", "operatorKey"],
  },
  {
    name: "createWebhookEndpoint",
    query: CREATE_ENDPOINT,
    input: () => ENDPOINT,
    secrets: ["secret"],
  },
  {
    name: "rotateWebhookSecret",
    query: ROTATE_SECRET,
    input: () => ({ webhookEndpointId: endpointId, overlapSeconds: 0 }),
    secrets: ["secret"],
  },
  {
    name: "createApiKey",
    query: CREATE_API_KEY,
    input: () => ({ kind: "OPERATOR", name: "night shift" }),
    secrets: ["secret"],
  },
];

const recordOf = (key: string) => api.db("idempotency_keys").where({ key }).first();

/** Moves the end of the day, instead of waiting for it. */
async function letPass(key: string, interval: string): Promise<void> {
  await api.db.raw(
    "update idempotency_keys set sealed_until = sealed_until - ?::interval where key = ?",
    [interval, key],
  );
}

describe.each(SHOWN_ONCE)("$name", ({ name, query, input, secrets }) => {
  const ask = (key: string): Promise<TestAnswer> =>
    api.send({ query, variables: { input: input(), key }, ...api.asPlatform });
  const secretsIn = ({ data }: TestAnswer): unknown[] =>
    secrets.map((field) => data[name][field] as unknown);
  const none = secrets.map(() => null);

  test("shows its secrets again to the same key, for 24 hours", async () => {
    const key = newKey();
    const first = await ask(key);
    expect(secretsIn(first)).toEqual(secrets.map(() => expect.any(String)));
    await letPass(key, "23 hours 59 minutes");
    expect(secretsIn(await ask(key))).toEqual(secretsIn(first));
    await letPass(key, "1 minute");
    const late = await ask(key);
    expect(late.body.errors).toBeUndefined();
    expect(secretsIn(late)).toEqual(none);
    expect(late.data[name].idempotency.status).toBe("REPLAYED");
  });

  test("is erased when its time is over, and not before", async () => {
    const [due, young] = [newKey(), newKey()];
    await ask(due);
    await ask(young);
    await letPass(due, "24 hours");
    await maintainOnce(api.app);
    expect(await recordOf(due)).toMatchObject({ sealed: null, sealed_until: null });
    expect(await recordOf(young)).toMatchObject({ sealed: expect.any(Buffer) });
    expect(secretsIn(await ask(due))).toEqual(none);
  });

  test("shows them no more when the key's record has expired", async () => {
    const key = newKey();
    await ask(key);
    await api.db("idempotency_keys").where({ key }).del();
    const again = await ask(key);
    expect(again.data[name].idempotency.status).toBe("REPLAYED");
    expect(secretsIn(again)).toEqual(none);
  });

  test("is found by `operation`, which shows the object alone", async () => {
    const key = newKey();
    const first = await ask(key);
    const { body } = await api.send({
      query: `{ operation(name: "${name}", idempotencyKey: "${key}") { status result { id } error { details } } }`,
      ...api.asPlatform,
    });
    expect(body).toMatchObject({ data: { operation: { status: "SUCCEEDED" } } });
    for (const secret of secretsIn(first)) expect(JSON.stringify(body)).not.toContain(secret);
  });

  test("keeps them sealed: not in clear, and not for another key's record", async () => {
    const [one, other] = [newKey(), newKey()];
    const first = await ask(one);
    await ask(other);
    const record = await recordOf(one);
    for (const secret of secretsIn(first)) {
      expect(record.sealed.toString("latin1")).not.toContain(secret);
      expect(JSON.stringify(record.result)).not.toContain(secret);
    }
    await api.db("idempotency_keys").where({ key: other }).update({ sealed: record.sealed });
    const forged = await ask(other);
    expect(forged.error?.extensions.code).toBe("INTERNAL");
  });
});

test("so many are erased at a time", async () => {
  const keys = [newKey(), newKey(), newKey()];
  for (const key of keys) {
    const variables = { input: { name: "Over" }, key };
    await api.send({ query: CREATE_MERCHANT, variables, ...api.asPlatform });
    await letPass(key, "2 days");
  }
  expect(await eraseSealed(api.db, { limit: 2 })).toBe(2);
  expect(await eraseSealed(api.db, { limit: 2 })).toBe(1);
  expect(await eraseSealed(api.db, { limit: 2 })).toBe(0);
});
