import { OncepayError } from "./oncepay-error";
import type { Settings } from "./settings";
import { type SubscriptionOptions, subscribe } from "./subscribe";

export interface Watch {
  readonly operation: string;
  readonly document: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly options: SubscriptionOptions<unknown>;
}

/** What is watched counts its changes, where it has a version at all. */
type Watched = { readonly version?: number | null } | null | undefined;

/**
 * Watches one object through as many streams as it takes, and gives its last state. A state that is older than one
 * already told is not told: a stream may have been opened by a machine that is a little behind the one before.
 */
export async function watch(settings: Settings, watched: Watch): Promise<unknown> {
  const { operation, document, variables, options } = watched;
  let last: Watched;
  await subscribe<Readonly<Record<string, unknown>>>(
    settings,
    { document, variables, operationName: operation },
    {
      ...options,
      onNext: (data) => {
        const next = data[operation] as Watched;
        if ((next?.version ?? 0) < (last?.version ?? 0)) return;
        last = next;
        options.onNext(next);
      },
    },
  );
  if (last) return last;
  const message = "The stream was complete before it said anything.";
  throw new OncepayError({ code: "BAD_RESPONSE", message, retryable: false }, { tries: 1 });
}
