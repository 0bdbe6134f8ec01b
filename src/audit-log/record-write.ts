import { userInfo } from "node:os";
import { type Statement, type Tx, run } from "../db/db";
import type { FailureCode, StoredFailure } from "../failures";
import { idKind, newId } from "../ids";
import { type Actor, type AuditAction, type AuditDetails, addressOf } from "./entry";

/*
 * Guarantees: a change and its entry are one commit, because the entry is written in the change's own transaction: if
 * either cannot be stored, neither is. A crash leaves both or neither.
 *
 * Cost: one round trip and one row, for the writes that are audited. The hot statements, and whatever else secret and
 * publishable keys do to payments, write nothing here: the payments' own history says who did it.
 */

/** What a use case is told about who is asking, so that its transaction can record it. */
export interface AuditedWrite {
  readonly actor: Actor;
  /** What it is done to, where that is not what comes of it. */
  readonly subjectId?: string;
  readonly details?: AuditDetails;
}

export interface WrittenEntry extends AuditedWrite {
  readonly merchantId: string;
  readonly action: AuditAction;
  readonly operation: string;
  readonly idempotencyKey?: string;
  /** Why it was refused; absent when it was done. */
  readonly errorCode?: FailureCode | undefined;
}

const INSERT: Statement = {
  name: "insert_audit_entry",
  text: `
    insert into audit_log (merchant_id, id, action, operation, outcome, error_code, actor_kind,
      actor_id, actor_hint, address, request_id, subject_id, idempotency_key, details)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?::jsonb)`,
};

export async function recordWrite(tx: Tx, entry: WrittenEntry): Promise<void> {
  const { actor, errorCode, subjectId } = entry;
  await run(tx, INSERT, [
    entry.merchantId,
    newId("auditEntry"),
    entry.action,
    entry.operation,
    errorCode === undefined ? "SUCCEEDED" : "REFUSED",
    errorCode ?? null,
    actor.kind,
    actor.id,
    actor.hint,
    addressOf(actor.address),
    actor.requestId,
    // What has been refused may name what does not exist; only what is one of our ids is kept.
    subjectId !== undefined && idKind(subjectId) !== undefined ? subjectId : null,
    entry.idempotencyKey ?? null,
    JSON.stringify(entry.details ?? {}),
  ]);
}

/** What became of a write under an idempotency key: its effect or its refusal, whichever is stored with the key. */
export async function recordKeyed(
  tx: Tx,
  key: { readonly merchantId: string; readonly operation: string; readonly key: string },
  done: {
    readonly audit: AuditedWrite;
    readonly result: unknown;
    readonly failure: StoredFailure | undefined;
  },
): Promise<void> {
  const { audit, failure } = done;
  const about = (failure ? failure.details : done.result) as { readonly id?: unknown } | null;
  const subjectId = audit.subjectId ?? about?.id;
  await recordWrite(tx, {
    ...audit,
    merchantId: key.merchantId,
    action: "WRITE",
    operation: key.operation,
    idempotencyKey: key.key,
    errorCode: failure?.code,
    ...(typeof subjectId === "string" && { subjectId }),
  });
}

/** A command that changes something, in the transaction in which it does. */
export async function recordCommand(
  tx: Tx,
  command: {
    readonly merchantId: string;
    readonly name: string;
    readonly subjectId?: string;
    readonly details?: AuditDetails;
  },
): Promise<void> {
  const { merchantId, name, subjectId, details } = command;
  await recordWrite(tx, {
    merchantId,
    action: "COMMAND",
    operation: name,
    actor: { kind: "COMMAND_LINE", id: null, hint: null, address: null, requestId: null },
    details: { ...details, ...userName() },
    ...(subjectId !== undefined && { subjectId }),
  });
}

/** A container's user need not have a name. */
function userName(): Pick<AuditDetails, "user"> {
  try {
    return { user: userInfo().username.slice(0, 100) };
  } catch {
    return {};
  }
}
