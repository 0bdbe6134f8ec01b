import type Stripe from "stripe";
import { Pool } from "undici";
import { type Exchanged, exchange, poolOptions } from "../exchange";

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
  const { timeoutMs } = options;
  const pool = new Pool(options.origin, poolOptions(options));
  const limits = { timeoutMs, answerBytesMax: ANSWER_BYTES_MAX };
  return {
    getClientName: () => "undici",
    makeRequest: async (...[, , path, method, headers, body]) => {
      const request = {
        method: method as "GET" | "POST" | "DELETE",
        path,
        headers: withoutEmpty(headers),
        body: method === "GET" ? null : body,
      };
      const exchanged = await exchange(pool, request, limits);
      if (exchanged.kind === "answered") return responseOf(exchanged);
      throw new StripeUnreached(exchanged.reason, exchanged.kind === "unsent");
    },
    close: () => pool.destroy(),
  };
}

type Answered = Extract<Exchanged, { readonly kind: "answered" }>;

function responseOf({ status, headers, text }: Answered): Stripe.HttpClientResponse {
  const value = parse(status, text);
  return {
    getStatusCode: () => status,
    getHeaders: () => flat(headers),
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

function flat(headers: Answered["headers"]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, [value].flat().join(", ")]),
  );
}
