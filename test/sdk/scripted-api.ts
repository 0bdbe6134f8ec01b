import { type IncomingHttpHeaders, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface SeenRequest {
  readonly operation: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly headers: IncomingHttpHeaders;
  /** Milliseconds, by a clock that only goes forward. */
  readonly at: number;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** The connection is cut: before the head of the answer, or in the middle of its body. */
  readonly cut?: "before" | "inside";
  /** No answer at all until the client goes away. */
  readonly hang?: true;
  /** A stream of server-sent events, written by whoever is given its writer. */
  readonly stream?: (writer: StreamWriter) => void;
}

export interface StreamWriter {
  readonly write: (text: string) => void;
  readonly end: () => void;
  /** Breaks the connection off. */
  readonly cut: () => void;
  /** Fulfilled when the connection is closed, by whomever. */
  readonly closed: Promise<void>;
}

export interface ScriptedApi {
  readonly url: string;
  readonly seen: SeenRequest[];
  /** The idempotency keys of what was seen, in order. */
  readonly keys: () => unknown[];
  readonly stop: () => Promise<void>;
}

export type Script = readonly (Reply | ((request: SeenRequest) => Reply))[];

/** A real HTTP server that answers from a list; the last entry answers everything after it. */
export async function startApi(...script: Script): Promise<ScriptedApi> {
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { query, variables = {} } = JSON.parse(Buffer.concat(chunks).toString("utf8"));
      const operation = /^(?:mutation|query|subscription) (\w+)/.exec(query as string)?.[1] ?? "";
      const entry = { operation, variables, headers: request.headers, at: performance.now() };
      seen.push(entry);
      const next = script[Math.min(seen.length, script.length) - 1] ?? {};
      send(response, typeof next === "function" ? next(entry) : next);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}/graphql`,
    seen,
    keys: () => seen.map(({ variables }) => variables.idempotencyKey),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, reply: Reply): void {
  if (reply.hang) return;
  if (reply.cut === "before") {
    response.destroy();
    return;
  }
  if (reply.stream) {
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" }).flushHeaders();
    reply.stream({
      write: (text) => void response.write(text),
      end: () => void response.end(),
      cut: () => void response.destroy(),
      closed: new Promise((resolve) => response.once("close", resolve)),
    });
    return;
  }
  const text = typeof reply.body === "string" ? reply.body : JSON.stringify(reply.body ?? {});
  response.writeHead(reply.status ?? 200, {
    "content-type": "application/graphql-response+json",
    "content-length": String(Buffer.byteLength(text)),
    ...reply.headers,
  });
  if (reply.cut === "inside") {
    response.write(text.slice(0, text.length / 2), () => response.destroy());
  } else {
    response.end(text);
  }
}

export function created(id = "pi_1"): Reply {
  const idempotency = { status: "EXECUTED", firstSeenAt: "2026-11-20T10:00:00.000Z" };
  const paymentIntent = { id, status: "REQUIRES_CONFIRMATION", amount: 2_500, currency: "USD" };
  return { body: { data: { createPaymentIntent: { paymentIntent, idempotency } } } };
}

export interface Refusal {
  readonly retryable?: boolean;
  readonly retryAfterMs?: number;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export function refused(code: string, refusal: Refusal = {}): Reply {
  const { retryable = false, retryAfterMs = null, details = {}, status = 200, headers } = refusal;
  const extensions = { code, retryable, retryAfterMs, requestId: "req_1", details };
  const body = { errors: [{ message: `${code} happened`, extensions }] };
  return { status, body, ...(headers && { headers }) };
}
