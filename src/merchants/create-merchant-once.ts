import { createHash } from "node:crypto";
import type { Db } from "../db/db";
import { isLockTimeout, violatedConstraint } from "../db/errors";
import { type Outcome, keyInUse, keyReused } from "../idempotency/keys";
import { ID_PREFIXES } from "../ids";
import { type CreatedMerchant, createMerchant } from "./create-merchant";
import { type Merchant, findMerchant } from "./merchant-store";

/*
 * Guarantees: one merchant for one (operator's merchant, key), for ever: the merchant's id is made of both, so a second
 * one meets the first one's primary key. Its API keys are in the answer to the first request alone, for only their
 * hashes are stored. A crash leaves all of it or nothing.
 */

export const CREATE_MERCHANT = "createMerchant";

export interface CreateMerchant {
  /** The merchant that the operator's key belongs to. */
  readonly merchantId: string;
  readonly key: string;
  readonly name: string;
}

export interface MerchantCreation {
  readonly merchant: Merchant;
  /** Null in a replay. */
  readonly keys: Pick<CreatedMerchant, "secretKey" | "publishableKey" | "operatorKey"> | null;
}

export async function createMerchantOnce(
  db: Db,
  command: CreateMerchant,
): Promise<Outcome<MerchantCreation>> {
  const known = await findMerchantByKey(db, command.merchantId, command.key);
  if (known) return replayCreation(command, known);
  let keys: CreatedMerchant | undefined;
  try {
    keys = await createMerchant(db, command.name, idOf(command.merchantId, command.key));
  } catch (error) {
    if (isLockTimeout(error)) throw keyInUse({ ...command, operation: CREATE_MERCHANT });
    if (violatedConstraint(error) !== "merchants_pkey") throw error;
  }
  const merchant = await findMerchantByKey(db, command.merchantId, command.key);
  if (!merchant) throw new Error("a merchant that was just created is not there");
  if (!keys) return replayCreation(command, merchant);
  return { status: "EXECUTED", firstSeenAt: merchant.createdAt, result: { merchant, keys } };
}

export async function findMerchantByKey(
  db: Db,
  merchantId: string,
  key: string,
): Promise<Merchant | undefined> {
  return findMerchant(db, idOf(merchantId, key));
}

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const ID_LENGTH = 26;

/** 130 bits of a hash, written as every id is. It is not time-ordered: there are few merchants, and never a list of them. */
function idOf(merchantId: string, key: string): string {
  const hash = createHash("sha256").update(`${CREATE_MERCHANT}\n${merchantId}\n${key}`).digest();
  const body = [...hash.subarray(0, ID_LENGTH)].map((byte) => ALPHABET[byte & 31]).join("");
  return `${ID_PREFIXES.merchant}_${body}`;
}

function replayCreation(command: CreateMerchant, merchant: Merchant): Outcome<MerchantCreation> {
  const { createdAt } = merchant;
  if (merchant.name !== command.name) {
    throw keyReused({ ...command, operation: CREATE_MERCHANT }, createdAt);
  }
  return { status: "REPLAYED", firstSeenAt: createdAt, result: { merchant, keys: null } };
}
