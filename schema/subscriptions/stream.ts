import type { OutgoingHttpHeaders } from "node:http";
import type { FastifyReply } from "fastify";
import { type GraphQLSchema, createSourceEventStream, execute } from "graphql";
import { Failure } from "../../src/failures";
import type { Newest } from "../../src/live/newest";
import { httpRequests, subscriptionPayloads } from "../../src/observability/metrics";
import { logAndShow } from "../answer-plugin";
import { noteRefusals } from "../audit";
import { ANSWER_BYTES_MAX, createBudget, stopClock, tooLarge } from "../budget";
import { checkOperation } from "../check-operation";
import type { Context } from "../context";
import { type PresentedError, presentError } from "../failures";
import { inputPathFinder } from "../input-path";
import { type Loaders, createLoaders } from "../loaders";
import { refuseSensitive } from "../refuse-sensitive";
import { resolveInTurns } from "../take-turns";
import { type Subscription, faultsOf, isConditional } from "./find-subscription";
import type { Stream, StreamOwner, Streams } from "./open-streams";
import { payFor } from "./pay-for";

/*
 * A subscription as server-sent events, by the distinct connections mode of the GraphQL over SSE protocol: one request,
 * one stream, `next` for each result and `complete` at the end.
 *
 * Guarantees: access, cost and limits are decided for the whole of it before it is opened, as for a query. A payload is
 * executed when the reader has taken the one before and, but for the first, which is paid for by then, when its caller
 * has enough left to spend on it (pay-for.ts); states in between are skipped, and never more than one waits.
 *
 * What is wrong with the operation itself is told in the stream, as the protocol has it: `next` with errors, then
 * `complete`. Whoever is not known, or cannot be served now, is told by the HTTP status, as of any other request: a
 * client tries that again, and not the other.
 */
const BY_STATUS: ReadonlySet<string> = new Set([
  "UNAUTHENTICATED",
  "RATE_LIMITED",
  "UNAVAILABLE",
  "INTERNAL",
]);

export interface StreamRequest {
  readonly schema: GraphQLSchema;
  readonly streams: Streams;
  readonly context: Context;
  readonly owner: StreamOwner;
  readonly subscription: Subscription;
  /** Before the first byte: what is left of the caller's limits. */
  readonly showStanding: () => void;
  /** Gives to others what places it has among the requests that are being executed. */
  readonly leave: () => void;
}

/** Opens the stream, which runs on when this returns; throws what is to be answered by status instead. */
export async function serveStream(request: StreamRequest, reply: FastifyReply): Promise<void> {
  const { streams, owner, context, subscription } = request;
  const leave = streams.enter(owner);
  const opened = await open(request).catch((error: unknown): readonly unknown[] => [error]);
  stopClock(context.budget);
  if (isEvents(opened)) {
    httpRequests.inc({ code: "OK" });
    const stream = begin(request, reply);
    stream.onEnd(() => {
      leave();
      void opened.return?.();
    });
    void send(request, { events: opened, stream });
    return;
  }
  leave();
  const failed = { requestId: context.requestId, mutated: false };
  const code = presentError(opened[0], failed).shown.extensions.code;
  if (BY_STATUS.has(code)) throw opened[0];
  const errors = show(request, opened);
  httpRequests.inc({ code });
  noteRefusals(context, errors, subscription.operation);
  const stream = begin(request, reply);
  await stream.send(next({ errors }) + COMPLETE);
  stream.end();
}

type Events = Newest<unknown>;

function isEvents(opened: Events | readonly unknown[]): opened is Events {
  return Symbol.asyncIterator in opened;
}

/** What happens, or what forbids it. */
async function open(request: StreamRequest): Promise<Events | readonly unknown[]> {
  const { schema, context, subscription } = request;
  const faults = faultsOf(schema, subscription);
  if (faults.length > 0) return faults;
  if (isConditional(subscription)) {
    throw new Failure(
      "BAD_USER_INPUT",
      "The field of a subscription must not be under @skip or @include.",
    );
  }
  const { document, operation, variables } = subscription;
  await checkOperation(context, { ...subscription, schema, streamed: true });
  refuseSensitive({ document, operation, variables });
  const source = await createSourceEventStream({
    schema,
    document,
    contextValue: context,
    variableValues: variables,
    operationName: operation.name?.value ?? null,
  });
  return Symbol.asyncIterator in source ? (source as Events) : (source.errors ?? []);
}

const HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  // Proxies neither keep it nor wait until there is enough of it to compress.
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};

/** From here on the connection is ours. What hooks have set, such as what lets a page of another origin read it, stays. */
function begin({ streams, owner, showStanding }: StreamRequest, reply: FastifyReply): Stream {
  const { raw } = reply;
  showStanding();
  const headers = { ...reply.getHeaders(), ...HEADERS } as OutgoingHttpHeaders;
  void reply.hijack();
  raw.writeHead(200, headers);
  raw.flushHeaders();
  return streams.open(raw, owner);
}

async function send(
  request: StreamRequest,
  { events, stream }: { readonly events: Events; readonly stream: Stream },
): Promise<void> {
  const { context } = request;
  try {
    for (let isPaid = true; await events.arrived(); isPaid = false) {
      if (!isPaid) await payFor(request, stream);
      const state = await events.next();
      if (state.done === true) break;
      const result = await resultOf(request, state.value).finally(request.leave);
      await stream.send(next(result));
      subscriptionPayloads.inc();
    }
    if (stream.isOpen()) await stream.send(COMPLETE);
  } catch (error) {
    const { shown } = presentError(error, { requestId: context.requestId, mutated: false });
    logAndShow(context, { shown, cause: error });
  }
  stream.end();
}

const COMPLETE = "event: complete\ndata:\n\n";

function next(result: object): string {
  const text = JSON.stringify(result);
  return `event: next\ndata: ${text}\n\n`;
}

/** Executed anew for each state, with a budget and with loaders of its own: what was read before is of another time. */
async function resultOf(request: StreamRequest, state: unknown): Promise<object> {
  const { schema, subscription } = request;
  const context = renewed(request.context);
  const { data, errors = [] } = await execute({
    schema,
    document: subscription.document,
    rootValue: state,
    contextValue: context,
    variableValues: subscription.variables,
    operationName: subscription.operation.name?.value ?? null,
    fieldResolver: resolveInTurns as never,
  });
  stopClock(context.budget);
  const { refusal } = context.budget;
  if (refusal) return { errors: show(request, [refusal]) };
  const result = errors.length > 0 ? { data, errors: show(request, errors) } : { data };
  const isTooLarge = Buffer.byteLength(JSON.stringify(result)) > ANSWER_BYTES_MAX;
  return isTooLarge ? { errors: show(request, [tooLarge()]) } : result;
}

function renewed(context: Context): Context {
  const { app, caller } = context;
  let loaders: Loaders | undefined;
  return {
    ...context,
    loaders: () => (loaders ??= createLoaders(app.db, caller?.merchantId ?? "")),
    budget: createBudget(app.config.queryTimeMs),
  };
}

const ERRORS_SHOWN_MAX = 50;

function show(request: StreamRequest, errors: readonly unknown[]): PresentedError[] {
  const { schema, context, subscription } = request;
  const pathOf = inputPathFinder({ schema, ...subscription });
  const failed = { requestId: context.requestId, mutated: false };
  return errors
    .slice(0, ERRORS_SHOWN_MAX)
    .map((error) => logAndShow(context, presentError(error, failed), pathOf(error as Error)));
}
