import { randomUUID } from "node:crypto";
import { connect } from "../../src/db/connect";
import type { Db } from "../../src/db/db";
import { renewLease } from "../../src/payments/worker-leases";
import { type Claimant, createClaimant } from "../../src/payments/claimant";
import { isWholePostgresAnswer, startTcpProxy, type TcpProxy } from "../attack/tcp-proxy";
import { type TestApp, startTestApp } from "../support/app";
import { aConfirmedIntent, aMerchant, theIntent } from "../support/factories";
import { PATIENCE_MS } from "../support/patience";

/** The answer to a claim is lost, and the worker that claimed lives on and does not know that it has. */

let t: TestApp;
let proxy: TcpProxy;
let behind: Db;
let claimant: Claimant;
beforeAll(async () => {
  t = await startTestApp({ ONCEPAY_LOOKUP_SCHEDULE_MS: "0,600000" });
  const url = new URL(t.databaseUrl);
  proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
  url.port = String(proxy.port);
  behind = connect({
    url: url.href,
    poolMax: 1,
    applicationName: "oncepay test behind a proxy",
    statementTimeoutMs: PATIENCE_MS,
    connectTimeoutMs: PATIENCE_MS,
  });
});
beforeEach(async () => {
  claimant = createClaimant(randomUUID());
  await renewLease(t.db, claimant.workerId, PATIENCE_MS);
});
afterAll(async () => {
  await behind.destroy();
  await proxy.close();
  await t.stop();
});

async function aQueuedAttempt() {
  const merchant = await aMerchant(t);
  const { id } = await aConfirmedIntent(t, merchant.id);
  await t.relayOnce();
  t.queues.take("run-attempts");
  const attempt = await t.db("attempts").where({ payment_intent_id: id }).first("id");
  return {
    intent: { merchantId: merchant.id, id },
    keys: [{ merchantId: merchant.id, id: String(attempt?.id) }],
  };
}

async function statusOf([key]: readonly { readonly id: string }[]): Promise<unknown> {
  return (await t.db("attempts").where({ id: key?.id }).first("status", "worker_id")) as unknown;
}

it("gives it back, and the payment is made once, without waiting for the end of the worker's lease", async () => {
  const { intent, keys } = await aQueuedAttempt();
  const matches = (request: string): boolean => request.includes("claim_attempts");
  proxy.loseAnswers({ matches, isWhole: isWholePostgresAnswer, timesMax: 1 });
  await expect(claimant.claim(behind, keys)).rejects.toThrow();
  expect(proxy.lost()).toBe(1);
  expect(await statusOf(keys)).toEqual({ status: "SENT", worker_id: claimant.workerId });
  await t.sweepOnce();
  expect(await statusOf(keys)).toMatchObject({ status: "SENT" });

  expect(await claimant.disownLost(t.db)).toBe(1);
  expect(await claimant.disownLost(t.db)).toBe(0);
  await t.sweepOnce();
  await t.makeDue();
  await t.drain();
  expect(await theIntent(t, intent.merchantId, intent.id)).toMatchObject({ status: "SUCCEEDED" });
});

it("takes nothing away of a claim that was not made, nor from who has claimed it since", async () => {
  const { keys } = await aQueuedAttempt();
  proxy.refuse(true);
  proxy.cut();
  await expect(claimant.claim(behind, keys)).rejects.toThrow();
  proxy.refuse(false);
  expect(await claimant.disownLost(t.db)).toBe(0);
  expect(await statusOf(keys)).toMatchObject({ status: "QUEUED" });

  const other = createClaimant(randomUUID());
  const matches = (request: string): boolean => request.includes("claim_attempts");
  proxy.loseAnswers({ matches, isWhole: isWholePostgresAnswer, timesMax: 1 });
  await renewLease(t.db, other.workerId, PATIENCE_MS);
  await expect(other.claim(behind, keys)).rejects.toThrow();
  // Somebody else's by now, for all that this one knows of it.
  await t.db("attempts").where({ id: keys[0]?.id }).update({ worker_id: claimant.workerId });
  expect(await other.disownLost(t.db)).toBe(0);
  expect(await statusOf(keys)).toEqual({ status: "SENT", worker_id: claimant.workerId });
  await t.db("worker_leases").where({ worker_id: claimant.workerId }).del();
  await t.sweepOnce();
  await t.makeDue();
  await t.drain();
});
