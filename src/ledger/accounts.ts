/**
 * The chart of accounts. Every merchant has one of each kind in each currency it uses.
 *
 * - PROCESSOR_RECEIVABLE (asset, grows by debits): what the card processor has captured for the merchant
 *   and not paid out yet, less what it has refunded, lost in disputes and kept as its fees. Its pending side is what it
 *   holds on cards, authorised and not captured, and what it may have captured or refunded without anybody knowing.
 * - MERCHANT_BALANCE (liability, grows by credits): what shoppers have paid the merchant, less refunds,
 *   what is disputed and what is paid out.
 *   Its pending side is what authorisations will add to it when they are captured.
 * - PROCESSING_FEES (expense, grows by debits): what the processor keeps for its work.
 * - DISPUTES (liability, grows by credits): what shoppers' banks have taken back and nobody has decided on yet. The
 *   processor withholds it, and it is not the merchant's until the dispute is won.
 * - PAYOUTS (liability, grows by credits): what the processor has sent to the merchant's bank and has not arrived. It
 *   leaves MERCHANT_BALANCE when it is sent, and PROCESSOR_RECEIVABLE when it has arrived.
 * - SUSPENSE (liability, grows by credits): money that moved although nothing here asked for it, or that
 *   moved twice. It is here until it has been given back; anything but zero needs a person. Its pending side is what
 *   attempts of unknown outcome may have moved: charges and captures on the one side, refunds on the other.
 */
export const ACCOUNT_KINDS = [
  "PROCESSOR_RECEIVABLE",
  "MERCHANT_BALANCE",
  "PROCESSING_FEES",
  "DISPUTES",
  "PAYOUTS",
  "SUSPENSE",
] as const;

export type AccountKind = (typeof ACCOUNT_KINDS)[number];

export type Side = "debit" | "credit";

/** The side an account grows on: its balance is the sum of that side minus the sum of the other. */
export const NORMAL_SIDE: Readonly<Record<AccountKind, Side>> = {
  PROCESSOR_RECEIVABLE: "debit",
  MERCHANT_BALANCE: "credit",
  PROCESSING_FEES: "debit",
  DISPUTES: "credit",
  PAYOUTS: "credit",
  SUSPENSE: "credit",
};
