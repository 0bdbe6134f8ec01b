import type { MoneyRequest, Operation } from "./operation";
import type { NetworkState } from "./network-state";

/** As real processors do: a day, and then a request under the same key is executed anew. */
export const KEYS_KEPT_MS = 24 * 3_600_000;

/**
 * A request that comes with a key, which is its reference, is executed once for as long as the key is kept: what the
 * books know under the reference is what is known of the key. Of a failure of ours only the failure is known, for good.
 */
export interface Keys {
  /** References whose request was answered with a failure, whatever came of it. */
  readonly failed: Set<string>;
  /** Of keys from before, nothing is known any more. */
  forgottenAtMs: number;
}

export function createKeys(): Keys {
  return { failed: new Set(), forgottenAtMs: 0 };
}

/** What was done, or is being done, under the request's key; undefined when it has none, or that is forgotten. */
export function underKey(
  { state, keys }: { readonly state: NetworkState; readonly keys: Keys },
  { keyed, reference }: MoneyRequest,
): Operation | undefined {
  if (keyed !== true) return undefined;
  const known = state.references.get(reference)?.operations.at(-1);
  const keptSinceMs = Math.max(Date.now() - KEYS_KEPT_MS, keys.forgottenAtMs);
  return known && known.atMs > keptSinceMs ? known : undefined;
}
