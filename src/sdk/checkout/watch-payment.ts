import type { Client } from "../client";
import type { PaymentIntent } from "../objects";
import { OncepayError } from "../oncepay-error";
import { sleep } from "../sleep";
import { abortedFailure } from "../try-once";
import { followAttention, untilShown } from "./attention";

/** What watching takes of a client. */
export type WatchingClient = Pick<Client, "paymentIntent" | "paymentIntentUpdated">;

export interface PaymentUpdate {
  /** The newest state that is known; undefined before the first answer. */
  readonly paymentIntent: PaymentIntent | undefined;
  /** False while nobody answers: the payment may be further than this. It never means that the payment has failed. */
  readonly isCurrent: boolean;
}

export interface WatchPaymentOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onUpdate?: ((update: PaymentUpdate) => void) | undefined;
}

type Status = PaymentIntent["status"];

/** There is nothing left for the shopper to do or to wait for: an amount that is reserved is captured by the shop. */
const ENDED: ReadonlySet<Status> = new Set<Status>([
  "SUCCEEDED",
  "REQUIRES_CAPTURE",
  "FAILED",
  "CANCELED",
]);

export function hasEnded({ status }: Pick<PaymentIntent, "status">): boolean {
  return ENDED.has(status);
}

/**
 * Watches a payment until it has ended for the shopper, and gives what it came to.
 *
 * It subscribes, and asks every few seconds for as long as there is no stream: a proxy may keep streams back, or an older
 * API may not have them. While the page is hidden it does neither, because a browser opens six connections to a host for
 * all of its tabs; it looks again when the page is shown, and when the network is back. Only what asking again does not
 * help (no access, no such payment) ends it with an OncepayError, and the signal.
 */
export async function watchPayment(
  client: WatchingClient,
  { paymentIntentId }: { readonly paymentIntentId: string },
  options: WatchPaymentOptions = {},
): Promise<PaymentIntent> {
  const { signal } = options;
  const seen = createSeen(options);
  const watched: Watched = { client, id: paymentIntentId, seen, hasStreams: true };
  for (;;) {
    await untilShown(signal);
    if (signal?.aborted) throw new OncepayError(abortedFailure(signal), { tries: 0 });
    const round = new AbortController();
    const end = (): void => round.abort();
    signal?.addEventListener("abort", end);
    const stopFollowing = followAttention(end);
    try {
      await Promise.all([follow(watched, round), poll(watched, round)]);
    } finally {
      stopFollowing();
      signal?.removeEventListener("abort", end);
      round.abort();
    }
    const last = seen.last();
    if (last && hasEnded(last)) return last;
  }
}

interface Seen {
  readonly last: () => PaymentIntent | undefined;
  readonly note: (intent: PaymentIntent) => void;
  readonly lose: () => void;
}

/** Of what arrives, by whatever way, the highest version counts. The caller is told what is news. */
function createSeen({ onUpdate, signal }: WatchPaymentOptions): Seen {
  let last: PaymentIntent | undefined;
  let isCurrent: boolean | undefined;
  const tell = (next: boolean, isNews: boolean): void => {
    if (signal?.aborted || (next === isCurrent && !isNews)) return;
    isCurrent = next;
    onUpdate?.({ paymentIntent: last, isCurrent: next });
  };
  return {
    last: () => last,
    note: (intent) => {
      const isNews = last === undefined || intent.version > last.version;
      if (isNews) last = intent;
      tell(true, isNews);
    },
    lose: () => tell(false, false),
  };
}

interface Watched {
  readonly client: WatchingClient;
  readonly id: string;
  readonly seen: Seen;
  /** False once an answer has shown that there are none to be had. */
  hasStreams: boolean;
  /** Whether a stream has said how things are, and is still open. */
  isLive?: boolean;
}

function note(watched: Watched, intent: PaymentIntent, round: AbortController): void {
  watched.seen.note(intent);
  if (hasEnded(intent)) round.abort();
}

/** Without a stream, whatever the reason, it is the polling that decides whether there is such a payment. */
async function follow(watched: Watched, round: AbortController): Promise<void> {
  watched.isLive = false;
  if (!watched.hasStreams) return;
  try {
    await watched.client.paymentIntentUpdated(
      { id: watched.id },
      {
        signal: round.signal,
        onNext: (intent) => note(watched, intent, round),
        onConnection: ({ isLive }) => {
          watched.isLive = isLive;
        },
      },
    );
    // Nothing was left to say, and yet it has not ended here: who asks finds out.
    watched.hasStreams = false;
  } catch (error) {
    if (!(error instanceof OncepayError)) throw error;
    if (!round.signal.aborted) watched.hasStreams = false;
  } finally {
    watched.isLive = false;
  }
}

const POLL_MS = 2_000;
const POLL_MAX_MS = 10_000;
const POLL_GROWTH = 1.5;
/** How long a stream has to say how things are, at first, before somebody asks. */
const STREAM_HEADSTART_MS = 1_000;
const LOOK_MS = 250;
const ANSWER_MS = 5_000;

const FINAL = new Set(["UNAUTHENTICATED", "FORBIDDEN", "NOT_FOUND", "BAD_USER_INPUT"]);

/** Asks while there is no stream. It looks often whether there is one, because that costs nothing. */
async function poll(watched: Watched, round: AbortController): Promise<void> {
  const { signal } = round;
  // Not all pages whose stream has ended ask at the same moment.
  let waitMs = watched.hasStreams ? STREAM_HEADSTART_MS : 0;
  let waitedMs = 0;
  while (!signal.aborted) {
    if (waitedMs >= waitMs && !watched.isLive) {
      const isSame = await ask(watched, round);
      waitMs = isSame ? Math.min(POLL_MAX_MS, Math.max(POLL_MS, waitMs * POLL_GROWTH)) : POLL_MS;
      waitedMs = 0;
    }
    await sleep(LOOK_MS * (0.5 + Math.random()), signal);
    waitedMs = watched.isLive ? 0 : waitedMs + LOOK_MS;
    if (watched.isLive) waitMs = STREAM_HEADSTART_MS;
  }
}

/** Whether it told nothing new. */
async function ask(watched: Watched, round: AbortController): Promise<boolean> {
  const { client, id, seen } = watched;
  const before = seen.last()?.version;
  try {
    const { signal } = round;
    const limits = { signal, timeoutMs: ANSWER_MS, deadlineMs: ANSWER_MS };
    const intent = await client.paymentIntent({ id }, limits);
    if (!intent) throw notFound();
    note(watched, intent, round);
  } catch (error) {
    if (round.signal.aborted) return true;
    if (!(error instanceof OncepayError) || FINAL.has(error.code)) throw error;
    seen.lose();
  }
  return seen.last()?.version === before;
}

function notFound(): OncepayError {
  const message = "There is no such payment.";
  return new OncepayError({ code: "NOT_FOUND", message, retryable: false }, { tries: 1 });
}
