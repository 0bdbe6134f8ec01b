import { type LostCall, type FoundOutcome, askOutcome, tryLost } from "./ask-outcome";
import { call } from "./call";
import { type ClientOptions, settingsOf } from "./client-options";
import { type DocumentShape, shapeOf } from "./document-shape";
import { mutate } from "./mutate";
import { createNewestVersions } from "./newest-version";
import { OncepayError } from "./oncepay-error";
import type { DataAnswer } from "./read-answer";
import type { CallOptions, MutationOptions, Settings } from "./settings";
import { type Connection, type SubscriptionOptions, subscribe } from "./subscribe";

/** The entry `oncepay-sdk/transport`: what GraphQL clients need to ask a document of their own. */

export type { Connection, MutationOptions, SubscriptionOptions };
export { type ClientOptions } from "./client-options";
export { type CacheKeyOf, createCacheKeys } from "./newest-version";
export { OncepayError } from "./oncepay-error";

export interface TransportRequest {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
  readonly operationName?: string | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
  /** Beside those that the transport sends, or in their place: another payment's client secret, for example. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface TransportResult {
  readonly data?: Readonly<Record<string, unknown>> | null;
  /** What the API refused, in its own words. */
  readonly errors?: readonly unknown[];
}

export interface Transport {
  /**
   * Sends a query or a mutation. What the API refuses is in the result's errors; what else goes wrong is thrown as an
   * OncepayError, OUTCOME_UNKNOWN above all.
   */
  readonly execute: (
    request: TransportRequest,
    options?: MutationOptions,
  ) => Promise<TransportResult>;
  /** Subscribes until there is nothing more to come; what ends it early is thrown as an OncepayError. */
  readonly subscribe: (
    request: TransportRequest,
    options: SubscriptionOptions<TransportResult>,
  ) => Promise<void>;
}

/**
 * Sends documents of any GraphQL client as the SDK's own client sends its own: a mutation has one idempotency key
 * through all its tries, which is filled in where the variable for it is empty; a query is retried; both within a
 * budget. A query that is answered with an older state of a payment than one already known is asked again.
 */
export function createTransport(options: ClientOptions): Transport {
  const settings = settingsOf(options);
  const versions = createNewestVersions();
  const execute = async (
    request: TransportRequest,
    callOptions: MutationOptions = {},
  ): Promise<TransportResult> => {
    const sending = { settings: withHeaders(settings, request), request, options: callOptions };
    const shape = shapeOf(request.query, request.operationName);
    if (shape.kind === "mutation") {
      const result = await sendMutation(sending, shape);
      versions.note(result.data);
      return result;
    }
    const result = await sendQuery(sending, shape);
    // What a key once led to is as it was then.
    if (shape.field === "operation") return result;
    // It was on its way when a newer one arrived. The API reads what was committed, so once is enough.
    return versions.note(result.data) ? sendQuery(sending, shape) : result;
  };
  return {
    execute: (request, callOptions) => execute(request, callOptions).catch(refusalIn),
    subscribe: (request, subscriber) =>
      subscribe<Readonly<Record<string, unknown>>>(
        withHeaders(settings, request),
        { document: request.query, ...request },
        {
          ...subscriber,
          onNext: (data) => {
            if (!versions.note(data)) subscriber.onNext({ data });
          },
        },
      ),
  };
}

interface Sending {
  readonly settings: Settings;
  readonly request: TransportRequest;
  readonly options: MutationOptions;
}

async function sendQuery(
  { settings, request, options }: Sending,
  { field }: DocumentShape,
): Promise<TransportResult> {
  const body = bodyOf(request);
  const callOptions: CallOptions = options;
  const outcome = await call(settings, {
    operation: field,
    body,
    options: callOptions,
    acceptsPartial: true,
  });
  if ("data" in outcome) return resultOf(outcome);
  throw new OncepayError(outcome.failure, { tries: outcome.tries });
}

async function sendMutation(
  { settings, request, options }: Sending,
  { field, keyVariable }: DocumentShape,
): Promise<TransportResult> {
  const { variables = {} } = request;
  const given = keyVariable === undefined ? undefined : variables[keyVariable];
  const answer = await mutate(settings, {
    operation: field,
    wish: variables["input"] ?? { ...request, headers: undefined },
    bodyWith: (idempotencyKey) => {
      const filled =
        keyVariable === undefined ? variables : { ...variables, [keyVariable]: idempotencyKey };
      return bodyOf({ ...request, variables: filled });
    },
    // A document may allow its variable to be left out by making "" its default.
    options: typeof given === "string" && given ? { ...options, idempotencyKey: given } : options,
    acceptsPartial: true,
    askOutcome: askForReplay,
  });
  return resultOf(answer);
}

const OPERATION = `query operation($name: String!, $idempotencyKey: String!) {
  operation(name: $name, idempotencyKey: $idempotencyKey) { status error { code message details } }
}`;

/**
 * What was executed is sent once more, because only a replay has the fields that this document asks for. It cannot be
 * executed a second time: the API has just said that it was.
 */
function askForReplay(settings: Settings, lost: LostCall): Promise<FoundOutcome> {
  return askOutcome(settings, lost, {
    document: OPERATION,
    answerOf: async () => {
      const { operation, body, tries } = lost;
      if (!settings.budget.takeRetry(operation)) return undefined;
      return tryLost(settings, lost, { operation, body, tries: tries + 1, acceptsPartial: true });
    },
  });
}

function withHeaders(settings: Settings, { headers }: TransportRequest): Settings {
  if (!headers) return settings;
  const added: Record<string, string> = { ...settings.headers };
  for (const [name, value] of Object.entries(headers)) added[name.toLowerCase()] = value;
  return { ...settings, headers: added };
}

function bodyOf({ query, variables, operationName, extensions }: TransportRequest): string {
  const isExtended = extensions && Object.keys(extensions).length > 0;
  return JSON.stringify({ query, variables, operationName, ...(isExtended && { extensions }) });
}

function resultOf({ data, errors }: DataAnswer): TransportResult {
  return errors ? { data, errors } : { data };
}

/** A refusal of the API is a result; what it said when it was asked for the outcome is in the same form. */
function refusalIn(error: unknown): TransportResult {
  if (!(error instanceof OncepayError)) throw error;
  if (error.errors) return { data: null, errors: error.errors };
  throw error;
}
