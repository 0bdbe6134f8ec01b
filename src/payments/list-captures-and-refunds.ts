import { type Db, run } from "../db/db";
import { idRange, onlyGiven } from "../db/filters";
import {
  IN_SQL,
  type Page,
  type PageArguments,
  type PageRequest,
  byId,
  readPage,
} from "../pagination";
import type { Capture, CaptureStatus, Refund, RefundStatus } from "./payment-intent";

/**
 * All of a merchant's captures or refunds, newest first: by the primary key, whose ids are in the order of time, or by
 * the index of their intent. The status is a filter on what these read, and has no index of its own.
 */
export interface PartFilter<Status extends string> {
  readonly statuses?: readonly Status[] | null | undefined;
  readonly paymentIntentId?: string | null | undefined;
  /** ISO 8601; at this moment or later. */
  readonly createdAfter?: string | null | undefined;
  /** ISO 8601; earlier than this moment. */
  readonly createdBefore?: string | null | undefined;
}

export interface PartList<Status extends string> {
  readonly filter?: PartFilter<Status> | null | undefined;
  readonly page: PageArguments;
}

export async function listCaptures(
  db: Db,
  merchantId: string,
  list: PartList<CaptureStatus>,
): Promise<Page<Capture>> {
  return listOf<Capture, CaptureStatus>(db, { ...CAPTURES, merchantId }, list);
}

export async function listRefunds(
  db: Db,
  merchantId: string,
  list: PartList<RefundStatus>,
): Promise<Page<Refund>> {
  return listOf<Refund, RefundStatus>(db, { ...REFUNDS, merchantId }, list);
}

interface Source {
  readonly table: "captures" | "refunds" | "disputes";
  readonly snapshot: string;
  readonly kind: "capture" | "refund" | "dispute";
}

const CAPTURES: Source = {
  table: "captures",
  snapshot: "capture_snapshot(x)",
  kind: "capture",
};
const REFUNDS: Source = {
  table: "refunds",
  snapshot: "refund_snapshot(x)",
  kind: "refund",
};

/** Of disputes as well: see list-disputes.ts. */
export async function listOf<Part extends { readonly id: string }, Status extends string>(
  db: Db,
  source: Source & { readonly merchantId: string },
  { filter, page }: PartList<Status>,
): Promise<Page<Part>> {
  return readPage<Part, string>(
    {
      ...byId(source.kind),
      fetch: async (request) => {
        const { name, text, values } = pageOf(source, filter ?? {}, request);
        const rows = await run<{ snapshot: Part }>(db, { name, text }, [
          source.merchantId,
          ...values,
          request.limit,
        ]);
        return rows.map(({ snapshot }) => snapshot);
      },
    },
    page,
  );
}

function pageOf(
  { table, snapshot, kind }: Source,
  filter: PartFilter<string>,
  request: PageRequest<string>,
): { name: string; text: string; values: readonly unknown[] } {
  const { order } = IN_SQL[request.direction];
  const { createdAfter: after, createdBefore: before } = filter;
  const { names, texts, values } = onlyGiven([
    { name: "intent", text: "x.payment_intent_id = ?", value: filter.paymentIntentId },
    {
      name: "status",
      text: "x.status = any(?)",
      value: filter.statuses?.length ? filter.statuses : undefined,
    },
    ...idRange({ kind, column: "x.id" }, { after, before }, request),
  ]);
  return {
    name: ["list", table, order, ...names].join("_"),
    text: `
      select ${snapshot} as "snapshot" from ${table} x
      where x.merchant_id = ? ${texts.map((text) => `and ${text}`).join(" ")}
      order by x.id ${order} limit ?`,
    values,
  };
}
