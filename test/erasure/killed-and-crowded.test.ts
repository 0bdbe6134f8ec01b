import { continueErasures } from "../../src/erasure/continue-erasures";
import { eraseSlice } from "../../src/erasure/erase-slice";
import { claimDeliveries } from "../../src/webhooks/delivery-store";
import { recordDeliveries } from "../../src/webhooks/record-deliveries";
import { CREATE_ENDPOINT, type TestApi, makeIntent, newKey, startTestApi } from "../support/api";
import { crashOnceAt, dying, expectCrashed } from "../support/crash";
import { eraseCustomer, erasureOf, expectFinished } from "./erase";

/** Erasures that are killed, that meet payments being made, and that meet each other. */

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

async function makeMany(customer: string, count: number): Promise<string[]> {
  const made = await Promise.all(
    Array.from({ length: count }, () => makeIntent(api, { customer, metadata: { of: customer } })),
  );
  return made.map(({ id }) => id);
}

const leftOf = (customer: string) => api.db("payment_intents").where({ customer }).pluck("id");

/** As if the mutation had found every payment busy: the worker has all of the work. */
async function requestOnly(customer: string, ids: readonly string[]): Promise<string> {
  const busy = await api.db.transaction();
  await busy("payment_intents").whereIn("id", ids).forUpdate();
  const { id, paymentIntents } = await eraseCustomer(api, customer);
  expect(paymentIntents).toBe(0);
  await busy.rollback();
  return id;
}

test("a payment that somebody is working on keeps nobody waiting", async () => {
  const customer = "cus-busy";
  const [busyOne = ""] = await makeMany(customer, 3);
  const busy = await api.db.transaction();
  await busy("payment_intents").where({ id: busyOne }).forUpdate();
  const erasure = await eraseCustomer(api, customer);
  expect(erasure).toMatchObject({ status: "RUNNING", paymentIntents: 2 });
  expect(await continueErasures(api.app)).toEqual({ finished: 0, left: 1 });
  expect(await leftOf(customer)).toEqual([busyOne]);
  await busy.rollback();
  await expectFinished(api, erasure.id, { paymentIntents: 3 });
});

test.each(["erase.after_slice", "erase.after_clean"] as const)(
  "killed at %s again and again, it is finished all the same",
  async (name) => {
    const customer = `cus-killed-${name}`;
    const ids = await makeMany(customer, 7);
    const id = await requestOnly(customer, ids);
    for (let life = 0; life < 3; life += 1) {
      crashOnceAt(name);
      await dying(continueErasures(api.app, 2));
      expectCrashed(name);
      expect((await erasureOf(api, id))?.status).toBe("RUNNING");
    }
    await expectFinished(api, id, { paymentIntents: 7 });
    expect(await leftOf(customer)).toEqual([]);
    expect(await api.db("erased_payment_intents").where({ erasure_id: id })).toHaveLength(7);
  },
);

test("killed before its commit, the request leaves nothing, and may be sent again", async () => {
  const customer = "cus-killed-at-first";
  const ids = await makeMany(customer, 2);
  const key = newKey();
  crashOnceAt("erase.inside_transaction");
  await expect(eraseCustomer(api, customer, key)).rejects.toThrow();
  expectCrashed("erase.inside_transaction");
  expect((await leftOf(customer)).sort()).toEqual(ids.sort());
  const { id } = await eraseCustomer(api, customer, key);
  await expectFinished(api, id, { paymentIntents: 2 });
});

test("several workers at one erasure erase each payment once", async () => {
  const customer = "cus-crowded";
  const ids = await makeMany(customer, 12);
  const id = await requestOnly(customer, ids);
  await Promise.all(Array.from({ length: 4 }, () => continueErasures(api.app, 2)));
  await expectFinished(api, id, { paymentIntents: 12 });
});

test("every payment that was answered before the request is erased, whatever is made at the same time", async () => {
  const customer = "cus-in-a-hurry";
  const before = await makeMany(customer, 5);
  const [during, erasure] = await Promise.all([
    makeMany(customer, 30),
    eraseCustomer(api, customer),
    eraseCustomer(api, customer),
  ]);
  const after = await makeMany(customer, 2);
  await expectFinished(api, erasure.id, {});
  const left = await leftOf(customer);
  expect(left.filter((id) => before.includes(id))).toEqual([]);
  expect(left.filter((id) => after.includes(id)).sort()).toEqual(after.sort());
  // What was made meanwhile is wholly erased or not at all.
  const rows = await api
    .db("payment_intents")
    .whereIn("id", during)
    .select("customer", "metadata", "personal", "personal_key", "personal_data_erased_at");
  for (const row of rows as Record<string, unknown>[]) {
    const isLeft = row["customer"] === customer;
    expect(row["personal_data_erased_at"] === null).toBe(isLeft);
    expect([row["personal"] === null, row["personal_key"] === null]).toEqual([!isLeft, !isLeft]);
    expect(row["metadata"]).toEqual(isLeft ? { of: customer } : {});
  }
});

test("an answer that comes after the erasure is not stored", async () => {
  const customer = "cus-on-the-wire";
  await api.drain();
  await api.send({
    query: CREATE_ENDPOINT,
    variables: { input: { url: "https://hooks.example/" }, key: newKey() },
  });
  await makeMany(customer, 1);
  await api.relayOnce();
  const keys = api.queues.take("deliver-webhooks").flatMap((data) => data.keys);
  const { deliveries: claimed } = await claimDeliveries(api.db, keys, 60_000);
  expect(claimed.length).toBeGreaterThan(0);
  const { id } = await eraseCustomer(api, customer);
  await expectFinished(api, id, { paymentIntents: 1 });
  await recordDeliveries(
    api.db,
    claimed.map((delivery) => ({
      ...delivery,
      status: "SUCCEEDED" as const,
      statusCode: 200,
      errorClass: null,
      error: null,
      notBeforeMs: null,
      isKept: true,
      wasWell: true,
      responseBody: `thank you, ${customer}`,
      durationMs: 1,
      dueInMs: null,
    })),
  );
  const stored = await api.db("webhook_deliveries").select("status", "response_body");
  expect(stored).toEqual(claimed.map(() => ({ status: "SUCCEEDED", response_body: null })));
  const kept = await api.db("webhook_delivery_attempts").select("status_code", "response_body");
  expect(kept).toEqual(claimed.map(() => ({ status_code: 200, response_body: null })));
});

test("nothing is cleaned up while a transaction is under way that may have read a key", async () => {
  const customer = "cus-read-before";
  await makeMany(customer, 1);
  const reader = await api.db.transaction();
  await reader.raw("select 1 from payment_intents limit 1");
  const { id } = await eraseCustomer(api, customer);
  expect(await continueErasures(api.app)).toEqual({ finished: 0, left: 1 });
  const [{ cleaned }] = (await api.db("erased_payment_intents").where({ erasure_id: id })) as [
    { cleaned: boolean },
  ];
  expect(cleaned).toBe(false);
  await reader.rollback();
  await expectFinished(api, id, { paymentIntents: 1 });
});

test("the database refuses to bring back what is erased", async () => {
  const customer = "cus-gone";
  const [id = ""] = await makeMany(customer, 1);
  const erasure = await eraseCustomer(api, customer);
  await expectFinished(api, erasure.id, {});
  const intents = () => api.db("payment_intents").where({ id });
  await expect(intents().update({ customer, version: 2 })).rejects.toThrow(
    /payment_intents_erased/,
  );
  await expect(intents().update({ personal_data_erased_at: null, version: 2 })).rejects.toThrow(
    /what is erased stays so/,
  );
  await expect(intents().update({ description: null })).rejects.toThrow(/version only grows/);
  await expect(
    api.db.transaction((tx) =>
      eraseSlice(tx, { merchantId: api.merchant.id, id: erasure.id, customer }, 10),
    ),
  ).resolves.toBe(0);
});
