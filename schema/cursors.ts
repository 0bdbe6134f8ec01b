import type { Edge, PageArguments } from "../src/pagination";
import type { CursorSeal } from "../src/security/cursor-seal";

/** For the lists whose cursors hold positions of ours. The cursors of others name the item itself, which is shown. */
interface SealedPage {
  readonly edges: readonly Edge<unknown>[];
  readonly pageInfo: { readonly startCursor: string | null; readonly endCursor: string | null };
}

interface Sealing {
  readonly cursors: CursorSeal;
}

export function openCursors<Page extends Pick<PageArguments, "after" | "before">>(
  { cursors }: Sealing,
  page: Page,
): Page {
  const open = (cursor: string | null | undefined) =>
    cursor == null ? cursor : cursors.open(cursor);
  return { ...page, after: open(page.after), before: open(page.before) };
}

export function sealCursors<Page extends SealedPage>({ cursors }: Sealing, page: Page): Page {
  const seal = (cursor: string | null): string | null =>
    cursor === null ? null : cursors.seal(cursors.open(cursor));
  const { pageInfo } = page;
  return {
    ...page,
    edges: page.edges.map(({ cursor, node }) => ({ cursor: cursors.seal(cursor), node })),
    pageInfo: {
      ...pageInfo,
      startCursor: seal(pageInfo.startCursor),
      endCursor: seal(pageInfo.endCursor),
    },
  };
}
