import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { continueErasures } from "../../src/erasure/continue-erasures";
import {
  CONFIRM_INTENT,
  CREATE_ENDPOINT,
  CREATE_INTENT,
  REFUND_INTENT,
  type TestApi,
  makeIntent,
  newKey,
  startTestApi,
} from "../support/api";
import { eraseCustomer, erasureOf, expectFinished } from "./erase";
import { grepDatabase } from "./grep-database";

/** One customer's payments through everything that writes down what they say, and then the erasure. */

const ANNA = {
  customer: "cus-anna-4711",
  description: "Socks for Anna Schmidt",
  metadata: { mail: "anna@example.com", "b-long-name": "Annastr. 7", a: "Anna's" },
};
const ANNAS = [ANNA.customer, ANNA.description, ...Object.values(ANNA.metadata)];
const REFUND_NOTE = "Anna was not amused";
const SECRETS = [...ANNAS, REFUND_NOTE];

interface Posted {
  readonly id: string;
  readonly body: string;
}

let api: TestApi;
let receiver: Server;
let endpointUrl: string;
const posted: Posted[] = [];
/** A receiver that repeats what it was sent, and fails for as long as this says so. */
let status = 500;
beforeAll(async () => {
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString();
      posted.push({ id: String(request.headers["webhook-id"]), body });
      response.writeHead(status).end(`cannot handle ${body}`);
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  endpointUrl = `http://127.0.0.1:${String((receiver.address() as AddressInfo).port)}/hook`;
  api = await startTestApi();
});
afterAll(async () => {
  await api.stop();
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
});

const FIELDS = "id description customer metadata personalDataErasedAt version status";
const REPLAYS = {
  create: CREATE_INTENT.replace("paymentIntent { id", `paymentIntent { ${FIELDS}`),
  confirm: CONFIRM_INTENT.replace("paymentIntent { id", `paymentIntent { ${FIELDS}`),
  refund: REFUND_INTENT.replace("paymentIntent { id", `paymentIntent { ${FIELDS}`).replace(
    "refund { id",
    "refund { personalDataErasedAt id",
  ),
};

/* eslint-disable @typescript-eslint/no-explicit-any -- Answers come as JSON; the expectations check their shape. */
async function ask(query: string, variables: object = {}): Promise<any> {
  const { data, body } = await api.send({ query, variables: variables as Record<string, unknown> });
  expect(body.errors).toBeUndefined();
  return data;
}
/* eslint-enable @typescript-eslint/no-explicit-any */

const EVENTS = `{ events(first: 100) { edges { cursor node { id type sequence data } } } }`;

/** Everything that must be the same afterwards, to the byte. */
async function whatStays(): Promise<unknown> {
  const { rows } = await api.db.raw<{ rows: unknown[] }>(`
    select json_build_object(
      'events', (select json_agg(json_build_array(merchant_id, id, type, sequence, md5(object::text),
        encode(personal, 'hex'), created_at) order by merchant_id, id) from events),
      'feed', (select json_agg(f order by merchant_id, position) from event_feed f),
      'transitions', (select json_agg(t order by merchant_id, payment_intent_id, version) from transitions t),
      'postings', (select json_agg(p order by p::text) from postings p),
      'attempts', (select json_agg(a order by id) from attempts a),
      'keys', (select json_agg(json_build_array(operation, key, encode(fingerprint, 'hex'), event_id)
        order by operation, key) from idempotency_keys where operation <> 'eraseCustomer'),
      'amounts', (select json_agg(json_build_array(id, status, version, amount, amount_captured,
        amount_refunded, updated_at) order by id) from payment_intents)) as state`);
  return rows[0];
}

test("nothing of the customer is left in the database, and everything else is as it was", async () => {
  await ask(CREATE_ENDPOINT, { input: { url: endpointUrl }, key: newKey() });
  const keys = { create: newKey(), confirm: newKey(), refund: newKey() };
  const input = { amount: 2_500, currency: "USD", paymentMethod: "pm_card_visa", ...ANNA };
  const created = await ask(REPLAYS.create, { input, key: keys.create });
  const { id } = created.createPaymentIntent.paymentIntent as { id: string };
  const confirm = { input: { paymentIntentId: id }, key: keys.confirm };
  const confirmed = await ask(REPLAYS.confirm, confirm);
  await api.drain();
  const refund = {
    input: { paymentIntentId: id, amount: 700, metadata: { note: REFUND_NOTE } },
    key: keys.refund,
  };
  const refunded = await ask(REPLAYS.refund, refund);
  await api.drain();

  // Events hold it sealed, and show it to those who may read them; so do replays.
  expect(await grepDatabase(api.db, SECRETS)).toEqual([
    "payment_intents.customer",
    "payment_intents.description",
    "payment_intents.metadata",
    "refunds.metadata",
    "webhook_deliveries.response_body",
    "webhook_delivery_attempts.response_body",
  ]);
  const before = await ask(EVENTS);
  const objects = before.events.edges.map(
    ({ node }: { node: { data: { object: object } } }) => node.data.object,
  );
  expect(objects).toHaveLength(5);
  for (const object of objects) {
    if (object.object === "refund") expect(object.metadata).toEqual({ note: REFUND_NOTE });
    else expect(object).toMatchObject({ ...ANNA, personalDataErasedAt: null });
  }
  const again = await ask(REPLAYS.create, { input, key: keys.create });
  expect(JSON.stringify(again.createPaymentIntent.paymentIntent)).toBe(
    JSON.stringify(created.createPaymentIntent.paymentIntent),
  );
  expect(JSON.stringify((await ask(REPLAYS.confirm, confirm)).confirmPaymentIntent)).toBe(
    JSON.stringify(confirmed.confirmPaymentIntent).replace("EXECUTED", "REPLAYED"),
  );
  expect((await ask(REPLAYS.refund, refund)).refundPaymentIntent).toEqual({
    ...refunded.refundPaymentIntent,
    idempotency: { ...refunded.refundPaymentIntent.idempotency, status: "REPLAYED" },
  });
  const failed = posted.splice(0);
  expect(failed.some(({ body }) => body.includes(ANNA.customer))).toBe(true);

  const stays = await whatStays();
  const erasure = await eraseCustomer(api, ANNA.customer);
  expect(erasure).toMatchObject({ status: "RUNNING", paymentIntents: 1, eventsInClear: 0 });
  await expectFinished(api, erasure.id, { paymentIntents: 1 });

  expect(await grepDatabase(api.db, SECRETS)).toEqual([]);
  expect(await whatStays()).toEqual(stays);
  const blank = { description: null, customer: null, metadata: {} };
  const erased = { ...blank, personalDataErasedAt: expect.any(String) as string };
  const read = await ask(`{ paymentIntent(id: "${id}") { ${FIELDS}
    events(first: 10) { edges { node { data } } } refunds { edges { node { metadata personalDataErasedAt } } } } }`);
  expect(read.paymentIntent).toMatchObject(erased);
  expect(read.paymentIntent.refunds.edges[0].node).toEqual({
    metadata: {},
    personalDataErasedAt: read.paymentIntent.personalDataErasedAt,
  });
  const after = await ask(EVENTS);
  expect(after.events.edges.map(({ cursor }: { cursor: string }) => cursor)).toEqual(
    before.events.edges.map(({ cursor }: { cursor: string }) => cursor),
  );
  for (const [index, { node }] of after.events.edges.entries()) {
    const blanked = node.data.object.object === "refund" ? { metadata: {} } : blank;
    const { personalDataErasedAt } = read.paymentIntent as { personalDataErasedAt: string };
    expect(node.data.object).toEqual({ ...objects[index], ...blanked, personalDataErasedAt });
  }
  // A replay shows how things stood, less what is erased.
  const replayed = await ask(REPLAYS.create, { input, key: keys.create });
  expect(replayed.createPaymentIntent).toMatchObject({
    paymentIntent: { id, version: 1, ...erased },
    idempotency: { status: "REPLAYED" },
  });
  const refundReplayed = (await ask(REPLAYS.refund, refund)).refundPaymentIntent;
  expect(refundReplayed.refund).toMatchObject({ amount: 700, metadata: {} });
  expect(refundReplayed.paymentIntent).toMatchObject({ id, ...erased });
  const looked = await ask(
    `{ operation(name: "confirmPaymentIntent", idempotencyKey: "${keys.confirm}") {
      status result { ... on PaymentIntent { ${FIELDS} } } } }`,
  );
  expect(looked.operation).toMatchObject({ status: "SUCCEEDED", result: { id, ...erased } });

  // Webhooks that are still to be delivered: the same events, in bytes that are again always the same.
  await api.makeDue();
  await api.drain();
  const retried = posted.splice(0);
  await api.makeDue();
  status = 204;
  await api.drain();
  expect(retried.map((webhook) => webhook.id).sort()).toEqual(failed.map((one) => one.id).sort());
  expect(posted.sort(byId)).toEqual(retried.sort(byId));
  for (const { id: eventId, body } of retried) {
    const then = JSON.parse(failed.find((one) => one.id === eventId)?.body ?? "") as Envelope;
    const now = JSON.parse(body) as Envelope;
    const blanked = then.data.object.object === "refund" ? { metadata: {} } : blank;
    const { personalDataErasedAt } = read.paymentIntent as { personalDataErasedAt: string };
    const object = { ...then.data.object, ...blanked, personalDataErasedAt };
    expect(now).toEqual({ ...then, data: { object } });
  }
  expect(await grepDatabase(api.db, SECRETS)).toEqual([]);
});

interface Envelope {
  readonly data: { readonly object: Readonly<Record<string, unknown>> };
}

function byId(one: Posted, other: Posted): number {
  return one.id < other.id ? -1 : 1;
}

test("other customers, other merchants and later payments are none of it", async () => {
  const customer = "cus-of-two-shops";
  const bert = await makeIntent(api, { ...ANNA, customer: "cus-bert" });
  const bought = await makeIntent(api, { customer });
  const { data } = await api.send({
    query: CREATE_INTENT,
    variables: { input: { amount: 100, currency: "USD", customer }, key: newKey() },
    key: api.stranger.secretKey,
  });
  const strangers = data.createPaymentIntent.paymentIntent as { id: string };
  const first = await eraseCustomer(api, customer);
  const later = await makeIntent(api, { customer });
  await expectFinished(api, first.id, { paymentIntents: 1 });

  const customers = async (): Promise<unknown[]> =>
    api
      .db("payment_intents")
      .whereIn("id", [bert.id, bought.id, strangers.id, later.id])
      .orderBy("id")
      .pluck("customer");
  expect(await customers()).toEqual(["cus-bert", null, customer, customer]);
  expect(await api.db("events").where({ subject_id: strangers.id }).pluck("personal")).toEqual([
    expect.any(Buffer),
  ]);
  expect(await erasureOf(api, first.id, api.stranger.secretKey)).toBeNull();

  // Erasing again reaches what came since; and then there is nothing left to erase.
  const second = await eraseCustomer(api, customer);
  await expectFinished(api, second.id, { paymentIntents: 1 });
  const third = await eraseCustomer(api, customer);
  await expectFinished(api, third.id, { paymentIntents: 0 });
  expect(await customers()).toEqual(["cus-bert", null, customer, null]);
});

test("an operator's word is replayed without whom it was about", async () => {
  const customer = "cus-whose-charge-was-lost";
  const { id } = await makeIntent(api, { customer, description: "of a lost charge" });
  await ask(CONFIRM_INTENT, { input: { paymentIntentId: id }, key: newKey() });
  await api.sandbox.setFault({ fault: "lose_response", rate: 1, operation: "charge", count: 1 });
  await api.relayOnce();
  await api.runCharges();
  const [attempt] = await api.db("attempts").where({ payment_intent_id: id });
  const resolve = {
    ...api.asPlatform,
    query: `mutation ($input: ResolveUnknownAttemptInput!, $key: String!) {
      resolveUnknownAttempt(input: $input, idempotencyKey: $key) {
        paymentIntent { ${FIELDS} } idempotency { status firstSeenAt } } }`,
    variables: {
      input: {
        attemptId: attempt.id,
        resolution: "SUCCEEDED",
        reason: "seen in their portal",
        override: true,
      },
      key: newKey(),
    },
  };
  const { paymentIntent: resolved, idempotency } = (await api.send(resolve)).data
    .resolveUnknownAttempt;
  expect(resolved).toMatchObject({ customer, status: "SUCCEEDED" });
  const erasure = await eraseCustomer(api, customer);
  await expectFinished(api, erasure.id, { paymentIntents: 1 });
  expect((await api.send(resolve)).data.resolveUnknownAttempt).toEqual({
    paymentIntent: {
      ...resolved,
      customer: null,
      description: null,
      metadata: {},
      personalDataErasedAt: expect.any(String) as string,
    },
    idempotency: { ...idempotency, status: "REPLAYED" },
  });
  expect(await grepDatabase(api.db, [customer, "of a lost charge"])).toEqual([]);
});

test("what is sent after an erasure is kept, and what was erased stays so", async () => {
  const customer = "cus-who-returns-it";
  const { id } = await makeIntent(api, { customer, metadata: { note: "erase me" } });
  await ask(CONFIRM_INTENT, { input: { paymentIntentId: id }, key: newKey() });
  await api.drain();
  const erasure = await eraseCustomer(api, customer);
  const input = { paymentIntentId: id, amount: 100, metadata: { note: "came back" } };
  const { refundPaymentIntent } = await ask(REFUND_INTENT, { input, key: newKey() });
  expect(refundPaymentIntent.refund.metadata).toEqual({ note: "came back" });
  await api.drain();
  await expectFinished(api, erasure.id, { paymentIntents: 1 });
  const { paymentIntent } = await ask(
    `{ paymentIntent(id: "${id}") { events(first: 10) { edges { node { type data } } } } }`,
  );
  const shown = paymentIntent.events.edges.map(
    ({ node }: { node: { data: { object: Record<string, unknown> } } }) => node.data.object,
  ) as Record<string, unknown>[];
  for (const { object, metadata, personalDataErasedAt } of shown) {
    expect(metadata).toEqual(object === "refund" ? { note: "came back" } : {});
    expect(personalDataErasedAt === null).toBe(object === "refund");
  }
});

test("a restricted and a publishable key may erase nobody", async () => {
  const answer = await api.send({
    query: `mutation { eraseCustomer(input: { customer: "cus-bert" }, idempotencyKey: "k") { erasure { id } } }`,
    key: api.merchant.publishableKey,
  });
  expect(answer.error?.extensions.code).toBe("FORBIDDEN");
  expect(await api.db("erasures").where({ customer: "cus-bert" })).toEqual([]);
  expect(await continueErasures(api.app)).toEqual({ finished: 0, left: 0 });
});
