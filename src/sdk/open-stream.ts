import type { Failure } from "./oncepay-error";
import { readAnswer } from "./read-answer";
import { createEventReader } from "./read-events";
import type { Settings } from "./settings";
import { networkFailure, timedOut } from "./try-once";

export interface StreamSettings extends Pick<Settings, "url" | "headers" | "fetch" | "timeoutMs"> {
  /** How long a stream may say nothing at all. */
  readonly silenceMs?: number;
}

export interface StreamRequest {
  readonly body: string;
  readonly signal?: AbortSignal | undefined;
}

export type StreamPart =
  | { readonly data: Readonly<Record<string, unknown>> }
  /** There is nothing more to come, and the API said so. */
  | { readonly isComplete: true }
  /** The last part of a stream that went wrong; one that just ends is to be opened anew. */
  | { readonly failure: Failure };

/** The API says something every 12 seconds. Who has missed it twice is connected to nobody. */
const SILENCE_MS = 30_000;

/**
 * One connection, by GraphQL over server-sent events in its mode of distinct connections. It never throws, and whoever
 * stops reading it closes it.
 */
export async function* openStream(
  settings: StreamSettings,
  { body, signal }: StreamRequest,
): AsyncGenerator<StreamPart, void, void> {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const { timeoutMs, silenceMs = SILENCE_MS } = settings;
  const patience = createPatience(timeoutMs, abort);
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) abort();
  try {
    const response = await settings.fetch(settings.url, {
      method: "POST",
      headers: { ...settings.headers, accept: "text/event-stream" },
      body,
      signal: controller.signal,
      redirect: "manual",
      credentials: "omit",
    });
    if (!isStream(response)) {
      yield* readRefusal(response);
      return;
    }
    patience.renew(silenceMs);
    yield* readParts(response, () => patience.renew(silenceMs));
  } catch (error) {
    const isSilent = controller.signal.aborted;
    yield { failure: isSilent ? timedOut(patience.ms(), error) : networkFailure(error) };
  } finally {
    patience.end();
    signal?.removeEventListener("abort", abort);
    abort();
  }
}

interface Patience {
  readonly ms: () => number;
  readonly renew: (ms: number) => void;
  readonly end: () => void;
}

function createPatience(firstMs: number, onEnd: () => void): Patience {
  let ms = firstMs;
  let timer = setTimeout(onEnd, ms);
  return {
    ms: () => ms,
    renew: (nextMs) => {
      clearTimeout(timer);
      ms = nextMs;
      timer = setTimeout(onEnd, ms);
    },
    end: () => clearTimeout(timer),
  };
}

function isStream({ ok, headers }: Response): boolean {
  return ok && (headers.get("content-type") ?? "").startsWith("text/event-stream");
}

async function* readRefusal(response: Response): AsyncGenerator<StreamPart, void, void> {
  const answer = readAnswer(response, await response.text());
  if ("failure" in answer) yield answer;
  else yield { failure: NO_STREAM };
}

const NO_STREAM: Failure = {
  code: "BAD_RESPONSE",
  message: "The answer is not a stream. Does something in front of the API keep it back?",
  retryable: false,
};

async function* readParts(
  response: Response,
  onHeard: () => void,
): AsyncGenerator<StreamPart, void, void> {
  const reader = (response.body as ReadableStream<Uint8Array> | null)?.getReader();
  if (!reader) {
    yield { failure: NO_STREAM };
    return;
  }
  const decoder = new TextDecoder();
  const readEvents = createEventReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    onHeard();
    for (const { event, data } of readEvents(decoder.decode(value, { stream: true }))) {
      if (event === "complete") {
        yield { isComplete: true };
        return;
      }
      if (event === "next") yield readAnswer(response, data);
    }
  }
}
