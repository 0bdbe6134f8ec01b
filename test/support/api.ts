import type { App } from "../../src/app";
import { type CreatedMerchant, createMerchant } from "../../src/merchants/create-merchant";
import { createPlatformKey } from "../../src/merchants/create-platform-key";
import { type Server, startServer } from "../../src/server";
import { type TestApp, startTestApp } from "./app";

/** A whole system that is reached over HTTP, as its callers reach it. */
export interface TestApi extends TestApp {
  readonly server: Server;
  readonly merchant: CreatedMerchant;
  /** Another tenant. */
  readonly stranger: CreatedMerchant;
  /** A platform operator who acts for the merchant: to be spread into a request. */
  readonly asPlatform: AsPlatform;
  send(request: TestRequest): Promise<TestAnswer>;
  /** See hearStatements. */
  hear: (heard: (statement: { readonly sql: string }) => void) => () => void;
  /** How many rows there are in all that mutations write to. */
  countRows(): Promise<number>;
}

export interface AsPlatform {
  readonly key: string;
  readonly headers: { readonly "oncepay-merchant": string };
}

export interface TestRequest {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  /** An API key; the merchant's secret key when absent, none when null. */
  readonly key?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/* eslint-disable @typescript-eslint/no-explicit-any -- Answers come as JSON; the expectations check their shape. */
export interface TestAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: any;
  readonly data: any;
  readonly error: { message: string; extensions: Record<string, any>; path?: unknown } | undefined;
}
/* eslint-enable @typescript-eslint/no-explicit-any */

const WRITTEN = [
  "payment_intents",
  "payment_intent_updates",
  "attempts",
  "captures",
  "refunds",
  "disputes",
  "transitions",
  "events",
  "outbox",
  "idempotency_keys",
  "webhook_endpoints",
  "webhook_endpoint_changes",
  "webhook_deliveries",
  "webhook_replays",
  "delivery_retries",
  "processor_accounts",
  "processor_changes",
  "merchants",
  "erasures",
  "erased_payment_intents",
  "api_keys",
];

// What is revoked, discarded, released or asked to be looked up gets no row of its own.
const COUNTED = [
  ...WRITTEN,
  "api_keys where revoked_at is not null",
  "webhook_deliveries where status = 'DISCARDED'",
  "reconciliation_breaks where status <> 'OPEN'",
  "audit_log where operation in ('lookUpAttempt', 'releaseSetAsideMessages') and outcome = 'SUCCEEDED'",
  // As many as there were changes of course.
  "replay_plans p, generate_series(1, p.version)",
];
const COUNT_ROWS = `select ${COUNTED.map((rows) => `(select count(*) from ${rows})`).join(" + ")} as count`;

export async function startTestApi(
  settings: Readonly<Record<string, string>> = {},
): Promise<TestApi> {
  const system = await startTestApp(settings);
  const { app, db } = system;
  const stop = system.stop.bind(system);
  const [platformKey, merchant, stranger, server] = await Promise.all([
    createPlatformKey(db, "test"),
    createMerchant(db, "Merchant"),
    createMerchant(db, "Stranger"),
    startServer(app, { host: "127.0.0.1", port: 0 }),
  ]);
  const outside: Omit<TestApi, Exclude<keyof TestApp, "stop">> = {
    server,
    merchant,
    stranger,
    asPlatform: { key: platformKey, headers: { "oncepay-merchant": merchant.id } },
    send: (request) => send(server.url, { key: merchant.secretKey, ...request }),
    hear: (heard) => hearStatements(app, heard),
    countRows: async () => {
      const { rows } = await db.raw<{ rows: { count: number }[] }>(COUNT_ROWS);
      return rows[0]?.count ?? 0;
    },
    stop: async () => {
      await server.close();
      await stop();
    },
  };
  // The same object: what a test puts into it is what stopping looks at.
  return Object.assign(system, outside);
}

/** What a process asks beside its requests, to know who is asking, and to write down what it refused a while ago. */
const BESIDE =
  /pg_postmaster_start_time|pg_notify|from unnest.*api_keys|update api_keys|insert into audit_log.* last_at timestamptz/s;

/** Hears each statement that requests send, in whatever role; until the returned function is called. */
export function hearStatements(app: App, heard: Heard): () => void {
  const clients = [app.db, app.tenantPool].map(({ client }) => client as Speaking);
  const hear: Heard = (statement) => {
    if (!BESIDE.test(statement.sql)) heard(statement);
  };
  for (const client of clients) client.on("query", hear);
  return () => {
    for (const client of clients) client.off("query", hear);
  };
}

type Heard = (statement: { readonly sql: string }) => void;

interface Speaking {
  on(event: "query", heard: Heard): void;
  off(event: "query", heard: Heard): void;
}

export async function send(
  url: string,
  { query, variables, key, headers }: TestRequest,
): Promise<TestAnswer> {
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(key != null && { authorization: `Bearer ${key}` }),
      ...headers,
    },
    body: JSON.stringify({ query, variables }),
  });
  const body = (await response.json()) as Pick<TestAnswer, "data"> & {
    errors?: NonNullable<TestAnswer["error"]>[];
  };
  for (const { extensions } of body.errors ?? []) assertCanAct(extensions);
  return {
    status: response.status,
    headers: response.headers,
    body,
    data: body.data,
    error: body.errors?.[0],
  };
}

/** Whatever a test is about: a refusal because of a state always lets a person act. */
function assertCanAct({ code, details }: NonNullable<TestAnswer["error"]>["extensions"]): void {
  if (code !== "INVALID_STATE") return;
  const { because, allowedActions } = details as Record<string, unknown>;
  if (typeof because === "string" && Array.isArray(allowedActions)) return;
  throw new Error(`nobody can act on this refusal: ${JSON.stringify(details)}`);
}

function mutation(verb: string, fields: string): string {
  const name = verb.charAt(0).toUpperCase() + verb.slice(1);
  return `
    mutation ($input: ${name}Input!, $key: String!) {
      ${verb}(input: $input, idempotencyKey: $key) { ${fields} idempotency { status firstSeenAt } }
    }`;
}

const INTENT =
  "paymentIntent { id status amount currency version clientSecret amountCapturable amountRefundable }";

export const CREATE_INTENT = mutation("createPaymentIntent", INTENT);
export const CONFIRM_INTENT = mutation("confirmPaymentIntent", INTENT);
export const CAPTURE_INTENT = mutation(
  "capturePaymentIntent",
  `${INTENT} capture { id status amount final }`,
);
export const CANCEL_INTENT = mutation("cancelPaymentIntent", INTENT);
export const REFUND_INTENT = mutation(
  "refundPaymentIntent",
  `${INTENT} refund { id status amount metadata reason paymentIntentId }`,
);
export const UPDATE_INTENT = mutation(
  "updatePaymentIntent",
  "paymentIntent { id status amount description customer metadata version }",
);
export const CREATE_ENDPOINT = mutation(
  "createWebhookEndpoint",
  "webhookEndpoint { id url eventTypes description status } secret",
);
const ENDPOINT = `webhookEndpoint {
  id url eventTypes description metadata ratePerSecond timeoutMs concurrency apiVersion status
  disabledReason disabledAt verifiedAt verificationError secretHint
  previousSecretHint previousSecretExpiresAt createdAt updatedAt
}`;
export const UPDATE_ENDPOINT = mutation("updateWebhookEndpoint", ENDPOINT);
export const DISABLE_ENDPOINT = mutation("disableWebhookEndpoint", ENDPOINT);
export const ENABLE_ENDPOINT = mutation("enableWebhookEndpoint", ENDPOINT);
export const DELETE_ENDPOINT = mutation("deleteWebhookEndpoint", ENDPOINT);
export const ROTATE_SECRET = mutation("rotateWebhookSecret", `${ENDPOINT} secret`);
export const SEND_TEST = mutation(
  "sendTestWebhook",
  "webhookDelivery { id status endpointId eventId }",
);
export const REPLAY_DELIVERY = mutation(
  "replayWebhookDelivery",
  "webhookDelivery { id status replayOf eventId }",
);
export const CREATE_MERCHANT = mutation(
  "createMerchant",
  "merchant { id name } secretKey publishableKey operatorKey",
);

const API_KEY =
  "apiKey { id kind name mode scopes hint status expiresAt revokedAt allowedAddresses rolledFrom }";
export const CREATE_API_KEY = mutation("createApiKey", `${API_KEY} secret`);
export const ROLL_API_KEY = mutation(
  "rollApiKey",
  `${API_KEY} oldApiKey { id status expiresAt } secret`,
);
export const REVOKE_API_KEY = mutation("revokeApiKey", API_KEY);

let keys = 0;

/** An idempotency key that no other request of this test file has. */
export function newKey(): string {
  keys += 1;
  return `key-${String(keys)}`;
}

export interface MadeIntent {
  readonly id: string;
  readonly clientSecret: string;
}

export async function makeIntent(
  api: TestApi,
  input: Readonly<Record<string, unknown>> = {},
): Promise<MadeIntent> {
  const whole = { amount: 2_500, currency: "USD", paymentMethod: "pm_card_visa", ...input };
  const answer = await api.send({
    query: CREATE_INTENT,
    variables: { input: whole, key: newKey() },
  });
  if (answer.error) throw new Error(JSON.stringify(answer.body));
  return answer.data.createPaymentIntent.paymentIntent as MadeIntent;
}

/** An intent that has been confirmed and charged, or authorised where the input says MANUAL. */
export async function makePaid(
  api: TestApi,
  input: Readonly<Record<string, unknown>> = {},
): Promise<MadeIntent> {
  const intent = await makeIntent(api, input);
  const answer = await api.send({
    query: CONFIRM_INTENT,
    variables: { input: { paymentIntentId: intent.id }, key: newKey() },
  });
  if (answer.error) throw new Error(JSON.stringify(answer.body));
  await api.drain();
  return intent;
}
