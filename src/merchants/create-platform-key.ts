import { recordCommand } from "../audit-log/record-write";
import type { Db } from "../db/db";
import { transact } from "../db/transact";
import { PLATFORM_MERCHANT_ID } from "./api-key";
import { checkedKey, mint } from "./create-api-key";
import { lockMerchant } from "./merchant-store";

/** A platform operator's key that nobody's key has made: the holder is a pair of eyes of their own. */
export async function createPlatformKey(db: Db, name: string): Promise<string> {
  const wanted = { kind: "PLATFORM", name, scopes: null, expiresAt: null } as const;
  const checked = checkedKey(PLATFORM_MERCHANT_ID, { ...wanted, allowedAddresses: [] });
  const { secret } = await transact(db, async (tx) => {
    const merchant = await lockMerchant(tx, PLATFORM_MERCHANT_ID);
    if (!merchant) throw new Error("the installation's own tenant is not there");
    const made = await mint(tx, merchant, { ...checked, createdBy: null, origin: null });
    const subjectId = made.apiKey.id;
    const details = { keyKind: checked.kind, scopes: checked.scopes };
    const command = { merchantId: PLATFORM_MERCHANT_ID, name: "keys create", subjectId, details };
    await recordCommand(tx, command);
    return made;
  });
  return secret;
}
