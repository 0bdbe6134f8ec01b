import type Stripe from "stripe";
import { type Bank, secondsOf, tell } from "./bank";
import { newBalanceTransaction, newPayout } from "./objects";

/** What the simulation sends to the account's bank, and what becomes of it. */

/** All of a currency that was not paid out yet; it takes a while until Stripe says what it consists of. */
export function payOut(bank: Bank, currency = "usd"): Stripe.Payout {
  const due = bank.lines.filter((line) => line.currency === currency && !bank.paidOut.has(line.id));
  const amount = due.reduce((sum, { net }) => sum + net, 0);
  const created = secondsOf(bank);
  const payout = newPayout({ amount, currency, created });
  const line = { type: "payout", amount: -amount, fee: 0, currency, source: payout.id } as const;
  const itself = newBalanceTransaction({ ...line, created });
  payout.balance_transaction = itself.id;
  bank.lines.push(itself);
  for (const { id } of [...due, itself]) bank.paidOut.set(id, payout.id);
  bank.payouts.set(payout.id, payout);
  tell(bank, "payout.created", payout);
  return payout;
}

export function completeReconciliation(bank: Bank, payout: Stripe.Payout): void {
  payout.reconciliation_status = "completed";
  tell(bank, "payout.reconciliation_completed", payout);
}

export function arrive(bank: Bank, payout: Stripe.Payout): void {
  payout.status = "paid";
  tell(bank, "payout.paid", payout);
}

/** The bank has sent it back: it is in the account's balance again, and whole. */
export function sendBack(bank: Bank, payout: Stripe.Payout): void {
  const { amount, currency, id: source } = payout;
  const created = secondsOf(bank);
  const line = { type: "payout_failure", amount, fee: 0, currency, source } as const;
  const back = newBalanceTransaction({ ...line, created });
  bank.lines.push(back);
  payout.status = "failed";
  payout.failure_code = "account_closed";
  payout.failure_balance_transaction = back.id;
  tell(bank, "payout.failed", payout);
}
