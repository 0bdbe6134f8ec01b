import { sampleOf } from "../../src/events/event-samples";
import { bodyOf, jsonSchemaOf } from "../../src/events/event-schemas";
import { SEALED_PART, joinPersonalKey } from "../../src/events/personal-data";
import { EVENT_TYPES, type EventType } from "../../src/events/event-types";
import { idKind } from "../../src/ids";
import { webhookBody } from "../../src/webhooks/deliver-webhook";
import { judgeEndpoints } from "../../src/webhooks/disable-endpoints";
import {
  CREATE_ENDPOINT,
  type TestApi,
  makeIntent,
  makePaid,
  newKey,
  startTestApi,
} from "../support/api";
import { closeBreak, explainBreak } from "../../src/reconciliation/break-store";
import { aBreak } from "../support/breaks";
import { aDispute } from "../support/disputes";
import { aPayout } from "../support/payouts";

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

type Json = Readonly<Record<string, unknown>>;

/** Which fields there are, and of which kinds; null says nothing about what a field may hold. */
function shapeOf(value: unknown): unknown {
  if (value === null || typeof value !== "object") return value === null ? "null" : typeof value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      name === "metadata" ? "metadata" : shapeOf(field),
    ]),
  );
}

function differences(sample: unknown, real: unknown, path: string): string[] {
  if (sample === "null" || real === "null" || sample === real) return [];
  if (typeof sample !== "object" || typeof real !== "object") return [path];
  const names = new Set([...Object.keys(sample as Json), ...Object.keys(real as Json)]);
  return [...names].flatMap((name) => {
    const [a, b] = [(sample as Json)[name], (real as Json)[name]];
    return a === undefined || b === undefined
      ? [`${path}.${name}`]
      : differences(a, b, `${path}.${name}`);
  });
}

async function realBodies(): Promise<Map<EventType, Json>> {
  const { rows } = await api.db.raw<{ rows: Parameters<typeof webhookBody>[0][] }>(`
    select distinct on (e.type) e.id as "eventId", e.type, e.api_version as "apiVersion",
      iso(e.created_at) as "createdAt", e.sequence, e.object::text as object, ${SEALED_PART}
    from events e ${joinPersonalKey()} order by e.type, e.id`);
  return new Map(rows.map((row) => [row.type as EventType, JSON.parse(webhookBody(row)) as Json]));
}

async function act(mutation: string, input: Json): Promise<void> {
  await send(mutation, input);
  await api.drain();
}

async function send(mutation: string, input: Json): Promise<void> {
  const name = mutation.charAt(0).toUpperCase() + mutation.slice(1);
  const answer = await api.send({
    query: `mutation ($input: ${name}Input!, $key: String!) {
      ${mutation}(input: $input, idempotencyKey: $key) { idempotency { status } }
    }`,
    variables: { input, key: newKey() },
  });
  expect(answer.body.errors).toBeUndefined();
}

/** An endpoint is tested; and when it has failed for five days, its merchant is warned and it is disabled. */
async function makeTrouble(): Promise<void> {
  const eventTypes = ["payment_intent.succeeded"];
  const variables = { input: { url: "https://hooks.example/", eventTypes }, key: newKey() };
  const { data } = await api.send({ query: CREATE_ENDPOINT, variables });
  const { id } = data.createWebhookEndpoint.webhookEndpoint;
  await send("sendTestWebhook", { webhookEndpointId: id });
  await api.db.raw(`update webhook_endpoints set failures = 10, failed_at = now(),
    failing_since = now() - interval '2 hours'`);
  expect(await judgeEndpoints(api.app)).toEqual({ warned: 1, disabled: 0 });
  await api.db.raw(
    "update webhook_endpoints set failing_since = now() - interval '5 days 1 second'",
  );
  expect(await judgeEndpoints(api.app)).toEqual({ warned: 0, disabled: 1 });
}

test("samples have the shape of real events, and everybody may read them", async () => {
  const manual = await makePaid(api, { captureMethod: "MANUAL" });
  await act("capturePaymentIntent", { paymentIntentId: manual.id });
  await act("refundPaymentIntent", { paymentIntentId: manual.id, amount: 500, note: "returned" });
  await act("cancelPaymentIntent", { paymentIntentId: (await makeIntent(api)).id });
  await act("updatePaymentIntent", { paymentIntentId: (await makeIntent(api)).id, amount: 2 });
  await makePaid(api, { paymentMethod: "pm_card_chargeDeclinedInsufficientFunds" });
  await makePaid(api, { paymentMethod: "pm_card_authenticationRequired" });
  await makePaid(api, { captureMethod: "MANUAL", paymentMethod: "pm_card_holdForAMinute" });
  await api.sweepOnce();
  for (const outcome of ["won", "lost"] as const) {
    await aDispute(api, (await makePaid(api)).id, { outcome });
  }
  const found = { merchantId: api.merchant.id, id: await aBreak(api.db, api.merchant.id) };
  const explanation = "it is known";
  await explainBreak(api.db, found, { explanation, owner: "Ada" });
  await closeBreak(api.db, found, { explanation, resolution: "DISMISSED" });
  for (const outcome of [undefined, "paid", "failed"] as const) {
    await aPayout(api, api.merchant.id, outcome);
  }
  await api.drain();
  await makeTrouble();
  const bodies = await realBodies();
  // What only a misbehaving processor brings about has the shape of its siblings.
  const rare: EventType[] = ["capture.failed", "refund.failed"];
  const missing = EVENT_TYPES.filter((type) => !bodies.has(type));
  expect(missing.filter((type) => !rare.includes(type))).toEqual([]);
  for (const type of EVENT_TYPES) {
    const sibling = type.replace(/failed$/, "created") as EventType;
    const real = bodies.get(type) ?? bodies.get(sibling);
    expect(differences(shapeOf(sampleOf(type)), shapeOf(real), type)).toEqual([]);
  }
  for (const [type, body] of bodies) {
    expect([type, bodyOf(type).safeParse(body).error?.issues]).toEqual([type, undefined]);
    expect([type, unnamed(jsonSchemaOf(type), body)]).toEqual([type, []]);
  }
});

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly anyOf?: readonly Schema[];
}

/** Fields that an event has and its schema does not name. */
function unnamed(schema: Schema, value: unknown, path = ""): string[] {
  const { properties } = schema.anyOf?.find((one) => one.properties) ?? schema;
  if (!properties || value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([name, field]) => {
    const named = properties[name];
    return named ? unnamed(named, field, `${path}.${name}`) : [`${path}.${name}`];
  });
}

test("schemas refuse what events are not", () => {
  const type = "payment_intent.succeeded";
  const sample = sampleOf(type) as { data: { object: object } };
  const changed = (object: object) => ({
    ...sample,
    data: { object: { ...sample.data.object, ...object } },
  });
  expect(bodyOf(type).safeParse(changed({})).success).toBe(true);
  expect(bodyOf(type).safeParse(changed({ brandNew: 1, status: "BRAND_NEW" })).success).toBe(true);
  for (const wrong of [
    { amount: "2500" },
    { amount: -1 },
    { createdAt: "yesterday" },
    { id: undefined },
  ]) {
    expect(bodyOf(type).safeParse(changed(wrong)).success).toBe(false);
  }
  expect(bodyOf("refund.created").safeParse(sample).success).toBe(false);
});

test("the list of types gives each one's description and sample", async () => {
  const { data, body } = await api.send({
    query: "{ eventTypes { type description sample schema } }",
  });
  expect(body.errors).toBeUndefined();
  const listed = data.eventTypes as {
    type: EventType;
    description: string;
    sample: Json;
    schema: Json;
  }[];
  expect(listed.map(({ type }) => type)).toEqual(EVENT_TYPES);
  for (const { type, description, sample, schema } of listed) {
    expect(schema).toMatchObject({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      properties: { type: { const: type } },
    });
    expect(description).toMatch(/^[A-Z].*\.$/);
    expect(sample).toEqual(JSON.parse(JSON.stringify(sampleOf(type))));
    expect(idKind(String(sample["id"]))).toBe("event");
    const [noun = ""] = type.split(".");
    const subjects: Record<string, string> = {
      webhook_endpoint: "webhookEndpoint",
      reconciliation: "reconciliationBreak",
      dispute: noun,
      payout: noun,
    };
    expect(idKind(String(sample["subjectId"]))).toBe(subjects[noun] ?? "paymentIntent");
  }
});
