import type { Db } from "../../src/db/db";
import { listReads } from "../../src/observability/metrics";
import { type Context, callerOf } from "../context";

interface ListRead<Result> {
  /**
   * What decides whether an index leads to the page. Where a value is given for one of them, none may, and reading goes
   * on until the page is full: such lists are read apart from everything else, and for a limited time.
   */
  readonly unindexed: readonly unknown[];
  /** The argument that they are in. */
  readonly field: "filter";
  /**
   * What a caller looks at, and decides nothing by, may be as old as ONCEPAY_REPLICA_LAG_MAX_MS allows. Never what is about
   * one payment, or found by a reference: by that a caller sees whether money moved.
   */
  readonly mayBeOld?: boolean;
  readonly read: (db: Db, merchantId: string) => Promise<Result>;
}

export async function readList<Result>(context: Context, list: ListRead<Result>): Promise<Result> {
  const { merchantId } = callerOf(context);
  const { app } = context;
  const isUnindexed = list.unindexed.some(isGiven);
  const work = (db: Db): Promise<Result> => list.read(db, merchantId);
  if (list.mayBeOld === true) {
    const read = await app.replicaLists?.read(merchantId, { isUnindexed, field: list.field, work });
    listReads.inc({ from: read ? "replica" : "primary" });
    if (read) return read.result;
  }
  if (!isUnindexed) return work(app.db);
  return app.boundedReads.read(merchantId, { field: list.field, work });
}

function isGiven(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value != null && value !== false;
}
