import type { AuditedWrite } from "../audit-log/record-write";
import type { Db, Tx } from "../db/db";
import { type StoredFailure, wrongState } from "../failures";
import { fingerprint } from "../idempotency/fingerprint";
import type { KeyedOperation, Outcome } from "../idempotency/keys";
import { once } from "../idempotency/once";
import type { SecretBox } from "../security/secrets";
import {
  type ApiKey,
  type LockedApiKey,
  endApiKey,
  findApiKeyByKey,
  getApiKey,
  lockApiKey,
} from "./api-key-store";
import type { Caller } from "./caller";
import { assertFuture, mint, refuseWhenFull } from "./create-api-key";
import { type Merchant, lockMerchant } from "./merchant-store";
import { assertMayBeShown, assertNotWider } from "./not-wider";

/*
 * Guarantees: a key gets one successor, which may do what it may, and lives on for the time that is asked for, or for
 * the rest of its own life where that is shorter. So two are live while a key is rotated, and never three: a key whose
 * predecessor still lives is not rolled. A key cannot roll one that reaches further than itself, and nobody is shown a
 * key that they could not have made.
 *
 * Cost: as for createApiKey, with a lock on the old key and an update of it.
 */

export const OVERLAP_SECONDS_DEFAULT = 24 * 60 * 60;
export const OVERLAP_SECONDS_MAX = 30 * OVERLAP_SECONDS_DEFAULT;

export interface RollApiKey {
  readonly minter: Caller;
  readonly key: string;
  readonly apiKeyId: string;
  readonly overlapSeconds: number;
  /** When the new key ends; null: when the old one would have. */
  readonly expiresAt: string | null;
  readonly audit?: AuditedWrite | undefined;
}

interface Needs {
  readonly db: Db;
  readonly secrets: SecretBox;
}

interface Beside {
  readonly oldApiKey: ApiKey;
  readonly secret: string;
}

export interface RolledApiKey extends Outcome<ApiKey> {
  /** The old key, with its end; null when the request's record has expired. */
  readonly oldApiKey: ApiKey | null;
  /** Null once it is no longer shown. */
  readonly secret: string | null;
}

const NAME = "rollApiKey";

/** No idempotency key has a space in it, so what createApiKey made under the same one is another. */
function keptKey(key: string): string {
  return `${NAME} ${key}`;
}

export const rollApiKeyOperation: KeyedOperation<ApiKey, Beside> = {
  name: NAME,
  findMade: async (db, merchantId, key) => {
    const made = await findApiKeyByKey(db, merchantId, keptKey(key));
    return made && { firstSeenAt: made.createdAt, result: made };
  },
  spentKey: "api_keys_merchant_id_idempotency_key_key",
};

export async function rollApiKey(
  { db, secrets }: Needs,
  { minter, key, audit, ...input }: RollApiKey,
): Promise<RolledApiKey> {
  const { merchantId } = minter;
  const print = fingerprint(NAME, input).toString("hex");
  const { beside, ...outcome } = await once<ApiKey, Beside>(
    db,
    { merchantId, key, fingerprint: print, audit },
    {
      operation: rollApiKeyOperation,
      secrets,
      execute: async (tx) => {
        const merchant = await lockMerchant(tx, merchantId);
        if (!merchant) throw new Error("the caller's merchant is not there");
        const rolled = await roll(tx, merchant, { ...input, minter, key: keptKey(key) });
        if ("failure" in rolled) return rolled;
        const { apiKey, oldApiKey, secret } = rolled;
        return { result: apiKey, beside: { oldApiKey }, secret: { secret } };
      },
      isSame: ({ result }) => result.rolledFrom === input.apiKeyId,
    },
  );
  assertMayBeShown(outcome.result, minter);
  const { oldApiKey = null, secret = null } = beside ?? {};
  return { ...outcome, oldApiKey, secret };
}

interface Roll extends Pick<RollApiKey, "apiKeyId" | "overlapSeconds" | "expiresAt"> {
  /** Null on the command line, for those who hold the database. */
  readonly minter: Caller | null;
  readonly key?: string;
}

export type Rolled =
  | { readonly failure: StoredFailure }
  | { readonly apiKey: ApiKey; readonly oldApiKey: ApiKey; readonly secret: string };

/** Rolls a key of a merchant that is locked. */
export async function roll(
  tx: Tx,
  merchant: Merchant,
  { apiKeyId, overlapSeconds, expiresAt, minter, key }: Roll,
): Promise<Rolled> {
  const old = await lockApiKey(tx, merchant.id, apiKeyId);
  if (!old) return { failure: { code: "NOT_FOUND", details: { object: "API key", id: apiKeyId } } };
  const wanted = { ...reachOf(old), expiresAt: expiresAt ?? old.expiresAt };
  if (minter) assertNotWider(wanted, minter);
  const refused = refuse(old) ?? (await refuseWhenFull(tx, merchant));
  if (refused) return { failure: refused };
  await assertFuture(tx, wanted.expiresAt);
  // Whoever sees the new key is who it belongs to; on the command line that is still the old one's holder.
  const origin = minter?.origin ?? old.origin;
  const made = { rolledFrom: old.id, createdBy: minter?.id ?? null, origin };
  const { apiKey, secret } = await mint(tx, merchant, { ...wanted, ...made, ...(key && { key }) });
  await endApiKey(tx, old, overlapSeconds);
  return { apiKey, secret, oldApiKey: await getApiKey(tx, merchant.id, old.id) };
}

function reachOf({ kind, name, scopes, allowedAddresses }: ApiKey) {
  return { kind, name, scopes, allowedAddresses };
}

function refuse(old: LockedApiKey): StoredFailure | undefined {
  const currentState = stateOf(old);
  if (currentState === "ACTIVE") return undefined;
  const allowedActions = currentState === "REVOKED" ? [] : ["REVOKE"];
  return wrongState({ id: old.id, because: IT_IS[currentState], currentState, allowedActions });
}

const IT_IS: Readonly<Record<Exclude<KeyState, "ACTIVE">, string>> = {
  ROLLED: "It was rolled before: roll the key that took its place.",
  OVERLAPPING: "The key that it takes the place of is still valid.",
  EXPIRED: "It has expired.",
  REVOKED: "It was revoked.",
};

type KeyState = LockedApiKey["status"] | "ROLLED" | "OVERLAPPING";

function stateOf({ status, successor, predecessorActive }: LockedApiKey): KeyState {
  if (status !== "ACTIVE") return status;
  if (successor !== null) return "ROLLED";
  return predecessorActive ? "OVERLAPPING" : "ACTIVE";
}
