import { type Db, type Statement, type Tx, run } from "../db/db";
import { type SealHead, checkpointOf } from "./checkpoint";
import { HEAD_COLUMNS, findNewest } from "./seal-store";

/*
 * Checkpoints to be kept where whoever can change the database cannot reach them. One of them holds all that was sealed of
 * its merchant until then to what it said: seals that were taken off the end, or all made anew with another key, agree
 * with each other, and not with it.
 */

export interface ExportedCheckpoint {
  readonly merchantId: string;
  readonly number: number;
  readonly checkpoint: string;
  /** In base64. */
  readonly signature: string;
}

const PAGE = 500;

/** The newest of each merchant. */
export async function exportCheckpoints(db: Db): Promise<ExportedCheckpoint[]> {
  const exported: ExportedCheckpoint[] = [];
  let after = "";
  for (;;) {
    const page = await findNewest(db, { after, limit: PAGE });
    for (const { signature, ...head } of page) {
      exported.push({
        merchantId: head.merchantId,
        number: head.number,
        checkpoint: checkpointOf(head),
        signature: signature.toString("base64"),
      });
    }
    after = page.at(-1)?.merchantId ?? "";
    if (page.length < PAGE) return exported;
  }
}

const FIND_HEAD: Statement = {
  name: "find_head_of_seal",
  text: `select ${HEAD_COLUMNS} from seals s where s.merchant_id = ? and s.number = ?::int`,
};

/** Those that are not what the database has sealed. */
export async function compareCheckpoints(
  tx: Tx,
  kept: readonly Pick<ExportedCheckpoint, "merchantId" | "number" | "checkpoint">[],
): Promise<{ subject: string; detail: string }[]> {
  const found: { subject: string; detail: string }[] = [];
  for (const { merchantId, number, checkpoint } of kept) {
    const [head] = await run<SealHead>(tx, FIND_HEAD, [merchantId, number]);
    const subject = `seals ${merchantId} ${String(number)}`;
    if (!head) found.push({ subject, detail: "is missing, and a checkpoint of it was exported" });
    else if (checkpointOf(head) !== checkpoint) {
      found.push({ subject, detail: "is not the one whose checkpoint was exported" });
    }
  }
  return found;
}
