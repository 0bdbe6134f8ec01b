import type { IncomingHttpHeaders } from "node:http";
import { type Dispatcher, errors } from "undici";
import { redact } from "../security/sensitive";
import type { ErrorClass } from "./delivery";
import { BLOCKED_TARGET } from "./url-guard";

type PostWebhookInput = {
  url: string;
  headers: Readonly<Record<string, string>>;
  body: string | Buffer;
  timeoutMs?: number;
};

export type PostResult = {
  /** `gone` is 410: the receiver wants no more events. `unreachable` means that there was no answer at all. */
  kind: "delivered" | "refused" | "gone" | "unreachable";
  statusCode?: number;
  /** Why it was not delivered, in words for the merchant. */
  error?: string;
  errorClass?: ErrorClass;
  /** The beginning of what the receiver answered. */
  responseBody?: string;
  /** When the receiver wants us to try again. */
  retryAfterMs?: number;
  durationMs: number;
};

// The status is the verdict; the body only helps a person to understand it. So we keep the beginning of it, read a
// little more so that the connection can be reused, and then give up: nobody may hold a worker with an endless or a
// trickling answer.
const BODY_KEPT_BYTES = 2_048;
// A card number or a secret that begins within what is kept must be seen in full to be redacted.
const BODY_LOOKED_AT_BYTES = BODY_KEPT_BYTES + 256;
const BODY_READ_BYTES = 64 * 1_024;
const BODY_PATIENCE_MS = 2_000;

/** Posts one webhook, once. Whatever the receiver does is a result; this never throws. */
export async function postWebhook(agent: Dispatcher, input: PostWebhookInput): Promise<PostResult> {
  const startedAt = performance.now();
  const result = await exchange(agent, input);
  return { ...result, durationMs: Math.round(performance.now() - startedAt) };
}

type Posted = Omit<PostResult, "durationMs">;

/**
 * Undici's dispatch and not its request: half the work for the same exchange, and this is done for every event.
 * It follows no redirects, which would bypass the check of the URL. Its own timeouts are off because they restart with
 * every byte; the one clock here does not.
 */
function exchange(agent: Dispatcher, input: PostWebhookInput): Promise<Posted> {
  const { timeoutMs = 15_000 } = input;
  const deadline = performance.now() + timeoutMs;
  return new Promise((resolve) => {
    const body = { kept: [] as Buffer[], keptBytes: 0, readBytes: 0 };
    let controller: Dispatcher.DispatchController | undefined;
    let answered: Posted | undefined;
    let settled = false;
    const settle = (otherwise: Posted): void => {
      if (settled) return;
      settled = true;
      clearTimeout(clock);
      // A body that breaks off is not a failure: the status has still been received.
      resolve(answered ? { ...answered, ...beginning(body.kept) } : otherwise);
    };
    const giveUp = (reason: Posted): void => {
      settle(reason);
      controller?.abort(new Error(reason.error));
    };
    const late = unreachable("TIMEOUT", `no answer within ${timeoutMs / 1_000} seconds`);
    let clock = setTimeout(() => {
      giveUp(late);
    }, timeoutMs);
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: (started) => {
        // Abandoned while it waited for a connection: throwing here drops it before a byte is written.
        if (settled) throw new Error(late.error);
        controller = started;
      },
      onResponseStart: (_controller, statusCode, headers) => {
        if (statusCode < 200) return;
        answered = verdict(statusCode, headers);
        clearTimeout(clock);
        const patienceMs = Math.min(BODY_PATIENCE_MS, deadline - performance.now());
        clock = setTimeout(() => {
          giveUp(late);
        }, patienceMs);
      },
      onResponseData: (_controller, chunk) => {
        body.readBytes += chunk.length;
        const wanted = chunk.subarray(0, BODY_LOOKED_AT_BYTES - body.keptBytes);
        body.keptBytes += wanted.length;
        // A copy, because undici reuses the memory of the chunk.
        if (wanted.length > 0) body.kept.push(Buffer.from(wanted));
        if (body.readBytes > BODY_READ_BYTES) giveUp(late);
      },
      onResponseEnd: () => {
        settle(late);
      },
      onResponseError: (_controller, error) => {
        settle(describe(error));
      },
    };
    try {
      agent.dispatch(dispatchOptions(input), handler);
    } catch (error) {
      settle(describe(error));
    }
  });
}

function dispatchOptions({ url, headers, body }: PostWebhookInput): Dispatcher.DispatchOptions {
  const { origin, pathname, search } = new URL(url);
  return {
    origin,
    path: pathname + search,
    method: "POST",
    headers: {
      ...headers,
      "content-type": "application/json",
      "user-agent": "oncepay-webhooks/1",
    },
    body,
    headersTimeout: 0,
    bodyTimeout: 0,
  };
}

function unreachable(errorClass: ErrorClass, error: string): Posted {
  return { kind: "unreachable", error, errorClass };
}

function verdict(statusCode: number, headers: IncomingHttpHeaders): Posted {
  if (statusCode >= 200 && statusCode < 300) return { kind: "delivered", statusCode };
  if (statusCode === 410) {
    return { kind: "gone", statusCode, error: "answered 410 Gone", errorClass: "GONE" };
  }
  const isRedirect = statusCode >= 300 && statusCode < 400;
  const isClients = statusCode >= 400 && statusCode < 500;
  return {
    kind: "refused",
    statusCode,
    error: `answered ${statusCode}${isRedirect ? "; redirects are not followed" : ""}`,
    errorClass: isRedirect ? "REDIRECT" : isClients ? "CLIENT_ERROR" : "SERVER_ERROR",
    ...retryAfter(headers),
  };
}

/** Retry-After is a number of seconds or a date; anything else counts as absent. */
function retryAfter(headers: IncomingHttpHeaders): { retryAfterMs?: number } {
  const value = headers["retry-after"]?.trim() ?? "";
  if (/^\d{1,10}$/.test(value)) return { retryAfterMs: Number(value) * 1_000 };
  // Only the date formats of HTTP, which begin with a day's name: Date.parse takes "-5" for a year.
  const at = /^[A-Z][a-z]{2}/.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(at) ? {} : { retryAfterMs: Math.max(0, at - Date.now()) };
}

/** The first 2 kB as text that can be stored and shown. */
function beginning(kept: readonly Buffer[]): { responseBody?: string } {
  if (kept.length === 0) return {};
  const text = cleanText(Buffer.concat(kept));
  return text === "" ? {} : { responseBody: text };
}

function cleanText(bytes: Buffer): string {
  // Postgres cannot store NUL, and a terminal that shows a log should not act on control characters from the receiver.
  const text = decode(bytes).replace(/(?![\t\n])\p{Cc}/gu, "");
  // The limit is applied last, because decoding turned each broken byte into three.
  const kept = decode(Buffer.from(redact(text)).subarray(0, BODY_KEPT_BYTES));
  // 20 digits are no card number, and the first 16 of them, where the text is cut off, may be one.
  return redact(kept).trim();
}

/** Reads UTF-8; a character that is cut in two at the end is left out. */
function decode(bytes: Buffer): string {
  return new TextDecoder().decode(bytes, { stream: true });
}

// The merchant reads these. Anything not listed might reveal our internals, so it is not repeated.
const DESCRIPTIONS: ReadonlyMap<string, readonly [ErrorClass, string]> = new Map([
  [BLOCKED_TARGET, ["BLOCKED", "the address is not on the public internet"]],
  ["ECONNREFUSED", ["CONNECTION", "connection refused"]],
  ["ECONNRESET", ["CONNECTION", "connection closed before an answer"]],
  ["EPIPE", ["CONNECTION", "connection closed before an answer"]],
  ["UND_ERR_SOCKET", ["CONNECTION", "connection closed before an answer"]],
  ["UND_ERR_CONNECT_TIMEOUT", ["CONNECTION", "connection timed out"]],
  ["ETIMEDOUT", ["CONNECTION", "connection timed out"]],
  ["EHOSTUNREACH", ["CONNECTION", "host unreachable"]],
  ["ENETUNREACH", ["CONNECTION", "host unreachable"]],
  ["ENOTFOUND", ["DNS", "the host name does not resolve"]],
  ["ENODATA", ["DNS", "the host name does not resolve"]],
  ["ESERVFAIL", ["DNS", "the host name does not resolve"]],
  ["EREFUSED", ["DNS", "the host name does not resolve"]],
  ["ETIMEOUT", ["DNS", "the host name does not resolve"]],
  ["EAI_AGAIN", ["DNS", "the host name does not resolve"]],
  ["UND_ERR_HEADERS_OVERFLOW", ["PROTOCOL", "the answer's headers are too large"]],
  ["EPROTO", ["TLS", "TLS failed"]],
]);

function describe(error: unknown): Posted {
  const code = codeOf(error);
  if (error instanceof errors.HTTPParserError) {
    return unreachable("PROTOCOL", "the answer is not valid HTTP");
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO_/.test(code)) {
    return unreachable("TLS", "the TLS certificate is not valid");
  }
  if (code.startsWith("ERR_SSL") || code.startsWith("ERR_TLS")) {
    return unreachable("TLS", "TLS failed");
  }
  if (isOfNameServer(error)) return unreachable("DNS", "the host name does not resolve");
  const [errorClass, words] = DESCRIPTIONS.get(code) ?? ["CONNECTION", "the request failed"];
  return unreachable(errorClass, words);
}

/** A name server may refuse connections, too. */
function isOfNameServer(error: unknown): boolean {
  const { syscall } = Object(error) as { syscall?: unknown };
  return typeof syscall === "string" && syscall.startsWith("query");
}

/** A name with several addresses fails with one error for each; the first one stands for all. */
function codeOf(error: unknown): string {
  const { code, errors: each } = (error ?? {}) as { code?: unknown; errors?: unknown };
  if (typeof code === "string" && code !== "") return code;
  return Array.isArray(each) && each.length > 0 ? codeOf(each[0]) : "";
}
