import { Failure } from "../failures";
import { areWithin } from "./addresses";
import type { Scope } from "./api-key";
import type { ApiKey } from "./api-key-store";
import type { Caller } from "./caller";

/** How far a key reaches. */
type Reach = Pick<ApiKey, "scopes" | "expiresAt" | "allowedAddresses">;

/**
 * A key hands on what it has itself, and nothing else: no further scope, no longer life, no other address. Otherwise
 * whoever finds a small key could make a large one of it, or one that lasts.
 */
export function assertNotWider(wanted: Reach, minter: Caller): void {
  const missing = wanted.scopes.find((scope: Scope) => !minter.scopes.includes(scope));
  if (missing !== undefined) {
    throw wider("a scope that it does not have itself", { scope: missing });
  }
  const isLonger = wanted.expiresAt === null || wanted.expiresAt > (minter.expiresAt ?? "~");
  if (minter.expiresAt !== null && isLonger) {
    throw wider("a later expiry than its own", { expiresAt: minter.expiresAt });
  }
  if (!areWithin(wanted.allowedAddresses, minter.allowedAddresses)) {
    throw wider("addresses that it may not be used from itself");
  }
}

function wider(what: string, details: Readonly<Record<string, string>> = {}): Failure {
  return new Failure("FORBIDDEN", `An API key cannot give another one ${what}.`, details);
}

/**
 * The answer to a repeat shows the key that the first request made. Whoever made it may see it again, also when their
 * own key has been rolled since and ends soon; others only if they could have made it.
 */
export function assertMayBeShown(made: ApiKey, asker: Caller): void {
  if (made.createdBy !== asker.id) assertNotWider(made, asker);
}
