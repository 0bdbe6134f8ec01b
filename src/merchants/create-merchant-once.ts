import { createHash } from "node:crypto";
import type { AuditedWrite } from "../audit-log/record-write";
import type { Db } from "../db/db";
import { fingerprint } from "../idempotency/fingerprint";
import { type KeyedOperation, type Outcome, madeBy } from "../idempotency/keys";
import { once } from "../idempotency/once";
import { ID_PREFIXES } from "../ids";
import type { SecretBox } from "../security/secrets";
import type { Mode } from "./api-key";
import { type FirstKeys, insertMerchantWithKeys } from "./create-merchant";
import { type Merchant, findMerchant } from "./merchant-store";

/*
 * Guarantees: one merchant for one (operator's merchant, key), for ever: the merchant's id is made of both, so that
 * even after the key's record has expired, a second one would meet the first one's primary key. Its API keys are in the
 * answer, and for a day in the answers to the same key: only their hashes are stored, and sealed, for that day, the
 * keys themselves.
 */

export interface CreateMerchant {
  /** The merchant that the operator's key belongs to. */
  readonly merchantId: string;
  readonly key: string;
  readonly name: string;
  readonly mode: Mode;
  readonly audit?: AuditedWrite | undefined;
}

export interface MerchantCreation extends Outcome<Merchant> {
  /** Null once they are no longer shown. */
  readonly keys: FirstKeys | null;
}

export const createMerchantOperation: KeyedOperation<Merchant, FirstKeys> = {
  name: "createMerchant",
  findMade: madeBy((db, merchantId, key) => findMerchant(db, idOf(merchantId, key))),
  spentKey: "merchants_pkey",
};

export async function createMerchantOnce(
  { db, secrets }: { readonly db: Db; readonly secrets: SecretBox },
  { merchantId, key, name, mode, audit }: CreateMerchant,
): Promise<MerchantCreation> {
  // Whoever says the default means what those mean who say nothing, and who said nothing before there was a mode.
  const input = { name, mode: mode === "TEST" ? null : mode };
  const request = {
    merchantId,
    key,
    fingerprint: fingerprint(createMerchantOperation.name, input).toString("hex"),
    audit,
  };
  const { beside, ...outcome } = await once<Merchant, FirstKeys>(db, request, {
    operation: createMerchantOperation,
    secrets,
    execute: async (tx) => {
      const id = idOf(merchantId, key);
      const { merchant, keys } = await insertMerchantWithKeys(tx, { id, name, mode });
      return { result: merchant, secret: keys };
    },
    isSame: ({ result }) => result.name === name && result.mode === mode,
  });
  return { ...outcome, keys: beside };
}

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const ID_LENGTH = 26;

/** 130 bits of a hash, written as every id is. It is not time-ordered: there are few merchants, and never a list of them. */
function idOf(merchantId: string, key: string): string {
  const hash = createHash("sha256")
    .update(`${createMerchantOperation.name}\n${merchantId}\n${key}`)
    .digest();
  const body = [...hash.subarray(0, ID_LENGTH)].map((byte) => ALPHABET[byte & 31]).join("");
  return `${ID_PREFIXES.merchant}_${body}`;
}
