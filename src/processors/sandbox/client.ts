import { Pool, type Dispatcher } from "undici";

/** HTTP only: what came back, or why nothing did. What it means is for translate.ts to say. */
export type ClientResult =
  | { readonly kind: "answered"; readonly status: number; readonly text: string }
  /** It may have arrived. */
  | { readonly kind: "unanswered"; readonly reason: string }
  /** Not a byte of it was given to a socket. */
  | { readonly kind: "unsent"; readonly reason: string };

/** What goes into headers. With a key, a repeat gets the answer to the first. */
export interface SentAlong {
  readonly key?: string | undefined;
  readonly traceparent?: string | undefined;
}

export interface SandboxClient {
  post(path: string, body: unknown, sent?: SentAlong): Promise<ClientResult>;
  get(path: string, sent?: SentAlong): Promise<ClientResult>;
  close(): Promise<void>;
}

interface ClientRequest {
  readonly secretKey: string | undefined;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body: string | null;
  readonly sent: SentAlong | undefined;
}

const ANSWER_BYTES_MAX = 256 * 1024;
const HEADERS = { "content-type": "application/json", accept: "application/json" };

export function createSandboxClient(options: {
  readonly baseUrl: string;
  /** Of an account; without one it is the installation's, which has no name. */
  readonly secretKey?: string | undefined;
  readonly timeoutMs: number;
  readonly connections: number;
}): SandboxClient {
  const { timeoutMs, secretKey } = options;
  const base = new URL(options.baseUrl);
  const prefix = base.pathname.replace(/\/+$/, "");
  const pool = new Pool(base.origin, {
    connections: options.connections,
    pipelining: 1,
    connect: { timeout: timeoutMs },
    // Shorter than the network's own, so that we let go of an idle connection before it does.
    keepAliveTimeout: 30_000,
    // One clock for the whole exchange, below; undici's own are too coarse to plan with.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const send = (request: Omit<ClientRequest, "secretKey">): Promise<ClientResult> =>
    exchange(pool, timeoutMs, { ...request, secretKey, path: prefix + request.path });
  return {
    post: (path, body, sent) => send({ method: "POST", path, body: JSON.stringify(body), sent }),
    get: (path, sent) => send({ method: "GET", path, body: null, sent }),
    close: () => pool.destroy(),
  };
}

function headersOf({ secretKey, sent = {} }: ClientRequest): Record<string, string> {
  const { key, traceparent } = sent;
  if (key === undefined && traceparent === undefined && secretKey === undefined) return HEADERS;
  return {
    ...HEADERS,
    ...(secretKey !== undefined && { authorization: `Bearer ${secretKey}` }),
    ...(key !== undefined && { "idempotency-key": key }),
    ...(traceparent !== undefined && { traceparent }),
  };
}

/**
 * Undici's dispatch and not its request, because only the dispatch handler is told when a request
 * is handed to a socket. Before that, a failure proves that nothing was sent; after it, none does,
 * whatever its code: a reset, and even a refusal on a later connection, may follow bytes that arrived.
 */
function exchange(pool: Pool, timeoutMs: number, request: ClientRequest): Promise<ClientResult> {
  return new Promise((resolve) => {
    const answer = { status: 0, chunks: [] as Buffer[], bytes: 0 };
    let controller: Dispatcher.DispatchController | undefined;
    let settled = false;
    const settle = (result: ClientResult): void => {
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
    const timer = setTimeout(() => abort(`no answer within ${timeoutMs} ms`), timeoutMs);
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: (started) => {
        // Given up while queueing, or handed over a second time by undici after a broken
        // connection: thrown from here, it is dropped before a byte is written.
        if (settled || controller !== undefined) throw new Error("given up before it was sent");
        controller = started;
      },
      onResponseStart: (_controller, status) => {
        answer.status = status;
      },
      onResponseData: (_controller, chunk) => {
        answer.chunks.push(chunk);
        answer.bytes += chunk.length;
        if (answer.bytes > ANSWER_BYTES_MAX) abort("the answer is too large");
      },
      onResponseEnd: () => {
        const text = Buffer.concat(answer.chunks).toString();
        settle({ kind: "answered", status: answer.status, text });
      },
      onResponseError: (_controller, error) => fail(describe(error)),
    };
    try {
      pool.dispatch(
        {
          method: request.method,
          path: request.path,
          body: request.body,
          headers: headersOf(request),
          // Nothing that moves money may be sent again by the client on its own.
          idempotent: false,
        },
        handler,
      );
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
