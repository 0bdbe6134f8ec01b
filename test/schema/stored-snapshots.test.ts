import { GraphQLObjectType, getNamedType, isLeafType } from "graphql";
import { buildSchema } from "../../schema/schema";
import { readSnapshot } from "../../src/events/snapshots";
import stored from "../events/snapshots-2026-11-20.json";
import { type TestApi, makeIntent, makePaid, newKey, startTestApi } from "../support/api";

/** What was stored by the first version must be shown by every later one. */

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

/** Every field of a type that needs no selection of its own. */
function leavesOf(name: string): string {
  const type = buildSchema().getType(name);
  if (!(type instanceof GraphQLObjectType)) throw new Error(`${name} is no object type`);
  const fields = Object.values(type.getFields());
  return fields
    .flatMap((field) => (isLeafType(getNamedType(field.type)) ? field.name : []))
    .join(" ");
}

const INTENT = `${leavesOf("PaymentIntent")} lastPaymentError { ${leavesOf("PaymentError")} }
  allowedActions { action allowed because } nextAction { type expiresAt ... on RedirectToUrl { redirectUrl } }`;

/** Puts a snapshot of the first version in the place of the one that the newest event of this type holds. */
async function age(type: string, snapshot: object, kept: readonly string[]): Promise<object> {
  return api.db.transaction(async (tx) => {
    await tx.raw("set local session_replication_role = replica");
    const newest = await tx("events").where({ type }).orderBy("id", "desc").first("id", "object");
    const event = newest as { id: string; object: Record<string, unknown> };
    const identity = Object.fromEntries(kept.map((name) => [name, event.object[name]]));
    const object = { ...snapshot, ...identity };
    await tx("events")
      .where({ id: event.id })
      .update({ object: JSON.stringify(object) });
    return object;
  });
}

/** Sends a mutation, ages its result, and sends it again. */
async function replayAged(
  mutation: { readonly query: string; readonly variables: Readonly<Record<string, unknown>> },
  ageing: () => Promise<unknown>,
): Promise<Record<string, Record<string, unknown>>> {
  expect((await api.send(mutation)).body.errors).toBeUndefined();
  await ageing();
  const { data, body } = await api.send(mutation);
  expect(body.errors).toBeUndefined();
  const [payload] = Object.values<Record<string, Record<string, unknown>>>(data);
  expect(payload?.idempotency).toEqual({ status: "REPLAYED" });
  return payload ?? {};
}

test("an intent that was stored by the first version is replayed whole", async () => {
  const query = `mutation ($input: CreatePaymentIntentInput!, $key: String!) {
    createPaymentIntent(input: $input, idempotencyKey: $key) { paymentIntent { ${INTENT} } idempotency { status } }
  }`;
  const input = { amount: 2_500, currency: "USD", paymentMethod: "pm_card_visa" };
  const key = newKey();
  const { paymentIntent } = await replayAged({ query, variables: { input, key } }, () =>
    age("payment_intent.created", stored.payment_intent, ["id", "status", "version"]),
  );
  expect(paymentIntent).toMatchObject({
    description: "as stored on 2026-11-20",
    nextAction: { type: "REDIRECT", redirectUrl: stored.payment_intent.nextAction.redirectUrl },
    lastPaymentError: { code: "card_declined" },
    cancellationReason: "ABANDONED",
  });
  const { data, body } = await api.send({
    query: `{ operation(name: "createPaymentIntent", idempotencyKey: "${key}") { result { ... on PaymentIntent { ${INTENT} } } } }`,
  });
  expect(body.errors).toBeUndefined();
  expect(data.operation.result).toEqual(paymentIntent);
});

test("so are a capture and a refund", async () => {
  const authorised = await makePaid(api, { captureMethod: "MANUAL" });
  const { capture } = await replayAged(
    {
      query: `mutation ($input: CapturePaymentIntentInput!, $key: String!) {
        capturePaymentIntent(input: $input, idempotencyKey: $key) { capture { ${leavesOf("Capture")} } idempotency { status } }
      }`,
      variables: { input: { paymentIntentId: authorised.id }, key: newKey() },
    },
    async () => {
      // The first version kept nothing beside the event.
      await api
        .db("idempotency_keys")
        .where({ operation: "capturePaymentIntent" })
        .update({ beside: null });
      return age("capture.created", stored.capture, ["id", "paymentIntentId"]);
    },
  );
  expect(capture).toMatchObject({ amount: 1_777, failureCode: "as_stored" });
  const { refund } = await replayAged(
    {
      query: `mutation ($input: RefundPaymentIntentInput!, $key: String!) {
        refundPaymentIntent(input: $input, idempotencyKey: $key) { refund { ${leavesOf("Refund")} } idempotency { status } }
      }`,
      variables: { input: { paymentIntentId: (await makePaid(api)).id }, key: newKey() },
    },
    () => age("refund.created", stored.refund, ["id", "paymentIntentId"]),
  );
  expect(refund).toMatchObject({ amount: 444, metadata: { a: "b" } });
  await api.drain();
});

test("a merchant that was created before there were modes is replayed as one in test mode", async () => {
  const request = {
    query: `mutation ($input: CreateMerchantInput!, $key: String!) {
      createMerchant(input: $input, idempotencyKey: $key) { merchant { ${leavesOf("Merchant")} } idempotency { status } }
    }`,
    variables: { input: { name: "Old" }, key: newKey() },
    ...api.asPlatform,
  };
  const { merchant } = await replayAged(request, async () => {
    await api.db.raw(
      `update idempotency_keys set result = (result::jsonb - 'mode')::json
       where operation = 'createMerchant'`,
    );
  });
  expect(merchant).toMatchObject({ name: "Old", mode: "TEST" });
});

// A field that the database's snapshot functions get needs a line in src/events/snapshots.ts.
test.each([
  ["payment_intent", "payment_intents"],
  ["capture", "captures"],
  ["refund", "refunds"],
] as const)(
  "an old snapshot of a %s is read with every field that a new one has",
  async (object, table) => {
    await makeIntent(api);
    const { rows } = await api.db.raw<{ rows: { snapshot: object }[] }>(
      `select ${object}_snapshot(t) as snapshot from ${table} t limit 1`,
    );
    const today = Object.keys(rows[0]?.snapshot ?? {}).sort();
    expect(Object.keys(readSnapshot(stored[object]) as object).sort()).toEqual(today);
  },
);
