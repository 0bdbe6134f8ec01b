import { rateLimited } from "../../src/limits/rate-limits";
import type { LimitSet } from "../../src/limits/settings";
import { createTally } from "../../src/tally";

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
  const open = createTally();
  const enter = (policy: keyof typeof limits, name: string): (() => void) => {
    const limit = limits[policy];
    if (limit > 0 && open.of(name) >= limit) {
      throw rateLimited({
        policy: `subscriptions-${policy}`,
        message: `More than ${String(limit)} subscriptions at the same time.`,
        details: { limit },
        waitMs: RETRY_MS,
      });
    }
    open.add(name, 1);
    return () => {
      open.add(name, -1);
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
