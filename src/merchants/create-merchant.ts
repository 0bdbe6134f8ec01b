import type { Db } from "../db/db";
import { transact } from "../db/transact";
import { newId } from "../ids";
import { type ApiKeyKind, DEFAULT_SCOPES, newApiKey } from "./api-key";
import { insertApiKeys, insertMerchant } from "./merchant-store";

export interface CreatedMerchant {
  readonly id: string;
  readonly name: string;
  /** Shown this once; only their hashes are stored. */
  readonly secretKey: string;
  readonly publishableKey: string;
  readonly operatorKey: string;
}

/** A merchant with a key of each kind that it needs on its first day, in one commit. */
export async function createMerchant(
  db: Db,
  name: string,
  id: string = newId("merchant"),
): Promise<CreatedMerchant> {
  const make = (kind: ApiKeyKind) => ({ kind, ...newApiKey(kind, id) });
  const secret = make("SECRET");
  const publishable = make("PUBLISHABLE");
  const operator = make("OPERATOR");
  await transact(db, async (tx) => {
    await insertMerchant(tx, { id, name });
    await insertApiKeys(
      tx,
      [secret, publishable, operator].map(({ kind, hash, hint }) => ({
        merchantId: id,
        id: newId("apiKey"),
        kind,
        name: "first",
        scopes: DEFAULT_SCOPES[kind],
        hash,
        hint,
      })),
    );
  });
  return {
    id,
    name,
    secretKey: secret.secret,
    publishableKey: publishable.secret,
    operatorKey: operator.secret,
  };
}
