import { type Db, type Statement, isLockTimeout, run, transact } from "../db";
import { type OperationKey, type Outcome, keyInUse, keyReused } from "../idempotency";
import { type CreatedMerchant, createMerchant } from "./create-merchant";
import { type Merchant, findMerchant } from "./merchant-store";

/*
 * Guarantees: one merchant for one (operator's merchant, key) while the key is kept. Its API keys are in the answer to
 * the first request alone, for only their hashes are stored. A crash leaves all of it or nothing.
 */

export const CREATE_MERCHANT = "createMerchant";

export interface CreateMerchant {
  /** The merchant that the operator's key belongs to. */
  readonly merchantId: string;
  readonly key: string;
  readonly fingerprint: string;
  readonly name: string;
}

export interface MerchantCreation {
  readonly merchant: Merchant;
  /** Null in a replay. */
  readonly keys: Pick<CreatedMerchant, "secretKey" | "publishableKey" | "operatorKey"> | null;
}

interface Known {
  readonly createdId: string;
  readonly fingerprint: string;
  readonly firstSeenAt: string;
}

const FIND_KEY: Statement = {
  name: "find_merchant_creation",
  text: `
    select event_id as "createdId", encode(fingerprint, 'hex') as "fingerprint", iso(created_at) as "firstSeenAt"
    from idempotency_keys where merchant_id = ? and operation = '${CREATE_MERCHANT}' and key = ?
    order by created_at limit 1`,
};

// There is no event about a merchant, so the column that names what was made names the merchant itself.
const INSERT_KEY: Statement = {
  name: "insert_merchant_creation",
  text: `
    insert into idempotency_keys (merchant_id, operation, key, fingerprint, event_id)
    values (?, '${CREATE_MERCHANT}', ?, decode(?, 'hex'), ?) on conflict do nothing returning key`,
};

class TwinCommitted extends Error {}

export async function createMerchantOnce(
  db: Db,
  command: CreateMerchant,
): Promise<Outcome<MerchantCreation>> {
  const name: OperationKey = { ...command, operation: CREATE_MERCHANT };
  const known = await findMerchantCreation(db, command);
  if (known) return replayCreation(db, command, known);
  try {
    const keys = await transact(db, async (tx) => {
      const created = await createMerchant(tx, command.name);
      const bindings = [command.merchantId, command.key, command.fingerprint, created.id];
      const [inserted] = await run(tx, INSERT_KEY, bindings);
      // The twin's merchant is the one; this one must be rolled back.
      if (!inserted) throw new TwinCommitted();
      return created;
    });
    const merchant = await getMerchant(db, keys.id);
    return { status: "EXECUTED", firstSeenAt: merchant.createdAt, result: { merchant, keys } };
  } catch (error) {
    if (isLockTimeout(error)) throw keyInUse(name);
    if (!(error instanceof TwinCommitted)) throw error;
    const twin = await findMerchantCreation(db, command);
    if (!twin) throw keyInUse(name);
    return replayCreation(db, command, twin);
  }
}

export async function findMerchantCreation(
  db: Db,
  { merchantId, key }: Pick<CreateMerchant, "merchantId" | "key">,
): Promise<Known | undefined> {
  const [known] = await run<Known>(db, FIND_KEY, [merchantId, key]);
  return known;
}

async function replayCreation(
  db: Db,
  command: CreateMerchant,
  known: Known,
): Promise<Outcome<MerchantCreation>> {
  if (known.fingerprint !== command.fingerprint) {
    throw keyReused({ ...command, operation: CREATE_MERCHANT }, known.firstSeenAt);
  }
  const merchant = await getMerchant(db, known.createdId);
  return {
    status: "REPLAYED",
    firstSeenAt: known.firstSeenAt,
    result: { merchant, keys: null },
  };
}

async function getMerchant(db: Db, id: string): Promise<Merchant> {
  const merchant = await findMerchant(db, id);
  if (!merchant) throw new Error("a merchant that was created is not there");
  return merchant;
}
