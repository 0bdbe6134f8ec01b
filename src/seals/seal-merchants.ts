import type { Db } from "../db/db";
import { transact } from "../db/transact";
import { failpoint } from "../failpoints";
import type { SecretBox } from "../security/secrets";
import { type SealHead, checkpointOf, hashOfHead } from "./checkpoint";
import { markSealed } from "./mark-sealed";
import { rootOf, splitLeaves } from "./merkle";
import { claimMerchant, findDue, insertSeal, readNext } from "./seal-store";
import { type Signer, openSigner } from "./signing-keys";

/*
 * Puts under seal what was committed: a batch of one merchant's events, transitions, journals and postings at a time, as a
 * tree whose root is signed and which names the batch before. From then on no row of it can be altered, taken out or
 * put in without "oncepay verify" naming it.
 *
 * Guarantees: each seal goes on where the one before ended, in an order in which nothing can be committed later to a place
 * that was passed: the feed's positions and the ledger's times below the horizon. So nothing is skipped and nothing sealed
 * twice, whoever dies: a seal is one row, written with everything or not at all.
 *
 * A pass that has left nothing says so in one row, which a gauge tells: a sealer that has come to a stop is noticed.
 *
 * Cost: nothing in the money path. For each merchant of whom there is something new, a transaction of five round trips,
 * which reads each new row once by its key, hashes it in the database, and inserts one row.
 */

// A tree small enough that a receipt, which reads the whole of it, costs a millisecond.
const EVENTS_MAX = 250;
const POSTINGS_MAX = 250;
const MERCHANTS = 100;

interface Needs {
  readonly db: Db;
  readonly secrets: SecretBox;
}

export interface SealOptions {
  /** How many seals are written at most. */
  readonly limit: number;
  readonly eventsMax?: number;
  readonly postingsMax?: number;
}

export interface Sealed {
  readonly seals: number;
  readonly leaves: number;
  /** Whether there may be more to do. */
  readonly hasMore: boolean;
}

export async function sealMerchants(needs: Needs, options: SealOptions): Promise<Sealed> {
  const startedAtMs = performance.now();
  let after = "";
  const done = { seals: 0, leaves: 0, leftToOthers: 0 };
  let signer: Signer | undefined;
  for (;;) {
    const due = await findDue(needs.db, { after, limit: MERCHANTS });
    for (const merchantId of due) {
      signer ??= await openSigner(needs);
      const isDone = await sealMerchant(needs.db, { merchantId, signer, options }, done);
      if (!isDone) return resultOf(done, true);
    }
    after = due.at(-1) ?? "";
    if (due.length < MERCHANTS) break;
  }
  // What another worker is at may not be done.
  if (done.leftToOthers === 0) await markSealed(needs.db, performance.now() - startedAtMs);
  return resultOf(done, false);
}

type Done = { seals: number; leaves: number; leftToOthers: number };

function resultOf({ seals, leaves }: Done, hasMore: boolean): Sealed {
  return { seals, leaves, hasMore };
}

/** False when as many seals were written as are permitted. */
async function sealMerchant(db: Db, batch: Batch, done: Done): Promise<boolean> {
  while (done.seals < batch.options.limit) {
    const leaves = await sealBatch(db, batch);
    if (leaves === "left to others") done.leftToOthers += 1;
    if (typeof leaves !== "number") return true;
    done.seals += 1;
    done.leaves += leaves;
  }
  return false;
}

interface Batch {
  readonly merchantId: string;
  readonly signer: Signer;
  readonly options: SealOptions;
}

/** How many leaves the next seal of the merchant has; undefined when there is nothing to seal. */
async function sealBatch(
  db: Db,
  { merchantId, signer, options }: Batch,
): Promise<number | "left to others" | undefined> {
  const sizes = {
    events: options.eventsMax ?? EVENTS_MAX,
    postings: options.postingsMax ?? POSTINGS_MAX,
  };
  const count = await transact(db, async (tx) => {
    if (!(await claimMerchant(tx, merchantId))) return "left to others";
    const { last, leaves, names, ...span } = await readNext(tx, merchantId, sizes);
    // Events that are in the feed alone were dropped with their month before they could be sealed: passed, with no leaf.
    const isNew = leaves.length > 0 || span.feedPosition > (last?.feedPosition ?? 0);
    if (!isNew) return undefined;
    const split = splitLeaves(leaves);
    const head: SealHead = {
      ...span,
      merchantId,
      number: (last?.number ?? 0) + 1,
      leafCount: split.length,
      root: rootOf(split),
      previous: last && hashOfHead(last),
      keyId: signer.keyId,
    };
    await insertSeal(tx, { ...head, leaves, names, signature: signer.sign(checkpointOf(head)) });
    await failpoint("seal.inside_transaction");
    return split.length;
  });
  if (typeof count === "number") await failpoint("seal.after_commit");
  return count;
}
