import { randomUUID } from "node:crypto";
import { EVENT_TYPES } from "../../src/events/event-types";
import { type IdKind, idKind, newId } from "../../src/ids";
import type { CreatedMerchant } from "../../src/merchants/create-merchant";
import {
  CANCEL_INTENT,
  CAPTURE_INTENT,
  CONFIRM_INTENT,
  CREATE_ENDPOINT,
  CREATE_INTENT,
  DELETE_ENDPOINT,
  DISABLE_ENDPOINT,
  ENABLE_ENDPOINT,
  REFUND_INTENT,
  REPLAY_DELIVERY,
  ROTATE_SECRET,
  SEND_TEST,
  UPDATE_ENDPOINT,
  UPDATE_INTENT,
  type TestApi,
} from "../support/api";
import { aBreak, aReport } from "../support/breaks";
import { sealAll } from "../seals/seal";
import { aDispute } from "../support/disputes";
import { aPayout } from "../support/payouts";
import type { TestReceiver } from "../support/receiver";
import { setMessageAside } from "../support/set-aside";
import { KEYED_OF_ACCOUNTS, accountValues, makeAccounts } from "./account-world";
import { PLAIN } from "./plain-values";
import type { Values } from "./schema-walk";

/** What one tenant has: something of everything that the API shows. */
export interface World {
  readonly merchant: CreatedMerchant;
  /** By kind, and what they are good for. */
  readonly ids: Readonly<Record<string, string>>;
  readonly clientSecret: string;
  /** Words that only this tenant's rows hold. */
  readonly words: { readonly [name in "customer" | "reference" | "metadata" | "key"]: string };
  readonly cursors: Readonly<Record<string, string>>;
}

const CURSORS = `{
  apiKeys(first: 2) { pageInfo { endCursor } }
  captures(first: 2) { pageInfo { endCursor } } refunds(first: 2) { pageInfo { endCursor } }
  deadLetters(first: 2) { pageInfo { endCursor } } events(first: 2) { pageInfo { endCursor } }
  ledgerAccounts(first: 2) { pageInfo { endCursor } edges { node { id entries(first: 2) { pageInfo { endCursor } } } } }
  paymentIntents(first: 2) { pageInfo { endCursor } }
  webhookDeliveries(first: 2) { pageInfo { endCursor } } webhookEndpoints(first: 2) { pageInfo { endCursor } }
  replayPlans(first: 2) { pageInfo { endCursor } }
}`;
const PARTS = `query ($id: ID!) { paymentIntent(id: $id) {
  attempts(first: 2) { pageInfo { endCursor } } captures(first: 2) { pageInfo { endCursor } }
  disputes(first: 2) { pageInfo { endCursor } }
  events(first: 2) { pageInfo { endCursor } } refunds(first: 2) { pageInfo { endCursor } } transitions(first: 2) { pageInfo { endCursor } }
  timeline(first: 2) { pageInfo { endCursor } }
} }`;
const MORE_CURSORS = `{ auditLog(first: 2) { pageInfo { endCursor } } disputes(first: 2) { pageInfo { endCursor } }
  reconciliationBreaks(first: 2) { pageInfo { endCursor } }
  processorAccounts(first: 2) { pageInfo { endCursor } }
  payouts(first: 2) { pageInfo { endCursor } edges { node { id lines(first: 2) { pageInfo { endCursor } } } } } }`;
const UNKNOWN = `{ unknownAttempts(first: 2) { pageInfo { endCursor } edges { node { id } } } }`;
const ERASE = `mutation ($input: EraseCustomerInput!, $key: String!) {
  eraseCustomer(input: $input, idempotencyKey: $key) { erasure { id } } }`;
const CREATE_KEY = `mutation ($input: CreateApiKeyInput!, $key: String!) {
  createApiKey(input: $input, idempotencyKey: $key) { apiKey { id } } }`;
const ROLL_KEY = `mutation ($input: RollApiKeyInput!, $key: String!) {
  rollApiKey(input: $input, idempotencyKey: $key) { apiKey { id } } }`;
const REVOKE_KEY = `mutation ($input: RevokeApiKeyInput!, $key: String!) {
  revokeApiKey(input: $input, idempotencyKey: $key) { apiKey { id } } }`;
const CREATE_PLAN = `mutation ($input: CreateReplayPlanInput!, $key: String!) {
  createReplayPlan(input: $input, idempotencyKey: $key) { replayPlan { id } } }`;
const START_PLAN = `mutation ($input: StartReplayPlanInput!, $key: String!) {
  startReplayPlan(input: $input, idempotencyKey: $key) { replayPlan { id } } }`;
const PAUSE_PLAN = `mutation ($input: PauseReplayPlanInput!, $key: String!) {
  pauseReplayPlan(input: $input, idempotencyKey: $key) { replayPlan { id } } }`;
const RESOLVE = `mutation ($input: ResolveUnknownAttemptInput!, $key: String!) {
  resolveUnknownAttempt(input: $input, idempotencyKey: $key) { idempotency { status } } }`;
const ATTEMPTS = `
  insert into webhook_delivery_attempts (merchant_id, delivery_id, number, started_at, duration_ms,
    status_code, error_class, error, response_body)
  select merchant_id, id, 1, now(), 5, 500, 'SERVER_ERROR', 'it answered 500', 'no'
  from webhook_deliveries where merchant_id = ? on conflict do nothing`;
const SOME = `{ webhookDeliveries(first: 9) { edges { node { id eventId } } } }`;

// Enough to begin a page in the middle of each list.
const SOME_OF_EACH = 3;

/** Through the API and the workers, as it comes about in life. */
export async function makeWorld(
  api: TestApi,
  merchant: CreatedMerchant,
  receiver: TestReceiver,
): Promise<World> {
  const mark = randomUUID();
  const word = (name: string): string => `${name} of ${mark}`;
  const words = {
    customer: word("customer"),
    reference: word("reference"),
    metadata: word("metadata"),
    key: `key-${mark}`,
  };
  const ask = async (query: string, variables: object = {}, key = merchant.secretKey) => {
    const answer = await api.send({
      query,
      variables: variables as Record<string, unknown>,
      key,
    });
    if (answer.error) throw new Error(JSON.stringify(answer.body));
    return answer.data;
  };
  const mutate = async (query: string, input: object, key: string = randomUUID()) =>
    Object.values(await ask(query, { input, key }))[0] as Made;
  const intent = async (more: object = {}, key?: string) => {
    const { paymentIntent } = await mutate(
      CREATE_INTENT,
      {
        amount: 2_500,
        currency: "USD",
        paymentMethod: "pm_card_visa",
        customer: words.customer,
        merchantReference: words.reference,
        description: word("description"),
        metadata: { shelf: words.metadata },
        ...more,
      },
      key,
    );
    return paymentIntent;
  };
  const confirmed = async (more: object = {}) => {
    const made = await intent(more);
    await mutate(CONFIRM_INTENT, { paymentIntentId: made.id });
    return made;
  };
  const apiKey = { kind: "RESTRICTED", name: word("key"), scopes: ["payments:read"] };
  const { apiKey: rolled } = await mutate(CREATE_KEY, apiKey, words.key);
  await mutate(ROLL_KEY, { apiKeyId: rolled.id }, words.key);
  const { apiKey: revoked } = await mutate(CREATE_KEY, apiKey);
  await mutate(REVOKE_KEY, { apiKeyId: revoked.id }, words.key);
  const { apiKey: fresher } = await mutate(CREATE_KEY, apiKey);
  const { apiKey: another } = await mutate(CREATE_KEY, apiKey);
  await intent({ customer: word("erased") });
  const { erasure } = await mutate(ERASE, { customer: word("erased") }, words.key);
  const spare = async () => {
    const input = { url: receiver.url, eventTypes: ["refund.failed"], description: word("spare") };
    return (await mutate(CREATE_ENDPOINT, input)).webhookEndpoint.id;
  };
  const [changed, disabled, deleted] = [await spare(), await spare(), await spare()];
  await mutate(UPDATE_ENDPOINT, { webhookEndpointId: changed, metadata: words }, words.key);
  await mutate(ROTATE_SECRET, { webhookEndpointId: changed }, words.key);
  await mutate(SEND_TEST, { webhookEndpointId: changed }, words.key);
  const why = { webhookEndpointId: disabled, reason: word("reason") };
  await mutate(DISABLE_ENDPOINT, why, words.key);
  await mutate(ENABLE_ENDPOINT, { webhookEndpointId: disabled }, words.key);
  await mutate(DISABLE_ENDPOINT, why);
  await mutate(DELETE_ENDPOINT, { webhookEndpointId: deleted }, words.key);
  const endpoints = {
    disabled,
    toUpdate: changed,
    toRotate: await spare(),
    toDisable: await spare(),
    toDelete: await spare(),
  };
  const accounts = await makeAccounts(merchant.id, { mutate, word, key: words.key });
  const endpoint = { url: receiver.url, description: word("endpoint") };
  const { webhookEndpoint } = await mutate(CREATE_ENDPOINT, endpoint, words.key);
  const paid = await intent({}, words.key);
  await mutate(CONFIRM_INTENT, { paymentIntentId: paid.id }, words.key);
  const manual = { captureMethod: "MANUAL" };
  const [captured, authorized, authorizedToo] = [
    await confirmed(manual),
    await confirmed(manual),
    await confirmed(manual),
  ];
  await confirmed({ paymentMethod: "pm_card_chargeDeclinedInsufficientFunds" });
  const challenged = await confirmed({ paymentMethod: "pm_card_threeDSecureRequired" });
  await api.drain();
  const part = { paymentIntentId: captured.id, amount: 100, final: false };
  await mutate(CAPTURE_INTENT, part, words.key);
  await api.drain();
  for (let more = 1; more < SOME_OF_EACH; more += 1) {
    await mutate(CAPTURE_INTENT, part);
    await api.drain();
  }
  const back = { paymentIntentId: paid.id, amount: 100, metadata: { shelf: words.metadata } };
  const { refund } = await mutate(REFUND_INTENT, back, words.key);
  for (let more = 1; more < SOME_OF_EACH; more += 1) await mutate(REFUND_INTENT, back);
  await api.drain();
  for (let more = 0; more < SOME_OF_EACH; more += 1) await aDispute(api, paid.id, { amount: 100 });
  const breaks: string[] = [];
  for (const journal of [newId("journal"), null, null]) {
    const proposal = {
      corrects: journal,
      postings: [{ debit: "PROCESSING_FEES", credit: "PROCESSOR_RECEIVABLE", amount: 3 } as const],
    };
    const subjectId = journal === null ? newId("attempt") : paid.id;
    const about = { paymentIntentId: paid.id, proposal, subjectId };
    breaks.push(await aBreak(api.db, merchant.id, about));
  }
  const report = await aReport(api.db, mark);
  for (let more = 0; more < SOME_OF_EACH; more += 1) {
    await aPayout(api, merchant.id, "paid");
  }
  const unknown = await confirmed();
  for (let more = 0; more < SOME_OF_EACH; more += 1) await confirmed();
  await api.sandbox.setFault({ fault: "lose_request", rate: 1, operation: "charge" });
  await api.relayOnce();
  await api.runCharges();
  await api.sandbox.call("DELETE", "/admin/faults");
  const canceled = await intent();
  await mutate(CANCEL_INTENT, { paymentIntentId: canceled.id });
  // Refusals, kept under their keys.
  const refuse = (query: string, input: object) =>
    api.send({ query, variables: { input, key: words.key }, key: merchant.secretKey });
  await refuse(CANCEL_INTENT, { paymentIntentId: paid.id });
  await refuse(REPLAY_DELIVERY, { deliveryId: newId("webhookDelivery") });
  const fresh = await intent();
  const toChange = await intent();
  await mutate(UPDATE_INTENT, { paymentIntentId: toChange.id, amount: 2_700 }, words.key);
  const open = await ask(UNKNOWN, {}, merchant.operatorKey);
  const [unknownAttempt, resolved] = open.unknownAttempts.edges as { node: { id: string } }[];
  const answer = {
    resolution: "FAILED",
    reason: "asked",
    attemptId: resolved?.node.id,
    override: true,
  };
  await api.send({
    query: RESOLVE,
    variables: { input: answer, key: words.key },
    key: api.asPlatform.key,
    headers: { "oncepay-merchant": merchant.id },
  });
  for (let round = 0; round < 3; round += 1) {
    await api.relayOnce();
    await api.deliverWebhooks();
  }
  const some = (await ask(SOME)).webhookDeliveries.edges as { node: Delivery }[];
  const [waiting, delivery, retrying, retryingToo, toDiscard, ...dead] = some.map(
    ({ node }) => node,
  );
  const deliveries = (found: readonly (Delivery | undefined)[]) =>
    api
      .db("webhook_deliveries")
      .where({ merchant_id: merchant.id })
      .whereIn(
        "id",
        found.map((one) => one?.id ?? ""),
      );
  await deliveries([...dead, toDiscard]).update({ status: "DEAD", next_at: null });
  const tomorrow = new Date(Date.now() + 86_400_000);
  await deliveries([retrying, retryingToo]).update({ status: "RETRYING", next_at: tomorrow });
  await deliveries([waiting]).update({ status: "SCHEDULED", next_at: tomorrow });
  await api.db.raw(ATTEMPTS, [merchant.id]);
  const plans: string[] = [];
  for (const steps of [[], ["START"], ["START", "PAUSE"], []]) {
    const input = { filter: { endpointId: webhookEndpoint.id }, reason: word("plan") };
    const { replayPlan } = await mutate(CREATE_PLAN, input);
    for (const step of steps) {
      await mutate(step === "START" ? START_PLAN : PAUSE_PLAN, { planId: replayPlan.id });
    }
    plans.push(replayPlan.id);
  }
  const [toStart = "", toPause = "", toResume = "", toCancel = ""] = plans;
  const more = await ask(MORE_CURSORS, {}, merchant.operatorKey);
  const pages = { ...(await ask(CURSORS)), ...more };
  const parts = (await ask(PARTS, { id: paid.id })).paymentIntent;
  const firstOf = (table: string) =>
    api.db(table).where({ merchant_id: merchant.id }).first<{ id: string }>("id");
  const [found, dispute] = [await firstOf("captures"), await firstOf("disputes")];
  const actor = await api
    .db("audit_log")
    .where({ merchant_id: merchant.id, subject_id: rolled.id })
    .first<{ id: string }>("actor_id as id");
  const account = pages.ledgerAccounts.edges[0].node;
  const payout = pages.payouts.edges[0].node;
  await sealAll(api);
  await api.app.endpointHours.flush();
  // Its event waits to be published.
  await intent();
  const setAside = await setMessageAside(api.db, merchant.id, { delivery_id: delivery?.id });
  const end = (page: { pageInfo: { endCursor: string } }): string => page.pageInfo.endCursor;
  const cursors: Record<string, string> = {
    unknownAttempts: end(open.unknownAttempts),
    entries: end(account.entries),
    lines: end(payout.lines),
    reconciliationReports: Buffer.from(report).toString("base64url"),
    setAsideMessages: Buffer.from(setAside).toString("base64url"),
  };
  for (const [name, page] of Object.entries({ ...pages, ...withPrefix(parts) })) {
    cursors[name] = end(page as never);
  }
  return {
    merchant,
    clientSecret: paid.clientSecret,
    words,
    cursors,
    ids: {
      paid: paid.id,
      authorized: authorized.id,
      authorizedToo: authorizedToo.id,
      challenged: challenged.id,
      unknown: unknown.id,
      fresh: fresh.id,
      toChange: toChange.id,
      captured: captured.id,
      attempt: resolved?.node.id ?? "",
      unknownAttempt: unknownAttempt?.node.id ?? "",
      refund: refund.id,
      capture: found?.id ?? "",
      dispute: dispute?.id ?? "",
      payout: payout.id,
      endpoint: webhookEndpoint.id,
      ...endpoints,
      event: dead[0]?.eventId ?? "",
      delivery: delivery?.id ?? "",
      dead: dead[0]?.id ?? "",
      toStart,
      toPause,
      toResume,
      toCancel,
      retrying: retrying?.id ?? "",
      retryingEvent: retryingToo?.eventId ?? "",
      toDiscard: toDiscard?.id ?? "",
      ...accounts,
      account: account.id,
      merchant: merchant.id,
      actor: actor?.id ?? "",
      apiKey: rolled.id,
      toRoll: fresher.id,
      toRevoke: another.id,
      erasure: erasure.id,
      setAside,
      break: breaks[0] ?? "",
    },
  };
}

interface Delivery {
  readonly id: string;
  readonly eventId: string;
}

interface Made {
  readonly paymentIntent: { readonly id: string; readonly clientSecret: string };
  readonly refund: { readonly id: string };
  readonly webhookEndpoint: { readonly id: string };
  readonly apiKey: { readonly id: string };
  readonly erasure: { readonly id: string };
  readonly replayPlan: { readonly id: string };
  readonly processorAccount: { readonly id: string };
}

/** The lists of an intent, told apart from those of the merchant. */
function withPrefix(parts: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(parts).map(([name, page]) => [`PaymentIntent.${name}`, page]),
  );
}

/** Nobody's: ids of the same kinds, which do not exist, and words that nobody has used. */
export function nowhere(world: World): World {
  const ids = Object.fromEntries(
    Object.entries(world.ids).map(([name, id]) => [name, newId(idKind(id) as IdKind)]),
  );
  const unused = (name: string): string => `${name}-of-nobody-${randomUUID()}`;
  const words = {
    customer: unused("customer"),
    reference: unused("reference"),
    metadata: unused("metadata"),
    key: unused("key"),
  };
  return { ...world, ids, words };
}

/**
 * What every argument is asked with, out of a world. A new argument needs a row here: the walk names it.
 */
export function valuesFrom({ ids, words, cursors }: World): Values {
  const values: Readonly<Record<string, readonly unknown[]>> = {
    "Query.node(id)": Object.values(ids),
    "Query.nodes(ids)": [Object.values(ids)],
    "Query.paymentIntent(id)": [ids["paid"], ids["challenged"], ids["unknown"]],
    "Query.refund(id)": [ids["refund"]],
    "Query.receipt(paymentIntentId)": [ids["paid"]],
    "Query.dispute(id)": [ids["dispute"]],
    "Query.ledgerAccount(id)": [ids["account"]],
    "Query.payout(id)": [ids["payout"]],
    "Query.erasure(id)": [ids["erasure"]],
    "Query.deadLetters(merchantId)": [ids["merchant"]],
    "Query.setAsideMessages(merchantId)": [ids["merchant"]],
    "ReleaseSetAsideMessagesInput.ids": [[ids["setAside"]]],
    "ReleaseSetAsideMessagesInput.all": [false],
    "Query.operation(name)": KEYED,
    "Query.operation(idempotencyKey)": [words.key],
    "ApiKeyFilter.active": [true],
    "ApiKeyFilter.kinds": [["RESTRICTED"]],
    "AuditLogFilter.action": ["WRITE"],
    "AuditLogFilter.actorId": [ids["actor"]],
    "AuditLogFilter.subjectId": [ids["apiKey"]],
    "CaptureFilter.paymentIntentId": [ids["captured"]],
    "CaptureFilter.statuses": [["SUCCEEDED"]],
    "DisputeFilter.paymentIntentId": [ids["paid"]],
    "DisputeFilter.statuses": [["OPEN"]],
    "PayoutFilter.statuses": [["PAID"]],
    "ReconciliationBreakFilter.kinds": [["FEE"]],
    "ReconciliationBreakFilter.statuses": [["OPEN"]],
    "ReconciliationBreakFilter.subjectId": [ids["paid"]],
    "ResolveReconciliationBreakInput.breakId": [ids["break"]],
    "RefundFilter.paymentIntentId": [ids["paid"]],
    "RefundFilter.statuses": [["SUCCEEDED"]],
    "CreateReplayPlanInput.filter": [
      {
        endpointId: ids["endpoint"],
        eventId: ids["event"],
        types: ["payment_intent.created"],
        causes: ["OTHER"],
        diedAfter: "2000-01-01T00:00:00.000Z",
        diedBefore: "2099-01-01T00:00:00.000Z",
      },
    ],
    "CreateReplayPlanInput.reason": ["the receiver is back"],
    "StartReplayPlanInput.planId": [ids["toStart"]],
    "PauseReplayPlanInput.planId": [ids["toPause"]],
    "ResumeReplayPlanInput.planId": [ids["toResume"]],
    "CancelReplayPlanInput.planId": [ids["toCancel"]],
    "DeadLetterFilter.endpointId": [ids["endpoint"]],
    "DeadLetterFilter.eventId": [ids["event"]],
    "DeadLetterFilter.types": [["payment_intent.created"]],
    "DeadLetterFilter.causes": [["OTHER"]],
    "DeadLetterFilter.replayState": ["ANY"],
    "EventFilter.types": [["payment_intent.created"]],
    "LedgerAccountFilter.currencies": [["USD"]],
    "LedgerAccountFilter.kinds": [["PROCESSOR_RECEIVABLE"]],
    "PaymentIntentFilter.amount": [2_500],
    "PaymentIntentFilter.customer": [words.customer],
    "PaymentIntentFilter.merchantReference": [words.reference],
    "PaymentIntentFilter.metadata": [{ key: "shelf", value: words.metadata }],
    "PaymentIntentFilter.statuses": [["SUCCEEDED"], ["REQUIRES_ACTION"]],
    "WebhookDeliveryFilter.endpointId": [ids["endpoint"]],
    "WebhookDeliveryFilter.eventId": [ids["event"]],
    "WebhookDeliveryFilter.statuses": [["SUCCEEDED"], ["DEAD"], ["SCHEDULED"]],
    "Mutation(idempotencyKey)": [words.key],
    "CancelPaymentIntentInput.paymentIntentId": [ids["authorized"]],
    "CapturePaymentIntentInput.paymentIntentId": [ids["authorizedToo"]],
    "ConfirmPaymentIntentInput.paymentIntentId": [ids["fresh"]],
    "RefundPaymentIntentInput.paymentIntentId": [ids["paid"]],
    "UpdatePaymentIntentInput.paymentIntentId": [ids["toChange"]],
    "UpdateWebhookEndpointInput.webhookEndpointId": [ids["toUpdate"]],
    "DisableWebhookEndpointInput.webhookEndpointId": [ids["toDisable"]],
    "EnableWebhookEndpointInput.webhookEndpointId": [ids["disabled"]],
    "DeleteWebhookEndpointInput.webhookEndpointId": [ids["toDelete"]],
    "RotateWebhookSecretInput.webhookEndpointId": [ids["toRotate"]],
    "SendTestWebhookInput.webhookEndpointId": [ids["endpoint"]],
    "ReplayWebhookDeliveryInput.deliveryId": [ids["dead"]],
    "DiscardWebhookDeliveryInput.deliveryId": [ids["toDiscard"]],
    "RetryWebhookDeliveryNowInput.deliveryId": [ids["retrying"]],
    "RetryWebhookDeliveriesNowInput.filter": [
      {
        endpointId: ids["endpoint"],
        eventId: ids["retryingEvent"],
        types: EVENT_TYPES,
        causes: ["OTHER"],
        failedAfter: "2000-01-01T00:00:00.000Z",
        failedBefore: "2099-01-01T00:00:00.000Z",
      },
    ],
    "LookUpAttemptInput.attemptId": [ids["unknownAttempt"]],
    "ResolveUnknownAttemptInput.attemptId": [ids["unknownAttempt"]],
    ...accountValues(ids),
    "EraseCustomerInput.customer": [words.customer],
    "RollApiKeyInput.apiKeyId": [ids["toRoll"]],
    "RevokeApiKeyInput.apiKeyId": [ids["toRevoke"]],
    ...PLAIN,
  };
  return (coordinate) => {
    const [owner = "", argument = ""] = coordinate.split(/[(]/);
    const [type = "", name = ""] = owner.split(".");
    if (argument === "first)" || argument === "last)") return [3];
    if (argument === "after)" || argument === "before)") {
      return [cursors[type === "PaymentIntent" ? owner : name]];
    }
    if (argument === "idempotencyKey)" && type === "Mutation") {
      return values["Mutation(idempotencyKey)"];
    }
    const moment = MOMENTS.find(([named]) => named.test(coordinate));
    return values[coordinate] ?? moment?.[1];
  };
}

const MOMENTS: readonly (readonly [named: RegExp, values: readonly string[]])[] = [
  [/(?:Start|Pause|Resume|Cancel)ReplayPlanInput.reason$/, ["as agreed"]],
  [/Before$/, ["2099-01-01T00:00:00.000Z"]],
  [/After$/, ["2000-01-01T00:00:00.000Z"]],
  [/\(asOf\)$/, [new Date().toISOString()]],
  [/\(since\)$/, ["2000-01-01T00:00:00.000Z"]],
];

/** The mutations that a world has used its key for, and one that it has not. */
const KEYED = [
  "createPaymentIntent",
  "confirmPaymentIntent",
  "capturePaymentIntent",
  "cancelPaymentIntent",
  "refundPaymentIntent",
  "updatePaymentIntent",
  "createWebhookEndpoint",
  "updateWebhookEndpoint",
  "disableWebhookEndpoint",
  "enableWebhookEndpoint",
  "deleteWebhookEndpoint",
  "rotateWebhookSecret",
  "sendTestWebhook",
  "replayWebhookDelivery",
  "createApiKey",
  "rollApiKey",
  "revokeApiKey",
  ...KEYED_OF_ACCOUNTS,
  "eraseCustomer",
  "createMerchant",
];
