import type Stripe from "stripe";
import { Pool, type Dispatcher } from "undici";

/*
 * What carries the package's requests. Guarantees: a request is sent once, whatever becomes of it; one deadline for the
 * whole exchange; and where a request was not given to a socket, that is proven (`isUnsent`).
 *
 * The package's own client sends a request again after a broken connection even where retries are off, its timeout is for
 * silence and not for an answer, and an error page of a proxy loses its status. It repeats by the error's `code`, and
 * does not where there is none: so errors here have none.
 */
export class StripeUnreached extends Error {
  constructor(
    reason: string,
    /** Not a byte of it was given to a socket. Otherwise it may have arrived. */
    readonly isUnsent: boolean,
  ) {
    super(reason);
  }
}

export interface StripeHttpClient extends Stripe.HttpClient {
  close(): Promise<void>;
}

// A page of a hundred balance transactions with what they are about has most of a megabyte.
const ANSWER_BYTES_MAX = 8 * 1024 * 1024;

export function createStripeHttpClient(options: {
  readonly origin: string;
  readonly timeoutMs: number;
  readonly connections: number;
}): StripeHttpClient {
  const { origin, timeoutMs } = options;
  const pool = new Pool(origin, {
    connections: options.connections,
    pipelining: 1,
    connect: { timeout: timeoutMs },
    keepAliveTimeout: 30_000,
    // One clock for the whole exchange, below.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  return {
    getClientName: () => "undici",
    makeRequest: async (...[, , path, method, headers, body]) =>
      responseOf(
        await exchange(pool, timeoutMs, {
          method: method,
          path,
          headers: withoutEmpty(headers),
          body: method === "GET" ? null : body,
        }),
      ),
    close: () => pool.destroy(),
  };
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

type Sent = Pick<Dispatcher.DispatchOptions, "method" | "path"> & {
  readonly headers: Record<string, string>;
  readonly body: string | null;
};

function responseOf({ status, headers, text }: Answer): Stripe.HttpClientResponse {
  const value = parse(status, text);
  return {
    getStatusCode: () => status,
    getHeaders: () => headers,
    getRawResponse: () => ({}),
    toStream: () => {
      throw new Error("no answer is streamed");
    },
    toJSON: () => Promise.resolve(value),
  };
}

/** An object, or it is no answer of theirs: a proxy's page proves nothing, whatever its status. */
function parse(status: number, text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // Said below.
  }
  throw new StripeUnreached(`answered ${String(status)} with what is not theirs`, false);
}

function withoutEmpty(headers: Readonly<Record<string, unknown>>): Record<string, string> {
  const given = Object.entries(headers).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [name, String(value)]));
}

/**
 * Undici's dispatch and not its request, because only the dispatch handler is told when a request is handed to a socket.
 * Before that, a failure proves that nothing was sent; after it, none does, whatever its code.
 */
function exchange(pool: Pool, timeoutMs: number, sent: Sent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const answer = { status: 0, headers: {}, chunks: [] as Buffer[], bytes: 0 };
    let controller: Dispatcher.DispatchController | undefined;
    let settled = false;
    const settle = (end: () => void): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      end();
    };
    const fail = (reason: string): void => {
      settle(() => {
        reject(new StripeUnreached(reason, controller === undefined));
      });
    };
    const abort = (reason: string): void => {
      fail(reason);
      controller?.abort(new Error(reason));
    };
    const timer = setTimeout(() => {
      abort(`no answer within ${String(timeoutMs)} ms`);
    }, timeoutMs);
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: (started) => {
        // Given up while queueing, or handed over a second time by undici after a broken connection: thrown from here,
        // it is dropped before a byte is written.
        if (settled || controller !== undefined) throw new Error("given up before it was sent");
        controller = started;
      },
      onResponseStart: (_controller, status, headers) => {
        answer.status = status;
        answer.headers = flat(headers);
      },
      onResponseData: (_controller, chunk) => {
        answer.chunks.push(chunk);
        answer.bytes += chunk.length;
        if (answer.bytes > ANSWER_BYTES_MAX) abort("the answer is too large");
      },
      onResponseEnd: () => {
        const { status, headers, chunks } = answer;
        settle(() => {
          resolve({ status, headers, text: Buffer.concat(chunks).toString() });
        });
      },
      onResponseError: (_controller, error) => {
        fail(describe(error));
      },
    };
    try {
      // Nothing that moves money may be sent again by the client on its own.
      pool.dispatch({ ...sent, idempotent: false }, handler);
    } catch (error) {
      fail(describe(error));
    }
  });
}

function flat(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, [value].flat().join(", ")]),
  );
}

/** The code tells more than the message, which for a refused connection to several addresses is empty. */
function describe(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return [code, message].filter(Boolean).join(": ") || String(error);
}
