import type { TestApp } from "./app";

/** What is held in suspense for a merchant, by operation, and what attempts of unknown outcome may have moved. */
export interface Suspense {
  readonly held: number;
  readonly unknown: number;
}

/** One statement: both as they stand at one moment. Refunds are below zero. */
export async function suspenseOf(t: TestApp, merchantId: string): Promise<Suspense> {
  const { rows } = await t.db.raw<{ rows: Suspense[] }>(
    `select
       (select coalesce(sum(case when p.credit_account_id = l.id then p.amount else -p.amount end), 0)
        from ledger_accounts l
        join postings p on p.merchant_id = l.merchant_id and p.pending
          and l.id in (p.debit_account_id, p.credit_account_id)
        where l.merchant_id = m.id and l.kind = 'SUSPENSE')::int as "held",
       (select coalesce(sum(case a.operation when 'refund' then -a.amount else a.amount end), 0)
        from attempts a where a.merchant_id = m.id and a.status = 'UNKNOWN'
          and a.operation in ('charge', 'capture', 'refund'))::int as "unknown"
     from merchants m where m.id = ?`,
    [merchantId],
  );
  return rows[0] as Suspense;
}

/** What was booked for an intent's attempts of one operation because their outcome was unknown, in order. */
export async function suspenseJournals(
  t: TestApp,
  intentId: string,
  operation: string,
): Promise<string[]> {
  return t
    .db("journals as j")
    .join("attempts as a", "a.id", "j.source_id")
    .where({ "j.payment_intent_id": intentId, "a.operation": operation })
    .whereIn("j.kind", ["suspense_hold", "suspense_void"])
    .orderBy("j.created_at")
    .pluck("j.kind");
}
