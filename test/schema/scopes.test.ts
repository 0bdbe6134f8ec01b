import type { GraphQLArgument, GraphQLField, GraphQLInputType } from "graphql";
import {
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
} from "graphql";
import { buildSchema } from "../../schema/schema";
import { SCOPES, type Scope } from "../../src/merchants/api-key";
import { storeApiKey } from "../support/api-keys";
import {
  CREATE_ENDPOINT,
  type TestAnswer,
  type TestApi,
  newKey,
  startTestApi,
} from "../support/api";

/** A key with one scope, for every scope, and every root field: it may do what is written here and nothing else. */
const MAY: Readonly<Record<string, Scope>> = {
  createPaymentIntent: "payments:write",
  confirmPaymentIntent: "payments:confirm",
  capturePaymentIntent: "payments:write",
  cancelPaymentIntent: "payments:write",
  refundPaymentIntent: "payments:write",
  updatePaymentIntent: "payments:write",
  createWebhookEndpoint: "webhooks:write",
  updateWebhookEndpoint: "webhooks:write",
  disableWebhookEndpoint: "webhooks:write",
  enableWebhookEndpoint: "webhooks:write",
  deleteWebhookEndpoint: "webhooks:write",
  rotateWebhookSecret: "webhooks:write",
  sendTestWebhook: "webhooks:write",
  replayWebhookDelivery: "webhooks:replay",
  discardWebhookDelivery: "webhooks:replay",
  retryWebhookDeliveryNow: "webhooks:replay",
  retryWebhookDeliveriesNow: "webhooks:replay",
  lookUpAttempt: "operations:write",
  createReplayPlan: "webhooks:replay",
  startReplayPlan: "webhooks:replay",
  pauseReplayPlan: "webhooks:replay",
  resumeReplayPlan: "webhooks:replay",
  cancelReplayPlan: "webhooks:replay",
  replayPlans: "webhooks:read",
  createMerchant: "merchants:write",
  resolveUnknownAttempt: "operations:write",
  releaseSetAsideMessages: "operations:write",
  setAsideMessages: "operations:write",
  resolveReconciliationBreak: "operations:write",
  reconciliationBreaks: "operations:read",
  reconciliationReports: "operations:write",
  createApiKey: "keys:write",
  rollApiKey: "keys:write",
  revokeApiKey: "keys:write",
  connectProcessorAccount: "processors:write",
  rotateProcessorCredentials: "processors:write",
  rotateProcessorWebhookSecret: "processors:write",
  disableProcessorAccount: "processors:write",
  enableProcessorAccount: "processors:write",
  replaceProcessorRoutes: "processors:write",
  processorRoutes: "processors:read",
  processorAccounts: "processors:read",
  eraseCustomer: "customers:erase",
  erasure: "customers:erase",
  auditLog: "audit:read",
  unknownAttempts: "operations:read",
  backlog: "operations:read",
  paymentIntent: "payments:read",
  paymentIntents: "payments:read",
  refund: "payments:read",
  refunds: "payments:read",
  captures: "payments:read",
  dispute: "payments:read",
  disputes: "payments:read",
  merchant: "payments:read",
  events: "events:read",
  eventTypes: "events:read",
  ledgerAccount: "ledger:read",
  ledgerAccounts: "ledger:read",
  trialBalance: "ledger:read",
  payout: "ledger:read",
  payouts: "ledger:read",
  receipt: "payments:read",
  checkpointKeys: "payments:read",
  webhookEndpoints: "webhooks:read",
  webhookDeliveries: "webhooks:read",
  deadLetters: "webhooks:read",
  apiKeys: "keys:read",
};

/** What depends on what is asked for. */
const NODES: Readonly<Record<string, Scope>> = {
  pi: "payments:read",
  att: "payments:read",
  cap: "payments:read",
  re: "payments:read",
  mer: "payments:read",
  evt: "events:read",
  acct: "ledger:read",
  we: "webhooks:read",
  whd: "webhooks:read",
  key: "keys:read",
  era: "customers:erase",
  rpl: "webhooks:read",
  brk: "operations:read",
  pac: "processors:read",
};
const OUTCOMES: Readonly<Record<string, Scope>> = {
  createPaymentIntent: "payments:read",
  confirmPaymentIntent: "payments:read",
  capturePaymentIntent: "payments:read",
  cancelPaymentIntent: "payments:read",
  refundPaymentIntent: "payments:read",
  updatePaymentIntent: "payments:read",
  createWebhookEndpoint: "webhooks:read",
  updateWebhookEndpoint: "webhooks:read",
  disableWebhookEndpoint: "webhooks:read",
  enableWebhookEndpoint: "webhooks:read",
  deleteWebhookEndpoint: "webhooks:read",
  rotateWebhookSecret: "webhooks:read",
  sendTestWebhook: "webhooks:read",
  replayWebhookDelivery: "webhooks:read",
  discardWebhookDelivery: "webhooks:read",
  retryWebhookDeliveryNow: "webhooks:read",
  retryWebhookDeliveriesNow: "webhooks:read",
  lookUpAttempt: "operations:read",
  createReplayPlan: "webhooks:read",
  startReplayPlan: "webhooks:read",
  pauseReplayPlan: "webhooks:read",
  resumeReplayPlan: "webhooks:read",
  cancelReplayPlan: "webhooks:read",
  createMerchant: "merchants:write",
  releaseSetAsideMessages: "operations:read",
  resolveReconciliationBreak: "operations:read",
  resolveUnknownAttempt: "operations:read",
  createApiKey: "keys:read",
  rollApiKey: "keys:read",
  revokeApiKey: "keys:read",
  connectProcessorAccount: "processors:read",
  rotateProcessorCredentials: "processors:read",
  rotateProcessorWebhookSecret: "processors:read",
  disableProcessorAccount: "processors:read",
  enableProcessorAccount: "processors:read",
  replaceProcessorRoutes: "processors:read",
  eraseCustomer: "customers:erase",
};
const DYNAMIC = ["node", "nodes", "operation"];

// Whatever is stored: a restricted key never has them.
const PLATFORM_ONLY: readonly Scope[] = ["merchants:write", "operations:write"];

const schema = buildSchema();
const MUTATIONS = schema.getMutationType()?.getFields() ?? {};
const QUERIES = schema.getQueryType()?.getFields() ?? {};

let api: TestApi;
const keys = new Map<Scope, string>();
beforeAll(async () => {
  api = await startTestApi();
  for (const scope of SCOPES) {
    keys.set(scope, (await storeApiKey(api.db, api.merchant, { scopes: [scope] })).secret);
  }
});
afterAll(() => api.stop());

/** A value of the type that is well-formed and means nothing. */
function valueOf(type: GraphQLInputType, name: string): string {
  const bare = getNullableType(type);
  // Routes may be none; the last of some must ask for nothing.
  if (isListType(bare)) return name === "routes" ? '[{ currency: "USD" }]' : "[]";
  if (isInputObjectType(bare)) {
    const fields = Object.values(bare.getFields()).filter((field) => isNonNullType(field.type));
    return `{ ${fields.map((field) => `${field.name}: ${valueOf(field.type, field.name)}`).join(", ")} }`;
  }
  if (isEnumType(bare)) return bare.getValues()[0]?.name ?? "";
  const values: Readonly<Record<string, string>> = {
    Int: "0",
    MinorUnits: "0",
    CurrencyCode: '"USD"',
    URL: '"http://user.invalid/"',
    Boolean: "true",
    Metadata: "{}",
  };
  // Any other customer can be erased, whether there is one or not.
  if (name === "customer") return '""';
  // A plan may be made about no letters at all.
  if (name === "reason") return '""';
  return values[String(bare)] ?? `"${name === "idempotencyKey" ? newKey() : "nothing"}"`;
}

function textOf(field: GraphQLField<unknown, unknown>): string {
  const required = field.args.filter((argument: GraphQLArgument) => isNonNullType(argument.type));
  const given = required.map(({ name, type }) => `${name}: ${valueOf(type, name)}`).join(", ");
  const selection = isLeafType(getNamedType(field.type)) ? "" : "{ __typename }";
  return `${field.name}${given ? `(${given})` : ""} ${selection}`;
}

const mayWith = (scope: Scope, needed: Scope): boolean =>
  scope === needed && !PLATFORM_ONLY.includes(needed);

function expectDecided(what: string, answer: TestAnswer, needed: Scope | undefined): void {
  const { code, details } = answer.error?.extensions ?? {};
  const got = { what, code: code as unknown, scope: (details as { scope?: unknown })?.scope };
  if (needed === undefined) expect(got.code).not.toBe("FORBIDDEN");
  else expect(got).toEqual({ what, code: "FORBIDDEN", scope: needed });
}

test("the table is of all root fields", () => {
  const all = [...Object.keys(MUTATIONS), ...Object.keys(QUERIES)];
  expect([...Object.keys(MAY), ...DYNAMIC].sort()).toEqual(all.sort());
  expect(Object.keys(OUTCOMES).sort()).toEqual(Object.keys(MUTATIONS).sort());
});

test.each([...SCOPES])("a key with %s alone", async (scope) => {
  const key = keys.get(scope) ?? "";
  const before = await api.countRows();
  for (const [kind, fields] of [
    ["mutation", MUTATIONS],
    ["query", QUERIES],
  ] as const) {
    for (const [name, field] of Object.entries(fields)) {
      const needed = MAY[name];
      if (needed === undefined) continue;
      const answer = await api.send({ query: `${kind} { ${textOf(field)} }`, key });
      // It may make keys, though none that may do more than itself.
      const wider = name === "createApiKey" && scope === "keys:write" ? "payments:read" : undefined;
      expectDecided(name, answer, mayWith(scope, needed) ? wider : needed);
    }
  }
  for (const [prefix, needed] of Object.entries(NODES)) {
    const id = prefix === "mer" ? api.merchant.id : `${prefix}_${"0".repeat(26)}`;
    const refused = mayWith(scope, needed) ? undefined : needed;
    const one = await api.send({ query: `{ node(id: "${id}") { id } }`, key });
    expectDecided(`node ${prefix}`, one, refused);
    const many = await api.send({ query: `{ nodes(ids: ["${id}"]) { id } }`, key });
    expectDecided(`nodes ${prefix}`, many, refused);
  }
  for (const [name, needed] of Object.entries(OUTCOMES)) {
    const query = `{ operation(name: "${name}", idempotencyKey: "a") { status } }`;
    const refused = mayWith(scope, needed) ? undefined : needed;
    expectDecided(`operation ${name}`, await api.send({ query, key }), refused);
  }
  // None of the inputs is a possible one, so what was permitted has done nothing either.
  expect(await api.countRows()).toBe(before);
});

test("whoever reads payments does not learn where webhooks go", async () => {
  const key = newKey();
  const url = "https://hooks.example/secret-path";
  const input = { url, eventTypes: ["refund.failed"] };
  await api.send({ query: CREATE_ENDPOINT, variables: { input, key } });
  const query = `{ operation(name: "createWebhookEndpoint", idempotencyKey: "${key}") {
    status result { id ... on WebhookEndpoint { url } } } }`;
  const reader = await api.send({ query, key: keys.get("payments:read") ?? "" });
  expect(reader.error?.extensions.code).toBe("FORBIDDEN");
  expect(JSON.stringify(reader.body)).not.toContain("secret-path");
  const partner = await api.send({ query, key: keys.get("webhooks:read") ?? "" });
  expect(partner.data.operation.result.url).toBe(url);
});
