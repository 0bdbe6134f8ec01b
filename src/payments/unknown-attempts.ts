import { type Db, type Statement, run } from "../db";

/** An attempt whose outcome nobody knows yet, as an operator sees it. */
export interface UnknownAttempt {
  readonly id: string;
  readonly paymentIntentId: string;
  readonly operation: string;
  readonly processor: string;
  /** Minor units. */
  readonly amount: number;
  readonly currency: string;
  readonly message: string | null;
  readonly unknownSince: string;
  readonly ageSeconds: number;
  readonly lookups: number;
  readonly nextLookupAt: string | null;
}

const LIST: Statement = {
  name: "list_unknown_attempts",
  text: `
    select id as "id", payment_intent_id as "paymentIntentId", operation as "operation", processor as "processor",
      amount as "amount", currency as "currency", message as "message", iso(unknown_since) as "unknownSince",
      extract(epoch from now() - unknown_since)::int as "ageSeconds", lookups as "lookups", iso(next_at) as "nextLookupAt"
    from attempts
    where merchant_id = ? and status = 'UNKNOWN' and id > ? order by id limit ?`,
};

/** Oldest first: those that a person should look at. `afterId`: the last one of the page before, or "". */
export async function listUnknownAttempts(
  db: Db,
  merchantId: string,
  page: { readonly afterId: string; readonly limit: number },
): Promise<UnknownAttempt[]> {
  return run<UnknownAttempt>(db, LIST, [merchantId, page.afterId, page.limit]);
}
