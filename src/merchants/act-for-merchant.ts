import type { Db } from "../db/db";
import { Failure } from "../failures";
import { isId } from "../ids";
import type { Caller } from "./caller";
import { findHold } from "./hold-merchant";
import { findMerchant } from "./merchant-store";

/** The header by which a platform operator says for which merchant it acts. */
export const MERCHANT_HEADER = "oncepay-merchant";

/**
 * A platform operator as it acts for a merchant: it sees that merchant's rows, and its idempotency keys are the
 * merchant's. What it does is recorded under its own key. Nobody else may name a merchant, not even their own.
 */
export async function actForMerchant(db: Db, caller: Caller, merchantId: string): Promise<Caller> {
  if (caller.kind !== "PLATFORM") {
    throw new Failure("FORBIDDEN", `Only a platform operator may send ${MERCHANT_HEADER}.`);
  }
  if (!isId("merchant", merchantId)) {
    throw new Failure("BAD_USER_INPUT", `${MERCHANT_HEADER} must be a merchant's id.`);
  }
  if (!(await findMerchant(db, merchantId))) {
    throw new Failure("NOT_FOUND", "There is no such merchant.");
  }
  return { ...caller, merchantId, ...(await findHold(db, merchantId)) };
}
