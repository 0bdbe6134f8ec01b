import { isDeepStrictEqual } from "node:util";
import type { AuditedWrite } from "../audit-log/record-write";
import type { Db, Tx } from "../db/db";
import { Failure, type StoredFailure, wrongState } from "../failures";
import { fingerprint } from "../idempotency/fingerprint";
import { type KeyedOperation, type Outcome, madeBy } from "../idempotency/keys";
import { once } from "../idempotency/once";
import { newId } from "../ids";
import type { SecretBox } from "../security/secrets";
import {
  type ApiKeyKind,
  DEFAULT_SCOPES,
  PLATFORM_MERCHANT_ID,
  type Scope,
  isPossible,
  newApiKey,
} from "./api-key";
import {
  type ApiKey,
  type ApiKeyRow,
  countActiveApiKeys,
  findApiKeyByKey,
  getApiKey,
  insertApiKeys,
  isFuture,
} from "./api-key-store";
import type { Caller } from "./caller";
import { type Merchant, lockMerchant } from "./merchant-store";
import { assertMayBeShown, assertNotWider } from "./not-wider";

/*
 * Guarantees: one API key for one (merchant, key), for ever: it keeps its key. It reaches no further than the key that
 * minted it, and nobody is shown a key that they could not have minted. Its text is in the answer, and for a day in
 * the answers to the same key; only its hash is stored, and sealed, for that day, the text.
 *
 * Cost: on the one road (src/idempotency/once.ts), with a lock on the merchant, a count, an insert and a look at it.
 */

export const ACTIVE_KEYS_MAX = 100;

/** What a key is to be like. */
export interface NewKey {
  readonly kind: ApiKeyKind;
  readonly name: string;
  /** Null: those of its kind. Only a restricted key's are chosen. */
  readonly scopes: readonly Scope[] | null;
  readonly expiresAt: string | null;
  readonly allowedAddresses: readonly string[];
}

export interface CreateApiKey extends NewKey {
  readonly minter: Caller;
  readonly key: string;
  readonly audit?: AuditedWrite | undefined;
}

interface Needs {
  readonly db: Db;
  readonly secrets: SecretBox;
}

/** What is shown once. */
export interface Secret {
  readonly secret: string;
}

export interface CreatedApiKey extends Outcome<ApiKey> {
  /** Null once it is no longer shown. */
  readonly secret: string | null;
}

export const createApiKeyOperation: KeyedOperation<ApiKey, Secret> = {
  name: "createApiKey",
  findMade: madeBy(findApiKeyByKey),
  spentKey: "api_keys_merchant_id_idempotency_key_key",
};

export async function createApiKey(
  { db, secrets }: Needs,
  { minter, key, audit, ...input }: CreateApiKey,
): Promise<CreatedApiKey> {
  const { merchantId } = minter;
  const wanted = checkedKey(merchantId, input);
  const print = fingerprint(createApiKeyOperation.name, wanted).toString("hex");
  const { beside, ...outcome } = await once<ApiKey, Secret>(
    db,
    { merchantId, key, fingerprint: print, audit },
    {
      operation: createApiKeyOperation,
      secrets,
      execute: async (tx) => {
        assertNotWider(wanted, minter);
        const merchant = await lockMerchant(tx, merchantId);
        if (!merchant) throw new Error("the caller's merchant is not there");
        const full = await refuseWhenFull(tx, merchant);
        if (full) return { failure: full };
        await assertFuture(tx, wanted.expiresAt);
        const minted = { createdBy: minter.id, origin: minter.origin, key };
        const { apiKey, secret } = await mint(tx, merchant, { ...wanted, ...minted });
        return { result: apiKey, secret: { secret } };
      },
      isSame: ({ result }) =>
        result.kind === wanted.kind &&
        result.name === wanted.name &&
        result.expiresAt === wanted.expiresAt &&
        isDeepStrictEqual([...result.scopes].sort(), [...wanted.scopes].sort()) &&
        isDeepStrictEqual(result.allowedAddresses, wanted.allowedAddresses),
    },
  );
  assertMayBeShown(outcome.result, minter);
  return { ...outcome, secret: beside?.secret ?? null };
}

export interface CheckedKey extends NewKey {
  readonly scopes: readonly Scope[];
}

/** Whether such a key can be, whoever asks for it. */
export function checkedKey(merchantId: string, wanted: NewKey): CheckedKey {
  const { kind } = wanted;
  if ((kind === "PLATFORM") !== (merchantId === PLATFORM_MERCHANT_ID)) {
    throw bad(
      "input.kind",
      "The installation itself has platform operators' keys and no others, and a merchant has none of them.",
    );
  }
  if (kind !== "RESTRICTED") {
    if (wanted.scopes) throw bad("input.scopes", "Only a restricted key's scopes can be chosen.");
    return { ...wanted, scopes: DEFAULT_SCOPES[kind] };
  }
  const scopes = wanted.scopes ?? DEFAULT_SCOPES.RESTRICTED;
  if (scopes.length === 0) throw bad("input.scopes", "A key without a scope could do nothing.");
  if (!scopes.every((scope) => isPossible(kind, scope))) {
    throw bad("input.scopes", "Only platform operators' keys can have one of these scopes.");
  }
  return { ...wanted, scopes };
}

function bad(field: string, message: string): Failure {
  return new Failure("BAD_USER_INPUT", message, { field });
}

export async function refuseWhenFull(tx: Tx, { id }: Merchant): Promise<StoredFailure | undefined> {
  if ((await countActiveApiKeys(tx, id)) < ACTIVE_KEYS_MAX) return undefined;
  const because = "The merchant has as many active keys: one must be revoked first.";
  const state = { currentState: "LIMIT_REACHED", limit: ACTIVE_KEYS_MAX };
  return wrongState({ id, because, ...state, allowedActions: [] });
}

/** Asked when the key is made and not of a repeat, which may come after the key has expired. */
export async function assertFuture(tx: Tx, expiresAt: string | null): Promise<void> {
  if (expiresAt === null || (await isFuture(tx, expiresAt))) return;
  throw bad("input.expiresAt", "This must be in the future.");
}

type Minted = CheckedKey & Pick<ApiKeyRow, "key" | "createdBy" | "origin" | "rolledFrom">;

/** Writes a new key of a merchant that is locked. */
export async function mint(
  tx: Tx,
  merchant: Merchant,
  wanted: Minted,
): Promise<{ readonly apiKey: ApiKey; readonly secret: string }> {
  const { secret, hash, hint } = newApiKey(wanted.kind, merchant);
  const id = newId("apiKey");
  await insertApiKeys(tx, [{ ...wanted, merchantId: merchant.id, id, hash, hint }]);
  return { apiKey: await getApiKey(tx, merchant.id, id), secret };
}
