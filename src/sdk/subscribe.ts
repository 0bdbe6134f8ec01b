import { type RetryOptions, backoffMs } from "./backoff";
import { type Failure, OncepayError } from "./oncepay-error";
import { type StreamPart, type StreamSettings, openStream } from "./open-stream";
import type { Settings } from "./settings";
import { abortedFailure } from "./try-once";

export interface SubscriptionRequest {
  readonly document: string;
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
  readonly operationName?: string | undefined;
}

export interface Connection {
  /** False: there is no connection now, so what was last heard may no longer be true. Never a reason to say "failed". */
  readonly isLive: boolean;
  /** What went wrong; undefined when a stream just ended, as every stream does after a while. */
  readonly failure?: Failure | undefined;
  readonly retryInMs?: number | undefined;
}

export interface SubscriptionOptions<Data> {
  readonly signal?: AbortSignal | undefined;
  /** How things are: when a stream opens, and after every change. */
  readonly onNext: (data: Data) => void;
  /** Called when a stream says how things are for the first time, and whenever one ends or cannot be opened. */
  readonly onConnection?: ((connection: Connection) => void) | undefined;
}

export type SubscriptionSettings = StreamSettings & Pick<Settings, "random" | "now" | "sleep">;

/**
 * Streams end for many reasons at a time when many others end too: an API that is restarted, a proxy. They come back
 * within a second of each other at first, and slower while there is nobody to come back to.
 */
const RECONNECT: RetryOptions = { baseMs: 1_000, capMs: 15_000, triesMax: Infinity };

/** A stream that ends sooner may end for a reason that its successor meets too. */
const SETTLED_MS = 10_000;

/**
 * Subscribes until the API says `complete`; then the promise is fulfilled. A stream that ends otherwise is opened anew,
 * however often, and nothing is missed by that, because the first thing that a stream says is how things are now. What
 * repeating does not help (no access, no such payment), and the signal, end it with an OncepayError. So does an
 * `onNext` that throws, with what it threw.
 */
export async function subscribe<Data>(
  settings: SubscriptionSettings,
  { document, variables, operationName }: SubscriptionRequest,
  options: SubscriptionOptions<Data>,
): Promise<void> {
  const { signal, onConnection } = options;
  const body = JSON.stringify({ query: document, variables, operationName });
  let quickEnds = 0;
  for (let tries = 1; ; tries += 1) {
    const startedAt = settings.now();
    const last = await follow(openStream(settings, { body, signal }), options);
    if (last && "isComplete" in last) return;
    const failure = last?.failure;
    endUnlessRetryable(failure, { tries, signal });
    quickEnds = settings.now() - startedAt >= SETTLED_MS ? 1 : quickEnds + 1;
    const { random } = settings;
    const position = { tries: quickEnds, retryAfterMs: failure?.retryAfterMs, random };
    const retryInMs = backoffMs(RECONNECT, position);
    onConnection?.({ isLive: false, failure, retryInMs });
    await settings.sleep(retryInMs, signal);
    endUnlessRetryable(undefined, { tries, signal });
  }
}

function endUnlessRetryable(
  last: Failure | undefined,
  { tries, signal }: { readonly tries: number; readonly signal: AbortSignal | undefined },
): void {
  const failure = signal?.aborted ? abortedFailure(signal) : last;
  if (failure && !failure.retryable) throw new OncepayError(failure, { tries });
}

type LastPart = Exclude<StreamPart, { data: unknown }> | undefined;

/** Tells what the stream says until it ends, and gives how it ended. */
async function follow<Data>(
  stream: AsyncIterable<StreamPart>,
  { signal, onNext, onConnection }: SubscriptionOptions<Data>,
): Promise<LastPart> {
  let isLive = false;
  for await (const part of stream) {
    // Who has given up is told nothing more.
    if (!("data" in part) || signal?.aborted) return "data" in part ? undefined : part;
    if (!isLive) onConnection?.({ isLive: true });
    isLive = true;
    onNext(part.data as Data);
  }
  return undefined;
}
