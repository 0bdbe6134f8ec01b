import { createRandom, type Random } from "./random";

/** How long money-moving requests take. Lookups and reversals are answered at once. */
export interface Latency {
  minMs: number;
  maxMs: number;
  /** How long after its answer a late refund is decided. */
  lateMs: number;
  readonly random: Random;
}

export function createLatency(options: {
  readonly minMs: number;
  readonly maxMs: number;
  readonly seed: number;
}): Latency {
  return { ...options, lateMs: 2_000, random: createRandom(options.seed) };
}

/** Undefined when there is nothing to wait for: a timer costs more than all else a request does. */
export function waitLatency(latency: Latency): Promise<void> | undefined {
  const { minMs, maxMs, random } = latency;
  if (maxMs === 0) return undefined;
  const waitMs = minMs + random() * (maxMs - minMs);
  return new Promise((resolve) => setTimeout(resolve, waitMs));
}
