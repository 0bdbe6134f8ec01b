import { type Statement, type Tx, run } from "../db/db";
import type { Break } from "./break";
import { tellOfResolved } from "./break-store";
import type { Unproven } from "./prove-store";

/*
 * The accounts that should be empty, and what is in them, item by item: a payment's attempt whose money is in suspense, a
 * dispute that is not decided, a payout on its way. What one item has too much does not make up for what another lacks.
 * An item is as old as its first posting, however much later it was read.
 *
 * Cost: of a slice, the postings to these accounts alone, by their index. What is cleared has no row any more.
 */

const KINDS = ["SUSPENSE", "DISPUTES", "PAYOUTS"];

// Money that nobody asked for is given back within minutes: after a day somebody must look. A dispute is decided within
// four months. A payout arrives when the processor says, and the file that tells of it comes a day later.
const CLEARED_WITHIN_HOURS = { suspense: 24, disputes: 120 * 24, payouts: 48 };
export type ClearedWithin = typeof CLEARED_WITHIN_HOURS;

/*
 * By what its journal is about: what gives money back is about the attempt that moved it, and a correction about what its
 * break is about.
 */
const ADD_ITEMS: Statement = {
  name: "add_up_clearing_items",
  text: `
    with account as materialized (
      select a.merchant_id, a.id, a.kind, a.currency, q.since, q.until
      from (select ?::text as merchant_id, ?::timestamptz as since, ?::timestamptz as until,
        ?::text[] as kinds) q
      join ledger_accounts a on a.merchant_id = q.merchant_id and a.kind = any(q.kinds)
    ), moved as materialized (
      select a.merchant_id, a.id as account_id, a.kind, a.currency, p.journal_id, p.created_at,
        p.amount
      from account a cross join lateral (
        select c.journal_id, c.created_at, c.amount from postings c
        where c.credit_account_id = a.id and c.merchant_id = a.merchant_id and not c.pending
          and c.created_at >= a.since and c.created_at < a.until
        union all
        select d.journal_id, d.created_at, -d.amount from postings d
        where d.debit_account_id = a.id and d.merchant_id = a.merchant_id and not d.pending
          and d.created_at >= a.since and d.created_at < a.until
      ) p
    ), item as (
      select m.merchant_id, m.account_id, n.item_id, m.kind, m.currency,
        max(j.payment_intent_id) as payment_intent_id, sum(m.amount) as amount,
        min(m.created_at) as since
      from moved m
      left join journals j on j.merchant_id = m.merchant_id and j.id = m.journal_id
      left join attempts t on t.merchant_id = j.merchant_id and t.id = j.source_id
        and t.operation = 'compensate'
      left join reconciliation_breaks b on b.merchant_id = j.merchant_id and b.id = j.source_id
      cross join lateral (
        select coalesce(t.target_attempt_id, b.subject_id, j.source_id, m.journal_id) as item_id
      ) n
      group by m.merchant_id, m.account_id, n.item_id, m.kind, m.currency
    )
    insert into clearing_items as c (merchant_id, account_id, item_id, kind, currency,
      payment_intent_id, amount, open_since)
    select merchant_id, account_id, item_id, kind, currency, payment_intent_id, amount, since
    from item order by merchant_id, account_id, item_id
    on conflict (merchant_id, account_id, item_id) do update
    set amount = c.amount + excluded.amount`,
};

const FORGET_CLEARED: Statement = {
  name: "forget_cleared_items",
  text: `delete from clearing_items where merchant_id = ? and amount = 0`,
};

export async function addItems(tx: Tx, slice: Unproven): Promise<void> {
  const { merchantId, clearedBefore, until } = slice;
  await run(tx, ADD_ITEMS, [merchantId, clearedBefore, until, KINDS]);
  await run(tx, FORGET_CLEARED, [merchantId]);
}

export interface OpenItem {
  readonly merchantId: string;
  readonly itemId: string;
  readonly paymentIntentId: string | null;
  readonly kind: string;
  readonly currency: string;
  readonly amount: string;
  readonly openSince: string;
}

/* What is known already is not found again, so that a hundred old items do not hide the next. */
const FIND_UNCLEARED: Statement = {
  name: "find_uncleared_items",
  text: `
    with late as (
      (select c.* from clearing_items c
      where c.kind = 'SUSPENSE' and c.open_since < now() - ? * interval '1 hour')
      union all
      (select c.* from clearing_items c
      where c.kind = 'DISPUTES' and c.open_since < now() - ? * interval '1 hour')
      union all
      (select c.* from payouts p
      join ledger_accounts a on a.merchant_id = p.merchant_id and a.kind = 'PAYOUTS'
        and a.currency = p.currency
      join clearing_items c on c.merchant_id = p.merchant_id and c.account_id = a.id
        and c.item_id = p.id
      where p.status = 'IN_TRANSIT' and p.arrives_at < now() - ? * interval '1 hour')
    )
    select l.merchant_id as "merchantId", l.item_id as "itemId",
      l.payment_intent_id as "paymentIntentId", l.kind as "kind", l.currency as "currency",
      l.amount::text as "amount", iso(l.open_since) as "openSince"
    from late l
    where not exists (
      select from reconciliation_breaks b
      where b.merchant_id = l.merchant_id and b.subject_id = l.item_id and b.kind = 'UNCLEARED'
        and b.found_at > l.open_since)
    order by l.open_since limit ?`,
};

/** What has been in a clearing account for longer than it should, and nobody has been told of. */
export async function findUncleared(
  tx: Tx,
  { within, limit }: { readonly within?: ClearedWithin | undefined; readonly limit: number },
): Promise<OpenItem[]> {
  const { suspense, disputes, payouts } = within ?? CLEARED_WITHIN_HOURS;
  return run<OpenItem>(tx, FIND_UNCLEARED, [suspense, disputes, payouts, limit]);
}

const CLOSE_CLEARED: Statement = {
  name: "close_cleared_breaks",
  text: `
    update reconciliation_breaks b
    set status = 'RESOLVED', resolution = 'CLOSED_ITSELF', resolved_at = now(),
      explanation = 'nothing of it is left in the account', next_at = null
    where b.kind = 'UNCLEARED' and b.status <> 'RESOLVED' and not exists (
      select from ledger_accounts a
      join clearing_items c on c.merchant_id = a.merchant_id and c.account_id = a.id
        and c.item_id = b.subject_id
      where a.merchant_id = b.merchant_id)
    returning b.merchant_id as "merchantId", b.id as "id"`,
};

export async function closeCleared(tx: Tx): Promise<number> {
  return tellOfResolved(tx, await run<Pick<Break, "id" | "merchantId">>(tx, CLOSE_CLEARED, []));
}
