import type { Db } from "../db/db";
import type { Page } from "../pagination";
import type { DisputeStatus } from "../processors/dispute";
import type { Dispute } from "./dispute";
import { type PartList, listOf } from "./list-captures-and-refunds";

/** All of a merchant's disputes, in the same way as its refunds. */
export async function listDisputes(
  db: Db,
  merchantId: string,
  list: PartList<DisputeStatus>,
): Promise<Page<Dispute>> {
  const source = { table: "disputes", snapshot: "dispute_snapshot(x)", kind: "dispute" } as const;
  return listOf<Dispute, DisputeStatus>(db, { ...source, merchantId }, list);
}
