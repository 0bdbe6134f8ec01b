import {
  CONFIRM_INTENT,
  CREATE_API_KEY,
  CREATE_ENDPOINT,
  DISABLE_ENDPOINT,
  ENABLE_ENDPOINT,
  REVOKE_API_KEY,
  ROLL_API_KEY,
  ROTATE_SECRET,
  type TestApi,
  makeIntent,
  makePaid,
  newKey,
} from "../support/api";
import type { TestReceiver } from "../support/receiver";
import { rowOf, setMessageAside } from "../support/set-aside";

/** What a mutation is asked for in the tests that send every mutation down the one road. */
export interface KeyedMutation {
  /** Which of the merchant's API keys may do it; the secret one when absent. */
  readonly as?: "operatorKey" | "platform";
  /** A table that it writes to, or locks rows of. */
  readonly table: string;
  /** An input that can be executed, and another one that differs from it in anything. Fresh each time. */
  readonly prepare: (world: World) => Promise<{ readonly input: object; readonly other: object }>;
  /** What a repeat is told whose key's record has expired: what was made, that the state forbids it, or that it is gone. */
  readonly expired: "REPLAYED" | "INVALID_STATE" | "NOT_FOUND";
  /** An input that is refused for now; null where no state can forbid what the mutation does. */
  readonly refuse: ((world: World) => Promise<Refusable>) | null;
}

export interface World {
  readonly api: TestApi;
  readonly receiver: TestReceiver;
}

export interface Refusable {
  readonly input: object;
  /** After this the same input would be executed. */
  readonly makePossible: () => Promise<void>;
}

let names = 0;

/** Something that no other input of this file has. */
function unique(prefix: string): string {
  names += 1;
  return `${prefix}${String(names)}`;
}

/** None of it arrives, however often it is tried. */
async function failCapture(api: TestApi): Promise<void> {
  await api.sandbox.setFault({ fault: "lose_request", rate: 1, operation: "capture" });
  for (let tries = 0; tries < 6; tries += 1) {
    await api.drain();
    await api.makeDue();
  }
  await api.sandbox.call("DELETE", "/admin/faults");
}

const MANUAL = { captureMethod: "MANUAL" };

async function confirm(api: TestApi, paymentIntentId: string): Promise<void> {
  const variables = { input: { paymentIntentId }, key: newKey() };
  const { body } = await api.send({ query: CONFIRM_INTENT, variables });
  expect(body.errors).toBeUndefined();
}

/** Set aside: of an attempt, which has been announced before. */
async function aMessage(api: TestApi): Promise<string> {
  const about = { attempt_id: await aQueuedAttempt(api) };
  return setMessageAside(api.db, api.merchant.id, about);
}

async function attemptOf(api: TestApi, paymentIntentId: string): Promise<string> {
  const [attempt] = await api.db("attempts").where({ payment_intent_id: paymentIntentId });
  return attempt.id as string;
}

async function loseAnswer(api: TestApi): Promise<void> {
  await api.sandbox.setFault({ fault: "lose_response", rate: 1, operation: "charge", count: 1 });
  await api.relayOnce();
  await api.runCharges();
}

async function aQueuedAttempt(api: TestApi): Promise<string> {
  await api.drain();
  const { id } = await makeIntent(api);
  await confirm(api, id);
  return attemptOf(api, id);
}

const finding = (attemptId: string) => ({
  attemptId,
  resolution: "SUCCEEDED",
  reason: "seen in their portal",
  override: true,
});

/** Planned and not posted: its event waits to be told to the one endpoint that wants it. */
async function aPlannedDelivery({ api, receiver }: World): Promise<string> {
  await api.drain();
  const [known] = await api.db("webhook_endpoints").where({ description: "told of everything" });
  if (!known) {
    await api.send({
      query: `mutation ($input: CreateWebhookEndpointInput!, $key: String!) {
        createWebhookEndpoint(input: $input, idempotencyKey: $key) { secret } }`,
      variables: {
        input: {
          url: receiver.url,
          eventTypes: ["payment_intent.created"],
          description: "told of everything",
        },
        key: newKey(),
      },
    });
  }
  await makeIntent(api);
  await api.relayOnce();
  const [delivery] = await api.db("webhook_deliveries").where({ status: "SCHEDULED" });
  return delivery.id as string;
}

/** A filter of deliveries that this one alone matches. */
async function aFilterOfOne(world: World) {
  const deliveryId = await aPlannedDelivery(world);
  const [delivery] = await world.api.db("webhook_deliveries").where({ id: deliveryId });
  const filter = { eventId: delivery.event_id as string };
  return { deliveryId, asked: { filter, reason: "the receiver is back" } };
}

/** A plan about nothing, taken so far. */
async function aReplayPlan(api: TestApi, ...steps: string[]): Promise<{ planId: string }> {
  const send = async (name: string, input: string): Promise<string> => {
    const query = `mutation { ${name}(input: ${input}, idempotencyKey: "${newKey()}") { replayPlan { id } } }`;
    const { data, body } = await api.send({ query, key: api.merchant.operatorKey });
    expect(body.errors).toBeUndefined();
    return data[name].replayPlan.id as string;
  };
  const planId = await send("createReplayPlan", '{filter: {}, reason: "test"}');
  for (const step of steps) await send(step, `{planId: "${planId}"}`);
  return { planId };
}

const START = "startReplayPlan";
const PAUSE = "pauseReplayPlan";

/** What can be done after `steps`, and not before the last of them. */
function steering(...steps: string[]): KeyedMutation {
  return {
    table: "replay_plans",
    as: "operatorKey",
    prepare: async ({ api }) => {
      const input = await aReplayPlan(api, ...steps);
      return { input, other: { ...input, reason: "on second thoughts" } };
    },
    expired: "INVALID_STATE",
    refuse: async ({ api }) => {
      const input = await aReplayPlan(api, ...steps);
      const set = (status: string) =>
        api
          .db("replay_plans")
          .where({ id: input.planId })
          .update({
            status,
            finished_at: status === "FINISHED" ? new Date() : null,
            per_second: 1,
            started_at: new Date(),
          });
      const before = ["READY", "RUNNING", "PAUSED"][steps.length] ?? "READY";
      await set("FINISHED");
      const makePossible = async (): Promise<void> => {
        await set(before);
      };
      return { input, makePossible };
    },
  };
}

const RETRYING = { status: "RETRYING", next_at: "2099-01-01T00:00:00Z" };

async function setDelivery(api: TestApi, id: string, state: object): Promise<void> {
  await api.db("webhook_deliveries").where({ id }).update(state);
}

async function askKeys(api: TestApi, query: string, input: object): Promise<{ id: string }> {
  const { body, data } = await api.send({ query, variables: { input, key: newKey() } });
  expect(body.errors).toBeUndefined();
  const [payload] = Object.values(data as Record<string, { apiKey: { id: string } }>);
  return payload?.apiKey ?? { id: "" };
}

function anApiKey(api: TestApi): Promise<{ id: string }> {
  return askKeys(api, CREATE_API_KEY, { kind: "RESTRICTED", name: unique("a reader ") });
}

interface Endpoint {
  readonly webhookEndpointId: string;
}

async function askEndpoint(api: TestApi, query: string, input: object): Promise<Endpoint> {
  const { body, data } = await api.send({ query, variables: { input, key: newKey() } });
  expect(body.errors).toBeUndefined();
  const [payload] = Object.values(data as Record<string, { webhookEndpoint: { id: string } }>);
  return { webhookEndpointId: payload?.webhookEndpoint.id ?? "" };
}

/** It wants what never happens here. */
function anEndpoint({ api, receiver }: World): Promise<Endpoint> {
  const url = unique(`${receiver.url}/`);
  return askEndpoint(api, CREATE_ENDPOINT, { url, eventTypes: ["refund.failed"] });
}

async function aDisabledEndpoint(world: World): Promise<Endpoint> {
  return askEndpoint(world.api, DISABLE_ENDPOINT, await anEndpoint(world));
}

/** Refused, until the endpoint has the other status. */
async function untilEnabled(world: World): Promise<Refusable> {
  const input = await aDisabledEndpoint(world);
  const makePossible = async (): Promise<void> => {
    await askEndpoint(world.api, ENABLE_ENDPOINT, input);
  };
  return { input, makePossible };
}

/** One for every mutation of the schema: a test fails, by its name, when one is missing. */
export const KEYED_MUTATIONS: Readonly<Record<string, KeyedMutation>> = {
  createPaymentIntent: {
    table: "payment_intents",
    prepare: () => {
      const input = { amount: 100, currency: "USD", metadata: { order: unique("order-") } };
      return Promise.resolve({ input, other: { ...input, amount: 101 } });
    },
    expired: "REPLAYED",
    refuse: null,
  },
  confirmPaymentIntent: {
    table: "payment_intents",
    prepare: async ({ api }) => {
      const input = { paymentIntentId: (await makeIntent(api)).id };
      return { input, other: { ...input, paymentMethod: "pm_card_mastercard" } };
    },
    expired: "REPLAYED",
    // Under way, with a card that is declined softly: then another card may be tried.
    refuse: async ({ api }) => {
      const declined = { paymentMethod: "pm_card_chargeDeclinedInsufficientFunds" };
      const { id } = await makeIntent(api, declined);
      await confirm(api, id);
      const input = { paymentIntentId: id, paymentMethod: "pm_card_visa" };
      return { input, makePossible: () => api.drain() };
    },
  },
  capturePaymentIntent: {
    table: "captures",
    prepare: async ({ api }) => {
      const { id } = await makePaid(api, MANUAL);
      const input = { paymentIntentId: id, amount: 1_000, final: false };
      return { input, other: { ...input, amount: 999 } };
    },
    expired: "REPLAYED",
    refuse: async ({ api }) => {
      const { id } = await makeIntent(api, MANUAL);
      const makePossible = async (): Promise<void> => {
        await confirm(api, id);
        await api.drain();
      };
      return { input: { paymentIntentId: id }, makePossible };
    },
  },
  cancelPaymentIntent: {
    table: "payment_intents",
    prepare: async ({ api }) => {
      const input = { paymentIntentId: (await makeIntent(api)).id };
      return { input, other: { ...input, reason: "DUPLICATE" } };
    },
    expired: "INVALID_STATE",
    refuse: async ({ api }) => {
      const { id } = await makePaid(api, MANUAL);
      const input = { paymentIntentId: id };
      await api.send({ query: CAPTURE_INTENT, variables: { input, key: newKey() } });
      return { input, makePossible: () => failCapture(api) };
    },
  },
  refundPaymentIntent: {
    table: "refunds",
    prepare: async ({ api }) => {
      const input = { paymentIntentId: (await makePaid(api)).id, amount: 700 };
      return { input, other: { ...input, amount: 699 } };
    },
    expired: "REPLAYED",
    refuse: async ({ api }) => {
      const { id } = await makeIntent(api);
      const makePossible = async (): Promise<void> => {
        await confirm(api, id);
        await api.drain();
      };
      return { input: { paymentIntentId: id }, makePossible };
    },
  },
  updatePaymentIntent: {
    table: "payment_intent_updates",
    prepare: async ({ api }) => {
      const input = { paymentIntentId: (await makeIntent(api)).id, description: null };
      // To take something away is not to leave it as it is.
      return { input, other: { paymentIntentId: input.paymentIntentId, customer: null } };
    },
    expired: "REPLAYED",
    // Under way, until the card is declined.
    refuse: async ({ api }) => {
      const declined = { paymentMethod: "pm_card_chargeDeclinedInsufficientFunds" };
      const { id } = await makeIntent(api, declined);
      await confirm(api, id);
      return { input: { paymentIntentId: id, amount: 7 }, makePossible: () => api.drain() };
    },
  },
  lookUpAttempt: {
    table: "attempts",
    as: "platform",
    prepare: async ({ api }) => {
      const other = { attemptId: await aQueuedAttempt(api) };
      const input = { attemptId: await aQueuedAttempt(api) };
      await loseAnswer(api);
      return { input, other };
    },
    expired: "INVALID_STATE",
    refuse: async ({ api }) => {
      const attemptId = await aQueuedAttempt(api);
      return { input: { attemptId }, makePossible: () => loseAnswer(api) };
    },
  },
  resolveUnknownAttempt: {
    table: "attempts",
    as: "platform",
    prepare: async ({ api }) => {
      const input = finding(await aQueuedAttempt(api));
      await loseAnswer(api);
      return { input, other: { ...input, reason: "heard on the telephone" } };
    },
    expired: "INVALID_STATE",
    refuse: async ({ api }) => {
      const input = finding(await aQueuedAttempt(api));
      return { input, makePossible: () => loseAnswer(api) };
    },
  },
  createWebhookEndpoint: {
    table: "webhook_endpoints",
    prepare: () => {
      const url = unique("https://hooks.example/");
      const input = { url, eventTypes: ["refund.failed"], description: "a receiver" };
      return Promise.resolve({ input, other: { ...input, description: "another receiver" } });
    },
    expired: "REPLAYED",
    refuse: null,
  },
  updateWebhookEndpoint: {
    table: "webhook_endpoints",
    prepare: async (world) => {
      const input = { ...(await anEndpoint(world)), description: "changed" };
      return { input, other: { ...input, description: null } };
    },
    expired: "REPLAYED",
    refuse: null,
  },
  disableWebhookEndpoint: {
    table: "webhook_endpoints",
    prepare: async (world) => {
      const input = await anEndpoint(world);
      return { input, other: { ...input, reason: "maintenance" } };
    },
    expired: "REPLAYED",
    refuse: untilEnabled,
  },
  enableWebhookEndpoint: {
    table: "webhook_endpoints",
    prepare: async (world) => {
      const input = await aDisabledEndpoint(world);
      return { input, other: { ...input, catchUp: "NONE" } };
    },
    expired: "REPLAYED",
    refuse: async (world) => {
      const input = await anEndpoint(world);
      const makePossible = async (): Promise<void> => {
        await askEndpoint(world.api, DISABLE_ENDPOINT, input);
      };
      return { input, makePossible };
    },
  },
  deleteWebhookEndpoint: {
    table: "webhook_endpoints",
    prepare: async (world) => {
      const input = await anEndpoint(world);
      return { input, other: await anEndpoint(world) };
    },
    expired: "REPLAYED",
    refuse: null,
  },
  rotateWebhookSecret: {
    table: "webhook_endpoints",
    prepare: async (world) => {
      const input = await anEndpoint(world);
      return { input, other: { ...input, overlapSeconds: 60 } };
    },
    expired: "REPLAYED",
    // While another rotation lasts.
    refuse: async (world) => {
      const input = await anEndpoint(world);
      await askEndpoint(world.api, ROTATE_SECRET, input);
      const makePossible = async (): Promise<void> => {
        await askEndpoint(world.api, ROTATE_SECRET, { ...input, overlapSeconds: 0 });
      };
      return { input, makePossible };
    },
  },
  sendTestWebhook: {
    table: "webhook_replays",
    prepare: async (world) => {
      const input = await anEndpoint(world);
      return { input, other: await anEndpoint(world) };
    },
    expired: "REPLAYED",
    refuse: untilEnabled,
  },
  replayWebhookDelivery: {
    table: "webhook_replays",
    as: "operatorKey",
    prepare: async (world) => {
      const other = { deliveryId: await aPlannedDelivery(world) };
      const input = { deliveryId: await aPlannedDelivery(world) };
      await world.api.drain();
      return { input: { ...input, force: true }, other };
    },
    expired: "REPLAYED",
    refuse: async (world) => ({
      input: { deliveryId: await aPlannedDelivery(world), force: true },
      makePossible: () => world.api.drain(),
    }),
  },
  discardWebhookDelivery: {
    table: "webhook_deliveries",
    as: "operatorKey",
    prepare: async (world) => {
      const input = { deliveryId: await aPlannedDelivery(world), reason: "nobody misses it" };
      return { input, other: { ...input, reason: "nobody wants it" } };
    },
    expired: "INVALID_STATE",
    refuse: async (world) => {
      const deliveryId = await aPlannedDelivery(world);
      await world.api.drain();
      const makePossible = () => setDelivery(world.api, deliveryId, { status: "DEAD" });
      return { input: { deliveryId, reason: "nobody misses it" }, makePossible };
    },
  },
  retryWebhookDeliveryNow: {
    table: "webhook_deliveries",
    as: "operatorKey",
    prepare: async (world) => {
      const other = { deliveryId: await aPlannedDelivery(world) };
      const input = { deliveryId: await aPlannedDelivery(world) };
      await setDelivery(world.api, input.deliveryId, RETRYING);
      return { input, other };
    },
    expired: "INVALID_STATE",
    refuse: async (world) => {
      const deliveryId = await aPlannedDelivery(world);
      const makePossible = () => setDelivery(world.api, deliveryId, RETRYING);
      return { input: { deliveryId }, makePossible };
    },
  },
  retryWebhookDeliveriesNow: {
    table: "webhook_deliveries",
    as: "operatorKey",
    prepare: async (world) => {
      const input = await aFilterOfOne(world);
      await setDelivery(world.api, input.deliveryId, RETRYING);
      return { input: input.asked, other: { ...input.asked, reason: "nobody knows" } };
    },
    expired: "REPLAYED",
    refuse: null,
  },
  createReplayPlan: {
    table: "replay_plans",
    as: "operatorKey",
    prepare: () => {
      const input = { filter: { causes: ["TIMEOUT"] }, reason: unique("the receiver is back ") };
      return Promise.resolve({ input, other: { ...input, filter: {} } });
    },
    expired: "REPLAYED",
    refuse: null,
  },
  startReplayPlan: steering(),
  pauseReplayPlan: steering(START),
  resumeReplayPlan: steering(START, PAUSE),
  cancelReplayPlan: steering(),
  createMerchant: {
    table: "merchants",
    as: "platform",
    prepare: () =>
      Promise.resolve({ input: { name: unique("Shop ") }, other: { name: unique("Shop ") } }),
    expired: "REPLAYED",
    refuse: null,
  },
  releaseSetAsideMessages: {
    table: "outbox",
    as: "platform",
    prepare: async ({ api }) => {
      const input = { ids: [await aMessage(api)], reason: "harmless" };
      return { input, other: { ...input, reason: "fixed" } };
    },
    expired: "NOT_FOUND",
    refuse: async ({ api }) => {
      const id = await aMessage(api);
      await rowOf(api.db, id).update({ aside_until: null });
      const makePossible = async (): Promise<void> => {
        await rowOf(api.db, id).update({ aside_until: "infinity" });
      };
      return { input: { ids: [id], reason: "harmless" }, makePossible };
    },
  },
  eraseCustomer: {
    table: "erasures",
    prepare: async ({ api }) => {
      const customer = unique("customer-");
      await makeIntent(api, { customer });
      return { input: { customer }, other: { customer: unique("customer-") } };
    },
    expired: "REPLAYED",
    refuse: null,
  },
  createApiKey: {
    table: "api_keys",
    prepare: () => {
      const input = { kind: "RESTRICTED", name: unique("a reader "), scopes: ["events:read"] };
      return Promise.resolve({ input, other: { ...input, scopes: ["payments:read"] } });
    },
    expired: "REPLAYED",
    refuse: null,
  },
  rollApiKey: {
    table: "api_keys",
    prepare: async ({ api }) => {
      const input = { apiKeyId: (await anApiKey(api)).id };
      return { input, other: { ...input, overlapSeconds: 60 } };
    },
    expired: "REPLAYED",
    // While its predecessor lives.
    refuse: async ({ api }) => {
      const { id: apiKeyId } = await anApiKey(api);
      const { id } = await askKeys(api, ROLL_API_KEY, { apiKeyId });
      const makePossible = async (): Promise<void> => {
        await askKeys(api, REVOKE_API_KEY, { apiKeyId });
      };
      return { input: { apiKeyId: id }, makePossible };
    },
  },
  revokeApiKey: {
    table: "api_keys",
    prepare: async ({ api }) => {
      const [one, another] = [await anApiKey(api), await anApiKey(api)];
      return { input: { apiKeyId: one.id }, other: { apiKeyId: another.id } };
    },
    expired: "INVALID_STATE",
    refuse: async ({ api }) => {
      const { id: apiKeyId } = await anApiKey(api);
      await askKeys(api, REVOKE_API_KEY, { apiKeyId });
      // Nothing in the product brings one back.
      const makePossible = async (): Promise<void> => {
        await api.db("api_keys").where({ id: apiKeyId }).update({ revoked_at: null });
      };
      return { input: { apiKeyId }, makePossible };
    },
  },
};
