import { type Db, type Statement, type Tx, run } from "../db/db";
import { API_VERSION } from "../events/event-types";
import { newId } from "../ids";
import type { DisputeStatus } from "../processors/dispute";
import type { Dispute, NewDispute } from "./dispute";

/** Every statement that reads or writes a dispute, but for the lists. A write brings its event with it. */

const FIND: Statement = {
  name: "find_disputes",
  text: `
    select dispute_snapshot(d) as "snapshot" from disputes d
    where d.merchant_id = ? and d.id = any(?)`,
};

/** The disputes with these ids, in no particular order; those that do not exist are left out. */
export async function findDisputes(
  db: Db,
  merchantId: string,
  ids: readonly string[],
): Promise<Dispute[]> {
  const rows = await run<{ snapshot: Dispute }>(db, FIND, [merchantId, ids]);
  return rows.map(({ snapshot }) => snapshot);
}

const FIND_BY_PROCESSOR: Statement = {
  name: "find_dispute_of_processor",
  text: `
    select dispute_snapshot(d) as "snapshot" from disputes d
    where d.merchant_id = ? and d.processor = ? and d.processor_dispute_id = ?`,
};

/** The dispute that a processor knows by this id. */
export async function findDisputeOfProcessor(
  tx: Tx,
  merchantId: string,
  { processor, id }: { readonly processor: string; readonly id: string },
): Promise<Dispute | undefined> {
  const [row] = await run<{ snapshot: Dispute }>(tx, FIND_BY_PROCESSOR, [
    merchantId,
    processor,
    id,
  ]);
  return row?.snapshot;
}

const INSERT: Statement = {
  name: "insert_dispute",
  text: `
    with dispute as (
      insert into disputes as d (merchant_id, id, payment_intent_id, attempt_id, processor,
        processor_dispute_id, status, reason, amount, currency, fee, evidence_due_by, opened_at,
        opened_event_id)
      values (?, ?, ?, ?, ?, ?, 'OPEN', ?, ?, ?, ?, ?, ?, ?)
      returning d.merchant_id, d.id, d.version, d.opened_event_id, dispute_snapshot(d) as object
    ), event as (
      insert into events (merchant_id, id, type, api_version, subject_id, sequence, object)
      select merchant_id, opened_event_id, 'dispute.created', '${API_VERSION}', id, version, object
      from dispute
      returning merchant_id, id
    )
    insert into outbox (merchant_id, event_id) select merchant_id, id from event`,
};

export async function insertDispute(tx: Tx, dispute: NewDispute): Promise<void> {
  await run(tx, INSERT, [
    dispute.merchantId,
    dispute.id,
    dispute.paymentIntentId,
    dispute.attemptId,
    dispute.processor,
    dispute.processorDisputeId,
    dispute.reason,
    dispute.amount,
    dispute.currency,
    dispute.fee,
    dispute.evidenceDueBy,
    dispute.openedAt,
    newId("event"),
  ]);
}

const CLOSE: Statement = {
  name: "close_dispute",
  text: `
    with dispute as (
      update disputes d
      set status = ?, closed_at = ?, closed_event_id = ?, version = d.version + 1,
        updated_at = now()
      where d.merchant_id = ? and d.id = ? and d.status = 'OPEN'
      returning d.merchant_id, d.id, d.version, d.closed_event_id, dispute_snapshot(d) as object
    ), event as (
      insert into events (merchant_id, id, type, api_version, subject_id, sequence, object)
      select merchant_id, closed_event_id, ?, '${API_VERSION}', id, version, object from dispute
      returning merchant_id, id
    )
    insert into outbox (merchant_id, event_id) select merchant_id, id from event
    returning event_id`,
};

/** The intent is locked, so that nobody else can have decided it. */
export async function closeDispute(
  tx: Tx,
  merchantId: string,
  dispute: {
    readonly id: string;
    readonly status: Exclude<DisputeStatus, "OPEN">;
    readonly closedAt: string;
  },
): Promise<void> {
  const { id, status, closedAt } = dispute;
  const type = status === "WON" ? "dispute.won" : "dispute.lost";
  const bindings = [status, closedAt, newId("event"), merchantId, id, type];
  const closed = await run(tx, CLOSE, bindings);
  if (closed.length !== 1) throw new Error(`${id} is decided already`);
}
