import { type App, createApp } from "../../src/app";
import { auditBooks } from "../../src/audit/audit-books";
import type { Movement } from "../../src/audit/compare-movements";
import { readConfig } from "../../src/config";
import type { Db } from "../../src/db/db";
import { migrate } from "../../src/db/migrate";
import { createLog } from "../../src/observability/log";
import { sweepProcessors } from "../../src/reconciliation/sweep-processor";
import { seeToBreaks } from "../../src/reconciliation/see-to-breaks";
import { type TestNetwork, startTestNetwork } from "../sandbox/network";
import { type Driven, connectAsOwner, drive, testSettings } from "../support/app";
import { aConfirmedIntent, aMerchant } from "../support/factories";
import { createRecordedQueues } from "../support/recorded-queues";
import { type Replicated, startReplicated } from "../support/standby";
import { waitFor } from "../support/wait-for";

/*
 * The standby is asynchronous and far behind when the primary dies: commits that were answered are gone, among them those
 * that say that a card was charged. What is left must neither be charged again nor pass unnoticed.
 */

interface System extends Driven {
  readonly app: App;
  readonly db: Db;
}

let servers: Replicated;
let sandbox: TestNetwork;
const opened: System[] = [];

beforeAll(async () => {
  [servers, sandbox] = await Promise.all([
    startReplicated({ synchronous: false }),
    startTestNetwork(),
  ]);
  await migrate({ databaseUrl: servers.url });
}, 240_000);

afterAll(async () => {
  for (const { app, db } of opened) await Promise.all([app.close(), db.destroy()]);
  await Promise.all([servers.remove(), sandbox.close()]);
});

/** Processes that are started now: they know nothing of what those before them knew. */
function open(): System {
  const settings = { ONCEPAY_LOOKUP_SCHEDULE_MS: "20" };
  const config = readConfig(testSettings(servers.url, sandbox.url, settings));
  const app = createApp(config, createLog("test", config.logLevel), { name: "test" });
  const db = connectAsOwner(servers.url);
  const system = { app, db, ...drive(app, createRecordedQueues(), db) };
  opened.push(system);
  return system;
}

const movements = async (): Promise<Movement[]> =>
  (await sandbox.movements()) as readonly unknown[] as Movement[];

it("charges nothing twice, and reports in money what is gone", async () => {
  const before = open();
  const merchantId = (await aMerchant(before)).id;
  const some = (count: number): Promise<string[]> =>
    Promise.all(
      Array.from({ length: count }, async () => (await aConfirmedIntent(before, merchantId)).id),
    );
  // Queued, and the standby knows that. Some of them are charged when it hears nothing any more, some are not.
  const known = await some(12);
  await before.relayOnce();
  await servers.caughtUp();
  await servers.cutOff();
  const charged = known.slice(0, 8);
  const attempts = await before.db("attempts").whereIn("payment_intent_id", charged);
  await before.runJob({
    keys: attempts.map(({ id }) => ({ merchantId, id: String(id) })),
  });
  // All that there is of these is the network's word.
  const gone = await some(3);
  const ghosts = await before.db("attempts").whereIn("payment_intent_id", gone);
  await before.runJob({ keys: ghosts.map(({ id }) => ({ merchantId, id: String(id) })) });
  expect(await movements()).toHaveLength(11);
  servers.killPrimary();
  await servers.promote();

  const after = open();
  await waitFor("the promoted server", () =>
    after.db.raw("select 1").then(
      () => true,
      () => false,
    ),
  );
  const queued = await after.db("attempts").whereIn("payment_intent_id", known);
  expect(queued.map(({ status }) => String(status))).toEqual(known.map(() => "QUEUED"));
  expect(await after.db("payment_intents").whereIn("id", gone)).toEqual([]);
  // A job from before, or one that the relay makes again, sends nothing.
  await after.runJob({ keys: queued.map(({ id }) => ({ merchantId, id: String(id) })) });
  expect(await movements()).toHaveLength(11);

  // This process remembers accounts whose commits are lost: the first sweep fails over that, and the next one knows.
  await after.sweepOnce().catch(String);
  await after.sweepOnce();
  const ids = queued.map(({ id }) => String(id));
  const doubted = await after.db("attempts").whereIn("id", ids);
  const left = doubted.filter(({ status }) => ["QUEUED", "SENT"].includes(String(status)));
  expect(left).toEqual([]);
  await waitFor("every payment is made", async () => {
    await after.makeDue();
    await after.drain();
    const made = await after.db("payment_intents").where({ status: "SUCCEEDED" });
    return made.length === known.length;
  });
  const moved = await movements();
  expect(moved).toHaveLength(known.length + gone.length);
  const all = await after.db("attempts").whereIn("payment_intent_id", known);
  const ofKnown = moved.filter(({ reference }) => all.some(({ id }) => id === reference));
  expect(ofKnown).toHaveLength(known.length);

  // What is queued from now on is sent at once.
  const next = await aConfirmedIntent(after, merchantId);
  await after.drain();
  expect(await after.db("attempts").where({ payment_intent_id: next.id })).toMatchObject([
    { status: "SUCCEEDED", timeline: 2, sends: 1, lookups: 0 },
  ]);

  // The hour's list names each charge that nobody here knows, with its amount; here they are given back.
  const found = await sweepProcessors(
    { ...after.app, config: { ...after.app.config, listEveryMs: 3_600_000 } },
    { nowMs: Date.now() + 1_800_000, settledMs: 0 },
  );
  expect(found).toBe(gone.length);
  const breaks = await after.db("reconciliation_breaks").where({ status: "OPEN" });
  const references = ghosts.map(({ id }) => String(id)).sort();
  expect(breaks.map(({ subject_id }) => String(subject_id)).sort()).toEqual(references);
  expect(breaks).toEqual(
    gone.map(() => expect.objectContaining({ kind: "MISSING_HERE", currency: "USD" }) as unknown),
  );
  await after.db("reconciliation_breaks").update({ next_at: new Date() });
  const config = { ...after.app.config, ghostCharges: "reverse" as const };
  await seeToBreaks({ ...after.app, config });
  expect(await after.db("reconciliation_breaks").where({ status: "OPEN" })).toEqual([]);
  await after.drain();
  const violations = await auditBooks(after.db, {
    movements,
    disputes: () => sandbox.disputes(),
    payouts: () => sandbox.payouts(),
  });
  expect(violations).toEqual([]);
});
