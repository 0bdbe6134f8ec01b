import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { AskError, type Name, ask } from "./api";
import { usePlace } from "./place";
import type { Results, Variables } from "./results";

/** What is asked for a page, and asked again while the page is seen. */
export interface Query<Found> {
  readonly found: Found | undefined;
  /** Of the newest answer: an error that has passed is not shown. */
  readonly error: AskError | undefined;
  readonly reload: () => void;
}

export const OFTEN_MS = 3_000;
export const SELDOM_MS = 15_000;

/** Reads something whose answer depends on what `about` says, and reads it again after each change of that. */
export function useReading<Found>(
  read: (by: "act" | "watch", signal: AbortSignal) => Promise<Found>,
  { about, everyMs }: { readonly about: string; readonly everyMs?: number | undefined },
): Query<Found> {
  const { ended } = usePlace();
  const [state, setState] = useState<{ about: string; found?: Found; error?: AskError }>({ about });
  const [round, setRound] = useState(0);
  const reading = useRef(read);
  reading.current = read;
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const next = (): void => {
      if (everyMs !== undefined) timer = setTimeout(readOnce, everyMs, "watch");
    };
    const readOnce = (by: "act" | "watch"): void => {
      // Nobody looks: the next time that somebody does is soon enough.
      if (by === "watch" && document.visibilityState !== "visible") {
        next();
        return;
      }
      reading
        .current(by, stop.signal)
        .then((found) => {
          if (!stop.signal.aborted) setState({ about, found });
        })
        .catch((thrown: unknown) => {
          if (stop.signal.aborted) return;
          const error =
            thrown instanceof AskError
              ? thrown
              : new AskError({ message: `The page has failed: ${String(thrown)}` }, undefined);
          if (error.code === "UNAUTHENTICATED") ended();
          setState((before) => ({ ...(before.about === about ? before : {}), about, error }));
        })
        .finally(() => {
          if (!stop.signal.aborted) next();
        });
    };
    readOnce("act");
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [about, everyMs, round]);
  const reload = useCallback(() => {
    setRound((before) => before + 1);
  }, []);
  const current = state.about === about ? state : undefined;
  return { found: current?.found, error: current?.error, reload };
}

export function useQuery<Key extends Name>(
  name: Key,
  variables: Variables[Key],
  everyMs?: number,
): Query<Results[Key]> {
  const { acting } = usePlace();
  return useReading((by, signal) => ask(name, variables, { merchant: acting, by, signal }), {
    about: JSON.stringify([acting, name, variables]),
    everyMs,
  });
}

/** Counting stops here: nobody acts differently for one more, and the database is not asked for all of them. */
export const COUNTED_MAX = 1_000;

export interface Counted<Item> {
  readonly items: readonly Item[];
  readonly hasMore: boolean;
}

interface CountedPage<Item> {
  readonly edges: readonly { readonly node: Item }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor?: string | null };
}

/** All pages of a list, up to where counting stops. */
export async function readCounted<Item>(
  readPage: (after: string | undefined) => Promise<CountedPage<Item>>,
): Promise<Counted<Item>> {
  const items: Item[] = [];
  let after: string | undefined;
  for (;;) {
    const { edges, pageInfo } = await readPage(after);
    items.push(...edges.map(({ node }) => node));
    const cursor = pageInfo.endCursor;
    if (!pageInfo.hasNextPage || cursor == null) return { items, hasMore: false };
    if (items.length >= COUNTED_MAX) return { items, hasMore: true };
    after = cursor;
  }
}
