import {
  type TestApi,
  CAPTURE_INTENT,
  CREATE_ENDPOINT,
  REFUND_INTENT,
  SEND_TEST,
  makeIntent,
  makePaid,
  newKey,
} from "../support/api";
import { aBreak } from "../support/breaks";
import type { TestReceiver } from "../support/receiver";

/** A merchant of whom there is something to see on every page. */
export interface ConsoleWorld {
  readonly paid: string;
  readonly held: string;
  readonly unknown: string;
  readonly endpoint: string;
  readonly letters: readonly string[];
  /** A break whose correction is proposed. */
  readonly break: string;
  readonly plan: string;
  readonly event: string;
  readonly account: string;
}

/** An outcome stays unknown, and a webhook that fails is soon dead, until a test says otherwise. */
export const WORLD_SETTINGS = {
  ONCEPAY_LOOKUP_SCHEDULE_MS: "3600000",
  ONCEPAY_RESOLVE_AFTER_MS: "0",
  ONCEPAY_WEBHOOK_SCHEDULE_MS: "1",
};

export async function makeConsoleWorld(
  api: TestApi,
  receiver: TestReceiver,
): Promise<ConsoleWorld> {
  const endpoint = await makeEndpoint(api, receiver.url);
  const { id: paid } = await makePaid(api, { amount: 12_550, merchantReference: "order-1001" });
  await send(api, REFUND_INTENT, { paymentIntentId: paid, amount: 2_550 });
  const { id: held } = await makePaid(api, { amount: 8_000, captureMethod: "MANUAL" });
  const { id: partly } = await makePaid(api, { amount: 9_000, captureMethod: "MANUAL" });
  await send(api, CAPTURE_INTENT, { paymentIntentId: partly, amount: 4_000 });
  await makePaid(api, { amount: 700, paymentMethod: "pm_card_chargeDeclinedInsufficientFunds" });
  await makePaid(api, { amount: 3_000, currency: "JPY", customer: "customer-7" });
  await api.sandbox.setFault({ fault: "lose_response", rate: 1, operation: "charge", count: 1 });
  const { id: unknown } = await makePaid(api, { amount: 4_999, merchantReference: "order-1002" });
  const feeBreak = await makeFeeBreak(api, paid);
  const letters = await makeLetters(api, endpoint, 3);
  await send(api, SEND_TEST, { webhookEndpointId: endpoint });
  await api.drain();
  const plan = await makePlan(api);
  const idOf = async (table: string, what: object = {}): Promise<string> => {
    const own = api.db(table).where({ merchant_id: api.merchant.id, ...what });
    const row = await own.orderBy("id").first<{ id: string }>("id");
    return row.id;
  };
  const [event, account] = await Promise.all([
    idOf("events"),
    idOf("ledger_accounts", { kind: "MERCHANT_BALANCE", currency: "USD" }),
  ]);
  await api.app.auditLog.flush();
  await api.app.endpointHours.flush();
  return { paid, held, unknown, endpoint, letters, break: feeBreak, plan, event, account };
}

async function makePlan(api: TestApi): Promise<string> {
  const query = `mutation ($input: CreateReplayPlanInput!, $key: String!) {
    createReplayPlan(input: $input, idempotencyKey: $key) { replayPlan { id } } }`;
  const made = (await send(api, query, { filter: {}, reason: "a dry run" })) as {
    createReplayPlan: { replayPlan: { id: string } };
  };
  return made.createReplayPlan.replayPlan.id;
}

/** The processor kept 3 cents more for a payment than were posted. */
export async function makeFeeBreak(api: TestApi, paymentIntentId: string): Promise<string> {
  const of = { merchant_id: api.merchant.id, payment_intent_id: paymentIntentId };
  const [journal] = await api.db("journals").where(of).orderBy("id");
  return aBreak(api.db, api.merchant.id, {
    paymentIntentId,
    proposal: {
      corrects: (journal as { id: string }).id,
      postings: [{ debit: "PROCESSING_FEES", credit: "PROCESSOR_RECEIVABLE", amount: 3 }],
    },
  });
}

async function send(api: TestApi, query: string, input: object): Promise<unknown> {
  const { error, data } = await api.send({ query, variables: { input, key: newKey() } });
  if (error) throw new Error(JSON.stringify(error));
  return data;
}

async function makeEndpoint(api: TestApi, url: string): Promise<string> {
  const input = { url, description: "The shop's orders" };
  const made = (await send(api, CREATE_ENDPOINT, input)) as {
    createWebhookEndpoint: { webhookEndpoint: { id: string } };
  };
  return made.createWebhookEndpoint.webhookEndpoint.id;
}

/** What a receiver's bad hour leaves: deliveries that died of two causes, each with its last try. */
export async function makeLetters(
  api: TestApi,
  endpoint: string,
  count: number,
): Promise<string[]> {
  for (let made = 0; made < count; made += 1) await makeIntent(api, { amount: 100 + made });
  await api.drain();
  const rows: { id: string }[] = await api
    .db("webhook_deliveries")
    .select("id")
    .where({ endpoint_id: endpoint, status: "SUCCEEDED" })
    .whereNull("replay_of")
    .orderBy("id", "desc")
    .limit(count);
  const died = { status: "DEAD", next_at: null, tries: 8, error: "answered 503" };
  const ids = rows.map(({ id }) => id);
  const kill = (some: readonly string[], how: object) =>
    api
      .db("webhook_deliveries")
      .whereIn("id", some)
      .update({ ...died, ...how });
  await kill(ids.slice(1), { status_code: 503, error_class: "SERVER_ERROR" });
  await kill(ids.slice(0, 1), { status_code: null, error_class: "TIMEOUT", error: "timed out" });
  return ids;
}
