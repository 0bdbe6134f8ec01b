import type { Db } from "../../src/db/db";
import { transact } from "../../src/db/transact";
import { newId } from "../../src/ids";
import { DEFAULT_SCOPES, newApiKey } from "../../src/merchants/api-key";
import { insertApiKeys } from "../../src/merchants/api-key-store";
import { type Message, markRelayed, readMessages } from "../../src/events/outbox";
import { bookSuspense } from "../../src/ledger/journals";
import { insertJournals } from "../../src/ledger/ledger-store";
import { takeBalanceSnapshots } from "../../src/ledger/take-balance-snapshots";
import type { Answer } from "../../src/payments/settle/answer";
import type { Attempt, AttemptKey } from "../../src/payments/attempt";
import { claimAttempts } from "../../src/payments/attempt-store";
import { confirmPaymentIntents } from "../../src/payments/confirm-payment-intent";
import {
  type CreatePaymentIntent,
  createPaymentIntents,
} from "../../src/payments/create-payment-intent";
import { insertEvidence } from "../../src/payments/evidence-store";
import type { PaymentIntent } from "../../src/payments/payment-intent";
import { type Settled, settleAttempts } from "../../src/payments/settle/settle-attempts";
import type { SendOutcome } from "../../src/processors/processor";
import type { DeliveryKey } from "../../src/webhooks/delivery";
import { type ClaimedDelivery, claimDeliveries } from "../../src/webhooks/delivery-store";
import { planDeliveries } from "../../src/webhooks/plan-deliveries";
import { type DeliveryRecord, recordDeliveries } from "../../src/webhooks/record-deliveries";
import { proveHistory } from "./audit-questions";
import { DISPUTES_OF_PAYMENTS } from "./dispute-questions";
import { PAYOUTS_OF_PAYMENTS } from "./payout-questions";
import { type Given, confirmCommand, createCommand, succeeded } from "./factories";
import { loadSettlement } from "./settlement-questions";

/** Nobody but the test takes statistics. */
async function keepStatistics(db: Db): Promise<void> {
  await db.raw(`
    do $$ declare relation regclass; begin
      for relation in select oid from pg_class where relnamespace = current_schema()::regnamespace and relkind = 'r' loop
        execute format('alter table %s set (autovacuum_enabled = off)', relation);
      end loop;
    end $$`);
}

/* What happens to payments, by the product's own functions, in sets as they come under load. */

const SET_SIZE = 100;
// The postings of one commit are sorted together when an account's entries are listed: a page reads a few commits.
const SETTLED_TOGETHER = 40;
const MESSAGES_MAX = 500;
const WORKER = "the only worker";

const SETTLE_POLICY = {
  lookupScheduleMs: [0],
  authorizationExpiringMs: 0,
  authenticationMaxMs: 1,
  attemptsPerIntentMax: 5,
};

async function inSets<Item, Result>(
  items: readonly Item[],
  size: number,
  work: (set: Item[]) => Promise<readonly Result[]>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let start = 0; start < items.length; start += size) {
    results.push(...(await work(items.slice(start, start + size))));
  }
  return results;
}

export function repeat<Item>(item: Item, times: number): Item[] {
  return Array.from({ length: times }, () => item);
}

interface IntentKey {
  readonly merchantId: string;
  readonly id: string;
}

/** An intent for each merchant named, as often as it is named. */
function createIntents(
  db: Db,
  merchantIds: readonly string[],
  givenTo: (n: number) => Given<CreatePaymentIntent> = () => ({}),
): Promise<IntentKey[]> {
  const commands = merchantIds.map((merchantId, n) => createCommand(merchantId, givenTo(n)));
  return inSets(commands, SET_SIZE, async (set) => {
    const results = await createPaymentIntents(db, set);
    return results.map((result, n) => ({
      merchantId: set[n]?.merchantId ?? "",
      id: succeeded<PaymentIntent>(result).id,
    }));
  });
}

async function confirmIntents(db: Db, intents: readonly IntentKey[]): Promise<void> {
  const commands = intents.map(({ merchantId, id }) => confirmCommand(merchantId, id));
  const results = await inSets(commands, SET_SIZE, (set) => confirmPaymentIntents(db, set));
  for (const result of results) succeeded<PaymentIntent>(result);
}

interface Relayed {
  readonly attempts: readonly AttemptKey[];
  readonly deliveries: readonly DeliveryKey[];
}

/** All that is in the outbox, as the relay would make jobs of it. */
async function relayAll(db: Db): Promise<Relayed> {
  const attempts: AttemptKey[] = [];
  const deliveries: DeliveryKey[] = [];
  for (;;) {
    const messages = await readMessages(db, MESSAGES_MAX);
    if (messages.length === 0) return { attempts, deliveries };
    for (const { merchantId, attemptId, deliveryId } of messages) {
      if (attemptId !== null) attempts.push({ merchantId, id: attemptId });
      if (deliveryId !== null) deliveries.push({ merchantId, id: deliveryId });
    }
    const events = messages.flatMap(({ merchantId, eventId }) =>
      eventId === null ? [] : [{ merchantId, eventId }],
    );
    deliveries.push(...(await planDeliveries(db, events)).toSend);
    await markRelayed(db, messages);
  }
}

function claim(db: Db, keys: readonly AttemptKey[]): Promise<Attempt[]> {
  return inSets(keys, SET_SIZE, (set) => claimAttempts(db, WORKER, set));
}

export const UNKNOWN: SendOutcome = { kind: "unknown", reason: "no answer" };
const DECLINED: SendOutcome = { kind: "declined", code: "no", message: "No.", hard: true };

/** The answer to an attempt: an approval unless another one is given. */
function answerTo(attempt: Attempt, given?: SendOutcome): Answer {
  const { merchantId, id: attemptId, paymentIntentId, amount } = attempt;
  const outcome: SendOutcome = given ?? {
    kind: "approved",
    processorChargeId: `ch_${attemptId}`,
    amountMinor: amount,
    feeMinor: 10,
  };
  return { merchantId, attemptId, paymentIntentId, outcome, source: "worker" };
}

export function settle(
  db: Db,
  attempts: readonly Attempt[],
  outcome?: SendOutcome,
): Promise<Settled[]> {
  const answers = attempts.map((attempt) => answerTo(attempt, outcome));
  return inSets(answers, SETTLED_TOGETHER, (set) => settleAttempts(db, set, SETTLE_POLICY));
}

type Ending = Pick<DeliveryRecord, "status" | "dueInMs">;

const DELIVERED: Ending = { status: "SUCCEEDED", dueInMs: null };
export const DEAD: Ending = { status: "DEAD", dueInMs: null };
const RETRYING: Ending = { status: "RETRYING", dueInMs: 3_600_000 };

export function recordOf(delivery: ClaimedDelivery, ending: Ending = DELIVERED): DeliveryRecord {
  const { merchantId, id, endpointId, tries } = delivery;
  const heard = { statusCode: null, errorClass: null, error: null, responseBody: null };
  const isKept = ending.status !== "SUCCEEDED";
  const took = { durationMs: 5, notBeforeMs: null, isKept, wasWell: true };
  return { merchantId, id, endpointId, tries, ...heard, ...took, ...ending };
}

async function deliver(
  db: Db,
  keys: readonly DeliveryKey[],
  ending: Ending = DELIVERED,
): Promise<void> {
  await inSets(keys, SET_SIZE, async (set) => {
    const { deliveries } = await claimDeliveries(db, set, 60_000);
    await recordDeliveries(
      db,
      deliveries.map((delivery) => recordOf(delivery, ending)),
    );
    return deliveries;
  });
}

/** Payments from the first request to the last webhook. */
async function pay(
  db: Db,
  merchantIds: readonly string[],
  givenTo: (n: number) => Given<CreatePaymentIntent>,
): Promise<void> {
  await confirmIntents(db, await createIntents(db, merchantIds, givenTo));
  await finish(db);
}

async function finish(db: Db): Promise<void> {
  const { attempts, deliveries } = await relayAll(db);
  await settle(db, await claim(db, attempts));
  await deliver(db, [...deliveries, ...(await relayAll(db)).deliveries]);
}

/* What the product makes one by one is inserted here, many at once. */

const ROWS_AN_INSERT = 1_000;

async function openShops(db: Db, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => newId("merchant"));
  const rows = ids.map((id) => ({ id, name: "a shop" }));
  await db.batchInsert("merchants", rows, ROWS_AN_INSERT);
  return ids;
}

async function addEndpoints(db: Db, merchantIds: readonly string[]): Promise<void> {
  const rows = merchantIds.map((merchantId) => {
    const id = newId("webhookEndpoint");
    const sealed = Buffer.alloc(32);
    const endpoint = { url: "https://shop.example/webhooks", secret: sealed, idempotency_key: id };
    return { merchant_id: merchantId, id, ...endpoint };
  });
  await db.batchInsert("webhook_endpoints", rows, ROWS_AN_INSERT);
}

async function addApiKeys(db: Db, merchantIds: readonly string[]): Promise<void> {
  const keys = merchantIds.map((merchantId) => {
    const { hash, hint } = newApiKey("SECRET", { id: merchantId, mode: "TEST" });
    const id = newId("apiKey");
    const scopes = DEFAULT_SCOPES.SECRET;
    return { merchantId, id, kind: "SECRET" as const, name: "a key", scopes, hash, hint, key: id };
  });
  await inSets(keys, ROWS_AN_INSERT, async (set) => {
    await transact(db, (tx) => insertApiKeys(tx, set));
    return set;
  });
}

// One of each for each payment, or for each of its attempts or deliveries.
const PARTS = [
  `insert into captures (merchant_id, id, payment_intent_id, status, amount, currency, final, idempotency_key)
   select merchant_id, 'cap' || substr(id, 3), id, 'SUCCEEDED', amount, currency, true, id
   from payment_intents where merchant_id = any(?) on conflict do nothing`,
  `insert into refunds (merchant_id, id, payment_intent_id, status, amount, currency, idempotency_key)
   select merchant_id, 're' || substr(id, 3), id, 'FAILED', amount, currency, id
   from payment_intents where merchant_id = any(?) on conflict do nothing`,
  DISPUTES_OF_PAYMENTS,
  PAYOUTS_OF_PAYMENTS,
  `insert into webhook_replays (merchant_id, idempotency_key, delivery_id)
   select merchant_id, id, id from webhook_deliveries where merchant_id = any(?) on conflict do nothing`,
  `insert into inbox (processor, event_id, type, reference, outcome, status, next_at)
   select 'sandbox', id, 'charge.updated', id, '{"kind": "pending"}', 'APPLIED', null
   from attempts where merchant_id = any(?) on conflict do nothing`,
];

async function addParts(db: Db, merchantIds: readonly string[]): Promise<void> {
  for (const part of PARTS) await db.raw(part, [[...merchantIds]]);
  const attempts = await db("attempts")
    .select<{ merchantId: string; attemptId: string }[]>({
      merchantId: "merchant_id",
      attemptId: "id",
    })
    .whereIn("merchant_id", [...merchantIds]);
  const heard = attempts.map((attempt) => ({
    answer: { ...attempt, outcome: { kind: "pending" }, source: "lookup" },
    effect: "duplicate",
  }));
  await transact(db, (tx) => insertEvidence(tx, heard));
}

const SHOPS = 1_000;
const PAYMENTS_OF_THE_BUSY = 2_000;
const FEW = 30;
// The sweeper takes one for every thousand postings; here they are as much denser as a merchant has less.
const PAYMENTS_A_SNAPSHOT = 100;

/** Shops with one intent each, of which one got busy after statistics were taken. */
export async function fillIntents(db: Db): Promise<string> {
  await keepStatistics(db);
  const shops = await openShops(db, SHOPS);
  await createIntents(db, shops);
  await db.raw("vacuum analyze");
  const [busy = ""] = shops.slice(SHOPS / 2);
  await createIntents(db, repeat(busy, PAYMENTS_OF_THE_BUSY));
  return busy;
}

/** Shops with one payment each, of which one got busy after statistics were taken, and another one many endpoints. */
export async function fillShops(db: Db): Promise<{ busy: string; crowded: string }> {
  await keepStatistics(db);
  const shops = await openShops(db, SHOPS);
  await addEndpoints(db, shops);
  await addApiKeys(db, shops);
  await pay(db, shops, (n) => ({
    customer: `customer ${String(n)}`,
    merchantReference: `order ${String(n)}`,
  }));
  await addParts(db, shops);
  await db.raw("vacuum analyze");
  const [busy = "", crowded = ""] = shops.slice(SHOPS / 2);
  await postToSuspense(db, busy);
  for (let paid = 0; paid < PAYMENTS_OF_THE_BUSY; paid += PAYMENTS_A_SNAPSHOT) {
    await pay(db, repeat(busy, PAYMENTS_A_SNAPSHOT), (n) => givenToBusy(paid + n));
    await takeBalanceSnapshots(db, { limit: SHOPS, postingsMin: PAYMENTS_A_SNAPSHOT, marginMs: 0 });
  }
  await loadSettlement(db, busy);
  await proveHistory(db, busy);
  await addParts(db, [busy]);
  await addApiKeys(db, repeat(busy, PAYMENTS_OF_THE_BUSY));
  await addEndpoints(db, repeat(crowded, PAYMENTS_OF_THE_BUSY));
  await leaveUnfinished(db, busy);
  // Dead rows would be read, too. This takes no statistics.
  await db.raw("vacuum");
  return { busy, crowded };
}

/** An account that is seldom used has its entries where nobody looks by time: before all the others. */
async function postToSuspense(db: Db, merchantId: string): Promise<void> {
  const fact = { merchantId, paymentIntentId: null, currency: "USD" };
  const journals = Array.from({ length: 3 }, () =>
    bookSuspense({ ...fact, sourceId: newId("reconciliationBreak") }, 700),
  );
  await transact(db, (tx) => insertJournals(tx, journals));
}

/** Every other payment is a passer-by's; the others are ten of each customer, and four of each order. */
function givenToBusy(n: number): Given<CreatePaymentIntent> {
  return {
    customer: n % 2 === 0 ? "passer-by" : `customer ${String(n % 200)}`,
    merchantReference: n % 4 === 0 ? null : `order ${String(n % 500)}`,
  };
}

/** Some of whatever is not done, or went wrong; fewer than a statement may read once, and more than it may read for each of its keys. */
async function leaveUnfinished(db: Db, busy: string): Promise<void> {
  await confirmIntents(db, await createIntents(db, repeat(busy, 3 * FEW)));
  const { attempts, deliveries } = await relayAll(db);
  const claimed = await claim(db, attempts.slice(0, 2 * FEW));
  await settle(db, claimed.slice(0, FEW), UNKNOWN);
  await settle(db, claimed.slice(FEW), DECLINED);
  await deliver(db, deliveries.slice(0, FEW), DEAD);
  await deliver(db, deliveries.slice(FEW, 2 * FEW), RETRYING);
  await deliver(db, deliveries.slice(3 * FEW));
  await createIntents(db, repeat(busy, FEW));
  await deliver(db, (await relayAll(db)).deliveries);
}

/** Things of the busy merchant, from the middle of what it has. */
export interface Samples {
  readonly intents: readonly string[];
  readonly captures: readonly string[];
  readonly refunds: readonly string[];
  readonly disputes: readonly string[];
  readonly attempts: readonly string[];
  readonly events: readonly string[];
  readonly deliveries: readonly string[];
  readonly createdAt: string;
  /** When some hundreds more had been created. */
  readonly createdLaterAt: string;
  readonly feedPosition: string;
  /** What the first of the intents was created and confirmed under. */
  readonly createKey: string;
  readonly confirmKey: string;
  readonly endpoint: string;
  readonly receivable: string;
  readonly suspense: string;
  readonly apiKeyHash: Buffer;
  readonly apiKey: string;
}

const SAMPLES = `
  with intent as materialized (
    select * from payment_intents where merchant_id = :merchantId and status = 'SUCCEEDED' order by id offset 1000 limit 10
  ), attempt as materialized (
    select * from attempts where merchant_id = :merchantId and payment_intent_id in (select id from intent)
  ), event as materialized (
    select * from events where merchant_id = :merchantId and subject_id in (select id from intent)
  )
  select array(select id from intent) as "intents", array(select id from attempt) as "attempts",
    array(select id from event limit 10) as "events", (select position || ' ' || event_id from event_feed where merchant_id = :merchantId and event_id in (select id from event) limit 1) as "feedPosition",
    array(select id from captures where merchant_id = :merchantId and payment_intent_id in (select id from intent)) as "captures",
    array(select id from refunds where merchant_id = :merchantId and payment_intent_id in (select id from intent)) as "refunds", array(select id from disputes where merchant_id = :merchantId and payment_intent_id in (select id from intent)) as "disputes",
    array(select id from webhook_deliveries where merchant_id = :merchantId and event_id in (select id from event)) as "deliveries",
    (select iso(min(created_at)) from intent) as "createdAt",
    (select iso(created_at) from payment_intents where merchant_id = :merchantId order by id offset 1400 limit 1) as "createdLaterAt",
    (select idempotency_key from intent limit 1) as "createKey", (select idempotency_key from attempt limit 1) as "confirmKey",
    (select id from webhook_endpoints where merchant_id = :merchantId) as "endpoint",
    (select id from ledger_accounts where merchant_id = :merchantId and kind = 'PROCESSOR_RECEIVABLE') as "receivable",
    (select id from ledger_accounts where merchant_id = :merchantId and kind = 'SUSPENSE') as "suspense",
    (select secret_hash from api_keys where merchant_id = :merchantId limit 1) as "apiKeyHash",
    (select id from api_keys where merchant_id = :merchantId limit 1) as "apiKey"`;

export async function takeSamples(db: Db, merchantId: string): Promise<Samples> {
  const { rows } = await db.raw<{ rows: Samples[] }>(SAMPLES, { merchantId });
  if (!rows[0]) throw new Error("there are no samples");
  return rows[0];
}

/** Makes what a statement is then asked about, each time anew, and finishes what was made before. */
export interface Maker {
  intents(count: number, captureMethod?: CreatePaymentIntent["captureMethod"]): Promise<string[]>;
  queuedAttempts(count: number): Promise<AttemptKey[]>;
  sentAttempts(count: number): Promise<Attempt[]>;
  /** Those of captures and refunds that were asked for just now. */
  sentLast(): Promise<Attempt[]>;
  unknownAttempt(): Promise<string>;
  /** Paid, or only authorised. */
  charged(captureMethod: CreatePaymentIntent["captureMethod"]): Promise<string>;
  /** As many as intents, and of the events of their creation. */
  plannedDeliveries(count: number): Promise<DeliveryKey[]>;
  messages(count: number): Promise<Message[]>;
}

const WELL = {
  failures: 0,
  failing_since: null,
  failed_at: null,
  breaker: "CLOSED",
  paused_until: null,
};

export function createMaker(db: Db, merchantId: string): Maker {
  const create: Maker["intents"] = async (count, captureMethod = "AUTOMATIC") => {
    const made = await createIntents(db, repeat(merchantId, count), () => ({ captureMethod }));
    return made.map(({ id }) => id);
  };
  const queue = async (ids: readonly string[]): Promise<AttemptKey[]> => {
    await finish(db);
    await confirmIntents(
      db,
      ids.map((id) => ({ merchantId, id })),
    );
    const { attempts, deliveries } = await relayAll(db);
    await deliver(db, deliveries);
    return [...attempts];
  };
  const send = async (ids: readonly string[]) => claim(db, await queue(ids));
  return {
    intents: create,
    queuedAttempts: async (count) => queue(await create(count)),
    sentAttempts: async (count) => send(await create(count)),
    sentLast: async () => claim(db, (await relayAll(db)).attempts),
    unknownAttempt: async () => {
      const [attempt] = await send(await create(1));
      await settle(db, attempt ? [attempt] : [], UNKNOWN);
      return attempt?.id ?? "";
    },
    charged: async (captureMethod) => {
      const [id = ""] = await create(1, captureMethod);
      await settle(db, await send([id]));
      await finish(db);
      return id;
    },
    plannedDeliveries: async (count) => {
      // Whatever failed before, and over however long: what is planned for an endpoint that fails is held.
      await db("webhook_endpoints").where({ merchant_id: merchantId }).update(WELL);
      await finish(db);
      await create(count);
      return [...(await relayAll(db)).deliveries];
    },
    messages: async (count) => {
      await finish(db);
      await create(count);
      return readMessages(db, count);
    },
  };
}
