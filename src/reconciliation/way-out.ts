import { type Db, type Statement, run } from "../db/db";
import type { Proposal, ProposedPosting } from "./break";
import { TELLER } from "./report-store";

/*
 * What corrections have put into suspense, and where it is proposed to go. Money that the processor has taken back since
 * is no longer with it; any other is the merchant's, to keep or to bear. Nothing is posted before somebody approves it.
 * Only where all that is in suspense of an item came from corrections: what came too late is given back by itself.
 *
 * Cost: a probe of the item's breaks and their journals, and one for each list and file since.
 */

const FIND: Statement = {
  name: "find_ways_out_of_suspense",
  text: `
    select i.item_id as "itemId", k.journal_id as "journalId", k.amount as "amount",
      exists (
        select from reconciliation_runs r
        join processor_lines l on l.run_id = r.id and l.reference = i.item_id
          and l.kind = 'reverse' and l.moved_at >= k.began_at
        where ${TELLER} = k.teller and r.source in ('PROCESSOR_LIST', 'SETTLEMENT_FILE')
          and r.period_to > k.began_at) as "isTakenBack"
    from jsonb_to_recordset(?) as i (merchant_id text, item_id text, currency text, amount bigint)
    cross join lateral (
      select (array_agg(j.id order by j.created_at desc, j.id desc))[1] as journal_id,
        min(b.found_at) as began_at, min(coalesce(b.processor_account_id, b.processor)) as teller,
        sum(case when c.kind = 'SUSPENSE' then p.amount else -p.amount end)::bigint as amount
      from reconciliation_breaks b
      join journals j on j.merchant_id = b.merchant_id and j.id = b.journal_id
        and j.kind = 'correction'
      join postings p on p.merchant_id = j.merchant_id and p.journal_id = j.id
        and p.currency = i.currency and not p.pending
      join ledger_accounts d on d.merchant_id = p.merchant_id and d.id = p.debit_account_id
      join ledger_accounts c on c.merchant_id = p.merchant_id and c.id = p.credit_account_id
      where b.merchant_id = i.merchant_id and b.subject_id = i.item_id
        and 'SUSPENSE' in (d.kind, c.kind)
    ) k
    where k.amount = i.amount and k.amount <> 0`,
};

export interface InSuspense {
  readonly merchantId: string;
  readonly itemId: string;
  readonly currency: string;
  /** Above zero: the processor has too much. */
  readonly amount: string;
}

/** By item. */
export async function findWaysOut(
  db: Db,
  items: readonly InSuspense[],
): Promise<ReadonlyMap<string, Proposal>> {
  if (items.length === 0) return new Map();
  const rows = items.map(({ merchantId, itemId, currency, amount }) => ({
    merchant_id: merchantId,
    item_id: itemId,
    currency,
    amount,
  }));
  const found = await run<Found>(db, FIND, [JSON.stringify(rows)]);
  return new Map(found.map((item) => [item.itemId, wayOut(item)]));
}

interface Found {
  readonly itemId: string;
  readonly journalId: string;
  readonly amount: number;
  readonly isTakenBack: boolean;
}

function wayOut({ journalId, amount, isTakenBack }: Found): Proposal {
  const to = isTakenBack ? "PROCESSOR_RECEIVABLE" : "MERCHANT_BALANCE";
  const posting: ProposedPosting =
    amount > 0
      ? { debit: "SUSPENSE", credit: to, amount }
      : { debit: to, credit: "SUSPENSE", amount: -amount };
  return { corrects: journalId, postings: [posting] };
}

/** What a way out takes from suspense; below zero, what it brings there. */
export function suspenseOf({ postings }: Proposal): number {
  return postings.reduce((sum, { debit, credit, amount }) => {
    const sign = Number(debit === "SUSPENSE") - Number(credit === "SUSPENSE");
    return sum + sign * amount;
  }, 0);
}
