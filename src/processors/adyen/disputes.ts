import type { DisputeNews, DisputeReason, DisputeStatus } from "../processor";
import { fromAdyenAmount } from "./currencies";
import type { Item } from "./item";

/*
 * Disputes in our words. Whether one is open, won or lost is by the event's code, and its amount, its name and its payment
 * are signed, too. The times and the reason are not: they are shown, and decide nothing. What Adyen keeps for it is in the
 * settlement.
 */

/** As Visa, Mastercard and those that follow them number them, by how they begin. */
const REASONS: readonly (readonly [RegExp, DisputeReason])[] = [
  [/^(10\.|4837|4840|4849|4863|4870|4871|F)/, "FRAUDULENT"],
  [/^(12\.6|4834)/, "DUPLICATE"],
  [/^(13\.1|4855)/, "PRODUCT_NOT_RECEIVED"],
  [/^(13\.2|4841)/, "SUBSCRIPTION_CANCELED"],
  [/^(13\.[345]|4853)/, "PRODUCT_UNACCEPTABLE"],
  [/^(13\.[67]|4860)/, "CREDIT_NOT_PROCESSED"],
];

export function disputeNews(item: Item, status: DisputeStatus): DisputeNews | undefined {
  const { pspReference, amount, eventDate, additionalData, success } = item;
  const amountMinor = fromAdyenAmount(amount);
  const at = momentOf(eventDate) ?? new Date().toISOString();
  if (success !== "true" || amountMinor === undefined || amountMinor <= 0) return undefined;
  return {
    kind: "dispute",
    status,
    processorDisputeId: pspReference,
    amountMinor,
    currency: amount.currency,
    feeMinor: 0,
    reason: reasonOf(additionalData["chargebackReasonCode"]),
    evidenceDueBy: momentOf(additionalData["defensePeriodEndsAt"]) ?? null,
    openedAt: at,
    closedAt: status === "OPEN" ? null : at,
  };
}

function reasonOf(code: unknown): DisputeReason {
  if (typeof code !== "string") return "GENERAL";
  return REASONS.find(([begins]) => begins.test(code))?.[1] ?? "GENERAL";
}

function momentOf(text: unknown): string | undefined {
  const at = typeof text === "string" ? new Date(text) : new Date(Number.NaN);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}
