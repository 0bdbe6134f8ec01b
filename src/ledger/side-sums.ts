import type { Side } from "./accounts";

/**
 * A select of what was posted to one side of an account, and what of it is held: one row, `posted` and `pending`, in minor
 * units. `of` names a row that has the account's `merchant_id` and `id`, and `within` says which postings `p`, by
 * `created_at`, to compare with columns: behind the tenants' wall no index is asked what a sub-select says.
 *
 * Cost: the postings within, by the side's own index (postings_by_debit, postings_by_credit).
 */
function sumsOfSide(side: Side, { of, within }: { of: string; within: string }): string {
  return `
      select coalesce(sum(p.amount) filter (where not p.pending), 0) as posted,
        coalesce(sum(p.amount) filter (where p.pending), 0) as pending
      from postings p
      where p.${side}_account_id = ${of}.id and p.merchant_id = ${of}.merchant_id
        and ${within}`;
}

/** Both sides of an account, to be joined to the row that names it: `debit` and `credit`. */
export function joinSideSums(account: { of: string; within: string }): string {
  return `
    cross join lateral (${sumsOfSide("debit", account)}) debit
    cross join lateral (${sumsOfSide("credit", account)}) credit`;
}
