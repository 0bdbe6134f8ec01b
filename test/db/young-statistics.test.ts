import type { Db } from "../../src/db/db";
import { connect } from "../../src/db/connect";
import { confirmPaymentIntents } from "../../src/payments/confirm-payment-intent";
import { createPaymentIntents } from "../../src/payments/create-payment-intent";
import { type TestDatabase, createTestDatabase } from "../support/database";
import { confirmCommand, createCommand, succeeded } from "../support/factories";
import { PATIENT } from "../support/patience";
import { now } from "../support/plan-questions";
import type { PaymentIntent } from "../../src/payments/payment-intent";
import { fillIntents, repeat } from "../support/plans";
import {
  type ExplainedDb,
  complaintsIn,
  connectExplained,
  explainEverything,
} from "../support/explained-db";

/* Statistics of an installation's first days: they know creations only, one for each merchant. */

const SET = 10;
const CONFIRMED = 500;

let database: TestDatabase;
let explained: ExplainedDb;

/** Fills, and connects to what is then there. */
async function prepare(fill: (db: Db) => Promise<string>): Promise<string> {
  database = await createTestDatabase();
  const filling = connect({
    url: database.url,
    poolMax: 1,
    applicationName: "filling",
    ...PATIENT,
  });
  const busy = await fill(filling);
  await explainEverything(filling);
  await filling.destroy();
  explained = connectExplained(database.url);
  return busy;
}

async function makeIntents(db: Db, merchantId: string, count: number): Promise<string[]> {
  const commands = repeat(merchantId, count).map((id) => createCommand(id));
  const results = await createPaymentIntents(db, commands);
  return results.map((result) => succeeded<PaymentIntent>(result).id);
}

afterEach(async () => {
  await explained.close();
  await database.drop();
});

it("probes the keys of confirmations when statistics know none", async () => {
  const busy = await prepare(async (db) => {
    const merchantId = await fillIntents(db);
    const confirmed = await makeIntents(db, merchantId, CONFIRMED);
    await confirmPaymentIntents(
      db,
      confirmed.map((id) => confirmCommand(merchantId, id)),
    );
    return merchantId;
  });
  const intents = await makeIntents(explained.db, busy, SET);
  const [, ask] = now("confirms", () =>
    confirmPaymentIntents(
      explained.db,
      intents.map((id) => confirmCommand(busy, id)),
    ),
  );
  expect(complaintsIn(await explained.ask(ask, 1))).toEqual([]);
});

it("probes the keys of creations when statistics know of other operations alone", async () => {
  const busy = await prepare(async (db) => {
    const merchantId = await fillIntents(db);
    await db.raw("update idempotency_keys set operation = 'createWebhookEndpoint'");
    await db.raw("vacuum analyze idempotency_keys");
    await makeIntents(db, merchantId, CONFIRMED);
    return merchantId;
  });
  const commands = repeat(busy, SET).map((id) => createCommand(id));
  const [, ask] = now("creates", () => createPaymentIntents(explained.db, commands));
  expect(complaintsIn(await explained.ask(ask, 1))).toEqual([]);
});

it("hears of it when merchants are believed to stay as small as they were", async () => {
  const busy = await prepare(async (db) => {
    await db.raw("alter table payment_intents alter column merchant_id reset (n_distinct)");
    return fillIntents(db);
  });
  const commands = repeat(busy, SET).map((id) => createCommand(id));
  const [, ask] = now("creates", () => createPaymentIntents(explained.db, commands));
  const complaints = complaintsIn(await explained.ask(ask, 1));
  expect(complaints.join()).toMatch(/rows read by Index Scan of payment_intents by/);
});
