import type { AuditedWrite } from "../audit-log/record-write";
import type { Db, Tx } from "../db/db";
import { type StoredFailure, wrongState } from "../failures";
import { fingerprint } from "../idempotency/fingerprint";
import type { KeyedOperation, Outcome } from "../idempotency/keys";
import { once } from "../idempotency/once";
import type { ReplayCache } from "../idempotency/replay-cache/replay-cache";
import { type ApiKey, getApiKey, lockApiKey, markRevoked } from "./api-key-store";
import type { Caller } from "./caller";

/*
 * Guarantees: within a second of the answer no process accepts the key any more (src/merchants/authenticate.ts), and
 * never again. Whoever may write keys may revoke any of the merchant's, also its own and those that reach further:
 * stopping a key is never the dangerous side.
 */

export const revokeApiKeyOperation: KeyedOperation<ApiKey> = { name: "revokeApiKey" };

export interface RevokeApiKey {
  readonly caller: Caller;
  readonly key: string;
  readonly apiKeyId: string;
  readonly audit?: AuditedWrite | undefined;
}

export async function revokeApiKey(
  { db, replays }: { readonly db: Db; readonly replays: ReplayCache },
  { caller, key, apiKeyId, audit }: RevokeApiKey,
): Promise<Outcome<ApiKey>> {
  const { merchantId } = caller;
  const request = {
    merchantId,
    key,
    fingerprint: fingerprint(revokeApiKeyOperation.name, { apiKeyId }).toString("hex"),
    audit,
    replays,
  };
  return once<ApiKey>(db, request, {
    operation: revokeApiKeyOperation,
    execute: async (tx) => {
      const revoked = await revoke(tx, merchantId, apiKeyId);
      return "failure" in revoked ? revoked : { result: revoked.apiKey };
    },
  });
}

export async function revoke(
  tx: Tx,
  merchantId: string,
  apiKeyId: string,
): Promise<{ readonly failure: StoredFailure } | { readonly apiKey: ApiKey }> {
  const key = await lockApiKey(tx, merchantId, apiKeyId);
  if (!key) return { failure: { code: "NOT_FOUND", details: { object: "API key", id: apiKeyId } } };
  if (key.status === "REVOKED") {
    const because = "It was revoked before.";
    const details = { id: apiKeyId, because, currentState: key.status, allowedActions: [] };
    return { failure: wrongState(details) };
  }
  await markRevoked(tx, key);
  return { apiKey: await getApiKey(tx, merchantId, apiKeyId) };
}
