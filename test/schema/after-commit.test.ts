import {
  type GraphQLAbstractType,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  getNamedType,
  getNullableType,
  graphql,
  isAbstractType,
  isListType,
  isNonNullType,
  isObjectType,
} from "graphql";
import { createContext } from "../../schema/context";
import { identify } from "../../schema/identify";
import { buildSchema } from "../../schema/schema";
import { createAuthenticator } from "../../src/merchants/authenticate";
import {
  CONFIRM_INTENT,
  CREATE_API_KEY,
  CREATE_ENDPOINT,
  DISABLE_ENDPOINT,
  type TestApi,
  makeIntent,
  makePaid,
  newKey,
  startTestApi,
} from "../support/api";
import {
  DISABLE_ACCOUNT,
  aSandboxKey,
  anAccountName,
  connectAccount,
} from "../support/processor-accounts";
import { aBreak } from "../support/breaks";
import { startReceiver } from "../support/receiver";
import { setMessageAside } from "../support/set-aside";

/*
 * No error after a commit may hide the commit. Whatever fails below a payload ends at a field that may be null,
 * so the answer still says what was made, and under which key.
 */

const schema = buildSchema();
const mutations = Object.values(schema.getMutationType()?.getFields() ?? {});
type Field = GraphQLField<unknown, unknown>;

/** A field with a resolver of its own, and how to get to it from a payload. */
interface Place {
  readonly parent: GraphQLObjectType;
  readonly field: Field;
  readonly path: readonly { readonly parent: GraphQLObjectType; readonly field: Field }[];
}

const nameOf = ({ parent, field }: Pick<Place, "parent" | "field">): string =>
  `${parent.name}.${field.name}`;

function objectTypes(type: GraphQLNamedType): readonly GraphQLObjectType[] {
  if (isAbstractType(type)) return schema.getPossibleTypes(type);
  return isObjectType(type) ? [type] : [];
}

/** Every resolver that can run below a payload, each by the shortest way to it. */
function placesBelow(payload: GraphQLObjectType): Place[] {
  const places: Place[] = [];
  const seen = new Set([payload]);
  const queue: { type: GraphQLObjectType; path: Place["path"] }[] = [{ type: payload, path: [] }];
  for (const { type, path } of queue) {
    const fields = Object.values(type.getFields()).map((field) => ({ parent: type, field, path }));
    places.push(...fields.filter(({ field }) => field.resolve));
    const below = fields.flatMap((step) =>
      objectTypes(getNamedType(step.field.type)).map((next) => ({
        type: next,
        path: [...path, step],
      })),
    );
    for (const next of below) {
      if (seen.has(next.type)) continue;
      seen.add(next.type);
      queue.push(next);
    }
  }
  return places;
}

const payloadOf = (mutation: Field): GraphQLObjectType =>
  getNamedType(mutation.type) as GraphQLObjectType;

test("what has a resolver below a payload may be null", () => {
  const places = mutations.flatMap((mutation) => placesBelow(payloadOf(mutation)));
  expect(places.map(nameOf)).toContain("PaymentIntent.refunds");
  const firm = places.filter(({ field }) => isNonNullType(field.type)).map(nameOf);
  expect([...new Set(firm)]).toEqual([]);
});

let api: TestApi;
let inputs: Readonly<Record<string, () => Promise<Readonly<Record<string, unknown>>>>>;
const PLATFORM = [
  "createMerchant",
  "lookUpAttempt",
  "resolveUnknownAttempt",
  "releaseSetAsideMessages",
  "resolveReconciliationBreak",
];

beforeAll(async () => {
  api = await startTestApi({ ONCEPAY_LOOKUP_SCHEDULE_MS: "60000" });
  const ofIntent = ({ id }: { id: string }) => ({ paymentIntentId: id });
  // One that gets no deliveries, which other tests look for.
  const ofEndpoint = async () => ({
    webhookEndpointId: await anEndpoint("https://a.example/new", ["refund.failed"]),
  });
  inputs = {
    createPaymentIntent: () => Promise.resolve({ amount: 1, currency: "USD" }),
    confirmPaymentIntent: async () => ofIntent(await makeIntent(api)),
    capturePaymentIntent: async () => ofIntent(await makePaid(api, { captureMethod: "MANUAL" })),
    cancelPaymentIntent: async () => ofIntent(await makeIntent(api)),
    refundPaymentIntent: async () => ofIntent(await makePaid(api)),
    updatePaymentIntent: async () => ({ ...ofIntent(await makeIntent(api)), amount: 2 }),
    createWebhookEndpoint: () => Promise.resolve({ url: "https://a.example/new" }),
    updateWebhookEndpoint: async () => ({ ...(await ofEndpoint()), description: "another" }),
    disableWebhookEndpoint: ofEndpoint,
    enableWebhookEndpoint: async () => {
      const input = await ofEndpoint();
      await api.send({ query: DISABLE_ENDPOINT, variables: { input, key: newKey() } });
      return input;
    },
    deleteWebhookEndpoint: ofEndpoint,
    rotateWebhookSecret: ofEndpoint,
    sendTestWebhook: ofEndpoint,
    replayWebhookDelivery: async () => ({ deliveryId: await aDelivery(), force: true }),
    discardWebhookDelivery: async () => ({
      deliveryId: await aDelivery({ status: "DEAD", next_at: null }),
      reason: "nobody misses it",
    }),
    retryWebhookDeliveryNow: async () => ({
      deliveryId: await aDelivery({ status: "RETRYING", next_at: "2099-01-01T00:00:00Z" }),
    }),
    retryWebhookDeliveriesNow: () =>
      Promise.resolve({ filter: {}, reason: "the receiver is back" }),
    lookUpAttempt: async () => ({ attemptId: await anUnknownAttempt() }),
    createReplayPlan: () => Promise.resolve({ filter: {}, reason: "the receiver is back" }),
    startReplayPlan: () => aPlan(),
    pauseReplayPlan: () => aPlan("start"),
    resumeReplayPlan: () => aPlan("start", "pause"),
    cancelReplayPlan: () => aPlan(),
    createMerchant: () => Promise.resolve({ name: "another" }),
    resolveUnknownAttempt: async () => ({
      attemptId: await anUnknownAttempt(),
      resolution: "FAILED",
      reason: "seen in their portal",
      override: true,
    }),
    releaseSetAsideMessages: async () => {
      const ids = [await setMessageAside(api.db, api.merchant.id)];
      return { ids, reason: "the cause is gone" };
    },
    resolveReconciliationBreak: async () => ({
      breakId: await aBreak(api.db, api.merchant.id),
      action: "APPROVE_CORRECTION",
      reason: "the scheme's fees rose",
    }),
    createApiKey: () => Promise.resolve({ kind: "RESTRICTED", name: "a reader" }),
    rollApiKey: async () => ({ apiKeyId: await anApiKey() }),
    connectProcessorAccount: () =>
      Promise.resolve({
        processor: "sandbox",
        credentials: { secretKey: aSandboxKey(anAccountName()) },
      }),
    rotateProcessorCredentials: async () => {
      const { id, name } = await connectAccount(api);
      return { processorAccountId: id, credentials: { secretKey: aSandboxKey(name) } };
    },
    rotateProcessorWebhookSecret: async () => ({
      processorAccountId: (await connectAccount(api)).id,
      webhookSecret: "another one",
    }),
    disableProcessorAccount: async () => ({ processorAccountId: (await connectAccount(api)).id }),
    enableProcessorAccount: async () => {
      const input = { processorAccountId: (await connectAccount(api)).id };
      await api.send({ query: DISABLE_ACCOUNT, variables: { input, key: newKey() } });
      return input;
    },
    replaceProcessorRoutes: () => Promise.resolve({ routes: [{}] }),
    revokeApiKey: async () => ({ apiKeyId: await anApiKey() }),
  };
});
afterAll(() => api.stop());

async function anEndpoint(
  url = "https://a.example/new",
  eventTypes: readonly string[] = [],
): Promise<string> {
  const variables = { input: { url, eventTypes }, key: newKey() };
  const { data } = await api.send({ query: CREATE_ENDPOINT, variables });
  return data.createWebhookEndpoint.webhookEndpoint.id as string;
}

async function aDelivery(state: object = {}): Promise<string> {
  const receiver = await startReceiver();
  const endpoint_id = await anEndpoint(receiver.url);
  await makePaid(api);
  await receiver.close();
  const its = api.db("webhook_deliveries").where({ endpoint_id });
  const row = await its.first<{ id: string }>("id");
  if (!row) throw new Error("nothing was delivered");
  if (Object.keys(state).length > 0) {
    await api.db("webhook_deliveries").where({ id: row.id }).update(state);
  }
  return row.id;
}

async function aPlan(...steps: string[]): Promise<{ planId: string }> {
  const { data } = await api.send({
    query: `mutation { createReplayPlan(input: {filter: {}, reason: "test"}, idempotencyKey: "${newKey()}") { replayPlan { id } } }`,
  });
  const planId = data.createReplayPlan.replayPlan.id as string;
  for (const step of steps) {
    await api.send({
      query: `mutation { ${step}ReplayPlan(input: {planId: "${planId}"}, idempotencyKey: "${newKey()}") { replayPlan { id } } }`,
    });
  }
  return { planId };
}

async function anApiKey(): Promise<string> {
  const input = { kind: "RESTRICTED", name: "a reader" };
  const { data } = await api.send({ query: CREATE_API_KEY, variables: { input, key: newKey() } });
  return data.createApiKey.apiKey.id as string;
}

async function anUnknownAttempt(): Promise<string> {
  const { id } = await makeIntent(api);
  const input = { paymentIntentId: id };
  await api.send({ query: CONFIRM_INTENT, variables: { input, key: newKey() } });
  await api.sandbox.setFault({ fault: "lose_request", rate: 1, operation: "charge", count: 1 });
  await api.relayOnce();
  await api.runCharges();
  const row = await api
    .db("attempts")
    .where({ payment_intent_id: id, status: "UNKNOWN" })
    .first<{ id: string }>("id");
  if (!row) throw new Error("no attempt is unknown");
  return row.id;
}

/** The fields of a payload that hold objects with an id and need no resolver: what was made. */
function madeFields(payload: GraphQLObjectType): Field[] {
  return Object.values(payload.getFields()).filter(({ type, resolve }) => {
    const named = getNamedType(type);
    return !resolve && isObjectType(named) && "id" in named.getFields();
  });
}

/** The mutation with its proof, and beside it the way to one field. */
function documentTo(mutation: Field, { parent, field, path }: Place): string {
  const input = `${mutation.name.charAt(0).toUpperCase()}${mutation.name.slice(1)}Input`;
  const leaf = objectTypes(getNamedType(field.type)).length > 0 ? "{ __typename }" : "";
  const way = [...path, { parent, field }].reduceRight(
    (below, step) => `{ ... on ${step.parent.name} { ${step.field.name} ${below} } }`,
    leaf,
  );
  const made = madeFields(payloadOf(mutation)).map(({ name }) => `${name} { id }`);
  return `mutation ($input: ${input}!, $key: String!) {
    ${mutation.name}(input: $input, idempotencyKey: $key) {
      ${made.join(" ")} idempotency { status } ...Way
    }
  }
  fragment Way on ${payloadOf(mutation).name} ${way}`;
}

const isList = (type: GraphQLOutputType): boolean => isListType(getNullableType(type));

/** Puts objects on the way to the field, whatever the database holds, and a failure at its end. */
function breakAt({ field, path, ...place }: Place, made: readonly Field[]): () => void {
  const undo: (() => void)[] = [];
  const put = (target: Field, resolve: Field["resolve"]): void => {
    const { resolve: before } = target;
    undo.push(() => {
      Object.assign(target, { resolve: before });
    });
    Object.assign(target, { resolve });
  };
  for (const [index, step] of path.entries()) {
    if (made.includes(step.field)) continue;
    put(step.field, () => (isList(step.field.type) ? [{}] : {}));
    const named = getNamedType(step.field.type);
    if (!isAbstractType(named)) continue;
    const abstract: GraphQLAbstractType = named;
    const { resolveType } = abstract;
    undo.push(() => {
      abstract.resolveType = resolveType;
    });
    abstract.resolveType = () => (path[index + 1]?.parent ?? place.parent).name;
  }
  put(field, () => {
    throw new Error("injected");
  });
  return () => {
    for (const step of undo.reverse()) step();
  };
}

// Below the other payloads nothing can fail.
const fallible = mutations.filter((mutation) => placesBelow(payloadOf(mutation)).length > 0);

test.each(fallible.map((mutation) => [mutation.name, mutation] as const))(
  "%s: whatever fails below its payload, the answer says what was made and under which key",
  async (name, mutation) => {
    const makeInput = inputs[name];
    // A new mutation gets a line in `inputs`.
    if (!makeInput) throw new Error(`there is no input for ${name}`);
    const variableValues = { input: await makeInput(), key: newKey() };
    const isPlatform = PLATFORM.includes(name);
    const headers = isPlatform ? api.asPlatform.headers : {};
    const key = isPlatform ? api.asPlatform.key : api.merchant.secretKey;
    const request = { ip: "127.0.0.1", headers };
    const send = async (source: string) =>
      graphql({
        schema,
        source,
        variableValues,
        contextValue: await createContext(
          api.app,
          identify(api.db, createAuthenticator(api.db), request),
          {
            requestId: "req_test",
            address: "127.0.0.1",
            mediaType: "application/json",
            authorization: `Bearer ${key}`,
            clientSecret: undefined,
          },
        ),
      });
    const made = madeFields(payloadOf(mutation));
    expect(made.length).toBeGreaterThan(0);
    const shown: unknown[] = [];
    for (const place of placesBelow(payloadOf(mutation))) {
      const repair = breakAt(place, made);
      try {
        const { data, errors } = await send(documentTo(mutation, place));
        expect([nameOf(place), errors?.map(({ message }) => message)]).toEqual([
          nameOf(place),
          ["injected"],
        ]);
        const payload = data?.[name] as Record<string, { id?: string; status?: string }>;
        for (const field of made) expect(payload[field.name]?.id).toMatch(/^[a-z]+_\w{26}$/);
        shown.push(payload["idempotency"]?.status);
      } finally {
        repair();
      }
    }
    // The first of them has executed it, and the others have met a replay.
    const replays = shown.slice(1).map(() => "REPLAYED");
    expect(shown).toEqual(["EXECUTED", ...replays]);
  },
);
