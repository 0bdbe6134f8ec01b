import { type Db, type Statement, type Tx, run } from "../db/db";
import { API_VERSION } from "../events/event-types";
import { newId } from "../ids";
import type { Break, BreakKind, BreakResolution, NewBreak } from "./break";

/** Every statement that reads or writes breaks, but for the lists. A break that is found brings its event with it. */

const INSERT: Statement = {
  name: "insert_reconciliation_breaks",
  text: `
    with found as (
      insert into reconciliation_breaks as b (merchant_id, id, kind, source, processor, report_id,
        subject_id, payment_intent_id, currency, detail, ours, theirs, proposal, next_at)
      select merchant_id, id, kind, source, processor, report_id, subject_id, payment_intent_id,
        currency, detail, ours, theirs, proposal, now() + due_in_ms * interval '1 millisecond'
      from jsonb_to_recordset(?) as n (merchant_id text, id text, kind text, source text,
        processor text, report_id text, subject_id text, payment_intent_id text, currency text,
        detail text, ours jsonb, theirs jsonb, proposal jsonb, due_in_ms bigint)
      order by merchant_id, subject_id, kind, detail
      on conflict do nothing
      returning b.merchant_id, b.id, b.kind, reconciliation_break_snapshot(b) as object
    ), told as (
      insert into events (merchant_id, id, type, api_version, subject_id, object)
      select f.merchant_id, 'evt_' || substr(f.id, 5), 'reconciliation.break_found',
        '${API_VERSION}', f.id, f.object
      from found f
      returning merchant_id, id
    ), announced as (
      insert into outbox (merchant_id, event_id) select merchant_id, id from told
    )
    select id as "id", kind as "kind", merchant_id as "merchantId" from found`,
};

export interface FoundBreak {
  readonly id: string;
  readonly kind: BreakKind;
  readonly merchantId: string;
}

/** Those that were not known before. */
export async function insertBreaks(tx: Db, breaks: readonly NewBreak[]): Promise<FoundBreak[]> {
  if (breaks.length === 0) return [];
  const rows = breaks.map((found) => ({
    merchant_id: found.merchantId,
    // Its event gets the same id with another prefix, so that the statement needs no list of them.
    id: newId("reconciliationBreak"),
    kind: found.kind,
    source: found.source,
    processor: found.processor,
    report_id: found.reportId,
    subject_id: found.subjectId,
    payment_intent_id: found.paymentIntentId,
    currency: found.currency,
    detail: found.detail,
    ours: found.ours,
    theirs: found.theirs,
    proposal: found.proposal,
    due_in_ms: found.dueInMs,
  }));
  return run<FoundBreak>(tx, INSERT, [JSON.stringify(rows)]);
}

const FIND: Statement = {
  name: "find_reconciliation_breaks",
  text: `
    select reconciliation_break_snapshot(b) as "snapshot" from reconciliation_breaks b
    where b.id = any(?) and b.merchant_id = ?`,
};

/** The breaks with these ids, in no particular order; those that do not exist are left out. */
export async function findBreaks(
  db: Db,
  merchantId: string,
  ids: readonly string[],
): Promise<Break[]> {
  const rows = await run<{ snapshot: Break }>(db, FIND, [ids, merchantId]);
  return rows.map(({ snapshot }) => snapshot);
}

const FIND_OF_ANYBODY: Statement = {
  name: "find_reconciliation_break_of_anybody",
  text: `
    select reconciliation_break_snapshot(b) as "snapshot" from reconciliation_breaks b
    where b.id = ?`,
};

/** Of any merchant, and of nobody: for the installation's own operators. */
export async function findBreakOfAnybody(db: Db, id: string): Promise<Break | undefined> {
  const [row] = await run<{ snapshot: Break }>(db, FIND_OF_ANYBODY, [id]);
  return row?.snapshot;
}

const LOCK: Statement = {
  name: "lock_reconciliation_break",
  text: `
    select reconciliation_break_snapshot(b) as "snapshot" from reconciliation_breaks b
    where b.id = ? and (?::text is null or b.merchant_id = ?) for update`,
};

/** Of any merchant, where none is given. */
export async function lockBreak(
  tx: Tx,
  merchantId: string | null,
  id: string,
): Promise<Break | undefined> {
  const [row] = await run<{ snapshot: Break }>(tx, LOCK, [id, merchantId, merchantId]);
  return row?.snapshot;
}

const EXPLAIN: Statement = {
  name: "explain_reconciliation_break",
  text: `
    update reconciliation_breaks b
    set status = 'EXPLAINED', explanation = ?, owner = ?, explained_at = now()
    where b.id = ? and b.merchant_id = ?
    returning reconciliation_break_snapshot(b) as "snapshot"`,
};

const RESOLVE: Statement = {
  name: "resolve_reconciliation_break",
  text: `
    update reconciliation_breaks b
    set status = 'RESOLVED', resolution = ?, explanation = ?, owner = coalesce(?, owner),
      journal_id = ?, resolved_at = now(), next_at = null
    where b.id = ? and b.merchant_id = ? and b.status <> 'RESOLVED'
    returning reconciliation_break_snapshot(b) as "snapshot"`,
};

export async function explainBreak(
  tx: Tx,
  { id, merchantId }: Break,
  said: { readonly explanation: string; readonly owner: string },
): Promise<Break> {
  const bindings = [said.explanation, said.owner, id, merchantId];
  const [row] = await run<{ snapshot: Break }>(tx, EXPLAIN, bindings);
  if (!row) throw new Error("a break that is locked is not there");
  return row.snapshot;
}

/** Undefined when somebody has resolved it meanwhile. */
export async function closeBreak(
  tx: Db,
  { id, merchantId }: Pick<Break, "id" | "merchantId">,
  how: {
    readonly resolution: BreakResolution;
    readonly explanation: string;
    readonly owner?: string | null;
    readonly journalId?: string | null;
  },
): Promise<Break | undefined> {
  const { resolution, explanation, owner, journalId } = how;
  const bindings = [resolution, explanation, owner ?? null, journalId ?? null, id, merchantId];
  const [row] = await run<{ snapshot: Break }>(tx, RESOLVE, bindings);
  return row?.snapshot;
}
