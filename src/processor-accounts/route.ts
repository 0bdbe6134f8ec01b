/**
 * A rule of a merchant's routing: payments that meet all that it asks for go to its account. Of the rules the first one
 * counts that a payment meets and whose account is not disabled; the last one asks for nothing.
 */
export interface Route {
  readonly currency: string | null;
  /** Minor units, both inclusive. */
  readonly minAmount: number | null;
  readonly maxAmount: number | null;
  readonly captureMethod: "AUTOMATIC" | "MANUAL" | null;
  /** Null: the installation's own processor. */
  readonly processorAccountId: string | null;
}

export const ROUTES_MAX = 100;

/** What a payment that no account takes is refused with; nothing is stored, so that it may be tried again. */
export const UNROUTED = "UNROUTED";

/*
 * Where a payment goes, for a command `c` and its locked intent `l`. A card's token is one account's, so a payment that
 * was tried with the same token stays where it was tried. A merchant without rules costs one probe of an index, and so
 * does one whose payment has been tried before.
 */
export const ROUTED = `
  left join lateral (
    select true as found, a.processor, a.processor_account_id as account_id, p.status
    from attempts a
    left join processor_accounts p
      on p.merchant_id = a.merchant_id and p.id = a.processor_account_id
    where l.attempts_made > 0 and a.merchant_id = l.merchant_id and a.payment_intent_id = l.id
      and a.operation in ('charge', 'authorize')
      and a.payment_method = coalesce(c.payment_method, l.payment_method)
    order by a.id desc limit 1 offset 0
  ) tried on true
  left join lateral (
    select t.account_id, p.processor, p.status
    from processor_routes t
    left join processor_accounts p on p.merchant_id = t.merchant_id and p.id = t.account_id
    where t.merchant_id = l.merchant_id
      and (t.currency is null or t.currency = l.currency)
      and (t.amount_from is null or t.amount_from <= l.amount)
      and (t.amount_to is null or t.amount_to >= l.amount)
      and (t.capture_method is null or t.capture_method = l.capture_method)
    order by p.status is not distinct from 'DISABLED', t.position limit 1 offset 0
  ) rule on tried.found is null`;

export const ROUTED_COLUMNS = `
  case when tried.found then tried.processor else coalesce(rule.processor, c.processor) end
    as routed_to,
  case when tried.found then tried.account_id else rule.account_id end as account_id`;

/** Whether the account is disabled; null and false: it is not. */
export const IS_CLOSED = `(case when tried.found then tried.status else rule.status end
  = 'DISABLED')`;
