import { createHmac } from "node:crypto";
import { type App, createApp } from "../../src/app";
import { auditBooks } from "../../src/audit/audit-books";
import { readConfig } from "../../src/config";
import { ConfigError } from "../../src/process/settings";
import { configureFailpoints } from "../../src/failpoints";
import { applyProcessorWebhooks } from "../../src/inbox/apply-processor-webhooks";
import { createMerchant, type CreatedMerchant } from "../../src/merchants/create-merchant";
import { createLog } from "../../src/observability/log";
import { createClaimant } from "../../src/payments/claimant";
import { runAttempts } from "../../src/payments/run-attempt";
import {
  type Processor,
  type ProcessorWebhook,
  forEveryOperation,
} from "../../src/processors/processor";
import { createProcessors } from "../../src/processors/registry";
import { signWebhook } from "../../src/sandbox/webhook-signature";
import { type Server, startServer } from "../../src/server";
import { CONFIRM_INTENT, CREATE_INTENT, newKey, send } from "../support/api";
import { testSettings } from "../support/app";
import { type TestDatabase, createTestDatabase } from "../support/database";
import { theIntent } from "../support/factories";

const SANDBOX_SECRET = "what the sandbox signs with";
const ACME_SECRET = "what acme signs with";

/** Another network, with a signature of its own and answers that come by webhook only. */
function acme(name: string): Processor {
  return {
    name,
    capabilities: {
      resolution: forEveryOperation("OPERATOR"),
      keyLifetimeMs: 0,
      prepares: [],
      canLookUp: false,
      reverses: [],
      feeKnownAtApproval: true,
      multicapture: true,
      requestHorizonMs: 1_000,
    },
    send: () => Promise.resolve({ kind: "pending" }),
    lookUp: () => Promise.resolve({ kind: "unknown", reason: "it cannot be asked" }),
    reverse: () => Promise.resolve({ kind: "unknown", reason: "it cannot be told" }),
    close: () => Promise.resolve(),
  };
}

const signAcme = (body: string): string =>
  createHmac("sha512", ACME_SECRET).update(body).digest("base64");

let database: TestDatabase;
let app: App;
let server: Server;
let merchant: CreatedMerchant;

beforeAll(async () => {
  database = await createTestDatabase();
  const registered = createProcessors({
    sandboxUrl: "http://127.0.0.1:9",
    timeoutMs: 1_000,
    sandboxWebhookSecret: SANDBOX_SECRET,
  });
  const signing: Processor = {
    ...acme("acme"),
    verifyWebhook: (rawBody, headers) => {
      if (headers["acme-signature"] !== signAcme(rawBody)) throw new Error("Not signed by Acme.");
      return [JSON.parse(rawBody) as ProcessorWebhook];
    },
  };
  const processors = new Map([...registered, ["acme", signing], ["mute", acme("mute")]]);
  app = open({ ONCEPAY_DEFAULT_PROCESSOR: "acme" }, processors);
  server = await startServer(app, { host: "127.0.0.1", port: 0 });
  merchant = await createMerchant(app.db, "a merchant");
});
afterEach(() => {
  configureFailpoints(undefined);
});
afterAll(async () => {
  const violations = await auditBooks(app.db);
  await server.close();
  await app.close();
  await database.drop();
  expect(violations).toEqual([]);
});

function open(
  settings: Readonly<Record<string, string>>,
  processors: ReadonlyMap<string, Processor>,
): App {
  const config = readConfig(testSettings(database.url, "http://127.0.0.1:9", settings));
  return createApp(config, createLog("test", config.logLevel), {
    name: "test",
    overrides: { processors },
  });
}

async function tell(
  processor: string,
  body: string,
  headers: Readonly<Record<string, string>>,
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${server.url}/processors/${processor}/webhooks`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  });
  return { status: response.status, body: await response.json() };
}

function stored(eventId: string): Promise<{ processor: string; reference: string }[]> {
  return app
    .db("inbox")
    .where({ event_id: eventId })
    .select<{ processor: string; reference: string }[]>("processor", "reference");
}

function acmeEvent(eventId: string, reference = "att_nobodys"): string {
  const outcome = { kind: "approved", processorChargeId: "ac_1", amountMinor: 2_500, feeMinor: 7 };
  return JSON.stringify({ eventId, type: "payment.done", reference, outcome });
}

function sandboxEvent(id: string): string {
  return JSON.stringify({ id, type: "charge.updated", data: { reference: "att_nobodys" } });
}

const signedBySandbox = (body: string) => ({
  "sandbox-signature": signWebhook(SANDBOX_SECRET, body, Date.now()),
});
const signedByAcme = (body: string) => ({ "acme-signature": signAcme(body) });

it("has each processor verify its own", async () => {
  const ofAcme = acmeEvent("ae_1");
  const ofSandbox = sandboxEvent("wev_1");
  expect((await tell("acme", ofAcme, signedByAcme(ofAcme))).status).toBe(200);
  expect((await tell("sandbox", ofSandbox, signedBySandbox(ofSandbox))).status).toBe(200);
  expect(await stored("ae_1")).toEqual([{ processor: "acme", reference: "att_nobodys" }]);
  expect(await stored("wev_1")).toEqual([{ processor: "sandbox", reference: "att_nobodys" }]);
});

it("takes one processor's signature for no other's", async () => {
  const ofAcme = acmeEvent("ae_2");
  const ofSandbox = sandboxEvent("wev_2");
  expect((await tell("sandbox", ofAcme, signedByAcme(ofAcme))).status).toBe(401);
  expect((await tell("acme", ofSandbox, signedBySandbox(ofSandbox))).status).toBe(401);
  expect([...(await stored("ae_2")), ...(await stored("wev_2"))]).toEqual([]);
});

it("verifies the bytes as they came", async () => {
  const body = acmeEvent("ae_3");
  expect((await tell("acme", `${body} `, signedByAcme(body))).status).toBe(401);
  expect(await stored("ae_3")).toEqual([]);
});

it("tells of no processor whether it is there and sends none, or is not there", async () => {
  const body = acmeEvent("ae_4");
  const answers = await Promise.all(
    ["nobody", "mute", "__proto__", "constructor", "ACME"].map((name) =>
      tell(name, body, signedByAcme(body)),
    ),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([404]));
  expect(new Set(answers.map((answer) => JSON.stringify(answer.body))).size).toBe(1);
  expect(await stored("ae_4")).toEqual([]);
});

it("acknowledges nothing that is not stored, and stores a copy once", async () => {
  const body = acmeEvent("ae_5");
  configureFailpoints("inbox.after_store:throw");
  expect((await tell("acme", body, signedByAcme(body))).status).toBe(500);
  configureFailpoints(undefined);
  expect(await stored("ae_5")).toHaveLength(1);
  expect((await tell("acme", body, signedByAcme(body))).status).toBe(200);
  expect(await stored("ae_5")).toHaveLength(1);
});

describe("the default processor", () => {
  it("gets new payments, and its webhook settles them", async () => {
    const key = merchant.secretKey;
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
    const attempts = await app
      .db("attempts")
      .where({ payment_intent_id: paymentIntentId })
      .select<{ id: string; processor: string }[]>("id", "processor");
    expect(attempts).toMatchObject([{ processor: "acme" }]);
    const id = attempts[0]?.id ?? "";
    await runAttempts(app, createClaimant("worker"), [{ merchantId: merchant.id, id }]);
    const body = acmeEvent("ae_6", id);
    expect((await tell("acme", body, signedByAcme(body))).status).toBe(200);
    await applyProcessorWebhooks(app, 100);
    const intent = await theIntent(app, merchant.id, paymentIntentId);
    expect(intent).toMatchObject({ status: "SUCCEEDED", amountCaptured: 2_500 });
  });

  it("must be one of the registry's: the start says so, and names them", () => {
    const start = () =>
      open({ ONCEPAY_DEFAULT_PROCESSOR: "acne" }, new Map([["acme", acme("acme")]]));
    expect(start).toThrow(ConfigError);
    expect(start).toThrow(/ONCEPAY_DEFAULT_PROCESSOR: .*acne.*acme/);
  });

  it("is the sandbox unless another one is configured", () => {
    const config = readConfig(testSettings(database.url, "http://127.0.0.1:9", {}));
    expect(config.defaultProcessor).toBe("sandbox");
  });
});
