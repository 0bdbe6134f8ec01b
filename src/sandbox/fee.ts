const FIXED_MINOR = 30;

/**
 * What the network keeps of a capture: 2.9 % rounded half up, plus 30 minor units, never more than
 * the capture itself. Worked in thousands and a rest, because amount × 29 would leave the range
 * in which a double is exact.
 */
export function feeOf(amountMinor: number): number {
  const thousands = Math.floor(amountMinor / 1000);
  const rest = amountMinor % 1000;
  const share = thousands * 29 + Math.floor((rest * 29 + 500) / 1000);
  return Math.min(share + FIXED_MINOR, amountMinor);
}
