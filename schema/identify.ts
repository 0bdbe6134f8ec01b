import type { FastifyRequest } from "fastify";
import type { Db } from "../src/db/db";
import { MERCHANT_HEADER, actForMerchant } from "../src/merchants/act-for-merchant";
import type { Authenticator } from "../src/merchants/authenticate";
import type { Caller } from "../src/merchants/caller";

/** Who sends a request: whoever its key belongs to, or the merchant that a platform operator acts for. */
export function identify(
  db: Db,
  authenticator: Pick<Authenticator, "authenticate">,
  request: Pick<FastifyRequest, "ip" | "headers">,
): (secret: string) => Promise<Caller | undefined> {
  const merchantId = request.headers[MERCHANT_HEADER];
  const holderOf = (secret: string): Promise<Caller | undefined> =>
    authenticator.authenticate(secret, request.ip);
  if (merchantId === undefined) return holderOf;
  return async (secret) => {
    const caller = await holderOf(secret);
    return caller && actForMerchant(db, caller, String(merchantId));
  };
}
