import type { Check } from "./check";

/** The audit log against the records of idempotency keys: both are written in the transaction of a write's effect. */
export const AUDIT_LOG_CHECKS: readonly Check[] = [
  {
    invariant: "I15",
    name: "the audit log says of each write what its key's record says",
    // Of one transaction, and so of one moment. A key whose record has expired may be refused under a new one later.
    sql: `
      select a.id as subject, format('%s %s: the record of its key says %s', a.operation,
        coalesce(a.error_code, a.outcome), coalesce(k.failure_code, 'SUCCEEDED')) as detail
      from audit_log a
      join idempotency_keys k on k.merchant_id = a.merchant_id and k.operation = a.operation
        and k.key = a.idempotency_key and k.created_at = a.at
      where a.action = 'WRITE' and (a.outcome = 'REPLAYED'
        or a.error_code is distinct from k.failure_code)`,
  },
  {
    invariant: "I15",
    name: "the audit log has one effect for one key",
    sql: `
      select min(id) as subject, format('%s took effect %s times', operation, count(*)) as detail
      from audit_log
      where action = 'WRITE' and outcome = 'SUCCEEDED' and idempotency_key is not null
      group by merchant_id, operation, idempotency_key having count(*) > 1`,
  },
];
