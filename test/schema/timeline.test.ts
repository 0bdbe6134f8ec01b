import { aDispute, decideAtNetwork, hearOf, openAtNetwork } from "../support/disputes";
import { settleSurely } from "../../src/payments/settle/settle-surely";
import { aBreak } from "../support/breaks";
import { type TestReceiver, startReceiver } from "../support/receiver";
import { storeApiKey } from "../support/api-keys";
import {
  CAPTURE_INTENT,
  CONFIRM_INTENT,
  CREATE_ENDPOINT,
  REFUND_INTENT,
  type TestApi,
  UPDATE_INTENT,
  makeIntent,
  newKey,
  startTestApi,
} from "../support/api";

/** Everything that has happened to a payment, in one list. */

let api: TestApi;
let receiver: TestReceiver;
let id: string;

const mutate = (query: string, input: object, key = newKey()) =>
  api.send({ query, variables: { input, key } });

beforeAll(async () => {
  [api, receiver] = await Promise.all([
    startTestApi({ ONCEPAY_LOOKUP_SCHEDULE_MS: "60000" }),
    startReceiver(),
  ]);
  await mutate(CREATE_ENDPOINT, {
    url: receiver.url,
    eventTypes: ["refund.succeeded", "dispute.lost"],
  });
  const declined = { paymentMethod: "pm_card_chargeDeclinedInsufficientFunds" };
  ({ id } = await makeIntent(api, { ...declined, customer: "Ada", description: "a ring" }));
  await mutate(UPDATE_INTENT, { paymentIntentId: id, amount: 2_000 }, "a-long-update-key");
  await mutate(CONFIRM_INTENT, { paymentIntentId: id });
  await mutate(CAPTURE_INTENT, { paymentIntentId: id }, "a-refused-capture");
  await api.drain();
  const confirmed = { paymentIntentId: id, paymentMethod: "pm_card_visa" };
  await mutate(CONFIRM_INTENT, confirmed);
  await api.sandbox.setFault({ fault: "lose_response", rate: 1, operation: "charge" });
  await api.relayOnce();
  await api.runCharges();
  await api.sandbox.call("DELETE", "/admin/faults");
  const [attempt] = await api.db("attempts").where({ payment_intent_id: id, status: "UNKNOWN" });
  await api.send({
    query: `mutation { lookUpAttempt(input: {attemptId: "${String(attempt.id)}"},
      idempotencyKey: "${newKey()}") { attempt { id } } }`,
    ...api.asPlatform,
  });
  await api.makeDue();
  await api.drain();
  await refundByWebhook();
  await aDispute(api, id, { amount: 300, reason: "fraudulent", outcome: "won" });
  // The end of this one is heard of before its beginning.
  const lost = await openAtNetwork(api, id, { amount: 200, reason: "general" });
  await hearOf(api, await decideAtNetwork(api, lost, "lost"));
  await api.drain();
  await aDispute(api, id, { amount: 100, reason: "duplicate" });
});
afterAll(async () => {
  await receiver.close();
  await api.stop();
});

/** Its answer is lost; then the processor's webhook says what it was. */
async function refundByWebhook(): Promise<void> {
  await mutate(REFUND_INTENT, { paymentIntentId: id, amount: 500, note: "Ada sent it back" });
  await api.sandbox.setFault({ fault: "lose_response", rate: 1, operation: "refund" });
  await api.relayOnce();
  await api.runCharges();
  await api.sandbox.call("DELETE", "/admin/faults");
  const [refund] = await api.db("attempts").where({ payment_intent_id: id, operation: "refund" });
  const attempt = { merchantId: api.merchant.id, id: String(refund.id), paymentIntentId: id };
  const outcome = { kind: "approved", processorChargeId: "ch_1", amountMinor: 500, feeMinor: 0 };
  await settleSurely(api.app, attempt, { outcome, source: "webhook" } as never);
  await api.drain();
  // It is in no settlement file, which somebody looks into.
  const breakId = await aBreak(api.db, api.merchant.id, { subjectId: attempt.id });
  const dismissed = await api.send({
    query: `mutation { resolveReconciliationBreak(idempotencyKey: "${newKey()}",
      input: {breakId: "${breakId}", action: DISMISS, reason: "in the next file"}) {
      reconciliationBreak { id } } }`,
    ...api.asPlatform,
  });
  expect(dismissed.error).toBeUndefined();
}

interface Entry {
  readonly at: string;
  readonly kind: string;
  readonly summary: string;
  readonly subjectId: string;
  readonly actor: string | null;
}

interface Page {
  readonly edges: readonly { readonly cursor: string; readonly node: Entry }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
}

async function read(page: string, key = api.merchant.operatorKey, intent = id): Promise<Page> {
  const { data, body } = await api.send({
    query: `{ paymentIntent(id: "${intent}") { timeline${page} {
      edges { cursor node { at kind summary subjectId actor } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`,
    key,
  });
  expect(body.errors).toBeUndefined();
  return data.paymentIntent.timeline as Page;
}

const entries = async (key?: string): Promise<Entry[]> =>
  (await read("(first: 100)", key)).edges.map(({ node }) => node);

test("tells of everything, oldest first, in plain sentences", async () => {
  const all = await entries();
  expect(all.map(({ at }) => at)).toEqual(all.map(({ at }) => at).sort());
  const told = all.map(({ summary }) => summary.replaceAll(/\b[a-z]+_[0-9a-z]{26}\b/g, "…"));
  const inOrder = [
    "createPaymentIntent was executed",
    "updatePaymentIntent was executed (key a-long-u…).",
    "Version 2: payment_intent.updated, still REQUIRES_CONFIRMATION, because of updatePaymentIntent.",
    "confirmPaymentIntent was executed",
    "Version 3: REQUIRES_CONFIRMATION → PROCESSING, because of confirmPaymentIntent.",
    "The charge of 2000 USD was queued for sandbox.",
    "capturePaymentIntent was refused with INVALID_STATE (key a-refuse…).",
    "The charge of 2000 USD was sent to sandbox.",
    "The charge of 2000 USD was declined: card_declined, insufficient_funds, network 51.",
    "confirmPaymentIntent was executed",
    "The charge of 2000 USD got no answer that proves anything: its outcome is unknown.",
    "Held in suspense while the outcome is unknown: 2000 USD (pending) from SUSPENSE to PROCESSOR_RECEIVABLE.",
    "lookUpAttempt by platform: succeeded.",
    "A look-up said of the charge: approved. Effect: applied.",
    "Posted capture: 2000 USD from MERCHANT_BALANCE to PROCESSOR_RECEIVABLE",
    "refundPaymentIntent was executed",
    "The processor's webhook said of the refund: approved. Effect: applied.",
    "Posted refund: 500 USD from PROCESSOR_RECEIVABLE to MERCHANT_BALANCE",
    "The delivery of … to … was planned.",
    "The delivery of … to … succeeded.",
    "resolveReconciliationBreak by platform: succeeded.",
    "The shopper's bank disputes 300 USD: fraudulent. The fee is 1500 USD. Evidence is due by 2",
    "Version 9: payment_intent.amount_disputed_updated, still SUCCEEDED, because of dispute.created.",
    "Posted dispute: 300 USD from DISPUTES to MERCHANT_BALANCE",
    "The dispute of 300 USD was won: the merchant has the amount again.",
    "The shopper's bank disputes 200 USD: general.",
    "The dispute of 200 USD was lost: the amount is gone.",
    "The delivery of … to … was planned.",
    "The delivery of … to … succeeded.",
    "The shopper's bank disputes 100 USD: duplicate.",
  ];
  let from = 0;
  for (const sentence of inOrder) {
    const found = told.findIndex((summary, n) => n >= from && summary.startsWith(sentence));
    expect({ sentence, found: found >= 0 }).toEqual({ sentence, found: true });
    from = found;
  }
  expect(new Set(all.map(({ kind }) => kind))).toEqual(
    new Set([
      "API_CALL",
      "DISPUTE",
      "TRANSITION",
      "ATTEMPT",
      "EVIDENCE",
      "PROCESSOR_WEBHOOK",
      "LEDGER",
      "DELIVERY",
      "OPERATOR_ACTION",
    ]),
  );
  const ofDisputes = all.filter(({ kind }) => kind === "DISPUTE").map(({ actor }) => actor);
  expect(new Set(ofDisputes)).toEqual(new Set(["webhook"]));
  const text = JSON.stringify(all);
  for (const secret of ["Ada", "ring", receiver.url, "a-long-update-key"]) {
    expect(text).not.toContain(secret);
  }
});

test("is read in pages of which none skips or repeats anything", async () => {
  const whole = (await read("(first: 100)")).edges;
  const walked: Page["edges"][number][] = [];
  for (let after = ""; ;) {
    const page = await read(after ? `(first: 3, after: "${after}")` : "(first: 3)");
    walked.push(...page.edges);
    after = page.pageInfo.endCursor;
    if (!page.pageInfo.hasNextPage) break;
  }
  expect(walked).toEqual(whole);
  expect(whole.length).toBeGreaterThan(20);
  expect(new Set(whole.map(({ cursor }) => cursor)).size).toBe(whole.length);
});

test("shows a key nothing that it may not read elsewhere", async () => {
  const keyWith = async (...scopes: string[]) =>
    (await storeApiKey(api.db, api.merchant, { scopes: ["payments:read", ...scopes] as never }))
      .secret;
  const kinds = async (key: string) =>
    new Set((await entries(key)).map(({ kind }) => kind).filter((kind) => HIDDEN.includes(kind)));
  const HIDDEN = ["LEDGER", "DELIVERY", "OPERATOR_ACTION"];
  expect(await kinds(await keyWith())).toEqual(new Set());
  expect(await kinds(await keyWith("ledger:read"))).toEqual(new Set(["LEDGER"]));
  expect(await kinds(await keyWith("webhooks:read"))).toEqual(new Set(["DELIVERY"]));
  expect(await kinds(await keyWith("audit:read"))).toEqual(new Set(["OPERATOR_ACTION"]));
  const { clientSecret } = await makeIntent(api);
  const refused = await api.send({
    query: `{ paymentIntent(id: "${id}") { timeline { edges { cursor } } } }`,
    key: api.merchant.publishableKey,
    headers: { "oncepay-client-secret": clientSecret },
  });
  expect(refused.error?.extensions.code).toBe("FORBIDDEN");
});

test("asks one statement, for however many payments", async () => {
  for (let more = 0; more < 3; more += 1) await makeIntent(api);
  const asked: string[] = [];
  const stop = api.hear(({ sql }) => asked.push(sql));
  const { data } = await api.send({
    query: `{ paymentIntents(first: 4) { edges { node { id timeline(first: 5) { edges { node { kind } } } } } } }`,
  });
  stop();
  expect(asked.filter((sql) => sql.includes("timelineOf"))).toHaveLength(1);
  const told = (data.paymentIntents.edges as { node: { timeline: Page } }[]).map(
    ({ node }) => node.timeline.edges.length,
  );
  expect(told).toEqual([2, 2, 2, expect.any(Number)]);
});

test("takes no cursor of another list", async () => {
  const answer = await api.send({
    query: `{ paymentIntent(id: "${id}") { timeline(after: "bm9uc2Vuc2U") { edges { cursor } } } }`,
  });
  expect(answer.error?.extensions).toMatchObject({
    code: "BAD_USER_INPUT",
    details: { field: "after" },
  });
});
