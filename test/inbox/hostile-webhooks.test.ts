import { Writable } from "node:stream";
import pino from "pino";
import { type App, createApp } from "../../src/app";
import { auditBooks } from "../../src/audit/audit-books";
import { readConfig } from "../../src/config";
import { createMerchant } from "../../src/merchants/create-merchant";
import {
  type LookupOutcome,
  type Processor,
  type ProcessorWebhook,
  forEveryOperation,
} from "../../src/processors/processor";
import { createProcessors } from "../../src/processors/registry";
import { createClaimant } from "../../src/payments/claimant";
import { runAttempts } from "../../src/payments/run-attempt";
import { signWebhook } from "../../src/sandbox/webhook-signature";
import { type Server, startServer } from "../../src/server";
import { CONFIRM_INTENT, CREATE_INTENT, newKey, send } from "../support/api";
import { testSettings } from "../support/app";
import { type TestDatabase, createTestDatabase } from "../support/database";

/*
 * A card processor is a stranger, too: what it signs may be malformed, and what it answers may be nonsense. Neither
 * may be half stored, be asked for again for ever, or end up in our log as SQL.
 */

const SECRET = "what the sandbox signs with";

let database: TestDatabase;
let app: App;
let server: Server;
let logged = "";
/** What the careless processor says next. */
let says: LookupOutcome = { kind: "pending" };

/** Another network, that takes every webhook for its own and checks nothing of what is in it. */
const careless: Processor = {
  name: "careless",
  capabilities: {
    resolution: forEveryOperation("OPERATOR"),
    keyLifetimeMs: 0,
    prepares: [],
    canLookUp: true,
    reverses: [],
    feeKnownAtApproval: true,
    multicapture: true,
    requestHorizonMs: 1_000,
  },
  send: () => Promise.resolve(says as Awaited<ReturnType<Processor["send"]>>),
  lookUp: () => Promise.resolve(says),
  reverse: () => Promise.resolve({ kind: "unknown", reason: "it cannot be told" }),
  verifyWebhook: (body) => [JSON.parse(body) as ProcessorWebhook],
  close: () => Promise.resolve(),
};

beforeAll(async () => {
  database = await createTestDatabase();
  const settings = { ONCEPAY_DEFAULT_PROCESSOR: "careless", ONCEPAY_LOOKUP_SCHEDULE_MS: "60000" };
  const config = readConfig(testSettings(database.url, "http://127.0.0.1:9", settings));
  const registered = createProcessors({
    sandboxUrl: "http://127.0.0.1:9",
    timeoutMs: 1_000,
    sandboxWebhookSecret: SECRET,
  });
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      logged += chunk.toString();
      done();
    },
  });
  app = createApp(config, pino({ level: "debug" }, stream), {
    name: "test",
    overrides: { processors: new Map([...registered, ["careless", careless]]) },
  });
  server = await startServer(app, { host: "127.0.0.1", port: 0 });
});
afterAll(async () => {
  const violations = await auditBooks(app.db);
  await server.close();
  await app.close();
  await database.drop();
  expect(violations).toEqual([]);
  expect(logged).not.toMatch(/insert into|update inbox|\$\d|\?::/);
});

async function tell(
  processor: string,
  body: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: { error?: string } }> {
  const response = await fetch(`${server.url}/processors/${processor}/webhooks`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  });
  return { status: response.status, body: (await response.json()) as { error?: string } };
}

const signed = (body: string): Record<string, string> => ({
  "sandbox-signature": signWebhook(SECRET, body, Date.now()),
});

async function rows(): Promise<number> {
  const [row] = await app.db("inbox").count<{ count: number }[]>("* as count");
  return Number(row?.count);
}

const APPROVED = { reference: "att_1", status: "succeeded", charge_id: "ch_1", amount: 5, fee: 1 };
const event = (data: object, others: object = {}): object => ({
  id: "wev_hostile",
  type: "charge.succeeded",
  data,
  ...others,
});

const MALFORMED: readonly (readonly [string, string | object])[] = [
  ["no JSON", "{"],
  ["no object", "[]"],
  ["an empty body", ""],
  ["no event", {}],
  ["no data", { id: "wev_1", type: "x" }],
  ["no reference", event({ status: "succeeded" })],
  ["U+0000 in the id", event(APPROVED, { id: "wev_\u0000" })],
  ["U+0000 in the type", event(APPROVED, { type: "a\u0000b" })],
  ["U+0000 in the reference", event({ ...APPROVED, reference: "att_\u0000" })],
  ["half a surrogate pair in the reference", event({ ...APPROVED, reference: "att_\ud800" })],
  ["U+0000 in the charge's id", event({ ...APPROVED, charge_id: "ch\u0000" })],
  ["a reference of 300 characters", event({ ...APPROVED, reference: "a".repeat(300) })],
  ["a charge's id of 300 characters", event({ ...APPROVED, charge_id: "c".repeat(300) })],
  ["a fee below zero", event({ ...APPROVED, fee: -1 })],
  ["a fee above the amount", event({ ...APPROVED, fee: 6 })],
  ["a fee that is no whole number", event({ ...APPROVED, fee: 0.5 })],
  ["an amount below zero", event({ ...APPROVED, amount: -5, fee: -6 })],
  ["an amount beyond what numbers hold", event({ ...APPROVED, amount: 2 ** 60 })],
  ["a decline without a code", event({ reference: "att_1", status: "declined", message: "no" })],
  [
    "an address that is none",
    event({
      reference: "att_1",
      status: "requires_action",
      redirect_url: "javascript:alert(1)",
      expires_at: "2026-11-20T10:00:00Z",
    }),
  ],
  [
    "a moment that is none",
    event({
      reference: "att_1",
      status: "requires_action",
      redirect_url: "https://bank.example/",
      expires_at: "soon",
    }),
  ],
];

test.each(MALFORMED)(
  "signed, but with %s: 400, a short reason, and no row",
  async (_what, sent) => {
    const body = typeof sent === "string" ? sent : JSON.stringify(sent);
    const before = await rows();
    const answer = await tell("sandbox", body, signed(body));
    expect(answer.status).toBe(400);
    expect(answer.body).toEqual({ error: expect.stringMatching(/^[A-Z][\w ,'+.;-]{5,120}\.$/) });
    expect(await rows()).toBe(before);
  },
);

test("what is not signed is 401, however malformed it is", async () => {
  for (const [, sent] of MALFORMED) {
    const body = typeof sent === "string" ? sent : JSON.stringify(sent);
    expect((await tell("sandbox", body)).status).toBe(401);
  }
});

const OUTCOME = { kind: "approved", processorChargeId: "ch_1", amountMinor: 5, feeMinor: 1 };
const told = (outcome: object, others: object = {}): string =>
  JSON.stringify({ eventId: "ev_1", type: "x", reference: "att_1", outcome, ...others });

test.each([
  ["a fee below zero", told({ ...OUTCOME, feeMinor: -1 })],
  ["a fee above the amount", told({ ...OUTCOME, feeMinor: 6 })],
  ["U+0000 in the charge's id", told({ ...OUTCOME, processorChargeId: "\u0000" })],
  ["U+0000 in its own id", told(OUTCOME, { eventId: "\u0000" })],
])("an adapter that lets %s pass is no way in", async (_what, body) => {
  expect((await tell("careless", body)).status).toBe(400);
});

test("an adapter's own words are not shown", async () => {
  const answer = await tell("careless", "{ 4242424242424242");
  expect(answer.status).toBe(401);
  expect(JSON.stringify(answer.body)).not.toContain("4242424242424242");
});

/** A payment that is confirmed, and sent to the careless processor. */
async function send1(outcome: LookupOutcome): Promise<Record<string, unknown>> {
  const { secretKey: key, id: merchantId } = await createMerchant(app.db, "A merchant");
  const input = { amount: 2_500, currency: "USD", paymentMethod: "pm_card_visa" };
  const created = await send(server.url, {
    key,
    query: CREATE_INTENT,
    variables: { input, key: newKey() },
  });
  const paymentIntentId = created.data.createPaymentIntent.paymentIntent.id as string;
  await send(server.url, {
    key,
    query: CONFIRM_INTENT,
    variables: { input: { paymentIntentId }, key: newKey() },
  });
  says = outcome;
  const find = () => app.db("attempts").where({ payment_intent_id: paymentIntentId });
  const [attempt] = await find().select<{ id: string }[]>("id");
  await runAttempts(app, createClaimant("worker"), [{ merchantId, id: attempt?.id ?? "" }]);
  const [settled] = await find().select<Record<string, unknown>[]>("*");
  return settled ?? {};
}

test.each<[string, LookupOutcome]>([
  ["a fee below zero", { ...OUTCOME, amountMinor: 2_500, feeMinor: -1 } as LookupOutcome],
  ["a fee above the amount", { ...OUTCOME, amountMinor: 2_500, feeMinor: 2_501 } as LookupOutcome],
  [
    "U+0000 in the charge's id",
    { ...OUTCOME, amountMinor: 2_500, processorChargeId: "ch\u0000" } as LookupOutcome,
  ],
  [
    "an address that is none",
    { kind: "action_required", redirectUrl: "\u0000", expiresAt: "2026-11-20T10:00:00Z" },
  ],
])("an answer with %s proves nothing: UNKNOWN, and looked up", async (_what, outcome) => {
  expect(await send1(outcome)).toMatchObject({ status: "UNKNOWN", fee: null });
});

test("a decline in unstorable words is a decline all the same", async () => {
  const attempt = await send1({
    kind: "declined",
    code: "no\u0000funds",
    message: `no\u0000 \ud800 ${"x".repeat(5_000)}`,
    hard: true,
  });
  expect(attempt).toMatchObject({ status: "DECLINED", code: "no\ufffdfunds" });
  expect((attempt["message"] as string).length).toBeLessThanOrEqual(500);
});
