import {
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
} from "graphql";
import type { App } from "../src/app";
import { type Actor, type AuditDetails, isOperator } from "../src/audit-log/entry";
import type { AuditedWrite } from "../src/audit-log/record-write";
import { idKind } from "../src/ids";
import { PLATFORM_MERCHANT_ID } from "../src/merchants/api-key";
import type { Context } from "./context";
import type { PresentedError } from "./failures";
import type { PresentedKey } from "./presented-key";

/*
 * What of the API is told to the audit log. What operators write is recorded with its effect, in the same transaction;
 * what they read, and who is refused, is noted here and written beside the requests.
 */

/** Mutations that are recorded whoever sends them. Those of operators are recorded all. */
const RECORDED_FOR_ALL: ReadonlySet<string> = new Set([
  "createMerchant",
  "createApiKey",
  "rollApiKey",
  "revokeApiKey",
  "createWebhookEndpoint",
  "updateWebhookEndpoint",
  "disableWebhookEndpoint",
  "enableWebhookEndpoint",
  "deleteWebhookEndpoint",
  "rotateWebhookSecret",
  "sendTestWebhook",
  "replayWebhookDelivery",
  "discardWebhookDelivery",
  "retryWebhookDeliveryNow",
  "retryWebhookDeliveriesNow",
  "lookUpAttempt",
  "createReplayPlan",
  "startReplayPlan",
  "pauseReplayPlan",
  "resumeReplayPlan",
  "cancelReplayPlan",
  "connectProcessorAccount",
  "rotateProcessorCredentials",
  "rotateProcessorWebhookSecret",
  "disableProcessorAccount",
  "enableProcessorAccount",
  "replaceProcessorRoutes",
]);

/** Shows nothing of a merchant's. */
const NOT_RECORDED: ReadonlySet<string> = new Set(["eventTypes"]);

/** Who sends the request. */
export function actorOf(context: Context): Actor {
  const { caller, presented, address, requestId } = context;
  if (!caller) return strangerOf({ presented, address, requestId });
  return { kind: caller.kind, id: caller.id, hint: caller.hint, address, requestId };
}

/** What a mutation's use case records in its transaction; undefined for what is not recorded. */
export function auditOf(
  context: Context,
  mutation: string,
  about: { readonly subjectId?: string; readonly details?: AuditDetails } = {},
): AuditedWrite | undefined {
  return isRecorded(context, mutation) ? { actor: actorOf(context), ...about } : undefined;
}

function isRecorded({ caller }: Context, mutation: string): boolean {
  return caller !== undefined && (RECORDED_FOR_ALL.has(mutation) || isOperator(caller.kind));
}

/** On the path of every request: it only counts, and asks who it is for the first use of the day. */
export function noteUse(context: Context): void {
  const { caller, app } = context;
  if (!caller) return;
  const { id } = caller;
  // A platform operator's key is the installation's, whomever it acts for.
  const merchantId = caller.kind === "PLATFORM" ? PLATFORM_MERCHANT_ID : caller.merchantId;
  app.auditLog.noteUse({ id, merchantId, actor: () => actorOf(context) });
}

interface Stranger {
  readonly presented: PresentedKey | undefined;
  readonly address: string | null;
  readonly requestId: string;
}

function strangerOf({ presented, address, requestId }: Stranger): Actor {
  return { kind: "ANONYMOUS", id: null, hint: presented?.hint ?? null, address, requestId };
}

/** A request that was refused before it had a context. */
export function noteStranger(app: App, stranger: Stranger, error: PresentedError): void {
  const merchantId = stranger.presented?.merchantId ?? null;
  noteRefusal(app, { merchantId, actor: strangerOf(stranger), operation: null }, error);
}

/** The refusals in an answer, each kind once. */
export function noteRefusals(
  context: Context,
  errors: readonly PresentedError[],
  operation: OperationDefinitionNode | undefined,
): void {
  const byCode = new Map(errors.map((error) => [error.extensions.code, error]));
  for (const error of byCode.values()) {
    const merchantId = context.caller?.merchantId ?? context.presented?.merchantId ?? null;
    const by = { merchantId, actor: actorOf(context), operation: firstFieldOf(operation) };
    noteRefusal(context.app, by, error);
  }
}

/** The document has been validated before anybody is refused, so it is the name of a field of ours. */
function firstFieldOf(operation: OperationDefinitionNode | undefined): string | null {
  const [first] = operation?.selectionSet.selections ?? [];
  return first?.kind === Kind.FIELD ? first.name.value : null;
}

interface RefusedRequest {
  readonly merchantId: string | null;
  readonly actor: Actor;
  readonly operation: string | null;
}

function noteRefusal(
  { auditLog }: Pick<App, "auditLog">,
  request: RefusedRequest,
  { extensions: { code, details } }: PresentedError,
): void {
  if (code !== "UNAUTHENTICATED" && code !== "FORBIDDEN") return;
  const scope = details["scope"];
  auditLog.note({
    ...request,
    action: code === "FORBIDDEN" ? "ACCESS_REFUSED" : "AUTHENTICATION_REFUSED",
    outcome: "REFUSED",
    errorCode: code,
    ...(typeof scope === "string" && { scope }),
  });
}

type Resolve = GraphQLFieldResolver<unknown, Context, Readonly<Record<string, unknown>>>;

/**
 * Has every read of an operator's noted, and every replay of a recorded mutation: a replay changes nothing, but it may
 * show a secret once more. Done to the root fields, so that no query has to think of it; for anybody else's requests it
 * costs a comparison.
 */
export function watchRootFields(schema: GraphQLSchema): void {
  const isReadRecorded = ({ caller }: Context, name: string): boolean =>
    caller !== undefined && isOperator(caller.kind) && !NOT_RECORDED.has(name);
  const noteRead: Look = (context, name, { args, result }) => {
    const objects = objectsIn(result);
    const ids = [...idsIn(args), ...objects.map(({ id }) => id)];
    note(context, name, { action: "READ", outcome: "SUCCEEDED", ids, objects: objects.length });
  };
  watch(schema.getQueryType(), isReadRecorded, noteRead);
  // Each state that is shown is a read.
  watch(schema.getSubscriptionType(), isReadRecorded, noteRead);
  watch(schema.getMutationType(), isRecorded, (context, name, { result }) => {
    const { idempotency, ...shown } = result as { idempotency?: { status?: string } };
    if (idempotency?.status !== "REPLAYED") return;
    const ids = objectsIn(Object.values(shown)).map(({ id }) => id);
    note(context, name, { action: "WRITE", outcome: "REPLAYED", ids });
  });
}

interface Resolved {
  readonly args: Readonly<Record<string, unknown>>;
  readonly result: unknown;
}

type Look = (context: Context, name: string, resolved: Resolved) => void;

function watch(
  root: GraphQLObjectType | null | undefined,
  concerns: (context: Context, name: string) => boolean,
  look: Look,
): void {
  for (const field of Object.values(root?.getFields() ?? {})) {
    const resolve: Resolve | undefined = field.resolve;
    if (!resolve) continue;
    const watched: Resolve = (...asked) => {
      const [, args, context] = asked;
      const found = resolve(...asked);
      if (!concerns(context, field.name)) return found;
      return Promise.resolve(found).then((result) => {
        look(context, field.name, { args, result });
        return result;
      });
    };
    field.resolve = watched;
  }
}

function note(
  context: Context,
  operation: string,
  seen: {
    readonly action: "READ" | "WRITE";
    readonly outcome: "SUCCEEDED" | "REPLAYED";
    readonly ids: readonly string[];
    readonly objects?: number;
  },
): void {
  const ids = [...new Set(seen.ids)].filter((id) => idKind(id) !== undefined);
  context.app.auditLog.note({
    ...seen,
    ids,
    operation,
    merchantId: context.caller?.merchantId ?? null,
    errorCode: null,
    actor: actorOf(context),
  });
}

/** What was asked for by its id counts as read, whether it was found or not. */
function idsIn({ id, ids }: Readonly<Record<string, unknown>>): string[] {
  return [id, ids].flat().filter((value): value is string => typeof value === "string");
}

/** The objects that an answer is made of: itself, those on its page, or those in its list. */
function objectsIn(result: unknown): { readonly id: string }[] {
  if (Array.isArray(result)) return result.flatMap(objectsIn);
  if (typeof result !== "object" || result === null) return [];
  const { id, edges, node, result: found } = result as Readonly<Record<string, unknown>>;
  if (typeof id === "string") return [{ id }];
  return [...objectsIn(edges ?? null), ...objectsIn(node ?? null), ...objectsIn(found ?? null)];
}
