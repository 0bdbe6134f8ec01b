import { randomUUID } from "node:crypto";
import { type IdKind, idKind, newId } from "../../src/ids";
import type { CreatedMerchant } from "../../src/merchants/create-merchant";
import {
  CANCEL_INTENT,
  CAPTURE_INTENT,
  CONFIRM_INTENT,
  CREATE_ENDPOINT,
  CREATE_INTENT,
  REFUND_INTENT,
  REPLAY_DELIVERY,
  type TestApi,
} from "../support/api";
import type { TestReceiver } from "../support/receiver";
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
  captures(first: 1) { pageInfo { endCursor } } refunds(first: 1) { pageInfo { endCursor } }
  deadLetters(first: 1) { pageInfo { endCursor } } events(first: 1) { pageInfo { endCursor } }
  ledgerAccounts(first: 1) { pageInfo { endCursor } edges { node { id entries(first: 1) { pageInfo { endCursor } } } } }
  paymentIntents(first: 1) { pageInfo { endCursor } }
  webhookDeliveries(first: 1) { pageInfo { endCursor } } webhookEndpoints(first: 1) { pageInfo { endCursor } }
}`;
const PARTS = `query ($id: ID!) { paymentIntent(id: $id) {
  attempts(first: 1) { pageInfo { endCursor } edges { node { id } } } captures(first: 1) { pageInfo { endCursor } }
  events(first: 1) { pageInfo { endCursor } } refunds(first: 1) { pageInfo { endCursor } } transitions(first: 1) { pageInfo { endCursor } }
} }`;
const UNKNOWN = `{ unknownAttempts(first: 1) { pageInfo { endCursor } edges { node { id } } } }`;
const SOME = `{ events(first: 1) { edges { node { id } } } webhookDeliveries(first: 2) { edges { node { id } } } }`;

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
  await mutate(CAPTURE_INTENT, { paymentIntentId: captured.id, amount: 1_000 }, words.key);
  const { refund } = await mutate(
    REFUND_INTENT,
    { paymentIntentId: paid.id, amount: 100, metadata: { shelf: words.metadata } },
    words.key,
  );
  await api.drain();
  const unknown = await confirmed();
  await api.sandbox.setFault({ fault: "lose_response", rate: 1, operation: "charge", count: 1 });
  await api.relayOnce();
  await api.runCharges();
  await api.sandbox.call("DELETE", "/admin/faults");
  await api.drain();
  const canceled = await intent();
  await mutate(CANCEL_INTENT, { paymentIntentId: canceled.id }, words.key);
  // A refusal, kept under its key.
  const refused = { input: { deliveryId: newId("webhookDelivery") }, key: words.key };
  await api.send({ query: REPLAY_DELIVERY, variables: refused, key: merchant.secretKey });
  const fresh = await intent();
  await api.drain();
  const some = await ask(SOME);
  const [dead, delivery] = some.webhookDeliveries.edges as { node: { id: string } }[];
  await api
    .db("webhook_deliveries")
    .where({ merchant_id: merchant.id, id: dead?.node.id })
    .update({ status: "DEAD", next_at: null });
  const pages = await ask(CURSORS);
  const parts = (await ask(PARTS, { id: paid.id })).paymentIntent;
  const open = (await ask(UNKNOWN, {}, merchant.operatorKey)).unknownAttempts;
  const found = await api
    .db("captures")
    .where({ merchant_id: merchant.id })
    .first<{ id: string }>("id");
  const account = pages.ledgerAccounts.edges[0].node;
  const end = (page: { pageInfo: { endCursor: string } }): string => page.pageInfo.endCursor;
  const cursors: Record<string, string> = {
    unknownAttempts: end(open),
    entries: end(account.entries),
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
      attempt: parts.attempts.edges[0].node.id,
      unknownAttempt: open.edges[0].node.id,
      refund: refund.id,
      capture: found?.id ?? "",
      endpoint: webhookEndpoint.id,
      event: some.events.edges[0].node.id,
      delivery: delivery?.node.id ?? "",
      dead: dead?.node.id ?? "",
      account: account.id,
      merchant: merchant.id,
    },
  };
}

interface Made {
  readonly paymentIntent: { readonly id: string; readonly clientSecret: string };
  readonly refund: { readonly id: string };
  readonly webhookEndpoint: { readonly id: string };
}

/** The lists of an intent, told apart from those of the merchant. */
function withPrefix(parts: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(parts).map(([name, page]) => [`PaymentIntent.${name}`, page]),
  );
}

/** Nobody's: ids of the same kinds, which do not exist. */
export function nowhere(world: World): World {
  const ids = Object.fromEntries(
    Object.entries(world.ids).map(([name, id]) => [name, newId(idKind(id) as IdKind)]),
  );
  return { ...world, ids };
}

/**
 * What every argument is asked with, out of a world. A new argument needs a row here: the walk names it.
 */
export function valuesFrom({ ids, words, cursors }: World): Values {
  const ofIntent = [ids["paid"]];
  const values: Readonly<Record<string, readonly unknown[]>> = {
    "Query.node(id)": Object.values(ids),
    "Query.nodes(ids)": [Object.values(ids)],
    "Query.paymentIntent(id)": [ids["paid"], ids["challenged"], ids["unknown"]],
    "Query.refund(id)": [ids["refund"]],
    "Query.ledgerAccount(id)": [ids["account"]],
    "Query.operation(name)": KEYED,
    "Query.operation(idempotencyKey)": [words.key],
    "CaptureFilter.paymentIntentId": ofIntent,
    "CaptureFilter.statuses": [["SUCCEEDED"]],
    "RefundFilter.paymentIntentId": ofIntent,
    "RefundFilter.statuses": [["SUCCEEDED"]],
    "DeadLetterFilter.endpointId": [ids["endpoint"]],
    "DeadLetterFilter.eventId": [ids["event"]],
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
    "ReplayWebhookDeliveryInput.deliveryId": [ids["dead"]],
    "ResolveUnknownAttemptInput.attemptId": [ids["unknownAttempt"]],
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
  [/Before$/, ["2099-01-01T00:00:00.000Z"]],
  [/After$/, ["2000-01-01T00:00:00.000Z"]],
  [/\(asOf\)$/, [new Date().toISOString()]],
];

/** The mutations that a world has used its key for, and one that it has not. */
const KEYED = [
  "createPaymentIntent",
  "confirmPaymentIntent",
  "capturePaymentIntent",
  "cancelPaymentIntent",
  "refundPaymentIntent",
  "createWebhookEndpoint",
  "replayWebhookDelivery",
  "createMerchant",
];

/** What says nothing about a tenant. */
const PLAIN: Readonly<Record<string, readonly unknown[]>> = {
  "CancelPaymentIntentInput.reason": ["REQUESTED_BY_CUSTOMER"],
  "CapturePaymentIntentInput.amount": [100],
  "CapturePaymentIntentInput.final": [true],
  "ConfirmPaymentIntentInput.paymentMethod": ["pm_card_visa"],
  "ConfirmPaymentIntentInput.returnUrl": ["https://shop.example/back"],
  "CreateMerchantInput.name": ["A new shop"],
  "CreatePaymentIntentInput.amount": [2_500],
  "CreatePaymentIntentInput.currency": ["USD"],
  "CreatePaymentIntentInput.captureMethod": ["AUTOMATIC"],
  "CreatePaymentIntentInput.customer": ["somebody"],
  "CreatePaymentIntentInput.description": ["something"],
  "CreatePaymentIntentInput.merchantReference": ["order"],
  "CreatePaymentIntentInput.metadata": [{ shelf: "3" }],
  "CreatePaymentIntentInput.paymentMethod": ["pm_card_visa"],
  "CreateWebhookEndpointInput.url": ["http://127.0.0.1:9/hooks"],
  "CreateWebhookEndpointInput.description": ["an endpoint"],
  "CreateWebhookEndpointInput.eventTypes": [["payment_intent.created"]],
  "RefundPaymentIntentInput.amount": [100],
  "RefundPaymentIntentInput.metadata": [{ shelf: "3" }],
  "RefundPaymentIntentInput.reason": ["DUPLICATE"],
  "ResolveUnknownAttemptInput.processorChargeId": ["ch_1"],
  "ResolveUnknownAttemptInput.reason": ["asked the network"],
  "ResolveUnknownAttemptInput.resolution": ["FAILED"],
};
