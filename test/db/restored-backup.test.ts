import { writeFileSync } from "node:fs";
import path from "node:path";
import { type App, createApp } from "../../src/app";
import { auditBooks } from "../../src/audit/audit-books";
import type { Movement } from "../../src/audit/compare-movements";
import { runCommandLine } from "../../src/cli/run-command-line";
import { readConfig } from "../../src/config";
import type { Db } from "../../src/db/db";
import { migrate } from "../../src/db/migrate";
import { PLATFORM_MERCHANT_ID } from "../../src/merchants/api-key";
import { createLog } from "../../src/observability/log";
import { refundPaymentIntent } from "../../src/payments/refund-payment-intent";
import { resolveBreak } from "../../src/reconciliation/resolve-break";
import { seeToBreaks } from "../../src/reconciliation/see-to-breaks";
import { type TestNetwork, startTestNetwork } from "../sandbox/network";
import { type Driven, connectAsOwner, drive, testSettings } from "../support/app";
import {
  type ArchivedPostgres,
  backupIsMissing,
  startArchivedPostgres,
} from "../support/archived-postgres";
import {
  aConfirmedIntent,
  aMerchant,
  aSettledIntent,
  anIntent,
  confirmCommand,
  refundCommand,
  succeeded,
} from "../support/factories";
import { createRecordedQueues } from "../support/recorded-queues";

/*
 * A backup is restored to a moment before the last payments, as docs/operations.md says: what was queued then is not sent
 * again, what is gone is named in money by the processor's own list, and the books are clean once it has been adopted.
 */

interface System extends Driven {
  readonly app: App;
  readonly db: Db;
}

let server: ArchivedPostgres;
let sandbox: TestNetwork;
const opened: System[] = [];
const missing = backupIsMissing();

beforeAll(async () => {
  if (missing !== undefined) return;
  const small = { shared_buffers: "16MB", max_connections: "100" };
  [server, sandbox] = await Promise.all([startArchivedPostgres(small), startTestNetwork()]);
  await migrate({ databaseUrl: server.url });
}, 240_000);

afterAll(async () => {
  if (missing !== undefined) return;
  await close();
  await Promise.all([server.remove(), sandbox.close()]);
});

async function close(): Promise<void> {
  for (const { app, db } of opened.splice(0)) await Promise.all([app.close(), db.destroy()]);
}

function open(): System {
  const settings = { ONCEPAY_LOOKUP_SCHEDULE_MS: "20" };
  const config = readConfig(testSettings(server.url, sandbox.url, settings));
  const app = createApp(config, createLog("test", config.logLevel), { name: "test" });
  const db = connectAsOwner(server.url);
  const system = { app, db, ...drive(app, createRecordedQueues(), db) };
  opened.push(system);
  return system;
}

const movements = async (): Promise<Movement[]> =>
  (await sandbox.movements()) as readonly unknown[] as Movement[];

async function oncepay(...args: string[]) {
  const said = { out: "", error: "" };
  const code = await runCommandLine(args, {
    environment: { DATABASE_URL: server.url, ONCEPAY_SANDBOX_URL: sandbox.url },
    out: (text) => ((said.out += text), true),
    error: (text) => ((said.error += text), true),
  });
  return { code, ...said };
}

interface Verified {
  readonly againstNetwork: {
    readonly missing: number;
    readonly sums: readonly object[];
    readonly movements: readonly { readonly reference: string; readonly breakId: string | null }[];
  };
}

async function verified(): Promise<{ code: number } & Verified["againstNetwork"]> {
  const { code, out, error } = await oncepay("verify", "--against-network", "--json");
  expect(error).toBe("");
  return { code, ...(JSON.parse(out) as Verified).againstNetwork };
}

async function reconcileWindow(): Promise<number> {
  const [from = "", to = ""] = [-1, 1].map((hours) =>
    new Date(Date.now() + hours * 3_600_000).toISOString(),
  );
  const { body } = await sandbox.get(`/v1/settlement?from=${from}&to=${to}`);
  const file = path.join(server.directory, "settlement.csv");
  writeFileSync(file, body as string);
  return (await oncepay("reconcile", "--file", file)).code;
}

const title =
  "a restore charges nothing twice, names what is gone in money, and ends with clean books";
if (missing !== undefined) test.skip(`${title} (${missing})`, () => undefined);
else {
  test(
    title,
    async () => {
      const before = open();
      const merchantId = (await aMerchant(before)).id;
      const paid = await aSettledIntent(before, merchantId, { amount: 5_000 });
      await server.backUp();
      // Not in the backup itself: it comes from the archive.
      const later = await aSettledIntent(before, merchantId, { amount: 6_000 });
      const created = await Promise.all(
        [701, 702, 703, 704].map((amount) => anIntent(before, merchantId, { amount })),
      );
      const confirms = created.map(({ id }) => confirmCommand(merchantId, id));
      for (const command of confirms) succeeded(await before.app.confirmPaymentIntent(command));
      const moment = await server.now();
      // After the moment, and so gone: two of these were charged, the refund was paid out, and three payments are unheard of.
      const ids = created.map(({ id }) => id);
      const queued = await before.db("attempts").whereIn("payment_intent_id", ids);
      await before.runJob({
        keys: queued.slice(0, 2).map(({ id }) => ({ merchantId, id: String(id) })),
      });
      await refundPaymentIntent(before.db, refundCommand(merchantId, paid.id, { amount: 100 }));
      const gone = await Promise.all(
        [901, 902, 903].map((amount) => aConfirmedIntent(before, merchantId, { amount })),
      );
      const late = await before
        .db("attempts")
        .whereIn("payment_intent_id", [...gone.map(({ id }) => id), paid.id])
        .where({ status: "QUEUED" });
      expect(late).toHaveLength(4);
      await before.runJob({ keys: late.map(({ id }) => ({ merchantId, id: String(id) })) });
      expect(await movements()).toHaveLength(2 + 2 + 1 + 3);
      await server.archived();
      await close();
      await server.lose();
      await server.restoreTo(moment);

      const after = open();
      const intents = await after.db("payment_intents").orderBy("amount");
      expect(intents.map(({ amount }) => Number(amount))).toEqual([
        701, 702, 703, 704, 5_000, 6_000,
      ]);
      expect(intents.map(({ id }) => String(id))).toContain(later.id);
      // Whoever repeats a confirmation hears the same as before.
      for (const command of confirms) {
        const answer = succeeded(await after.app.confirmPaymentIntent(command));
        expect(ids).toContain(answer.id);
      }
      await after.sweepOnce().catch(String);
      await after.makeDue();
      await after.drain();
      await after.makeDue();
      await after.drain();
      const made = await after.db("payment_intents").whereIn("id", ids);
      expect(made.map(({ status }) => String(status))).toEqual(ids.map(() => "SUCCEEDED"));
      const captured = (await movements()).filter(({ kind }) => kind === "capture");
      expect(captured.map(({ amount }) => amount).sort((a, b) => a - b)).toEqual([
        701, 702, 703, 704, 901, 902, 903, 5_000, 6_000,
      ]);

      // What is gone, from the network's list, before anything was compared.
      const lost = await verified();
      expect(lost).toMatchObject({
        code: 1,
        missing: 4,
        sums: [
          { state: "NOT_HERE", kind: "capture", currency: "USD", count: 3, amount: 2_706 },
          { state: "NOT_HERE", kind: "refund", currency: "USD", count: 1, amount: 100 },
        ],
      });
      const references = late.map(({ id }) => String(id)).sort();
      expect(lost.movements.map(({ reference }) => reference).sort()).toEqual(references);
      expect(lost.movements.map(({ breakId }) => breakId)).toEqual([null, null, null, null]);

      // The settlement file makes a break of each. Taking charges back, as may be configured, leaves the refund alone.
      expect(await reconcileWindow()).toBe(1);
      const breaks = await after.db("reconciliation_breaks").where({ status: "OPEN" });
      expect(breaks.map(({ kind }) => String(kind))).toEqual(references.map(() => "MISSING_HERE"));
      const refund = breaks.filter(
        ({ theirs }) => (theirs as { state: string }).state === "refund",
      );
      expect(refund).toHaveLength(1);
      await after
        .db("reconciliation_breaks")
        .where({ id: refund[0].id })
        .update({ next_at: new Date() });
      const config = { ...after.app.config, ghostCharges: "reverse" as const };
      await seeToBreaks({ ...after.app, config });
      expect((await movements()).filter(({ kind }) => kind === "reverse")).toEqual([]);
      expect((await verified()).movements.every(({ breakId }) => breakId !== null)).toBe(true);
      for (const { id } of breaks) {
        succeeded(
          await resolveBreak(after.app, {
            merchantId: PLATFORM_MERCHANT_ID,
            ofMerchantId: null,
            key: String(id),
            breakId: String(id),
            action: "APPROVE_CORRECTION",
            reason: "it was lost with the last commits",
            owner: "on call",
          }),
        );
      }
      expect(await verified()).toMatchObject({
        code: 0,
        missing: 0,
        sums: [
          { state: "ADOPTED", kind: "capture", count: 3, amount: 2_706 },
          { state: "ADOPTED", kind: "refund", count: 1, amount: 100 },
        ],
      });
      const text = (await oncepay("verify", "--against-network")).out;
      expect(text).toContain("0 of which the books lack");

      // It goes on where it was restored to.
      const next = await aSettledIntent(after, merchantId, { amount: 7_000 });
      expect(await after.db("attempts").where({ payment_intent_id: next.id })).toMatchObject([
        { status: "SUCCEEDED", timeline: 2, sends: 1, lookups: 0 },
      ]);
      await after.drain();
      const violations = await auditBooks(after.db, {
        movements,
        disputes: () => sandbox.disputes(),
        payouts: () => sandbox.payouts(),
      });
      expect(violations).toEqual([]);
    },
    240_000,
  );
}
