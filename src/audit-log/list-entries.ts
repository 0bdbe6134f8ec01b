import { type Db, run } from "../db/db";
import { onlyGiven } from "../db/filters";
import { idFloor } from "../ids";
import {
  IN_SQL,
  type Page,
  type PageArguments,
  type PageRequest,
  byId,
  readPage,
} from "../pagination";
import type { AuditAction, AuditEntry } from "./entry";

export interface AuditLogFilter {
  readonly action?: AuditAction | null | undefined;
  readonly actorId?: string | null | undefined;
  readonly subjectId?: string | null | undefined;
  /** ISO 8601; at this moment or later. */
  readonly recordedAfter?: string | null | undefined;
  /** ISO 8601; earlier than this moment. */
  readonly recordedBefore?: string | null | undefined;
}

/** Entries of one tenant, newest first. Each filter alone has an index; of several together, one is read through. */
export async function listAuditEntries(
  db: Db,
  merchantId: string,
  list: { readonly filter?: AuditLogFilter | null | undefined; readonly page: PageArguments },
): Promise<Page<AuditEntry>> {
  const filter = list.filter ?? {};
  return readPage<AuditEntry, string>(
    {
      ...byId("auditEntry"),
      fetch: (request) => fetchEntries(db, merchantId, { filter, request }),
    },
    list.page,
  );
}

/** An entry's id is made when it is recorded, so a range of time is a range of ids. */
function recordedFrom(at: string): string {
  return idFloor("auditEntry", Date.parse(at));
}

async function fetchEntries(
  db: Db,
  merchantId: string,
  list: { readonly filter: AuditLogFilter; readonly request: PageRequest<string> },
): Promise<AuditEntry[]> {
  const { action, actorId, subjectId, recordedAfter, recordedBefore } = list.filter;
  const { direction, from, limit } = list.request;
  const { beyond, order } = IN_SQL[direction];
  const { names, texts, values } = onlyGiven([
    { name: "action", text: "action = ?", value: action },
    { name: "actor", text: "actor_id = ?", value: actorId },
    { name: "subject", text: "subject_id = ?", value: subjectId },
    { name: "after", text: "id >= ?", value: recordedAfter && recordedFrom(recordedAfter) },
    { name: "before", text: "id < ?", value: recordedBefore && recordedFrom(recordedBefore) },
    { name: "from", text: `id ${beyond} ?`, value: from },
  ]);
  const statement = {
    name: ["list_audit_entries", order, ...names].join("_"),
    text: `
      select id, action, operation, outcome, error_code as "errorCode", actor_kind as "actorKind",
        actor_id as "actorId", actor_hint as "actorHint", address, request_id as "requestId",
        subject_id as "subjectId", idempotency_key as "idempotencyKey", count,
        iso(at) as "at", iso(last_at) as "lastAt", details
      from audit_log where merchant_id = ? ${texts.map((text) => `and ${text}`).join(" ")}
      order by id ${order} limit ?`,
  };
  return run<AuditEntry>(db, statement, [merchantId, ...values, limit]);
}
