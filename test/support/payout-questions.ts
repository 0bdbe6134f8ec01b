import type { Db } from "../../src/db/db";
import { findPayouts, listPayoutLines, listPayouts } from "../../src/payouts/list-payouts";
import { type Question, now, pages } from "./plan-questions";

interface Shop {
  readonly own: Db;
  readonly merchantId: string;
  readonly payouts: readonly string[];
}

/** One for each payment of these merchants, of some lines. */
export const PAYOUTS_OF_PAYMENTS = `
  with paid as (
    select a.* from attempts a
    where a.merchant_id = any(?) and a.operation = 'charge' and a.status = 'SUCCEEDED'
  ), payout as (
    insert into payouts (merchant_id, id, processor, processor_payout_id, report_id, status, amount,
      currency, line_count, arrives_at, changed_at)
    select merchant_id, 'po' || substr(payment_intent_id, 3), processor, 'pay_' || id, 'rec', 'PAID',
      3, currency, 3, now(), now()
    from paid on conflict do nothing returning merchant_id, id
  )
  insert into payout_lines (merchant_id, payout_id, line, kind, amount, attempt_id,
    payment_intent_id, movement_id)
  select p.merchant_id, 'po' || substr(p.payment_intent_id, 3), n, 'CHARGE', 1, p.id,
    p.payment_intent_id, 'mov_' || n
  from paid p join payout o on o.merchant_id = p.merchant_id
    and o.id = 'po' || substr(p.payment_intent_id, 3)
  cross join generate_series(1, 3) n`;

/** What is asked about payouts. The shop is known only later. */
export function payoutQuestions(shop: () => Shop): Question[] {
  const first = (): string => shop().payouts[0] ?? "";
  return [
    now("payouts by id", () => findPayouts(shop().own, shop().merchantId, shop().payouts)),
    ...pages("payouts", first, (page) => listPayouts(shop().own, shop().merchantId, { page })),
    ...pages(
      "lines of a payout",
      () => "2",
      (page) => listPayoutLines(shop().own, shop().merchantId, { payoutId: first(), page }),
    ),
  ];
}
