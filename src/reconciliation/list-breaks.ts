import { type Db, run } from "../db/db";
import { onlyGiven } from "../db/filters";
import { IN_SQL, type Page, type PageArguments, byId, readPage } from "../pagination";
import type { Break, BreakKind, BreakStatus } from "./break";

export interface BreakFilter {
  readonly kinds?: readonly BreakKind[] | null | undefined;
  readonly statuses?: readonly BreakStatus[] | null | undefined;
  readonly subjectId?: string | null | undefined;
}

export interface BreakList {
  readonly filter?: BreakFilter | null | undefined;
  readonly page: PageArguments;
}

const LIST = byId("reconciliationBreak");

/**
 * A merchant's breaks, or with null those of all merchants, newest first. Breaks are exceptions, and few: one that
 * matches a filter is looked for among them all.
 */
export async function listBreaks(
  db: Db,
  merchantId: string | null,
  { filter, page }: BreakList,
): Promise<Page<Break>> {
  return readPage<Break, string>(
    {
      ...LIST,
      fetch: async ({ direction, from, limit }) => {
        const { beyond, order } = IN_SQL[direction];
        const { names, texts, values } = onlyGiven([
          { name: "merchant", text: "b.merchant_id = ?", value: merchantId },
          { name: "kind", text: "b.kind = any(?)", value: some(filter?.kinds) },
          { name: "status", text: "b.status = any(?)", value: some(filter?.statuses) },
          { name: "subject", text: "b.subject_id = ?", value: filter?.subjectId },
        ]);
        const rows = await run<{ snapshot: Break }>(
          db,
          {
            name: ["list_breaks", order, ...names].join("_"),
            text: `
              select reconciliation_break_snapshot(b) as "snapshot" from reconciliation_breaks b
              where b.id ${beyond} ? ${texts.map((text) => `and ${text}`).join(" ")}
              order by b.id ${order} limit ?`,
          },
          [from ?? LIST.ends[direction], ...values, limit],
        );
        return rows.map(({ snapshot }) => snapshot);
      },
    },
    page,
  );
}

function some<Item>(items: readonly Item[] | null | undefined): readonly Item[] | undefined {
  return items && items.length > 0 ? items : undefined;
}
