import type { Failure } from "./oncepay-error";

export interface TryFailure extends Failure {
  /** Whether the request may have had its effect, or may still have it. False only where that is certain. */
  readonly mayHaveExecuted: boolean;
}

export interface DataAnswer {
  readonly data: Readonly<Record<string, unknown>>;
  readonly status: number;
  /** What could not be resolved of it, where that is accepted. */
  readonly errors?: readonly unknown[];
}

export type Answer = DataAnswer | { readonly failure: TryFailure };

interface GraphQLBody {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly GraphQLErrorBody[];
}

interface GraphQLErrorBody {
  readonly message?: string;
  readonly extensions: {
    readonly code: string;
    readonly retryable?: boolean;
    readonly retryAfterMs?: number | null;
    readonly requestId?: string;
    readonly details?: Readonly<Record<string, unknown>>;
  };
}

/** What a proxy answers while the API behind it is away, slow or busy. */
const RETRYABLE_STATUSES = new Set([408, 429, 502, 503, 504]);

/**
 * Where the API does not say it itself. IN_USE: somebody else's try is being executed. INTERNAL: a bug, which may
 * have struck after the commit. UNAVAILABLE: an older API, which does not tell the two kinds of it apart.
 */
const MAY_HAVE_EXECUTED = new Set(["IDEMPOTENCY_KEY_IN_USE", "INTERNAL", "UNAVAILABLE"]);

/**
 * The API's verdict when the body is GraphQL, whatever the status; otherwise somebody else's answer. What has errors is
 * no answer, unless part of one is accepted: a mutation of which a part cannot be shown has been executed all the same.
 */
export function readAnswer(response: Response, text: string, acceptsPartial = false): Answer {
  const body = parseBody(text);
  const error = body && firstError(body);
  if (error && acceptsPartial && hasPart(body.data)) {
    return { data: body.data, errors: body.errors ?? [], status: response.status };
  }
  if (error) return { failure: { ...apiFailure(response, error), errors: body.errors } };
  if (body?.data) return { data: body.data, status: response.status };
  return { failure: foreignFailure(response) };
}

function hasPart(data: GraphQLBody["data"]): data is NonNullable<GraphQLBody["data"]> {
  return Object.values(data ?? {}).some((field) => field !== null);
}

function parseBody(text: string): GraphQLBody | undefined {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === "object" && body !== null ? body : undefined;
  } catch {
    return undefined;
  }
}

/** Where there are several, the one that repeating does not help. */
function firstError({ errors }: GraphQLBody): GraphQLErrorBody | undefined {
  if (!Array.isArray(errors)) return undefined;
  const coded = (errors as readonly Partial<GraphQLErrorBody>[]).filter(
    (error): error is GraphQLErrorBody => typeof error.extensions?.code === "string",
  );
  return coded.find(({ extensions }) => extensions.retryable !== true) ?? coded[0];
}

function apiFailure(response: Response, { message, extensions }: GraphQLErrorBody): TryFailure {
  const { code, retryable, requestId, details } = extensions;
  return {
    code,
    message: message ?? code,
    retryable: retryable === true,
    // The header is rounded up to seconds, and a gateway may have put its own there: the later one holds.
    retryAfterMs: latest(extensions.retryAfterMs ?? undefined, retryAfterMs(response)),
    requestId: requestId ?? requestIdOf(response),
    details,
    status: response.status,
    mayHaveExecuted: saysMayHaveExecuted(details) ?? MAY_HAVE_EXECUTED.has(code),
  };
}

/** UNAVAILABLE says whether something may be stored all the same: the answer of a COMMIT was lost. */
function saysMayHaveExecuted(details: TryFailure["details"]): boolean | undefined {
  const said = details?.["mayHaveExecuted"];
  return typeof said === "boolean" ? said : undefined;
}

function foreignFailure(response: Response): TryFailure {
  const { status } = response;
  const isAnswer = status >= 200 && status < 300;
  return {
    code: isAnswer ? "BAD_RESPONSE" : "HTTP_ERROR",
    message: isAnswer
      ? "The answer is not a GraphQL response. Is the URL right?"
      : `The answer has HTTP status ${String(status)} and comes from something in front of the API.`,
    retryable: RETRYABLE_STATUSES.has(status),
    retryAfterMs: retryAfterMs(response),
    requestId: requestIdOf(response),
    status,
    // A proxy that lost the API in the middle of a request says 502, 503 or 504, or breaks off the answer.
    mayHaveExecuted: isAnswer || status === 408 || status >= 500,
  };
}

function requestIdOf(response: Response): string | undefined {
  return response.headers.get("x-request-id") ?? undefined;
}

function latest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);
}

/** Seconds or a date. A date is compared with the answer's own, because this machine's clock may be wrong. */
function retryAfterMs(response: Response): number | undefined {
  const text = response.headers.get("retry-after")?.trim();
  if (!text) return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1_000;
  const answeredAt = Date.parse(response.headers.get("date") ?? "") || Date.now();
  const waitMs = Date.parse(text) - answeredAt;
  return Number.isNaN(waitMs) ? undefined : Math.max(0, waitMs);
}
