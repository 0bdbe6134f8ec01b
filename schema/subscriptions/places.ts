import { rateLimited } from "../../src/limits/rate-limits";
import type { LimitSet } from "../../src/limits/settings";

/** Whose stream it is, as far as streams are limited by that. */
export interface PlaceOwner {
  readonly keyId: string;
  readonly merchantId: string;
  /** The payment whose client secret was sent. */
  readonly clientSecretFor: string | undefined;
}

const RETRY_MS = 1_000;

/** Gives a place for one more; throws RATE_LIMITED when its key or its client secret has too many. */
export function createPlaces(
  limits: LimitSet<"key" | "secret">,
): (owner: PlaceOwner) => () => void {
  const counts = new Map<string, number>();
  const enter = (policy: keyof typeof limits, name: string): (() => void) => {
    const limit = limits[policy];
    const count = counts.get(name) ?? 0;
    if (limit > 0 && count >= limit) {
      throw rateLimited({
        policy: `subscriptions-${policy}`,
        message: `More than ${String(limit)} subscriptions at the same time.`,
        details: { limit },
        waitMs: RETRY_MS,
      });
    }
    counts.set(name, count + 1);
    return () => {
      const left = (counts.get(name) ?? 1) - 1;
      if (left > 0) counts.set(name, left);
      else counts.delete(name);
    };
  };
  return ({ keyId, merchantId, clientSecretFor }) => {
    const leaveKey = enter("key", keyId);
    if (clientSecretFor === undefined) return leaveKey;
    try {
      const leaveSecret = enter("secret", `${merchantId} ${clientSecretFor}`);
      return () => {
        leaveKey();
        leaveSecret();
      };
    } catch (error) {
      leaveKey();
      throw error;
    }
  };
}
