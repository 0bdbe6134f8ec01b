import type { Client } from "pg";

/*
 * Closes a connection whose server was asked something and says nothing.
 *
 * pg's `query_timeout` does that, too, with a timer and a callback for each query. Its callback is a function that is
 * assigned to a property where it is written, and V8 makes such functions in the old generation: with it, the query's
 * text, its parameters and its rows are garbage that only a collection of the old generation takes away.
 *
 * Cost: the clock is read twice for each query, and there is one timer while anything is asked.
 */

/** What pg has been asked and has not answered, which its types do not show. */
export interface Unanswered {
  readonly _activeQuery: object | null;
  readonly _sentQueryQueue: readonly object[];
  readonly _queryQueue: readonly object[];
}

export function isUnanswered({ _activeQuery, _sentQueryQueue }: Unanswered): boolean {
  return Boolean(_activeQuery) || _sentQueryQueue.length > 0;
}

export interface Silence {
  /** To be told before a query is handed to pg. */
  asked(): void;
  /** To be told of each answer. */
  answered(): void;
}

export function endSilence(
  client: Client,
  { silenceMs, end }: { readonly silenceMs: number; readonly end: () => void },
): Silence {
  const wire = client as unknown as Unanswered;
  let sinceMs = 0;
  let isWatching = false;
  const isWaiting = (): boolean => isUnanswered(wire) || wire._queryQueue.length > 0;
  const watch = (ms: number): void => {
    isWatching = true;
    // What the process still has to do keeps it alive, and not this.
    setTimeout(look, ms).unref();
  };
  const look = (): void => {
    isWatching = false;
    if (!isWaiting()) return;
    const leftMs = sinceMs + silenceMs - performance.now();
    if (leftMs > 0) watch(leftMs);
    else end();
  };
  return {
    asked: () => {
      if (!isWaiting()) sinceMs = performance.now();
      if (!isWatching) watch(silenceMs);
    },
    answered: () => {
      sinceMs = performance.now();
    },
  };
}
