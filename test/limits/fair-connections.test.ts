import type { Knex } from "knex";
import { connectPatiently } from "../support/app";
import type { Db } from "../../src/db/db";
import {
  CAPTURE_INTENT,
  REFUND_INTENT,
  type TestAnswer,
  type TestApi,
  makePaid,
  newKey,
  startTestApi,
} from "../support/api";
import { waitFor } from "../support/wait-for";

/*
 * One tenant asks for more than there are connections, in all of which it has to wait; another is served all the same.
 * The waiting is for locks that the test holds, so that nothing depends on how fast anything is.
 */

let api: TestApi;
/** Past the API's pool. */
let aside: Db;
beforeAll(async () => {
  api = await startTestApi({ ONCEPAY_POOL_MAX: "6" });
  aside = connectPatiently(api.app.config);
});
afterAll(async () => {
  await aside.destroy();
  await api.stop();
});

/** Holds the rows of these payments until it is told to let go. */
async function hold(ids: string[]): Promise<() => Promise<void>> {
  const tx: Knex.Transaction = await aside.transaction();
  await tx.raw("select id from payment_intents where id = any(?) for update", [ids]);
  return async () => {
    await tx.rollback();
  };
}

async function blocked(): Promise<number> {
  const { rows } = await aside.raw<{ rows: { count: number }[] }>(
    `select count(*) from pg_stat_activity
     where datname = current_database() and wait_event_type = 'Lock'`,
  );
  return rows[0]?.count ?? 0;
}

const READ = "{ paymentIntents(first: 1) { edges { node { id } } } }";

async function expectAnswered(key: string): Promise<void> {
  const { error, data } = await api.send({ query: READ, key });
  expect([error, data]).toEqual([undefined, { paymentIntents: expect.anything() }]);
}

test("a tenant whose every statement waits leaves connections for the others", async () => {
  const intents: string[] = [];
  for (let index = 0; index < 12; index += 1) {
    intents.push((await makePaid(api, { captureMethod: "MANUAL" })).id);
  }
  const letGo = await hold(intents);
  const answers: Promise<TestAnswer>[] = intents.map((paymentIntentId) =>
    api.send({
      query: CAPTURE_INTENT,
      variables: { input: { paymentIntentId }, key: newKey() },
    }),
  );
  try {
    // Of the four connections that tenants share, one is left.
    await waitFor("the captures to wait for their locks", async () => (await blocked()) === 3);
    await expectAnswered(api.stranger.secretKey);
    expect(await blocked()).toBe(3);
  } finally {
    await letGo();
  }
  for (const { error } of await Promise.all(answers)) expect(error).toBeUndefined();
  await api.drain();
});

test("a hundred refunds of one payment hold one connection, and are done in turn", async () => {
  const { id: paymentIntentId } = await makePaid(api, { amount: 1_000 });
  const letGo = await hold([paymentIntentId]);
  const answers = Array.from({ length: 100 }, () =>
    api.send({
      query: REFUND_INTENT,
      variables: { input: { paymentIntentId, amount: 100 }, key: newKey() },
    }),
  );
  try {
    await waitFor("the first refund to wait for its lock", async () => (await blocked()) === 1);
    // The same tenant is served, too.
    await expectAnswered(api.merchant.secretKey);
    await expectAnswered(api.stranger.secretKey);
    expect(await blocked()).toBe(1);
  } finally {
    await letGo();
  }
  const codes = (await Promise.all(answers)).map(({ error }) => error?.extensions["code"] ?? "OK");
  expect(codes.filter((code) => code === "OK")).toHaveLength(10);
  expect(codes.filter((code) => code === "AMOUNT_TOO_LARGE")).toHaveLength(90);
  await api.drain();
});
