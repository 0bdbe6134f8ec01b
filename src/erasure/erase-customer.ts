import { createHmac, timingSafeEqual } from "node:crypto";
import type { AuditedWrite } from "../audit-log/record-write";
import type { Db, Tx } from "../db/db";
import { failpoint } from "../failpoints";
import { fingerprint } from "../idempotency/fingerprint";
import type { KeyedOperation, Outcome } from "../idempotency/keys";
import type { Execution } from "../idempotency/execution";
import { once } from "../idempotency/once";
import { newId } from "../ids";
import { deriveKey } from "../security/secrets";
import { eraseSlice } from "./erase-slice";
import type { Erasure } from "./erasure";
import { type KeyedErasure, findErasureByKey, findErasures, insertErasure } from "./erasure-store";

/*
 * Guarantees: of every payment of the customer that was made before the request, the personal data and the key that
 * opens what its events hold of it are destroyed; none of another customer, another merchant, or made later. Amounts,
 * states, books, events and their places in the feed stay as they are.
 *
 * A customer with few payments is erased by the commit of the request itself. The rest, and what others wrote down, is
 * the worker's (continue-erasures.ts). A crash leaves the request with some of the work done, and a worker goes on.
 *
 * Cost: a transaction of at most ten round trips; for each payment one update, and one row that says so.
 */

export const ERASE = "eraseCustomer";

/** What one commit erases at most: few enough that nobody who wants one of these payments waits for long. */
export const SLICE = 200;

export interface EraseCustomer {
  readonly merchantId: string;
  readonly actor: string;
  readonly key: string;
  readonly customer: string;
  readonly audit?: AuditedWrite | undefined;
}

export const eraseOperation: KeyedOperation<Erasure> = {
  name: ERASE,
  findMade: async (db, merchantId, key) => {
    const result = await findErasureByKey(db, merchantId, key);
    return result && { firstSeenAt: result.requestedAt, result };
  },
  spentKey: "erasures_spent_key",
};

/** What erasing needs. */
interface Eraser {
  readonly db: Db;
  readonly replays: { doubt(): void };
  readonly config: { readonly encryptionKeys: readonly Buffer[] };
}

export async function eraseCustomer(
  { db, config, replays }: Eraser,
  command: EraseCustomer,
): Promise<Outcome<Erasure>> {
  const { merchantId, key, customer, audit } = command;
  const request = {
    merchantId,
    key,
    audit,
    fingerprint: fingerprint(ERASE, { customer }).toString("hex"),
  };
  const macs = config.encryptionKeys.map((master) => macOf(master, command));
  try {
    return await once<Erasure>(db, request, {
      operation: eraseOperation,
      execute: (tx) => execute(tx, command, macs[0] ?? Buffer.alloc(0)),
      // What was made is read from its row then, which has the hash.
      isSame: ({ result }) =>
        macs.some((mac) => timingSafeEqual(mac, (result as KeyedErasure).customerMac)),
    });
  } finally {
    // Also where the answer of the commit was lost. Other processes hear of it within seconds: database-life.ts.
    replays.doubt();
  }
}

async function execute(
  tx: Tx,
  command: EraseCustomer,
  customerMac: Buffer,
): Promise<Execution<Erasure, undefined>> {
  const { merchantId, customer } = command;
  const id = newId("erasure");
  await insertErasure(tx, { ...command, id, customerMac });
  await eraseSlice(tx, { merchantId, id, customer }, SLICE);
  await failpoint("erase.inside_transaction");
  const [erasure] = await findErasures(tx, merchantId, [id]);
  if (!erasure) throw new Error("an erasure that was made is not there");
  return { result: erasure };
}

function macOf(master: Buffer, { merchantId, key, customer }: EraseCustomer): Buffer {
  const text = JSON.stringify([merchantId, key, customer]);
  return createHmac("sha256", deriveKey(master, "erasure")).update(text).digest();
}
