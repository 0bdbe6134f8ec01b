/**
 * Of a merchant's row: whether nobody holds the merchant (hold-merchant.ts). Whatever begins something for a merchant
 * asks it where it claims what to begin. A scalar that may be null, which the planner makes no join of: the plan stays
 * what it was, and while nobody is held it is a look at an empty table.
 */
export function notHeld(merchantId: string): string {
  return `(select h.merchant_id from merchant_holds h where h.merchant_id = ${merchantId}) is null`;
}

/**
 * Whether the merchant is in another cell: it has left this one, or has not arrived yet. What is here of it is what was
 * copied or is left, and nobody is answered from it.
 */
export function isElsewhere(merchantId: string): string {
  return `(select coalesce(h.moved_to, h.comes_from) from merchant_holds h
    where h.merchant_id = ${merchantId}) is not null`;
}
