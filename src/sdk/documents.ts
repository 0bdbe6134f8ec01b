import { PAGE, mutation, page, query, subscription, withFragments } from "./fragments";
import type { Mutations } from "./mutations";
import type { Queries } from "./queries";
import type { Subscriptions } from "./subscriptions";

/*
 * What the client asks for. The texts never change from call to call, so that the API parses each of them
 * once.
 */

const ACCOUNT = "processorAccount { ...ProcessorAccount }";
const ROUTE = "currency minAmount maxAmount captureMethod processorAccountId";
const ENDPOINT = "webhookEndpoint { ...WebhookEndpoint }";

export const MUTATIONS = {
  createPaymentIntent: mutation("createPaymentIntent", "paymentIntent { ...PaymentIntent }"),
  confirmPaymentIntent: mutation("confirmPaymentIntent", "paymentIntent { ...PaymentIntent }"),
  capturePaymentIntent: mutation("capturePaymentIntent", "paymentIntent { ...PaymentIntent }"),
  cancelPaymentIntent: mutation("cancelPaymentIntent", "paymentIntent { ...PaymentIntent }"),
  refundPaymentIntent: mutation("refundPaymentIntent", "refund { ...Refund }"),
  updatePaymentIntent: mutation("updatePaymentIntent", "paymentIntent { ...PaymentIntent }"),
  createWebhookEndpoint: mutation("createWebhookEndpoint", `${ENDPOINT} secret`),
  updateWebhookEndpoint: mutation("updateWebhookEndpoint", ENDPOINT),
  disableWebhookEndpoint: mutation("disableWebhookEndpoint", ENDPOINT),
  enableWebhookEndpoint: mutation("enableWebhookEndpoint", ENDPOINT),
  deleteWebhookEndpoint: mutation("deleteWebhookEndpoint", ENDPOINT),
  rotateWebhookSecret: mutation("rotateWebhookSecret", `${ENDPOINT} secret`),
  sendTestWebhook: mutation("sendTestWebhook", "webhookDelivery { ...WebhookDelivery }"),
  replayWebhookDelivery: mutation(
    "replayWebhookDelivery",
    "webhookDelivery { ...WebhookDelivery }",
  ),
  discardWebhookDelivery: mutation(
    "discardWebhookDelivery",
    "webhookDelivery { ...WebhookDelivery }",
  ),
  retryWebhookDeliveryNow: mutation(
    "retryWebhookDeliveryNow",
    "webhookDelivery { ...WebhookDelivery }",
  ),
  retryWebhookDeliveriesNow: mutation("retryWebhookDeliveriesNow", "count hasMore"),
  createReplayPlan: mutation("createReplayPlan", "replayPlan { ...ReplayPlan }"),
  startReplayPlan: mutation("startReplayPlan", "replayPlan { ...ReplayPlan }"),
  pauseReplayPlan: mutation("pauseReplayPlan", "replayPlan { ...ReplayPlan }"),
  resumeReplayPlan: mutation("resumeReplayPlan", "replayPlan { ...ReplayPlan }"),
  cancelReplayPlan: mutation("cancelReplayPlan", "replayPlan { ...ReplayPlan }"),
  createMerchant: mutation(
    "createMerchant",
    "merchant { ...Merchant } secretKey publishableKey operatorKey",
  ),
  lookUpAttempt: mutation("lookUpAttempt", "attempt { ...Attempt }"),
  resolveUnknownAttempt: mutation(
    "resolveUnknownAttempt",
    "paymentIntent { ...PaymentIntent } proposal { ...Evidence }",
  ),
  releaseSetAsideMessages: mutation("releaseSetAsideMessages", "count hasMore"),
  resolveReconciliationBreak: mutation(
    "resolveReconciliationBreak",
    "reconciliationBreak { ...ReconciliationBreak }",
  ),
  createApiKey: mutation("createApiKey", "apiKey { ...ApiKey } secret"),
  rollApiKey: mutation("rollApiKey", "apiKey { ...ApiKey } oldApiKey { ...ApiKey } secret"),
  revokeApiKey: mutation("revokeApiKey", "apiKey { ...ApiKey }"),
  connectProcessorAccount: mutation("connectProcessorAccount", ACCOUNT),
  rotateProcessorCredentials: mutation("rotateProcessorCredentials", ACCOUNT),
  rotateProcessorWebhookSecret: mutation("rotateProcessorWebhookSecret", ACCOUNT),
  disableProcessorAccount: mutation("disableProcessorAccount", ACCOUNT),
  enableProcessorAccount: mutation("enableProcessorAccount", ACCOUNT),
  replaceProcessorRoutes: mutation("replaceProcessorRoutes", `processorRoutes { ${ROUTE} }`),
  eraseCustomer: mutation("eraseCustomer", "erasure { ...Erasure }"),
} satisfies Record<keyof Mutations, string>;

interface ResultOf {
  /** The type of what `operation` gives as the result of the mutation; "Node" where it gives none. */
  readonly type: string;
  /** Its name in the mutation's payload, when that holds nothing else beside `idempotency`. */
  readonly field?: string;
}

const INTENT: ResultOf = { type: "PaymentIntent", field: "paymentIntent" };
const CHANGED_ENDPOINT: ResultOf = { type: "WebhookEndpoint", field: "webhookEndpoint" };
const CHANGED_ACCOUNT: ResultOf = { type: "ProcessorAccount", field: "processorAccount" };
const PLAN: ResultOf = { type: "ReplayPlan", field: "replayPlan" };

export const RESULTS: Readonly<Record<string, ResultOf>> = {
  createPaymentIntent: INTENT,
  confirmPaymentIntent: INTENT,
  capturePaymentIntent: INTENT,
  cancelPaymentIntent: INTENT,
  refundPaymentIntent: { type: "Refund", field: "refund" },
  updatePaymentIntent: INTENT,
  createWebhookEndpoint: { type: "WebhookEndpoint" },
  updateWebhookEndpoint: CHANGED_ENDPOINT,
  disableWebhookEndpoint: CHANGED_ENDPOINT,
  enableWebhookEndpoint: CHANGED_ENDPOINT,
  deleteWebhookEndpoint: CHANGED_ENDPOINT,
  rotateWebhookSecret: { type: "WebhookEndpoint" },
  sendTestWebhook: { type: "WebhookDelivery", field: "webhookDelivery" },
  replayWebhookDelivery: { type: "WebhookDelivery", field: "webhookDelivery" },
  discardWebhookDelivery: { type: "WebhookDelivery", field: "webhookDelivery" },
  retryWebhookDeliveryNow: { type: "WebhookDelivery", field: "webhookDelivery" },
  retryWebhookDeliveriesNow: { type: "Node" },
  createReplayPlan: PLAN,
  startReplayPlan: PLAN,
  pauseReplayPlan: PLAN,
  resumeReplayPlan: PLAN,
  cancelReplayPlan: PLAN,
  createMerchant: { type: "Merchant" },
  lookUpAttempt: { type: "Attempt", field: "attempt" },
  resolveUnknownAttempt: { type: "PaymentIntent" },
  releaseSetAsideMessages: { type: "Node" },
  resolveReconciliationBreak: { type: "ReconciliationBreak", field: "reconciliationBreak" },
  createApiKey: { type: "ApiKey" },
  rollApiKey: { type: "ApiKey" },
  revokeApiKey: { type: "ApiKey", field: "apiKey" },
  connectProcessorAccount: CHANGED_ACCOUNT,
  rotateProcessorCredentials: CHANGED_ACCOUNT,
  rotateProcessorWebhookSecret: CHANGED_ACCOUNT,
  disableProcessorAccount: CHANGED_ACCOUNT,
  enableProcessorAccount: CHANGED_ACCOUNT,
  replaceProcessorRoutes: { type: "Node" },
  eraseCustomer: { type: "Erasure", field: "erasure" },
} satisfies Record<keyof Mutations, ResultOf>;

/** The type of the object that an id names. */
const ID_TYPES: Readonly<Record<string, string>> = {
  pi: "PaymentIntent",
  att: "Attempt",
  cap: "Capture",
  re: "Refund",
  dp: "Dispute",
  po: "Payout",
  evt: "Event",
  we: "WebhookEndpoint",
  whd: "WebhookDelivery",
  acct: "LedgerAccount",
  mer: "Merchant",
  era: "Erasure",
  key: "ApiKey",
  rpl: "ReplayPlan",
  pac: "ProcessorAccount",
  brk: "ReconciliationBreak",
};

/*
 * One text may not ask several types for fields of one name that differ, as `status` does. So there is one
 * for each type that an id or an operation may lead to, and "Node" for ids of the future.
 */
function forEachType(textFor: (selection: string) => string): TextOfType {
  const types = [...new Set(Object.values(ID_TYPES))];
  const texts = types.map((type) => [type, textFor(`__typename ... on ${type} { ...${type} }`)]);
  return {
    ...(Object.fromEntries(texts) as Record<string, string>),
    Node: textFor("__typename id"),
  };
}

type TextOfType = Readonly<Record<string, string>> & { readonly Node: string };

export const NODE_TEXTS = forEachType((selection) => query("node", { id: "ID!" }, selection));

/** Several ids are of one type, for the same reason. */
export const NODES_TEXTS = forEachType((selection) => query("nodes", { ids: "[ID!]!" }, selection));

export const OPERATION_TEXTS = forEachType((selection) =>
  query(
    "operation",
    { name: "String!", idempotencyKey: "String!" },
    `name idempotencyKey status firstSeenAt result { ${selection} } error { code message details }`,
  ),
);

function typeOf(id: string): string {
  return ID_TYPES[id.slice(0, id.indexOf("_"))] ?? "Node";
}

function nodeText({ id }: Queries["node"]["variables"]): string {
  return NODE_TEXTS[typeOf(id)] ?? NODE_TEXTS.Node;
}

function nodesText({ ids }: Queries["nodes"]["variables"]): string {
  const types = [...new Set(ids.map(typeOf))];
  if (types.length > 1) throw new TypeError("nodes() takes ids of one kind of object at a time.");
  return NODES_TEXTS[types[0] ?? "Node"] ?? NODES_TEXTS.Node;
}

export function operationText({ name }: Pick<Queries["operation"]["variables"], "name">): string {
  return OPERATION_TEXTS[RESULTS[name]?.type ?? "Node"] ?? OPERATION_TEXTS.Node;
}

type QueryTexts = {
  readonly [Name in keyof Queries]: string | ((variables: Queries[Name]["variables"]) => string);
};

export const QUERIES = {
  node: nodeText,
  nodes: nodesText,
  operation: operationText,
  paymentIntent: query("paymentIntent", { id: "ID!" }, "...PaymentIntent"),
  paymentIntents: query(
    "paymentIntents",
    { filter: "PaymentIntentFilter", ...PAGE },
    page("PaymentIntent"),
  ),
  refund: query("refund", { id: "ID!" }, "...Refund"),
  refunds: query("refunds", { filter: "RefundFilter", ...PAGE }, page("Refund")),
  dispute: query("dispute", { id: "ID!" }, "...Dispute"),
  disputes: query("disputes", { filter: "DisputeFilter", ...PAGE }, page("Dispute")),
  payout: withFragments(`query payout(
  $id: ID!, $first: Int, $after: String, $last: Int, $before: String
) {
  payout(id: $id) {
    id status amount currency lineCount processor processorPayoutId arrivesAt changedAt version
    createdAt updatedAt
    lines(first: $first, after: $after, last: $last, before: $before) { ${page("PayoutLine")} }
  }
}`),
  payouts: query("payouts", { filter: "PayoutFilter", ...PAGE }, page("Payout")),
  captures: query("captures", { filter: "CaptureFilter", ...PAGE }, page("Capture")),
  events: query(
    "events",
    { filter: "EventFilter", since: "DateTime", first: "Int", after: "String" },
    page("Event"),
  ),
  eventTypes: query("eventTypes", {}, "type description schema sample"),
  webhookEndpoints: query("webhookEndpoints", PAGE, page("WebhookEndpoint")),
  webhookDeliveries: query(
    "webhookDeliveries",
    { filter: "WebhookDeliveryFilter", ...PAGE },
    page("WebhookDelivery"),
  ),
  deadLetters: query(
    "deadLetters",
    { filter: "DeadLetterFilter", merchantId: "ID", ...PAGE },
    page("WebhookDelivery"),
  ),
  processorRoutes: query("processorRoutes", {}, ROUTE),
  processorAccounts: query("processorAccounts", PAGE, page("ProcessorAccount")),
  replayPlans: query("replayPlans", PAGE, page("ReplayPlan")),
  auditLog: query("auditLog", { filter: "AuditLogFilter", ...PAGE }, page("AuditEntry")),
  unknownAttempts: query("unknownAttempts", PAGE, page("Attempt")),
  backlog: query("backlog", {}, "oldestUnpublishedAt oldestDueAt"),
  setAsideMessages: query(
    "setAsideMessages",
    { merchantId: "ID", ...PAGE },
    page("SetAsideMessage"),
  ),
  reconciliationBreaks: query(
    "reconciliationBreaks",
    { filter: "ReconciliationBreakFilter", ...PAGE },
    page("ReconciliationBreak"),
  ),
  reconciliationReports: query("reconciliationReports", PAGE, page("ReconciliationReport")),
  ledgerAccount: withFragments(`query ledgerAccount(
  $id: ID!, $asOf: DateTime, $first: Int, $after: String, $last: Int, $before: String
) {
  ledgerAccount(id: $id) {
    id kind currency createdAt balance(asOf: $asOf) pendingBalance(asOf: $asOf)
    entries(first: $first, after: $after, last: $last, before: $before) { ${page("LedgerEntry")} }
  }
}`),
  ledgerAccounts: query(
    "ledgerAccounts",
    { filter: "LedgerAccountFilter", ...PAGE },
    page("LedgerAccount"),
  ),
  trialBalance: query(
    "trialBalance",
    {},
    "balanced currencies { currency debits credits difference }",
  ),
  receipt: query(
    "receipt",
    { paymentIntentId: "ID!" },
    "merchantId paymentIntentId leaves { seal index path content } checkpoints { number text signature } unsealed hasMore",
  ),
  checkpointKeys: query("checkpointKeys", {}, "id publicKey createdAt"),
  merchant: query("merchant", {}, "...Merchant"),
  erasure: query("erasure", { id: "ID!" }, "...Erasure"),
  apiKeys: query("apiKeys", { filter: "ApiKeyFilter", ...PAGE }, page("ApiKey")),
} satisfies QueryTexts;

export const SUBSCRIPTIONS = {
  paymentIntentUpdated: subscription("paymentIntentUpdated", { id: "ID!" }, "...PaymentIntent"),
} satisfies Record<keyof Subscriptions, string>;
