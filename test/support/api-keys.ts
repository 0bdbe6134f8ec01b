import type { Db } from "../../src/db/db";
import { newId } from "../../src/ids";
import {
  type ApiKeyKind,
  DEFAULT_SCOPES,
  type KeyOwner,
  type Scope,
  newApiKey,
} from "../../src/merchants/api-key";
import { type ApiKeyRow, insertApiKeys } from "../../src/merchants/api-key-store";

export interface MadeKey {
  readonly id: string;
  readonly secret: string;
}

/** A key as nobody could mint it through the API: with any scopes, ending at any moment. */
export async function storeApiKey(
  db: Db,
  owner: KeyOwner,
  given: { readonly kind?: ApiKeyKind; readonly scopes?: readonly Scope[] } & Partial<ApiKeyRow>,
): Promise<MadeKey> {
  const { kind = "RESTRICTED", scopes = DEFAULT_SCOPES[kind] } = given;
  const id = newId("apiKey");
  const { secret, hash, hint } = newApiKey(kind, owner);
  const row = { merchantId: owner.id, id, kind, name: "a key", scopes, hash, hint, ...given };
  await db.transaction((tx) => insertApiKeys(tx, [row]));
  return { id, secret };
}
