import type { Db } from "../db/db";
import { hashApiKey } from "../security/secrets";
import { merchantOfApiKey } from "./api-key";
import { type ApiKey, findLiveApiKey } from "./merchant-store";

// In processes that have seen it, a revoked key works at most this much longer; in return, requests need no round trip
// to check it.
const REMEMBERED_MS = 5_000;
const REMEMBERED_MAX = 10_000;

/** Finds the live key behind a bearer secret; undefined when there is none. Remembers good ones for a few seconds. */
export function createAuthenticator(db: Db): (secret: string) => Promise<ApiKey | undefined> {
  const remembered = new Map<string, { readonly key: ApiKey; readonly untilMs: number }>();
  return async (secret) => {
    const known = remembered.get(secret);
    if (known && known.untilMs > performance.now()) return known.key;
    remembered.delete(secret);
    const merchantId = merchantOfApiKey(secret);
    if (merchantId === undefined) return undefined;
    const key = await findLiveApiKey(db, merchantId, hashApiKey(secret));
    if (!key) return undefined;
    if (remembered.size >= REMEMBERED_MAX) remembered.clear();
    remembered.set(secret, { key, untilMs: performance.now() + REMEMBERED_MS });
    return key;
  };
}
