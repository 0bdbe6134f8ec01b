import type { Db, Tx } from "../db/db";
import { AUDIT_LOG_CHECKS } from "./audit-log-checks";
import { PLATFORM_MERCHANT_ID } from "../merchants/api-key";
import type { Check, Violation } from "./check";
import { DISPUTES_AGREE, type NetworkDispute, compareDisputes } from "./compare-disputes";
import { type NetworkPayout, PAYOUTS_AGREE, comparePayouts } from "./compare-payouts";
import {
  AGREES,
  type AdoptedMovement,
  type ComparedAttempt,
  type Movement,
  ONE_MOVEMENT,
  byReference,
  compareAttempt,
  orphanedMovements,
} from "./compare-movements";
import { DISPUTE_CHECKS } from "./dispute-checks";
import { EVENT_CHECKS } from "./event-checks";
import { LEAKS, findLeaks } from "./find-leaks";
import { LEDGER_CHECKS } from "./ledger-checks";
import { PAYMENT_CHECKS, livenessChecks } from "./payment-checks";
import { PAYOUT_CHECKS } from "./payout-checks";
import { PROOF_CHECKS } from "./proof-checks";
import { type KeptCheckpoint, SEALS, sealViolations } from "./seal-checks";
import { WALL, wallViolations } from "./wall-checks";

/*
 * The invariants, whatever was retried, duplicated, reordered or killed:
 *
 * - I1: one intent for one key, and one movement of money at most for one attempt.
 * - I2: debits equal credits in every currency.      - I3: history cannot be changed.
 * - I4: stored balances are the sums they stand for. - I5: no amount exceeds the one that bounds it.
 * - I6: states move along legal edges, without gaps. - I7: every change has its event, and every event its deliveries.
 * - I9: attempts, intents, the ledger and the network's own books agree.
 * - I10: nothing is stuck (only where a greatest age is given, because it never holds for a busy system).
 * - I12: no row refers to another tenant's.          - I13: no secret is stored in the clear.
 * - I14: a key can replay its result.                - I15: the audit log says what was done.
 * - I16: no role may do more than it must (src/db/wall).
 * - I17: what was sealed is as it was sealed (src/seals).
 */
export interface AuditOptions {
  /** What the card network moved. A function is called once the database's snapshot is taken. */
  readonly movements?: readonly Movement[] | (() => Promise<readonly Movement[]>);
  /** What the card network has in dispute, and what became of it; given as the movements are. */
  readonly disputes?: readonly NetworkDispute[] | (() => Promise<readonly NetworkDispute[]>);
  /** What the card network has paid out; given as the movements are. */
  readonly payouts?: readonly NetworkPayout[] | (() => Promise<readonly NetworkPayout[]>);
  /** Compare only the movements of intents that have nothing under way. */
  readonly settledOnly?: boolean;
  /** Nothing may be under way for longer than this. */
  readonly maxAgeSeconds?: number;
  /** That were exported, and kept elsewhere. */
  readonly checkpoints?: readonly KeptCheckpoint[];
  /** How far it is with what takes longest, now and then. */
  readonly progress?: (line: string) => void;
}

const SHOWN_MAX = 100;
const PAGE = 10_000;

// An audit reads whole tables, and waits for the network's books in between. The pool's other sessions, which only ever
// look up a few rows, are told that such reads are expensive. Nested loops are off because a young table has no
// statistics: Postgres takes it for empty, and joined row by row 500 payments took two minutes.
const SETTINGS = `
  set local enable_nestloop = off;
  set local statement_timeout = 0;
  set local idle_in_transaction_session_timeout = 0;
  set local random_page_cost = 2;
  set local cpu_tuple_cost = 0.01;
  set local cpu_index_tuple_cost = 0.005`;

/** Every violation there is, as of one moment. It only reads, and can be run while the system is working. */
export async function auditBooks(db: Db, options: AuditOptions = {}): Promise<Violation[]> {
  return db.transaction(
    async (tx) => {
      await tx.raw(SETTINGS);
      const violations: Violation[] = [];
      for (const check of checksFor(options)) violations.push(...(await runCheck(tx, check)));
      violations.push(...(await findLeaks(tx)));
      violations.push(...(await wallViolations(tx)));
      violations.push(...(await sealViolations(tx, SHOWN_MAX, options)));
      if (options.movements) violations.push(...(await compareAll(tx, options)));
      if (options.disputes) violations.push(...(await compareAllDisputes(tx, options.disputes)));
      if (options.payouts) violations.push(...(await compareAllPayouts(tx, options.payouts)));
      return violations;
    },
    { isolationLevel: "repeatable read", readOnly: true },
  );
}

/** The checks, in order. */
export function checkNames(options: AuditOptions): { invariant: string; name: string }[] {
  const witnessed = [
    { invariant: "I1", name: ONE_MOVEMENT },
    { invariant: "I9", name: AGREES },
  ];
  return [
    ...checksFor(options).map(({ invariant, name }) => ({ invariant, name })),
    { invariant: "I13", name: LEAKS },
    { invariant: "I16", name: WALL },
    { invariant: "I17", name: SEALS },
    ...(options.movements ? witnessed : []),
    ...(options.disputes ? [{ invariant: "I9", name: DISPUTES_AGREE }] : []),
    ...(options.payouts ? [{ invariant: "I9", name: PAYOUTS_AGREE }] : []),
  ].sort((a, b) => Number(a.invariant.slice(1)) - Number(b.invariant.slice(1)));
}

function checksFor(options: AuditOptions): readonly Check[] {
  const { maxAgeSeconds } = options;
  return [
    ...PAYMENT_CHECKS,
    ...LEDGER_CHECKS,
    ...PROOF_CHECKS,
    ...DISPUTE_CHECKS,
    ...PAYOUT_CHECKS,
    ...EVENT_CHECKS,
    ...AUDIT_LOG_CHECKS,
    ...(maxAgeSeconds === undefined ? [] : livenessChecks(maxAgeSeconds)),
  ];
}

async function runCheck(tx: Tx, check: Check): Promise<Violation[]> {
  const { rows } = await tx.raw<{ rows: { subject: string; detail: string }[] }>(
    `select subject, detail from (${check.sql}) v limit ?`,
    [...(check.bindings ?? []), SHOWN_MAX],
  );
  const { invariant, name } = check;
  return rows.map(({ subject, detail }) => ({ invariant, check: name, subject, detail }));
}

async function compareAll(tx: Tx, options: AuditOptions): Promise<Violation[]> {
  const until = await now(tx);
  const given = options.movements ?? [];
  const movements = typeof given === "function" ? await given() : given;
  const left = byReference(movements.filter(({ at }) => new Date(at) <= until));
  const violations: Violation[] = [];
  for await (const attempt of readAttempts(tx)) {
    const own = left.get(attempt.id) ?? [];
    left.delete(attempt.id);
    if (options.settledOnly === true && attempt.busy) continue;
    violations.push(...compareAttempt(attempt, own));
  }
  return [...violations, ...orphanedMovements(left, await readAdopted(tx, [...left.keys()]))];
}

/** What nobody here asked for and the correction of its break has posted: the books have it all the same. */
async function readAdopted(tx: Tx, references: readonly string[]): Promise<AdoptedMovement[]> {
  if (references.length === 0) return [];
  const { rows } = await tx.raw<{ rows: AdoptedMovement[] }>(
    `select b.subject_id as "reference", (b.theirs->>'amount')::float8 as "amount",
      b.currency as "currency"
    from reconciliation_breaks b
    where b.merchant_id = ? and b.kind = 'MISSING_HERE' and b.resolution = 'CORRECTED'
      and b.subject_id = any(?)`,
    [PLATFORM_MERCHANT_ID, [...references]],
  );
  return rows;
}

/** Also takes the snapshot when it was not taken yet; what happens after it is not in it. */
async function now(tx: Tx): Promise<Date> {
  const { rows } = await tx.raw<{ rows: { at: Date }[] }>("select clock_timestamp() as at");
  return rows[0]?.at ?? new Date();
}

async function compareAllDisputes(
  tx: Tx,
  given: NonNullable<AuditOptions["disputes"]>,
): Promise<Violation[]> {
  const until = await now(tx);
  return compareDisputes(tx, typeof given === "function" ? await given() : given, until);
}

async function compareAllPayouts(
  tx: Tx,
  given: NonNullable<AuditOptions["payouts"]>,
): Promise<Violation[]> {
  return comparePayouts(tx, typeof given === "function" ? await given() : given);
}

interface ReadAttempt extends ComparedAttempt {
  readonly merchantId: string;
  readonly busy: boolean;
}

async function* readAttempts(tx: Tx): AsyncGenerator<ReadAttempt> {
  let last = { merchantId: "", id: "" };
  for (;;) {
    const { rows } = await tx.raw<{ rows: ReadAttempt[] }>(
      `select a.merchant_id as "merchantId", a.id, a.operation, a.status, a.sends,
        a.amount, a.currency,
        coalesce(r.status in ('FAILED', 'REVERSED'), false) as "undone",
        exists (select from attempts c
          where c.merchant_id = a.merchant_id and c.payment_intent_id = a.payment_intent_id
            and c.operation = 'compensate' and c.target_attempt_id = a.id
            and c.settled_at is null) as "undoing",
        exists (select from attempts o where o.merchant_id = a.merchant_id
          and o.payment_intent_id = a.payment_intent_id
          and o.settled_at is null) as "busy"
      from attempts a left join refunds r on r.merchant_id = a.merchant_id and r.id = a.refund_id
      where (a.merchant_id, a.id) > (?, ?) order by a.merchant_id, a.id limit ?`,
      [last.merchantId, last.id, PAGE],
    );
    yield* rows;
    const end = rows.at(-1);
    if (!end || rows.length < PAGE) return;
    last = end;
  }
}
