import {
  CONFIRM_INTENT,
  CREATE_API_KEY,
  CREATE_ENDPOINT,
  DISABLE_ENDPOINT,
  ENABLE_ENDPOINT,
  type TestApi,
  makeIntent,
  newKey,
} from "../support/api";
import type { TestReceiver } from "../support/receiver";
import { setMessageAside } from "../support/set-aside";

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
export function unique(prefix: string): string {
  names += 1;
  return `${prefix}${String(names)}`;
}

/** None of it arrives, however often it is tried. */
export async function failCapture(api: TestApi): Promise<void> {
  await api.sandbox.setFault({ fault: "lose_request", rate: 1, operation: "capture" });
  for (let tries = 0; tries < 6; tries += 1) {
    await api.drain();
    await api.makeDue();
  }
  await api.sandbox.call("DELETE", "/admin/faults");
}

export const MANUAL = { captureMethod: "MANUAL" };

export async function confirm(api: TestApi, paymentIntentId: string): Promise<void> {
  const variables = { input: { paymentIntentId }, key: newKey() };
  const { body } = await api.send({ query: CONFIRM_INTENT, variables });
  expect(body.errors).toBeUndefined();
}

/** Set aside: of an attempt, which has been announced before. */
export async function aMessage(api: TestApi): Promise<string> {
  const about = { attempt_id: await aQueuedAttempt(api) };
  return setMessageAside(api.db, api.merchant.id, about);
}

async function attemptOf(api: TestApi, paymentIntentId: string): Promise<string> {
  const [attempt] = await api.db("attempts").where({ payment_intent_id: paymentIntentId });
  return attempt.id as string;
}

export async function loseAnswer(api: TestApi): Promise<void> {
  await api.sandbox.setFault({ fault: "lose_response", rate: 1, operation: "charge", count: 1 });
  await api.relayOnce();
  await api.runCharges();
}

export async function aQueuedAttempt(api: TestApi): Promise<string> {
  await api.drain();
  const { id } = await makeIntent(api);
  await confirm(api, id);
  return attemptOf(api, id);
}

export const finding = (attemptId: string) => ({
  attemptId,
  resolution: "SUCCEEDED",
  reason: "seen in their portal",
  override: true,
});

/** Planned and not posted: its event waits to be told to the one endpoint that wants it. */
export async function aPlannedDelivery({ api, receiver }: World): Promise<string> {
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
export async function aFilterOfOne(world: World) {
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

export const START = "startReplayPlan";
export const PAUSE = "pauseReplayPlan";

/** What can be done after `steps`, and not before the last of them. */
export function steering(...steps: string[]): KeyedMutation {
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

export const RETRYING = { status: "RETRYING", next_at: "2099-01-01T00:00:00Z" };

export async function setDelivery(api: TestApi, id: string, state: object): Promise<void> {
  await api.db("webhook_deliveries").where({ id }).update(state);
}

export async function askKeys(api: TestApi, query: string, input: object): Promise<{ id: string }> {
  const { body, data } = await api.send({ query, variables: { input, key: newKey() } });
  expect(body.errors).toBeUndefined();
  const [payload] = Object.values(data as Record<string, { apiKey: { id: string } }>);
  return payload?.apiKey ?? { id: "" };
}

export function anApiKey(api: TestApi): Promise<{ id: string }> {
  return askKeys(api, CREATE_API_KEY, { kind: "RESTRICTED", name: unique("a reader ") });
}

interface Endpoint {
  readonly webhookEndpointId: string;
}

export async function askEndpoint(api: TestApi, query: string, input: object): Promise<Endpoint> {
  const { body, data } = await api.send({ query, variables: { input, key: newKey() } });
  expect(body.errors).toBeUndefined();
  const [payload] = Object.values(data as Record<string, { webhookEndpoint: { id: string } }>);
  return { webhookEndpointId: payload?.webhookEndpoint.id ?? "" };
}

/** It wants what never happens here. */
export function anEndpoint({ api, receiver }: World): Promise<Endpoint> {
  const url = unique(`${receiver.url}/`);
  return askEndpoint(api, CREATE_ENDPOINT, { url, eventTypes: ["refund.failed"] });
}

export async function aDisabledEndpoint(world: World): Promise<Endpoint> {
  return askEndpoint(world.api, DISABLE_ENDPOINT, await anEndpoint(world));
}

/** Refused, until the endpoint has the other status. */
export async function untilEnabled(world: World): Promise<Refusable> {
  const input = await aDisabledEndpoint(world);
  const makePossible = async (): Promise<void> => {
    await askEndpoint(world.api, ENABLE_ENDPOINT, input);
  };
  return { input, makePossible };
}
