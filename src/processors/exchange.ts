import type { Dispatcher, Pool } from "undici";

export interface ExchangedRequest {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | null;
}

/** What came back, or why nothing did. What it means is for the adapters to say. */
export type Exchanged =
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly headers: Readonly<Record<string, string | string[] | undefined>>;
      readonly text: string;
    }
  /** It may have arrived. */
  | { readonly kind: "unanswered"; readonly reason: string }
  /** Not a byte of it was given to a socket. */
  | { readonly kind: "unsent"; readonly reason: string };

export interface ExchangeLimits {
  /** One clock for the whole exchange. */
  readonly timeoutMs: number;
  readonly answerBytesMax: number;
}

/** What an adapter's pool is opened with. */
export function poolOptions({
  timeoutMs,
  connections,
}: {
  readonly timeoutMs: number;
  readonly connections: number;
}): Pool.Options {
  return {
    connections,
    pipelining: 1,
    connect: { timeout: timeoutMs },
    // Shorter than most servers' own, so that we let go of an idle connection before they do.
    keepAliveTimeout: 30_000,
    // The clock of an exchange; undici's own are too coarse to plan with.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
}

/**
 * One exchange with a processor over HTTP, which never throws. A request is sent once, whatever becomes of it, and where
 * it was not given to a socket, that is proven.
 *
 * Undici's dispatch and not its request, because only the dispatch handler is told when a request is handed to a socket.
 * Before that, a failure proves that nothing was sent; after it, none does, whatever its code: a reset, and even a refusal
 * on a later connection, may follow bytes that arrived.
 */
export function exchange(
  pool: Pool,
  request: ExchangedRequest,
  { timeoutMs, answerBytesMax }: ExchangeLimits,
): Promise<Exchanged> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let answer: { status: number; headers: Record<string, string | string[] | undefined> } = {
      status: 0,
      headers: {},
    };
    let bytes = 0;
    let controller: Dispatcher.DispatchController | undefined;
    let settled = false;
    const settle = (result: Exchanged): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      resolve(result);
    };
    const fail = (reason: string): void => {
      settle({ kind: controller === undefined ? "unsent" : "unanswered", reason });
    };
    const abort = (reason: string): void => {
      fail(reason);
      controller?.abort(new Error(reason));
    };
    const timer = setTimeout(() => abort(`no answer within ${String(timeoutMs)} ms`), timeoutMs);
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: (started) => {
        // Given up while queueing, or handed over a second time by undici after a broken connection: thrown from here,
        // it is dropped before a byte is written.
        if (settled || controller !== undefined) throw new Error("given up before it was sent");
        controller = started;
      },
      onResponseStart: (_controller, status, headers) => {
        answer = { status, headers };
      },
      onResponseData: (_controller, chunk) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > answerBytesMax) abort("the answer is too large");
      },
      onResponseEnd: () => {
        settle({ kind: "answered", ...answer, text: Buffer.concat(chunks).toString() });
      },
      onResponseError: (_controller, error) => fail(describe(error)),
    };
    try {
      // Nothing that moves money may be sent again by the client on its own.
      pool.dispatch({ ...request, idempotent: false }, handler);
    } catch (error) {
      fail(describe(error));
    }
  });
}

/** The code tells more than the message, which for a refused connection to several addresses is empty. */
function describe(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return [code, message].filter(Boolean).join(": ") || String(error);
}
