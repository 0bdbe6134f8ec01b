import type Stripe from "stripe";
import type { DisputeNews, DisputeReason, DisputeStatus } from "../dispute";
import { fromStripeAmount } from "./currencies";
import { isoOf } from "./outcomes";

/*
 * Disputes in our words. Inquiries ("warning_…") and what was prevented have taken nothing back, and are no news. An open
 * dispute is news once Stripe has withdrawn the money, because only then its fee is known, which is the same in all news.
 */

const REASONS: Readonly<Record<string, DisputeReason>> = {
  credit_not_processed: "CREDIT_NOT_PROCESSED",
  duplicate: "DUPLICATE",
  fraudulent: "FRAUDULENT",
  product_not_received: "PRODUCT_NOT_RECEIVED",
  product_unacceptable: "PRODUCT_UNACCEPTABLE",
  subscription_canceled: "SUBSCRIPTION_CANCELED",
  unrecognized: "UNRECOGNIZED",
};

const STATUSES: Readonly<Record<string, DisputeStatus>> = {
  needs_response: "OPEN",
  under_review: "OPEN",
  appeal_needs_response: "OPEN",
  appeal_under_review: "OPEN",
  won: "WON",
  lost: "LOST",
};

export function toDisputeNews(dispute: Stripe.Dispute, heardAt: number): DisputeNews | undefined {
  const status = Object.hasOwn(STATUSES, dispute.status) ? STATUSES[dispute.status] : undefined;
  const withdrawal = dispute.balance_transactions.find(({ amount }) => amount < 0);
  const amountMinor = fromStripeAmount(dispute.amount, dispute.currency);
  if (status === undefined || withdrawal === undefined || amountMinor === undefined) {
    return undefined;
  }
  const { evidence_details: evidence, reason } = dispute;
  return {
    kind: "dispute",
    status,
    processorDisputeId: dispute.id,
    amountMinor,
    currency: dispute.currency.toUpperCase(),
    feeMinor: feeOf(withdrawal, dispute.currency),
    reason: (Object.hasOwn(REASONS, reason) ? REASONS[reason] : undefined) ?? "GENERAL",
    evidenceDueBy: evidence.due_by ? isoOf(evidence.due_by) : null,
    openedAt: isoOf(dispute.created),
    // Stripe keeps no time of the end: it is when it told of it.
    closedAt: status === "OPEN" ? null : isoOf(heardAt),
  };
}

/** A fee in another currency has no place in the news of a dispute: it is among the account's own fees then. */
function feeOf(withdrawal: Stripe.BalanceTransaction, currency: string): number {
  if (withdrawal.currency !== currency) return 0;
  return Math.max(0, fromStripeAmount(withdrawal.fee, withdrawal.currency) ?? 0);
}
