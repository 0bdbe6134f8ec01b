import { DOCUMENTS } from "./documents";
import type { Results, Variables } from "./results";

/** The console's server asks, and all that it knows of whoever is signed in. */

export type Name = keyof Results;

export interface Session {
  readonly merchantId: string;
  readonly key: {
    readonly id: string;
    readonly kind: "OPERATOR" | "PLATFORM" | "RESTRICTED";
    readonly hint: string;
    readonly mode: "TEST" | "LIVE";
    readonly scopes: readonly string[];
  };
}

export interface Asked {
  /** Whose rows, for an operator of the installation. */
  readonly merchant: string | null;
  /** What a page asks by itself keeps no session alive. */
  readonly by: "act" | "watch";
  readonly signal?: AbortSignal;
}

interface GivenError {
  readonly message: string;
  readonly extensions?: {
    readonly code?: string;
    readonly requestId?: string;
    readonly retryable?: boolean;
    readonly retryAfterMs?: number;
    readonly details?: unknown;
  };
}

/** What went wrong, as a page shows it. */
export class AskError extends Error {
  readonly code: string;
  readonly requestId: string | undefined;
  /** Whether the same may be asked again; of a mutation: under the same key. */
  readonly retryable: boolean;
  readonly waitMs: number;
  constructor({ message, extensions = {} }: GivenError, requestId: string | undefined) {
    super(message);
    this.code = extensions.code ?? "UNREACHABLE";
    this.requestId = extensions.requestId ?? requestId;
    this.retryable = extensions.retryable ?? false;
    this.waitMs = extensions.retryAfterMs ?? 500;
  }
}

const TIMEOUT_MS = 20_000;

async function send(path: string, asked: Asked, request: RequestInit): Promise<unknown> {
  const { merchant, by, signal } = asked;
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  let response: Response;
  let answer: unknown;
  try {
    response = await fetch(path, {
      ...request,
      headers: {
        "content-type": "application/json",
        "oncepay-console": by,
        ...(merchant !== null && { "oncepay-merchant": merchant }),
      },
      cache: "no-store",
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
    answer = await response.json();
  } catch (error) {
    if (signal?.aborted === true) throw error;
    const message = limit.aborted
      ? "There was no answer in time."
      : "The API could not be reached.";
    throw new AskError({ message, extensions: { retryable: true } }, undefined);
  }
  const [error] = (answer as { errors?: readonly GivenError[] }).errors ?? [];
  if (error) throw new AskError(error, response.headers.get("x-request-id") ?? undefined);
  if (!response.ok) {
    const message = `The API answered ${String(response.status)}.`;
    const extensions = { retryable: response.status >= 500 };
    throw new AskError({ message, extensions }, response.headers.get("x-request-id") ?? undefined);
  }
  return answer;
}

export async function ask<Key extends Name>(
  name: Key,
  variables: Variables[Key],
  asked: Asked,
): Promise<Results[Key]> {
  const body = JSON.stringify({ query: DOCUMENTS[name], variables });
  const { data } = (await send("/console/graphql", asked, { method: "POST", body })) as {
    data: Results[Key];
  };
  return data;
}

const BY_PERSON: Asked = { merchant: null, by: "act" };
const SESSION = "/console/session";

/** Null when nobody is signed in. */
export async function readSession(): Promise<Session | null> {
  try {
    return (await send(SESSION, BY_PERSON, { method: "GET" })) as Session;
  } catch (error) {
    if (error instanceof AskError && error.code === "UNAUTHENTICATED") return null;
    throw error;
  }
}

export async function signIn(key: string): Promise<Session> {
  const body = JSON.stringify({ key });
  return (await send(SESSION, BY_PERSON, { method: "POST", body })) as Session;
}

export async function signOut(): Promise<void> {
  await send(SESSION, BY_PERSON, { method: "DELETE", body: "{}" });
}
