/**
 * Money is an integer number of a currency's minor unit, at most 2^53 - 1, so that it is exact as a
 * JSON number in every client. A JavaScript number holds it exactly; sums that could pass that
 * bound (account balances) are made in Postgres, in `numeric`.
 */
export function isMinorUnits(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
