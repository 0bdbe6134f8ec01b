import { PLATFORM_MERCHANT_ID } from "../../src/merchants/api-key";
import { refundPaymentIntent } from "../../src/payments/refund-payment-intent";
import type { Processor } from "../../src/processors/processor";
import { closeBreak } from "../../src/reconciliation/break-store";
import { resolveBreak } from "../../src/reconciliation/resolve-break";
import { seeToBreaks } from "../../src/reconciliation/see-to-breaks";
import { reconcileOnce } from "../../workers/reconcile";
import { sweepProcessors } from "../../src/reconciliation/sweep-processor";
import { type TestApp, startTestApp } from "../support/app";
import { crashOnceAt, expectCrashed } from "../support/crash";
import { aCapturedIntent, aConfirmedIntent, aMerchant, refundCommand } from "../support/factories";

/** What the sandbox network lists, window after window, against the books; and what becomes of breaks by themselves. */

let t: TestApp;
let merchantId: string;
beforeAll(async () => {
  t = await startTestApp({ ONCEPAY_LOOKUP_SCHEDULE_MS: "600000" });
  merchantId = (await aMerchant(t)).id;
});
afterAll(async () => {
  await t.drain();
  await t.stop();
});

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const LISTS = { source: "PROCESSOR_LIST", processor: "sandbox" };

/** The network leaves these out of its list. */
const withheld = new Set<string>();
beforeEach(() => {
  withheld.clear();
});

/** One that is away, and the sandbox, whose clock may be behind. */
function processors(behindMs = 0): ReadonlyMap<string, Processor> {
  const sandbox = t.app.processors.get("sandbox");
  const list = sandbox?.listMovements;
  if (!list) throw new Error("the sandbox lists what it moved");
  const listMovements: typeof list = async (window) => {
    const to = new Date(Date.parse(window.to) + behindMs).toISOString();
    const page = await list({ ...window, to });
    const movements = page.movements.filter(({ reference }) => !withheld.has(reference));
    return { ...page, movements };
  };
  const away = () => Promise.reject(new Error("it is away"));
  return new Map([
    ["away", { ...sandbox, name: "away", listMovements: away }],
    ["sandbox", { ...sandbox, listMovements }],
  ]);
}

/** The next window of an hour, which ends at this time; or the first one. */
async function listUpTo(atMs: number): Promise<number> {
  const config = { ...t.app.config, listEveryMs: HOUR_MS };
  return sweepProcessors(
    { ...t.app, config, processors: processors() },
    { nowMs: atMs, settledMs: 0 },
  );
}

/** As if there had been no list so far: windows may then be anywhere. */
async function startOver(): Promise<void> {
  const runs = t.db("reconciliation_runs").where(LISTS);
  await t.db("processor_lines").whereIn("run_id", runs.clone().select("id")).delete();
  await runs.delete();
}

/** The first list there is, with everything of just now in the middle of it. */
async function listAnew(): Promise<number> {
  await startOver();
  return listUpTo(Date.now() + 30 * MINUTE_MS);
}

async function seeTo(ghostCharges: "leave" | "reverse" | "adopt" = "leave"): Promise<void> {
  await t.db("reconciliation_breaks").whereNotNull("next_at").update({ next_at: new Date() });
  await seeToBreaks({ ...t.app, config: { ...t.app.config, ghostCharges } });
}

const rowsOf = (subject: string): Promise<Record<string, unknown>[]> =>
  t.db("reconciliation_breaks").where({ subject_id: subject }).orderBy("id");

async function shown(subject: string): Promise<string[]> {
  const rows = await rowsOf(subject);
  return rows.map(({ kind, status, resolution, detail }) =>
    [kind, status, resolution, detail].filter(Boolean).map(String).join(" "),
  );
}

/** As the database would never have it. */
async function change(table: string, id: string, values: object): Promise<void> {
  await t.db.transaction(async (tx) => {
    await tx.raw("set local session_replication_role = replica");
    await tx(table).where({ id }).update(values);
  });
}

async function age(subject: string, hours: number): Promise<void> {
  const foundAt = new Date(Date.now() - hours * HOUR_MS);
  for (const { id } of await rowsOf(subject)) {
    await change("reconciliation_breaks", String(id), { found_at: foundAt });
  }
}

const lastAttempt = async (intentId: string): Promise<string> => {
  const rows = t.db("attempts").where({ payment_intent_id: intentId }).orderBy("id", "desc");
  const last: { id: string } = await rows.first("id");
  return last.id;
};
const aCharge = async (): Promise<string> => lastAttempt((await aCapturedIntent(t, merchantId)).id);

test("finds nothing where there is nothing, in windows without a gap, and keeps lines for two days", async () => {
  await aCapturedIntent(t, merchantId);
  await aConfirmedIntent(t, merchantId);
  const now = Date.now();
  expect(await listUpTo(now + HOUR_MS)).toBe(0);
  expect(await listUpTo(now + 2 * HOUR_MS)).toBe(0);
  const runs = await t.db("reconciliation_runs").where(LISTS).orderBy("id");
  expect(runs).toHaveLength(2);
  expect(runs[1].period_from).toEqual(runs[0].period_to);
  expect(Number(runs[0].matched)).toBeGreaterThan(0);
  expect(runs[0].matched).toBe(runs[0].compared);
  const lines = async () => t.db("processor_lines").where({ run_id: runs[0].id });
  expect(await lines()).not.toEqual([]);
  const old = (days: number) => new Date(now - days * 24 * HOUR_MS);
  await change("reconciliation_runs", String(runs[0].id), {
    period_from: old(4),
    period_to: old(3),
  });
  expect(await listUpTo(now + 3 * HOUR_MS)).toBe(0);
  expect(await lines()).toEqual([]);
});

test("what has no line is found by a list, wherever in a window its outcome became known", async () => {
  const [plain, late, older, there] = [
    await aCharge(),
    await aCharge(),
    await aCharge(),
    await aCharge(),
  ];
  // Sent before the lines of the list begin: one in the time of a list before it, one before them all.
  await change("attempts", late, { sent_at: new Date(Date.now() - 90 * MINUTE_MS) });
  await change("attempts", older, { sent_at: new Date(Date.now() - 5 * HOUR_MS) });
  for (const reference of [plain, late, older]) withheld.add(reference);
  await startOver();
  const upTo = Date.now() + 2 * MINUTE_MS;
  const known = () => t.db("reconciliation_breaks").where({ kind: "MISSING_THERE" });
  expect(await listUpTo(upTo - HOUR_MS)).toBe(0);
  // Its answer may be faster than the list.
  expect(await listUpTo(upTo)).toBe(0);
  expect(await listUpTo(upTo + HOUR_MS)).toBe(2);
  const found = await known().orderBy("subject_id").select<Record<string, unknown>[]>();
  expect(found.map(({ subject_id: subject }) => subject)).toEqual([plain, late].toSorted());
  expect(found[0]).toMatchObject({
    detail: "charge of 1000 USD has no line",
    ours: { amount: 1_000, currency: "USD", fee: 59, state: "SUCCEEDED" },
    theirs: null,
    proposal: {
      corrects: expect.stringMatching(/^jrn_/),
      postings: [
        { debit: "SUSPENSE", credit: "PROCESSOR_RECEIVABLE", amount: 1_000 },
        { debit: "PROCESSOR_RECEIVABLE", credit: "PROCESSING_FEES", amount: 59 },
      ],
    },
  });
  expect(await listUpTo(upTo + 2 * HOUR_MS)).toBe(0);
  expect([...(await shown(there)), ...(await shown(older))]).toEqual([]);

  // The line comes after all: the break closes, or what was corrected because of it is wrong by now.
  const approve = async (subject: string, key: string): Promise<void> => {
    const [open] = (await rowsOf(subject)).filter(({ status }) => status !== "RESOLVED");
    await resolveBreak(t.app, {
      ...{ merchantId, ofMerchantId: merchantId, key, breakId: String(open?.["id"]) },
      ...{ action: "APPROVE_CORRECTION", reason: "said so by telephone", owner: "the test" },
    });
  };
  await approve(plain, "missing");
  withheld.clear();
  expect(await listAnew()).toBe(2);
  expect(await shown(late)).toEqual([
    "MISSING_THERE RESOLVED CLOSED_ITSELF charge of 1000 USD has no line",
  ]);
  const again = "1000 USD there, and 0 here, after a correction";
  expect((await shown(plain)).slice(1).toSorted()).toEqual([
    `AMOUNT OPEN ${again}`,
    "FEE OPEN a fee of 59 USD there, and of 0 here, after a correction",
  ]);
  const closed = (await rowsOf(late))[0]?.["id"];
  const told = await t.db("events").where({ subject_id: closed }).select("type", "object");
  expect(told.map(({ type }) => type as string).toSorted()).toEqual([
    "reconciliation.break_found",
    "reconciliation.break_resolved",
  ]);
  await approve(plain, "there");
  await approve(plain, "there, and its fee");
  expect(await listAnew()).toBe(0);
  const report = await t.db("reconciliation_runs").where(LISTS).first();
  expect(report?.matched).toBe(report?.compared);
});

test.each([
  ["leave", "OPEN", null, 1],
  ["reverse", "RESOLVED", "REVERSED", 0],
  ["adopt", "RESOLVED", "CORRECTED", 1],
] as const)("a charge that nobody asked for: %s", async (policy, status, resolution, stands) => {
  const reference = `ghost-${policy}`;
  await t.sandbox.charge(reference, { amount: 400 });
  expect(await listAnew()).toBe(1);
  expect(await rowsOf(reference)).toMatchObject([{ kind: "MISSING_HERE", status: "OPEN" }]);
  // Killed between the processor's word and ours, it is asked again, and nothing is done twice.
  if (policy === "reverse") {
    crashOnceAt("reconcile.after_reverse");
    await seeTo(policy);
    expectCrashed("reconcile.after_reverse");
    expect(await rowsOf(reference)).toMatchObject([{ status: "OPEN" }]);
  }
  await seeTo(policy);
  const [found] = await rowsOf(reference);
  expect(found).toMatchObject({ status, resolution });
  const moved = await t.movements(reference);
  expect(moved.filter(({ kind }) => kind !== "reverse").length - moved.length + 1).toBe(stands);
  const entries = await t.db("audit_log").where({ subject_id: found?.["id"] });
  const events = await t.db("events").where({ subject_id: found?.["id"] }).orderBy("created_at");
  expect(events.map(({ type, object }) => `${String(type)} ${String(object.status)}`)).toEqual([
    "reconciliation.break_found OPEN",
    ...(policy === "leave" ? [] : ["reconciliation.break_resolved RESOLVED"]),
  ]);
  expect(entries).toHaveLength(policy === "leave" ? 0 : 1);
  for (const entry of entries) {
    expect(entry).toMatchObject({ action: "WRITE", actor_kind: "SYSTEM", outcome: "SUCCEEDED" });
    expect(entry).toMatchObject({ operation: "resolveReconciliationBreak" });
    expect(entry.details).toMatchObject({
      reason: "policy",
      ...{ before: { status: "OPEN" }, after: { status: "RESOLVED" } },
    });
  }
  if (policy === "adopt") {
    const postings = await t
      .db("postings as p")
      .join("journals as j", { "j.id": "p.journal_id" })
      .join("ledger_accounts as d", { "d.id": "p.debit_account_id" })
      .join("ledger_accounts as c", { "c.id": "p.credit_account_id" })
      .where({ "p.journal_id": found?.["journal_id"] })
      .orderBy("p.line")
      .select("j.merchant_id", "j.kind", "d.kind as debit", "c.kind as credit", "p.amount");
    const of = { merchant_id: PLATFORM_MERCHANT_ID, kind: "correction" };
    expect(postings).toEqual([
      { ...of, debit: "PROCESSOR_RECEIVABLE", credit: "SUSPENSE", amount: 400 },
      { ...of, debit: "PROCESSING_FEES", credit: "PROCESSOR_RECEIVABLE", amount: 42 },
    ]);
  }
  await t.sandbox.reverse(reference);
});

test("a charge that is known here by the time it would be reversed is compared with its attempt", async () => {
  const reference = await aCharge();
  const hidden = reference.replace(/..$/, "00");
  await change("attempts", reference, { id: hidden });
  await listAnew();
  await change("attempts", hidden, { id: reference });
  expect((await rowsOf(reference))[0]).toMatchObject({ kind: "MISSING_HERE" });
  await seeTo("reverse");
  await seeTo("reverse");
  expect(await shown(reference)).toEqual([
    "MISSING_HERE RESOLVED CLOSED_ITSELF nothing here asked for it: capture of 1000 USD",
    "TIMING RESOLVED CLOSED_ITSELF it moved there before it was known here",
  ]);
  expect((await t.movements(reference)).map(({ kind }) => kind)).toEqual(["capture"]);
  for (const { id } of await t.db("reconciliation_breaks").whereNot({ status: "RESOLVED" })) {
    const row = await t.db("reconciliation_breaks").where({ id }).first();
    await closeBreak(
      t.db,
      { id, merchantId: row.merchant_id },
      { resolution: "DISMISSED", explanation: "of the test" },
    );
  }
});

/** Settled as declined, as a worker would see a network that says no, and then does it all the same. */
async function declined(intentId: string, attemptId: string): Promise<void> {
  await t.app.settleAttempt({
    ...{ merchantId, attemptId, paymentIntentId: intentId, source: "test" },
    outcome: { kind: "declined", code: "card_declined", message: "no", hard: true },
  });
}

test("money that moved although it is settled otherwise here is found and given back; a person is told if that takes long", async () => {
  const { id } = await aConfirmedIntent(t, merchantId);
  const attempt = await lastAttempt(id);
  await declined(id, attempt);
  await t.sandbox.charge(attempt, { amount: 1_000 });
  expect(await listAnew()).toBe(1);
  const state = "it moved there, and is DECLINED here";
  expect(await shown(attempt)).toEqual([`STATE OPEN ${state}`]);
  await seeTo();
  // The next list comes while it is under way, which takes more than an hour.
  expect(await listAnew()).toBe(1);
  const timing = `${state}; it is being given back`;
  expect((await shown(attempt)).at(-1)).toBe(`TIMING OPEN ${timing}`);
  await seeTo();
  expect((await shown(attempt)).at(-1)).toBe(`TIMING OPEN ${timing}`);
  await age(attempt, 2);
  await seeTo();
  expect(await shown(attempt)).toEqual([
    `STATE OPEN ${state}`,
    `TIMING RESOLVED CLOSED_ITSELF ${timing}`,
    `STATE OPEN ${state}; it has not been given back`,
  ]);
  await t.drain();
  await seeTo();
  const open = await t.db("reconciliation_breaks").whereNot({ status: "RESOLVED" });
  expect(open).toEqual([]);
  expect((await shown(attempt))[0]).toBe(`STATE RESOLVED REVERSED ${state}`);
  expect((await t.movements(attempt)).map(({ kind }) => kind)).toEqual(["capture", "reverse"]);
});

test("an outcome that stays unknown while the processor lists it is for a person after an hour", async () => {
  const { id } = await aConfirmedIntent(t, merchantId);
  await t.sandbox.setFault({ fault: "lose_response", rate: 1, operation: "charge", count: 1 });
  await t.relayOnce();
  await t.runCharges();
  const attempt = await lastAttempt(id);
  expect(await listAnew()).toBe(1);
  await seeTo();
  const timing = "it moved there, and its outcome is not known here yet";
  expect(await shown(attempt)).toEqual([`TIMING OPEN ${timing}`]);
  await age(attempt, 2);
  // Killed when the new break is there and the old one is not closed: both are one commit.
  crashOnceAt("reconcile.inside_transaction");
  await seeTo();
  expectCrashed("reconcile.inside_transaction");
  expect(await shown(attempt)).toEqual([`TIMING OPEN ${timing}`]);
  await seeTo();
  await seeTo();
  expect(await shown(attempt)).toEqual([
    `TIMING RESOLVED CLOSED_ITSELF ${timing}`,
    "STATE OPEN it moved there, and is UNKNOWN here",
  ]);
  await t.makeDue();
  await t.drain();
  await seeTo();
  expect((await shown(attempt)).at(-1)).toMatch(/^STATE RESOLVED CLOSED_ITSELF/);
});

test("a refund that was returned by the bank waits for the line that takes it back", async () => {
  const { id } = await aCapturedIntent(t, merchantId);
  await refundPaymentIntent(t.db, refundCommand(merchantId, id, { amount: 300 }));
  await t.drain();
  const refund = await lastAttempt(id);
  await startOver();
  const first = Date.now();
  await declined(id, refund);
  expect(await listUpTo(first)).toBe(1);
  const timing = "it moved there, and was returned; what takes it back has no line yet";
  expect(await shown(refund)).toEqual([`TIMING OPEN ${timing}`]);
  await t.sandbox.reverse(refund);
  expect(await listUpTo(first + HOUR_MS)).toBe(0);
  expect(await shown(refund)).toEqual([`TIMING RESOLVED CLOSED_ITSELF ${timing}`]);
});

test("a list that is cut off, before each commit and after it, is gone on with by whoever comes next", async () => {
  const missing = await aCharge();
  withheld.add(missing);
  const reference = "ghost-of-the-cut";
  await t.sandbox.charge(reference, { amount: 400 });
  await startOver();
  const at = Date.now() + 30 * MINUTE_MS;
  const POINTS = ["reconcile.inside_transaction", "reconcile.after_slice"] as const;
  // Its references, the end of them, the attempts without a line, and the end of those: each twice.
  for (let step = 0; step < 8; step += 1) {
    const point = POINTS[step % 2] ?? POINTS[0];
    crashOnceAt(point);
    expect(await listUpTo(at)).toBe(0);
    expectCrashed(point);
    const [run] = await t.db("reconciliation_runs").where(LISTS);
    expect(run?.status).toBe(step < 7 ? (step < 3 ? "COMPARING" : "MISSING") : "COMPLETED");
  }
  // What was done was done: nothing is left of this window.
  expect(await listUpTo(at)).toBe(0);
  const runs = await t.db("reconciliation_runs").where(LISTS);
  expect(runs).toMatchObject([{ status: "COMPLETED" }]);
  const found = { status: "OPEN", report_id: runs[0]?.id as string };
  expect(await rowsOf(missing)).toMatchObject([{ ...found, kind: "MISSING_THERE" }]);
  expect(await rowsOf(reference)).toMatchObject([{ ...found, kind: "MISSING_HERE" }]);
  for (const subject of [missing, reference]) {
    const [{ id } = { id: "" }] = await rowsOf(subject);
    expect(await t.db("events").where({ subject_id: String(id) })).toHaveLength(1);
  }
  await t.sandbox.reverse(reference);
});

test("a worker asks for the last hour's list, says at error level what differs, and has it announced", async () => {
  const reference = "ghost-of-a-worker";
  await t.sandbox.charge(reference, { amount: 400 });
  await startOver();
  const said: unknown[] = [];
  const error = (fields: object): void => void said.push(fields);
  const log = { error, warn: () => undefined } as unknown as typeof t.app.log;
  let woken = 0;
  await reconcileOnce({
    ...t.app,
    ...{ log, processors: processors(HOUR_MS) },
    wakeRelay: () => {
      woken += 1;
    },
  });
  expect(said).toEqual([{ count: 1 }]);
  expect(woken).toBe(1);
  const [found] = await rowsOf(reference);
  const [event] = await t.db("events").where({ subject_id: found?.["id"] });
  expect(await t.db("outbox").where({ event_id: event?.id })).toHaveLength(1);
  await t.sandbox.reverse(reference);
});
