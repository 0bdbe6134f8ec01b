import { type Db, run } from "../db/db";
import { idRange, onlyGiven } from "../db/filters";
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

async function fetchEntries(
  db: Db,
  merchantId: string,
  list: { readonly filter: AuditLogFilter; readonly request: PageRequest<string> },
): Promise<AuditEntry[]> {
  const { action, actorId, subjectId, recordedAfter: after, recordedBefore: before } = list.filter;
  const { order } = IN_SQL[list.request.direction];
  const { names, texts, values } = onlyGiven([
    { name: "action", text: "action = ?", value: action },
    { name: "actor", text: "actor_id = ?", value: actorId },
    { name: "subject", text: "subject_id = ?", value: subjectId },
    ...idRange({ kind: "auditEntry", column: "id" }, { after, before }, list.request),
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
  return run<AuditEntry>(db, statement, [merchantId, ...values, list.request.limit]);
}
