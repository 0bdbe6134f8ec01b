import { createHash } from "node:crypto";
import { rateLimited } from "./rate-limits";
import type { LimitSet } from "./settings";
import { type Windows, createWindows } from "./windows";

/*
 * Whoever tries keys is looked up in the database for each: an address that has presented many bad ones is refused
 * before that. A key that was good a while ago is looked up all the same, so that one who shares the address with an
 * attacker, behind a proxy or a provider's gateway, is not shut out.
 */
export interface BadKeys {
  readonly windows: Windows;
  /** Authenticates in the name of an address, or throws. */
  authenticate<Key extends object>(attempt: Attempt<Key>): Promise<Key | undefined>;
}

interface Attempt<Key> {
  readonly address: string;
  readonly secret: string;
  readonly find: (secret: string) => Promise<Key | undefined>;
}

const WINDOW_MS = 60_000;
const GOOD_MAX = 10_000;

export function createBadKeys(limits: LimitSet<"address">): BadKeys {
  const windows = createWindows("bad-keys:address", WINDOW_MS);
  const limit = limits.address;
  const good = new Set<string>();
  const check = ({ address, secret }: Attempt<unknown>): void => {
    if (limit === 0 || windows.spent(address).amount < limit || good.has(digest(secret))) return;
    throw rateLimited({
      policy: "bad-keys-address",
      message: "Too many invalid API keys came from this address.",
      details: { limit, windowSeconds: WINDOW_MS / 1_000 },
      waitMs: windows.waitMs(address, limit),
    });
  };
  // One that comes again and again is the same object for a while, and is hashed once in that time.
  const seen = new WeakSet<object>();
  const remember = (key: object, secret: string): void => {
    if (seen.has(key)) return;
    seen.add(key);
    if (good.size >= GOOD_MAX) good.clear();
    good.add(digest(secret));
  };
  return {
    windows,
    authenticate: async (attempt) => {
      check(attempt);
      const key = await attempt.find(attempt.secret);
      if (!key) windows.add(attempt.address, 1);
      else if (limit > 0) remember(key, attempt.secret);
      return key;
    },
  };
}

/** No secret is kept longer than the request that brought it. */
function digest(secret: string): string {
  return createHash("sha256").update(secret).digest("base64");
}
