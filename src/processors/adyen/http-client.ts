import type ClientInterface from "@adyen/api-library/lib/src/httpClient/clientInterface";
import { Pool } from "undici";
import { type Exchanged, exchange, poolOptions } from "../exchange";

/*
 * What carries the package's requests. Guarantees: a request is sent once, whatever becomes of it, and follows no redirect;
 * one deadline for the whole exchange; where a request was not given to a socket, that is proven (`isUnsent`); and it goes
 * to one origin, whatever address the package has made. The package's own client speaks https to Adyen alone, follows a
 * redirect with the key, and has a timeout for silence.
 */
export class AdyenUnreached extends Error {
  constructor(
    reason: string,
    /** Not a byte of it was given to a socket. Otherwise it may have arrived. */
    readonly isUnsent: boolean,
  ) {
    super(reason);
  }
}

interface Refused {
  readonly status: number;
  readonly errorCode: string;
  readonly message: string;
  /** Adyen says that the same request may succeed later, under the same key. */
  readonly isTransient: boolean;
}

/** Adyen has answered, with something else than what was asked for. */
export class AdyenRefusal extends Error {
  constructor(readonly refused: Refused) {
    super(refused.message);
  }
}

export interface AdyenHttpClient extends ClientInterface {
  close(): Promise<void>;
}

const ANSWER_BYTES_MAX = 1024 * 1024;

export function createAdyenHttpClient(options: {
  readonly origin: string;
  readonly timeoutMs: number;
  readonly connections: number;
}): AdyenHttpClient {
  const { timeoutMs, origin } = options;
  const pool = new Pool(origin, poolOptions(options));
  const limits = { timeoutMs, answerBytesMax: ANSWER_BYTES_MAX };
  return {
    request: async (...[endpoint, json, { apiKey = "" }, , asked]) => {
      const key = asked?.idempotencyKey;
      const request = {
        method: "POST" as const,
        path: new URL(endpoint).pathname,
        headers: {
          "content-type": "application/json",
          "x-api-key": apiKey,
          ...(key !== undefined && { "idempotency-key": key }),
        },
        body: json.toString(),
      };
      const exchanged = await exchange(pool, request, limits);
      if (exchanged.kind === "answered") return textOf(exchanged);
      throw new AdyenUnreached(exchanged.reason, exchanged.kind === "unsent");
    },
    close: () => pool.destroy(),
  };
}

type Answered = Extract<Exchanged, { readonly kind: "answered" }>;

/** An object, or it is no answer of theirs: a proxy's page proves nothing, whatever its status. */
function textOf({ status, headers, text }: Answered): string {
  const value = parse(status, text);
  if (status >= 200 && status < 300) return text;
  const { errorCode, message } = value;
  const isTransient = headers["transient-error"]?.toString() === "true";
  const refused = { status, errorCode: said(errorCode), message: said(message), isTransient };
  throw new AdyenRefusal(refused);
}

function said(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function parse(status: number, text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new AdyenUnreached(`answered ${String(status)} with what is not theirs`, false);
}
