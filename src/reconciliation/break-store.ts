import { type Db, type Statement, type Tx, run } from "../db/db";
import { API_VERSION, type EventType } from "../events/event-types";
import { newId } from "../ids";
import type { Break, BreakKind, BreakResolution, NewBreak } from "./break";

/**
 * Every statement that reads or writes breaks, but for the lists and those that close what has come. A break that is
 * found, explained or resolved brings its event with it, in one commit.
 */

const INSERT: Statement = {
  name: "insert_reconciliation_breaks",
  text: `
    with found as (
      insert into reconciliation_breaks as b (merchant_id, id, kind, source, processor,
        processor_account_id, report_id, subject_id, payment_intent_id, currency, detail, ours,
        theirs, proposal, next_at)
      select merchant_id, id, kind, source, processor, processor_account_id, report_id, subject_id,
        payment_intent_id, currency, detail, ours, theirs, proposal,
        now() + due_in_ms * interval '1 millisecond'
      from jsonb_to_recordset(?) as n (merchant_id text, id text, kind text, source text,
        processor text, processor_account_id text, report_id text, subject_id text,
        payment_intent_id text, currency text, detail text, ours jsonb, theirs jsonb,
        proposal jsonb, due_in_ms bigint)
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
    processor_account_id: found.processorAccountId,
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

/** One that is changed, and the event that tells of it, in one statement. */
function telling(name: string, type: EventType, change: string): Statement {
  return {
    name,
    text: `
      with changed as (
        ${change}
        returning b.merchant_id, b.id, reconciliation_break_snapshot(b) as object
      ), told as (
        insert into events (merchant_id, id, type, api_version, subject_id, object)
        select c.merchant_id, ?, '${type}', '${API_VERSION}', c.id, c.object from changed c
        returning merchant_id, id
      ), announced as (
        insert into outbox (merchant_id, event_id) select merchant_id, id from told
      )
      select object as "snapshot" from changed`,
  };
}

const EXPLAIN = telling(
  "explain_reconciliation_break",
  "reconciliation.break_explained",
  `update reconciliation_breaks b
        set status = 'EXPLAINED', explanation = ?, owner = ?, explained_at = now()
        where b.id = ? and b.merchant_id = ?`,
);

const RESOLVE = telling(
  "resolve_reconciliation_break",
  "reconciliation.break_resolved",
  `update reconciliation_breaks b
        set status = 'RESOLVED', resolution = ?, explanation = ?, owner = coalesce(?, owner),
          journal_id = ?, resolved_at = now(), next_at = null
        where b.id = ? and b.merchant_id = ? and b.status <> 'RESOLVED'`,
);

export async function explainBreak(
  tx: Db,
  { id, merchantId }: Pick<Break, "id" | "merchantId">,
  said: { readonly explanation: string; readonly owner: string },
): Promise<Break> {
  const bindings = [said.explanation, said.owner, id, merchantId, newId("event")];
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
  const values = [resolution, explanation, owner ?? null, journalId ?? null];
  const bindings = [...values, id, merchantId, newId("event")];
  const [row] = await run<{ snapshot: Break }>(tx, RESOLVE, bindings);
  return row?.snapshot;
}

const FIND_REVERSING: Statement = {
  name: "find_movements_being_reversed",
  text: `
    select reversing as "reversing" from reconciliation_breaks where id = ? and merchant_id = ?`,
};

/** The movements whose reversal has been begun; null where none has. */
export async function findReversing(
  db: Db,
  { id, merchantId }: Pick<Break, "id" | "merchantId">,
): Promise<readonly string[] | null> {
  const bindings = [id, merchantId];
  const [row] = await run<{ reversing: string[] | null }>(db, FIND_REVERSING, bindings);
  return row?.reversing ?? null;
}

const BEGIN_REVERSING: Statement = {
  name: "begin_to_reverse_movements",
  text: `
    update reconciliation_breaks set reversing = ?::text[]
    where id = ? and merchant_id = ? and status <> 'RESOLVED' and reversing is null
    returning id`,
};

/** Once, and never others. False when somebody has resolved it, or begun, meanwhile. */
export async function beginReversing(
  db: Db,
  { id, merchantId }: Pick<Break, "id" | "merchantId">,
  movementIds: readonly string[],
): Promise<boolean> {
  const rows = await run(db, BEGIN_REVERSING, [movementIds, id, merchantId]);
  return rows.length > 0;
}

const TELL_RESOLVED: Statement = {
  name: "tell_of_resolved_breaks",
  text: `
    with told as (
      insert into events (merchant_id, id, type, api_version, subject_id, object)
      select b.merchant_id, n.event_id, 'reconciliation.break_resolved', '${API_VERSION}', b.id,
        reconciliation_break_snapshot(b)
      from unnest(?::text[], ?::text[], ?::text[]) as n (merchant_id, id, event_id)
      join reconciliation_breaks b on b.merchant_id = n.merchant_id and b.id = n.id
      returning merchant_id, id
    )
    insert into outbox (merchant_id, event_id) select merchant_id, id from told`,
};

/** Of those that were just closed together, in the same commit; returns how many there were. */
export async function tellOfResolved(
  tx: Tx,
  closed: readonly Pick<Break, "id" | "merchantId">[],
): Promise<number> {
  if (closed.length > 0) {
    await run(tx, TELL_RESOLVED, [
      closed.map(({ merchantId }) => merchantId),
      closed.map(({ id }) => id),
      closed.map(() => newId("event")),
    ]);
  }
  return closed.length;
}
