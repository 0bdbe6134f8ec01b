import { randomUUID } from "node:crypto";
import { type App, createApp } from "../../src/app";
import { readConfig } from "../../src/config";
import type { Db } from "../../src/db/db";
import { connect } from "../../src/db/connect";
import { eraseSealed } from "../../src/db/retention";
import { findEvents, listEvents } from "../../src/events/event-store";
import { findKey, isExecuting } from "../../src/idempotency/keys";
import { findAccounts, listAccounts } from "../../src/ledger/account-store";
import { createLog } from "../../src/observability/log";
import { createMerchant } from "../../src/merchants/create-merchant";
import { findMerchant } from "../../src/merchants/merchant-store";
import { registry } from "../../src/observability/metrics";
import { observeReconciliation } from "../../src/observability/reconciliation-gauges";
import { observeTables } from "../../src/observability/observe-tables";
import { transact } from "../../src/db/transact";
import { findOldest, markRelayed, readMessages } from "../../src/events/outbox";
import type { PageArguments, PageRequest } from "../../src/pagination";
import {
  beginReversal,
  claimAttempts,
  findAttempts,
  findUnsentAttempts,
  takeDueAttempts,
} from "../../src/payments/attempt-store";
import { dropLease, renewLease } from "../../src/payments/worker-leases";
import { CAPTURE, capturePaymentIntent } from "../../src/payments/capture-payment-intent";
import { confirmPaymentIntents } from "../../src/payments/confirm-payment-intent";
import { createPaymentIntents } from "../../src/payments/create-payment-intent";
import { findEvidence } from "../../src/payments/evidence-store";
import * as lists from "../../src/payments/list-captures-and-refunds";
import {
  type PaymentIntentFilter,
  listPaymentIntents,
} from "../../src/payments/list-payment-intents";
import {
  findCaptureMade,
  findCaptures,
  findIntentByCaptureKey,
  findIntentByConfirmKey,
  findIntentByKey,
  findIntents,
  findRefundByKey,
  findRefunds,
} from "../../src/payments/payment-store";
import { orphanAttempts } from "../../src/payments/settle/orphan-attempts";
import { refundPaymentIntent } from "../../src/payments/refund-payment-intent";
import { CONFIRM } from "../../src/payments/shopper-key";
import { resolveUnknownAttempt } from "../../src/payments/resolve-unknown-attempt";
import { type PartKind, findParts } from "../../src/payments/list-parts";
import { listUnknownAttempts } from "../../src/payments/list-unknown-attempts";
import { findUnheld } from "../../src/reconciliation/prove-checks";
import { createWebhookEndpoint } from "../../src/webhooks/create-webhook-endpoint";
import {
  type DeliveryFilter,
  findDeliveries,
  findEndpoints,
  listDeliveries,
  listEndpoints,
} from "../../src/webhooks/list-deliveries";
import { claimDeliveries, findOverdueDeliveries } from "../../src/webhooks/delivery-store";
import { insertFirstTries } from "../../src/webhooks/first-tries";
import { planDeliveries } from "../../src/webhooks/plan-deliveries";
import { recordDeliveries } from "../../src/webhooks/record-deliveries";
import { findChange } from "../../src/idempotency/change-once";
import { ENDPOINT_CHANGES } from "../../src/webhooks/change-endpoint-once";
import { findEndpointByKey } from "../../src/webhooks/endpoint-store";
import { listDeadLetters } from "../../src/webhooks/list-dead-letters";
import { findReplayByKey, replayWebhookDelivery } from "../../src/webhooks/replay-webhook-delivery";
import { connectAsOwner, testSettings } from "../support/app";
import { type TestDatabase, createTestDatabase } from "../support/database";
import { captureCommand, confirmCommand, createCommand, refundCommand } from "../support/factories";
import { disputeQuestions } from "../support/dispute-questions";
import { payoutQuestions } from "../support/payout-questions";
import { heldQuestions } from "../support/held-questions";
import { intentQuestions } from "../support/intent-questions";
import { keyQuestions } from "../support/key-questions";
import { ledgerQuestions } from "../support/ledger-questions";
import { PATIENT } from "../support/patience";
import { hearFromProcessor } from "../support/inbox";
import { PAGE, type Question, after, cursor, now, pages } from "../support/plan-questions";
import { settlementQuestions } from "../support/settlement-questions";
import {
  type Maker,
  type Samples,
  UNKNOWN,
  createMaker,
  fillShops,
  recordOf,
  repeat,
  settle,
  takeSamples,
} from "../support/plans";
import {
  type ExplainedDb,
  complaintsIn,
  connectExplained,
  explainEverything,
} from "../support/explained-db";

/*
 * No statement reads more than it answers, whatever the planner thinks: also of the first merchant that gets busy, whose
 * rows came after statistics were taken while every merchant had a few. It has thousands of each kind.
 *
 * Asked by the product's own functions, over its own kind of connection. Left out, because they read more by design:
 * - deliveries to one endpoint: it gets most of its merchant's events, so it has no index;
 * - entries of an account that is seldom used, for the same reason: postings are listed by time;
 * - balances, trial balances and snapshots: they add up what was posted since the last snapshot;
 * - intents by two things that are each common and together rare: one index serves, the other thing is a filter;
 * - intents by amount, by metadata or by when they last changed, captures, refunds and disputes by status, each of them alone: an
 *   index would be one more write for each payment, so they are filters on what another index gives;
 * - a shopper's confirmation: two keys in one scan, and a key from before scoped ones in a function, whose pages count, too;
 * - the disabling of an endpoint, which takes back all that is on its way to it; the audit, which reads everything.
 */
const SET = 10;
const OPERATOR = { holder: "mer_none", actor: "an operator", origin: "an operator" };
// Written for, and asked, each time.
const TIMES = 2;

let database: TestDatabase;
let explained: ExplainedDb;
let app: App;
/** The system's, and the busy merchant's own. */
let db: Db;
let own: Db;
/** The busy merchant. */
let merchantId: string;
let crowded: string;
let its: Samples;
let make: Maker;

beforeAll(async () => {
  database = await createTestDatabase();
  // Connections that are there already explain nothing: what fills the tables is not listened to.
  const filling = connect({
    url: database.url,
    poolMax: 1,
    applicationName: "filling",
    ...PATIENT,
  });
  ({ busy: merchantId, crowded } = await fillShops(filling));
  its = await takeSamples(filling, merchantId);
  await explainEverything(filling);
  await filling.destroy();
  explained = connectExplained(database.url);
  db = explained.db;
  own = explained.tenantDb(merchantId);
  make = createMaker(db, merchantId);
  const config = readConfig(
    testSettings(database.url, "http://127.0.0.1:1", {
      ONCEPAY_LIMIT_ENDPOINTS: "total=off,hourly=off",
    }),
  );
  const overrides = { databases: explained };
  app = createApp(config, createLog("test", config.logLevel), { name: "t", overrides });
  observeTables(db, () => true);
  observeReconciliation(db, () => true);
});
afterAll(async () => {
  await app.close();
  await database.drop();
});

function intents(name: string, filter: () => PaymentIntentFilter): Question[] {
  const list = (page: PageArguments) =>
    listPaymentIntents(own, merchantId, { filter: filter(), page });
  return pages(`intents ${name}`, () => its.intents[0] ?? "", list);
}

function capturesAndRefunds(name: string, filter: () => lists.PartFilter<never>): Question[] {
  return [
    ...pages(
      `captures ${name}`,
      () => its.captures[0] ?? "",
      (page) => lists.listCaptures(own, merchantId, { filter: filter(), page }),
    ),
    ...pages(
      `refunds ${name}`,
      () => its.refunds[0] ?? "",
      (page) => lists.listRefunds(own, merchantId, { filter: filter(), page }),
    ),
  ];
}

function deliveries(name: string, filter: () => DeliveryFilter): Question[] {
  const list = (page: PageArguments) => listDeliveries(own, merchantId, { filter: filter(), page });
  return pages(`deliveries ${name}`, () => its.deliveries[0] ?? "", list);
}

/** The first page and the last of what each intent has, and a page in its middle. */
function parts(kind: PartKind, middle: string | number): Question[] {
  const limit = PAGE + 1;
  const find = async (request: PageRequest<string | number>) =>
    (await findParts(own, kind, { merchantId, paymentIntentIds: its.intents, request })).flat();
  return [
    now(`${kind} of intents, the newest`, () =>
      find({ direction: "older", from: undefined, limit }),
    ),
    now(`${kind} of intents, the oldest`, () =>
      find({ direction: "newer", from: undefined, limit }),
    ),
    now(`${kind} of intents, from a key`, () => find({ direction: "older", from: middle, limit })),
  ];
}

const DISPUTES = disputeQuestions(() => ({ db, own, merchantId, its, make }));

const READS: readonly Question[] = [
  now("intents by id", () => findIntents(own, merchantId, its.intents)),
  now("an intent by its own key", () => findIntentByKey(own, merchantId, its.createKey)),
  now("an intent by the key that confirmed it", () =>
    findIntentByConfirmKey(own, merchantId, its.confirmKey),
  ),
  now("an intent by the key that captured it", () =>
    findIntentByCaptureKey(own, merchantId, its.intents[0] ?? ""),
  ),
  after(
    "a capture by its key",
    async () => {
      const command = captureCommand(merchantId, await make.charged("MANUAL"));
      await capturePaymentIntent(own, command);
      return command.key;
    },
    (key) => findCaptureMade(own, merchantId, key),
  ),
  now("a refund by its key", () => findRefundByKey(own, merchantId, its.intents[0] ?? "")),
  now("captures by id", () => findCaptures(own, merchantId, its.captures)),
  now("refunds by id", () => findRefunds(own, merchantId, its.refunds)),
  ...parts("captures", "cap_~"),
  ...parts("refunds", "re_~"),
  ...parts("transitions", 100),
  ...parts("events", 100),
  ...parts("attempts", "att_~"),
  now("attempts by id", () => findAttempts(own, merchantId, its.attempts)),
  now("evidence", () => findEvidence(own, merchantId, its.attempts)),
  now("events by id", () => findEvents(own, merchantId, its.events)),
  now("the feed", () => listEvents(own, merchantId, { first: PAGE })),
  now("the feed from a cursor", () =>
    listEvents(own, merchantId, { first: PAGE, after: cursor(its.feedPosition) }),
  ),
  now("the feed from a cursor of a history that was lost", () =>
    listEvents(own, merchantId, { first: PAGE, after: cursor(`999999999 ${its.events[0] ?? ""}`) }),
  ),
  now("the feed of a type", () =>
    listEvents(own, merchantId, { first: PAGE, types: ["payment_intent.payment_failed"] }),
  ),
  ...intents("of all kinds", () => ({})),
  ...intents("of a common status", () => ({ statuses: ["SUCCEEDED"] })),
  ...intents("of a rare status", () => ({ statuses: ["FAILED"] })),
  ...intents("of two statuses", () => ({ statuses: ["SUCCEEDED", "FAILED"] })),
  ...intents("of a customer", () => ({ customer: "customer 7" })),
  ...intents("of a customer with many", () => ({ customer: "passer-by" })),
  ...intents("with a reference", () => ({ merchantReference: "order 7" })),
  ...intents("created later", () => ({ createdAfter: its.createdAt })),
  ...intents("created earlier", () => ({ createdBefore: its.createdAt })),
  ...intents("created between", () => ({
    createdAfter: its.createdAt,
    createdBefore: its.createdLaterAt,
  })),
  ...intents("of a customer and a status", () => ({
    customer: "customer 7",
    statuses: ["SUCCEEDED"],
  })),
  ...intents("with a reference and a status", () => ({
    merchantReference: "order 7",
    statuses: ["SUCCEEDED"],
  })),
  ...intents("of a customer and an amount", () => ({ customer: "customer 7", amount: 1_000 })),
  ...capturesAndRefunds("of all intents", () => ({})),
  ...capturesAndRefunds("of an intent", () => ({ paymentIntentId: its.intents[0] })),
  ...capturesAndRefunds("created later", () => ({ createdAfter: its.createdAt })),
  ...deliveries("of all kinds", () => ({})),
  ...deliveries("that succeeded", () => ({ statuses: ["SUCCEEDED"] })),
  ...deliveries("that are dead", () => ({ statuses: ["DEAD"] })),
  ...deliveries("that are retried", () => ({ statuses: ["RETRYING"] })),
  ...deliveries("that are dead or retried", () => ({ statuses: ["DEAD", "RETRYING"] })),
  ...deliveries("that are scheduled", () => ({ statuses: ["SCHEDULED"] })),
  ...deliveries("of an event", () => ({ eventId: its.events[0] })),
  ...deliveries("of an event that succeeded", () => ({
    eventId: its.events[0],
    statuses: ["SUCCEEDED"],
  })),
  ...[false, true].flatMap((everywhere) =>
    pages(
      `dead letters${everywhere ? " of all merchants" : ""}`,
      () => its.deliveries[0] ?? "",
      (page) => listDeadLetters(everywhere ? db : own, everywhere ? null : merchantId, { page }),
    ),
  ),
  ...pages(
    "endpoints",
    () => its.endpoint,
    (page) => listEndpoints(explained.tenantDb(crowded), crowded, page),
  ),
  ...pages(
    "unknown attempts",
    () => its.attempts[0] ?? "",
    (page) => listUnknownAttempts(own, merchantId, page),
  ),
  ...ledgerQuestions(() => ({ own, merchantId, its })),
  now("accounts by id", () => findAccounts(own, merchantId, [its.receivable])),
  ...pages(
    "accounts of a kind",
    () => its.receivable,
    (page) => listAccounts(own, merchantId, { filter: { kinds: ["SUSPENSE"] }, page }),
  ),
  now("what a key was used for", () =>
    findKey(own, { merchantId, operation: CONFIRM, key: its.confirmKey }),
  ),
  now("whether a key is in use", async () => [
    await isExecuting(own, { merchantId, operation: CAPTURE, key: "new" }),
  ]),
  ...keyQuestions(() => ({ db, own, merchantId, its })),
  ...settlementQuestions(() => ({ db, merchantId, its })),
  ...DISPUTES.reads,
  ...payoutQuestions(() => ({
    ...{ own, merchantId },
    payouts: its.intents.map((id) => `po${id.slice(2)}`),
  })),
  now("a merchant", () => findMerchant(own, merchantId)),
  now("deliveries by id", () => findDeliveries(own, merchantId, its.deliveries)),
  now("endpoints by id", () => findEndpoints(own, merchantId, [its.endpoint])),
  now("an endpoint by its key", () => findEndpointByKey(own, merchantId, its.endpoint)),
  now("a change of an endpoint by its key", async () => [
    await findChange(own, ENDPOINT_CHANGES, {
      merchantId,
      operation: "updateWebhookEndpoint",
      key: "none",
    }),
  ]),
  now("a replay by its key", () => findReplayByKey(own, merchantId, its.deliveries[0] ?? "")),
];

const commandsTo = async <Command>(command: (merchantId: string, id: string) => Command) =>
  (await make.intents(SET)).map((id) => command(merchantId, id));
const newEvents = async () =>
  (await make.messages(SET)).map(({ eventId }) => ({ merchantId, eventId: eventId ?? "" }));
const creations = () => repeat(0, SET).map(() => createCommand(merchantId));

const WRITES: readonly Question[] = [
  now("creates", () => createPaymentIntents(db, creations())),
  after(
    "creates again",
    async () => {
      const commands = creations();
      await createPaymentIntents(db, commands);
      return commands;
    },
    (commands) => createPaymentIntents(db, commands),
  ),
  after(
    "confirms",
    () => commandsTo(confirmCommand),
    (commands) => confirmPaymentIntents(db, commands),
  ),
  after(
    "confirms again",
    async () => {
      const commands = await commandsTo(confirmCommand);
      await confirmPaymentIntents(db, commands);
      return commands;
    },
    (commands) => confirmPaymentIntents(db, commands),
  ),
  now("refuses to confirm", () =>
    confirmPaymentIntents(
      db,
      its.intents.map((id) => confirmCommand(merchantId, id)),
    ),
  ),
  after(
    "relays",
    () => make.messages(SET),
    async () => {
      const messages = await readMessages(db, SET);
      await markRelayed(db, messages);
      return messages;
    },
  ),
  after(
    "looks at the outbox's first row",
    () => make.messages(1),
    () => findOldest(db),
  ),
  after("plans deliveries", newEvents, async (events) => (await planDeliveries(db, events)).toSend),
  after("plans deliveries and writes their first tries", newEvents, async (events) => {
    const { claimed } = await planDeliveries(db, events, { room: SET });
    await insertFirstTries(db, { claimed, known: new Map(), held: [], leaseMs: 60_000 });
    return claimed;
  }),
  after(
    "claims deliveries",
    () => make.plannedDeliveries(SET),
    async (keys) => (await claimDeliveries(db, keys, 60_000)).deliveries,
  ),
  after(
    "records deliveries",
    async () => {
      const claimed = await claimDeliveries(db, await make.plannedDeliveries(SET), 60_000);
      return claimed.deliveries.map((delivery) => recordOf(delivery));
    },
    async (records) => {
      await recordDeliveries(db, records);
      return records;
    },
  ),
  after(
    "claims attempts",
    () => make.queuedAttempts(SET),
    (keys) => claimAttempts(db, "worker", keys),
  ),
  after(
    "settles attempts",
    () => make.sentAttempts(SET),
    (attempts) => settle(db, attempts),
  ),
  after(
    "hears nothing of attempts",
    () => make.sentAttempts(SET),
    (attempts) => settle(db, attempts, UNKNOWN),
  ),
  after(
    "captures",
    async () => captureCommand(merchantId, await make.charged("MANUAL")),
    (command) => capturePaymentIntent(own, command),
  ),
  after(
    "settles a capture",
    async () => {
      await capturePaymentIntent(own, captureCommand(merchantId, await make.charged("MANUAL")));
      return make.sentLast();
    },
    (attempts) => settle(db, attempts),
  ),
  after(
    "refunds",
    async () => refundCommand(merchantId, await make.charged("AUTOMATIC")),
    (command) => refundPaymentIntent(own, command),
  ),
  after(
    "settles a refund",
    async () => {
      await refundPaymentIntent(own, refundCommand(merchantId, await make.charged("AUTOMATIC")));
      return make.sentLast();
    },
    (attempts) => settle(db, attempts),
  ),
  after(
    "resolves an unknown attempt",
    () => make.unknownAttempt(),
    (attemptId) => {
      const by = { merchantId, operator: OPERATOR, key: randomUUID(), fingerprint: "00" };
      const word = { resolution: "SUCCEEDED", reason: "seen", processorChargeId: null } as const;
      return resolveUnknownAttempt(app, { ...by, attemptId, ...word, override: true });
    },
  ),
  after(
    "finds what is unknown and not in suspense",
    () => make.unknownAttempt(),
    async () => [await transact(db, (tx) => findUnheld(tx, SET))],
  ),
  after(
    "begins a reversal",
    () => make.unknownAttempt(),
    async (id) => [await beginReversal(db, { merchantId, id })],
  ),
  now("finds unsent attempts", () => findUnsentAttempts(db, { overdueMs: 0, limit: SET })),
  now("takes due attempts", () => takeDueAttempts(db, { leaseMs: 0, limit: SET })),
  after(
    "takes over from a dead worker",
    () => make.sentAttempts(SET),
    () => orphanAttempts(db, { firstLookupMs: 0, heldMaxMs: 60_000, limit: SET }),
  ),
  ...DISPUTES.writes,
  ...heldQuestions(() => ({ app, db, merchantId, its, make })),
  ...intentQuestions(() => ({ db, own, merchantId, its, make })),
  now("finds overdue deliveries", () => findOverdueDeliveries(db, { overdueMs: 0, limit: SET })),
  now("renews and drops a lease", async () => {
    await renewLease(db, "worker", 1_000);
    await dropLease(db, "worker");
    return ["worker"];
  }),
  now("replays a delivery", () => {
    const deliveryId = its.deliveries[0] ?? "";
    return replayWebhookDelivery(
      { ...app, db: own },
      { merchantId, key: randomUUID(), deliveryId, force: true },
    );
  }),
  now("creates an endpoint", () => {
    const endpoint = { url: "https://shop.example/others", eventTypes: [], description: null };
    return createWebhookEndpoint(
      { ...app, db: explained.tenantDb(crowded) },
      { merchantId: crowded, key: randomUUID(), ...endpoint },
    );
  }),
  now("creates a merchant", () => createMerchant(db, "another shop")),
  now("erases what was sealed", async () => [await eraseSealed(db, { limit: SET })]),
  now("hears from a processor", () => hearFromProcessor(db, its.attempts)),
];

async function complaintsAbout([, prepare]: Question): Promise<string[]> {
  const complaints = complaintsIn(await explained.ask(prepare, TIMES));
  if (complaints.length === 0) return complaints;
  // What was deleted a moment ago is read over and over while the server's own ANALYZE, of a catalogue, may still see it.
  return complaintsIn(await explained.ask(prepare, TIMES));
}

// They look once a second at most, so they are asked once.
it.each(["outbox_rows", "reconciliation_breaks"])("without reading on: %s", async (name) => {
  const gauges = () => registry.getSingleMetricAsString(`oncepay_${name}`);
  expect(complaintsIn(await explained.ask(() => Promise.resolve(gauges), 1))).toEqual([]);
});

describe.each([
  ["from when each merchant had a few rows", "select"],
  ["of today", "analyze"],
])("with statistics %s", (_name, takeStatistics) => {
  beforeAll(async () => {
    const owner = connectAsOwner(database.url);
    await owner.raw(takeStatistics);
    await owner.destroy();
  });

  it.each(READS)("finds without reading on: %s", async (...question) => {
    expect(await complaintsAbout(question)).toEqual([]);
  });

  it.each(WRITES)("writes without reading on: %s", async (...question) => {
    expect(await complaintsAbout(question)).toEqual([]);
  });
});
