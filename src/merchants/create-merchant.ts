import { recordCommand } from "../audit-log/record-write";
import type { Db, Tx } from "../db/db";
import { transact } from "../db/transact";
import { newId } from "../ids";
import { type ApiKeyKind, DEFAULT_SCOPES, type Mode, newApiKey } from "./api-key";
import { insertApiKeys } from "./api-key-store";
import { type Merchant, insertMerchant } from "./merchant-store";

/** Only their hashes are stored: whoever creates them must show them, or they are lost. */
export interface FirstKeys {
  readonly secretKey: string;
  readonly publishableKey: string;
  readonly operatorKey: string;
}

export interface CreatedMerchant extends FirstKeys {
  readonly id: string;
  readonly name: string;
  readonly mode: Mode;
}

/** A merchant with a key of each kind that it needs on its first day and its entry in the audit log, in one commit. */
export async function createMerchant(
  db: Db,
  name: string,
  mode: Mode = "TEST",
): Promise<CreatedMerchant> {
  const id = newId("merchant");
  const { keys } = await transact(db, async (tx) => {
    await recordCommand(tx, { merchantId: id, name: "merchants create", subjectId: id });
    return insertMerchantWithKeys(tx, { id, name, mode });
  });
  return { id, name, mode, ...keys };
}

export async function insertMerchantWithKeys(
  tx: Tx,
  { id, name, mode }: Pick<Merchant, "id" | "name" | "mode">,
): Promise<{ readonly merchant: Merchant; readonly keys: FirstKeys }> {
  const make = (kind: ApiKeyKind) => ({ kind, ...newApiKey(kind, { id, mode }) });
  const secret = make("SECRET");
  const publishable = make("PUBLISHABLE");
  const operator = make("OPERATOR");
  const merchant = await insertMerchant(tx, { id, name, mode });
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
  return {
    merchant,
    keys: {
      secretKey: secret.secret,
      publishableKey: publishable.secret,
      operatorKey: operator.secret,
    },
  };
}
