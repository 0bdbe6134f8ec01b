import {
  CAPTURE_INTENT,
  DISABLE_ENDPOINT,
  REVOKE_API_KEY,
  ROLL_API_KEY,
  ROTATE_SECRET,
  makeIntent,
  makePaid,
  newKey,
} from "../support/api";
import { aBreak, proposeNothingMuch } from "../support/breaks";
import {
  DISABLE_ACCOUNT,
  ENABLE_ACCOUNT,
  ROTATE_ACCOUNT_SECRET,
  aSandboxKey,
  anAccountName,
  connectAccount,
} from "../support/processor-accounts";
import { rowOf } from "../support/set-aside";

import {
  type KeyedMutation,
  type World,
  MANUAL,
  PAUSE,
  RETRYING,
  START,
  aDisabledEndpoint,
  aFilterOfOne,
  aMessage,
  aPlannedDelivery,
  aQueuedAttempt,
  anApiKey,
  anEndpoint,
  askEndpoint,
  askKeys,
  confirm,
  failCapture,
  finding,
  loseAnswer,
  setDelivery,
  steering,
  unique,
  untilEnabled,
} from "./keyed-world";

async function anAccount({ api }: World): Promise<{ processorAccountId: string }> {
  return { processorAccountId: (await connectAccount(api)).id };
}

async function aDisabledAccount(world: World): Promise<{ processorAccountId: string }> {
  const input = await anAccount(world);
  await askAccount(world, DISABLE_ACCOUNT, input);
  return input;
}

async function askAccount({ api }: World, query: string, input: object): Promise<void> {
  const { body } = await api.send({ query, variables: { input, key: newKey() } });
  expect(body.errors).toBeUndefined();
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
  connectProcessorAccount: {
    table: "processor_accounts",
    prepare: () => {
      const input = {
        processor: "sandbox",
        credentials: { secretKey: aSandboxKey(anAccountName()) },
      };
      return Promise.resolve({ input, other: { ...input, webhookSecret: "a secret" } });
    },
    expired: "REPLAYED",
    refuse: null,
  },
  rotateProcessorCredentials: {
    table: "processor_accounts",
    prepare: async ({ api }) => {
      const { id: processorAccountId, name } = await connectAccount(api);
      const input = { processorAccountId, credentials: { secretKey: aSandboxKey(name) } };
      return { input, other: { ...input, credentials: { secretKey: aSandboxKey(name) } } };
    },
    expired: "REPLAYED",
    refuse: null,
  },
  rotateProcessorWebhookSecret: {
    table: "processor_accounts",
    prepare: async (world) => {
      const input = { ...(await anAccount(world)), webhookSecret: "another secret" };
      return { input, other: { ...input, overlapSeconds: 60 } };
    },
    expired: "REPLAYED",
    // While another rotation lasts.
    refuse: async (world) => {
      const input = { ...(await anAccount(world)), webhookSecret: "another secret" };
      await askAccount(world, ROTATE_ACCOUNT_SECRET, input);
      const none = { ...input, overlapSeconds: 0 };
      return { input, makePossible: () => askAccount(world, ROTATE_ACCOUNT_SECRET, none) };
    },
  },
  disableProcessorAccount: {
    table: "processor_accounts",
    prepare: async (world) => {
      const input = await anAccount(world);
      return { input, other: { ...input, reason: "maintenance" } };
    },
    expired: "REPLAYED",
    refuse: async (world) => {
      const input = await aDisabledAccount(world);
      return { input, makePossible: () => askAccount(world, ENABLE_ACCOUNT, input) };
    },
  },
  enableProcessorAccount: {
    table: "processor_accounts",
    prepare: async (world) => ({
      input: await aDisabledAccount(world),
      other: await aDisabledAccount(world),
    }),
    expired: "REPLAYED",
    refuse: async (world) => {
      const input = await anAccount(world);
      return { input, makePossible: () => askAccount(world, DISABLE_ACCOUNT, input) };
    },
  },
  replaceProcessorRoutes: {
    table: "processor_changes",
    prepare: () => {
      const input = { routes: [{ currency: "USD" }, {}] };
      return Promise.resolve({ input, other: { routes: [{}] } });
    },
    expired: "REPLAYED",
    refuse: null,
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
  resolveReconciliationBreak: {
    table: "reconciliation_breaks",
    as: "platform",
    prepare: async ({ api }) => {
      const breakId = await aBreak(api.db, api.merchant.id);
      const input = { breakId, action: "DISMISS", reason: "seen in their portal" };
      return { input, other: { ...input, reason: "a different reason" } };
    },
    expired: "INVALID_STATE",
    refuse: async ({ api }) => {
      const breakId = await aBreak(api.db, api.merchant.id, { proposal: null });
      const makePossible = () => proposeNothingMuch(api.db, breakId);
      const input = { breakId, action: "APPROVE_CORRECTION", reason: "seen in their portal" };
      return { input, makePossible };
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
