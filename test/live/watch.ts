import { createClient } from "graphql-sse";
import { waitFor } from "../support/wait-for";

/** A subscription as graphql-sse's client sees it, which tries nothing again by itself here. */
export interface Watching {
  readonly states: readonly State[];
  readonly errors: readonly ShownError[];
  /** How it ended: with `complete`, or with what the client makes of anything else. */
  readonly end: () => "complete" | Error | undefined;
  readonly opened: () => boolean;
  stop(): void;
}

export interface State {
  readonly id: string;
  readonly status: string;
  readonly version: number;
}

export interface ShownError {
  readonly message: string;
  readonly extensions: Readonly<Record<string, unknown>>;
}

export const WATCH = `subscription ($id: ID!) { paymentIntentUpdated(id: $id) { id status version } }`;

export interface WatchOptions {
  readonly id: string;
  readonly key: string;
  readonly clientSecret?: string;
  readonly query?: string;
}

export function watch(
  url: string,
  { id, key, clientSecret, query = WATCH }: WatchOptions,
): Watching {
  const states: State[] = [];
  const errors: ShownError[] = [];
  let end: "complete" | Error | undefined;
  let opened = false;
  const client = createClient({
    url: `${url}/graphql`,
    retryAttempts: 0,
    headers: () => ({
      authorization: `Bearer ${key}`,
      ...(clientSecret !== undefined && { "oncepay-client-secret": clientSecret }),
    }),
    on: { connected: () => (opened = true) },
  });
  const stop = client.subscribe<{ paymentIntentUpdated: State }>(
    { query, variables: { id } },
    {
      next: ({ data, errors: shown }) => {
        if (data?.paymentIntentUpdated) states.push(data.paymentIntentUpdated);
        errors.push(...((shown ?? []) as unknown as ShownError[]));
      },
      error: (error) => (end ??= error as Error),
      complete: () => (end ??= "complete"),
    },
  );
  return { states, errors, end: () => end, opened: () => opened, stop };
}

export async function firstState(watching: Watching): Promise<State> {
  await waitFor("the state now", () => {
    if (watching.end() !== undefined && watching.states.length === 0) {
      throw new Error(`it ended: ${String(watching.end())} ${JSON.stringify(watching.errors)}`);
    }
    return watching.states.length > 0;
  });
  return watching.states[0] as State;
}

/** The statuses in their order, each once. */
export function statuses({ states }: Watching): string[] {
  return states.map(({ status }) => status);
}
