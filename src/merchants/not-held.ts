/**
 * Of a merchant's row: whether nobody holds the merchant (hold-merchant.ts). Whatever begins something for a merchant
 * asks it where it claims what to begin. A scalar that may be null, which the planner makes no join of: the plan stays
 * what it was, and while nobody is held it is a look at an empty table.
 */
export function notHeld(merchantId: string): string {
  return `(select h.merchant_id from merchant_holds h where h.merchant_id = ${merchantId}) is null`;
}

/** Whether another cell has the merchant: then what is here is as it was when it left, and nobody is answered from it. */
export function hasMoved(merchantId: string): string {
  return `(select h.moved_to from merchant_holds h where h.merchant_id = ${merchantId}) is not null`;
}
