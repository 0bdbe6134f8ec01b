import { type Db, type Statement, run } from "../db/db";
import { isDatabaseAway, isLockTimeout } from "../db/errors";
import { PLATFORM_MERCHANT_ID } from "../merchants/api-key";
import type { Log } from "../observability/log";
import { auditDropped } from "../observability/metrics";
import { type CountedEntry, type KeyUse, type Noted, createAggregates } from "./aggregates";

/*
 * What changes nothing (reads, refusals, the use of keys) is recorded beside the requests: none of them waits for it.
 *
 * Guarantees: what was noted is written within a second or, if its like has been written already, when the minute is
 * over; each row once, also when an answer of the database is lost; all of it when the process stops. A process that is
 * killed loses what it had not written. While the database is away, what was noted is kept, within limits; what is
 * lost is counted in oncepay_audit_entries_dropped_total.
 *
 * Cost: at most one statement a second, and none for a request.
 */

export interface AuditBuffer {
  readonly note: (noted: Noted) => void;
  readonly noteUse: (use: KeyUse) => void;
  /** Writes what is due now; tests need not wait for the second. */
  readonly flush: () => Promise<void>;
  /** Writes all there is. */
  readonly stop: () => Promise<void>;
}

const FLUSH_MS = 1_000;
const ROWS_MAX = 1_000;
const QUEUE_MAX = 10_000;

// A stranger's key names a tenant, but need not name one that exists.
const INSERT: Statement = {
  name: "insert_audit_entries",
  text: `
    insert into audit_log (merchant_id, id, action, operation, outcome, error_code, actor_kind,
      actor_id, actor_hint, address, request_id, subject_id, count, at, last_at, details)
    select coalesce(m.id, '${PLATFORM_MERCHANT_ID}'), e.id, e.action, e.operation, e.outcome,
      e.error_code, e.actor_kind, e.actor_id, e.actor_hint, e.address, e.request_id,
      e.subject_id, e.count, e.at, e.last_at, e.details
    from jsonb_to_recordset(?) as e (merchant_id text, id text, action text, operation text,
      outcome text, error_code text, actor_kind text, actor_id text, actor_hint text,
      address text, request_id text, subject_id text, count int, at timestamptz,
      last_at timestamptz, details jsonb)
    left join merchants m on m.id = e.merchant_id
    on conflict do nothing`,
};

export function createAuditBuffer(
  { db, log }: { readonly db: Db; readonly log: Log },
  now: () => number = Date.now,
): AuditBuffer {
  const aggregates = createAggregates((count) => {
    auditDropped.inc(count);
  });
  let queue: CountedEntry[] = [];
  let timer: NodeJS.Timeout | undefined;
  let flying: Promise<boolean> | undefined;

  function enqueue(entries: readonly CountedEntry[]): void {
    const room = QUEUE_MAX - queue.length;
    queue = [...queue, ...entries.slice(0, room)];
    auditDropped.inc(countOf(entries.slice(room)));
  }

  /** Whether the database is there. One at a time: the same rows are not sent twice at once. */
  async function write(): Promise<boolean> {
    const rows = queue.slice(0, ROWS_MAX);
    if (rows.length === 0) return true;
    try {
      await run(db, INSERT, [JSON.stringify(rows.map(toRow))]);
    } catch (error) {
      log.warn({ reason: (error as Error).message }, "the audit log could not be written");
      // What is wrong will pass; anything else would be as wrong the next time.
      if (isDatabaseAway(error) || isLockTimeout(error)) return false;
      auditDropped.inc(countOf(rows));
    }
    queue = queue.slice(rows.length);
    return true;
  }

  function writeAlone(): Promise<boolean> {
    flying ??= write().finally(() => {
      flying = undefined;
    });
    return flying;
  }

  function schedule(): void {
    timer ??= setTimeout(() => {
      enqueue(aggregates.take(now()));
      void writeAlone().finally(() => {
        timer = undefined;
        if (queue.length > 0 || !aggregates.isEmpty()) schedule();
      });
    }, FLUSH_MS).unref();
  }

  return {
    note: (noted) => {
      aggregates.note(noted, now());
      schedule();
    },
    noteUse: (use) => {
      aggregates.noteUse(use, now());
      schedule();
    },
    flush: async () => {
      enqueue(aggregates.take(now()));
      await flying;
      await writeAlone();
    },
    stop: async () => {
      clearTimeout(timer);
      timer = undefined;
      enqueue(aggregates.takeAll());
      await flying;
      while (queue.length > 0 && (await writeAlone()));
      auditDropped.inc(countOf(queue));
    },
  };
}

function countOf(entries: readonly CountedEntry[]): number {
  return entries.reduce((sum, { count }) => sum + count, 0);
}

function toRow({ noted, subjectId, lastAt, ...entry }: CountedEntry): Record<string, unknown> {
  const { actor } = noted;
  return {
    ...entry,
    last_at: lastAt,
    subject_id: subjectId,
    merchant_id: noted.merchantId,
    action: noted.action,
    operation: noted.operation,
    outcome: noted.outcome,
    error_code: noted.errorCode,
    actor_kind: actor.kind,
    actor_id: actor.id,
    actor_hint: actor.hint,
    address: actor.address,
    request_id: actor.requestId,
  };
}
