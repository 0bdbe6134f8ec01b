/** A number in [0, 1). */
export type Random = () => number;

/**
 * Marsaglia's xorshift with 32 bits of state: the same seed gives the same run again, which
 * Math.random cannot. Good enough for latencies and faults, for nothing secret.
 */
export function createRandom(seed: number): Random {
  // Neighbouring seeds are spread first, or their first draws would be neighbours too; and a state
  // of zero would stay zero for ever.
  let state = Math.imul(seed | 0, 0x9e3779b1) ^ 0x5bd1e995 || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  for (let index = 0; index < 8; index += 1) next();
  return next;
}
