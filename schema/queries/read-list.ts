import type { Db } from "../../src/db/db";
import { type Context, callerOf } from "../context";

interface ListRead<Result> {
  /**
   * What decides whether an index leads to the page. Where a value is given for one of them, none may, and reading goes
   * on until the page is full: such lists are read apart from everything else, and for a limited time.
   */
  readonly unindexed: readonly unknown[];
  /** The argument that they are in. */
  readonly field: "filter";
  readonly read: (db: Db, merchantId: string) => Promise<Result>;
}

export function readList<Result>(context: Context, list: ListRead<Result>): Promise<Result> {
  const { merchantId } = callerOf(context);
  const { app } = context;
  if (!list.unindexed.some(isGiven)) return list.read(app.db, merchantId);
  return app.boundedReads.read(merchantId, {
    field: list.field,
    work: (db) => list.read(db, merchantId),
  });
}

function isGiven(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value != null && value !== false;
}
