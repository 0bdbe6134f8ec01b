import type Stripe from "stripe";
import { listAccountEvents } from "../../src/inbox/list-account-events";
import { closeDispute, failRefund, newBank, openDispute } from "../stripe-simulation/bank";
import { newEvent } from "../stripe-simulation/objects";
import { SECRET_KEY } from "../stripe-simulation/simulation";
import { type Sent, type StripeWorld, chargeOf, startStripeWorld } from "./stripe-world";
import { statusOf } from "./world";

/**
 * Webhooks of an account that never came are made up for by Stripe's list of its events: each has its effect once, and
 * one that comes all the same, late or twice, changes nothing more.
 */

let it: StripeWorld;
beforeAll(async () => {
  it = await startStripeWorld();
});
afterAll(() => it.stop());
afterEach(() => {
  it.stripe.server.faults.length = 0;
});

const DAY_S = 86_400;
const CHALLENGED = "pm_card_threeDSecureRequired";

/** So many days have passed since everything that was told, and since the account's events were listed. */
async function daysLater(days: number, told: readonly Stripe.Event[]): Promise<void> {
  for (const event of told) event.created -= days * DAY_S;
  const { rows } = await it.api.db.raw<{ rows: { listed: Date }[] }>(
    `update processor_accounts
     set events_from = now() - ? * interval '1 day', events_to = null, events_after = null
     where id = ? returning events_from as listed`,
    [days, it.account.id],
  );
  expect(rows).toHaveLength(1);
}

interface Missed {
  readonly disputed: Sent;
  readonly refunded: Sent;
  readonly challenged: Sent;
  /** What Stripe told, and nobody heard. */
  readonly told: readonly Stripe.Event[];
}

/** A dispute that was won, a refund that failed after it had succeeded, and a challenge that was passed. */
async function missed(): Promise<Missed> {
  const { stripe } = it;
  const since = stripe.bank.events.length;
  const [disputed, refunded, challenged] = [
    await it.sent(),
    await it.sent(),
    await it.sent({ card: CHALLENGED }),
  ];
  const dispute = openDispute(stripe.bank, chargeOf(it, disputed.intent));
  closeDispute(stripe.bank, dispute, "won");
  await it.refund(refunded.id, 1_000);
  await it.api.relayOnce();
  await it.api.runCharges();
  const refund = [...stripe.bank.refunds.values()].find(
    ({ payment_intent: of }) => of === refunded.intent,
  );
  if (!refund) throw new Error("nothing was refunded");
  failRefund(stripe.bank, refund);
  stripe.authenticate(challenged.intent);
  return { disputed, refunded, challenged, told: stripe.bank.events.slice(since) };
}

/** What the payments have become, and how often anything was said and posted about them. */
async function effectsOn({ disputed, refunded, challenged }: Missed): Promise<object> {
  const { db } = it.api;
  const of = [disputed, refunded, challenged].map(({ id }) => id);
  const intents = await db("payment_intents").whereIn("id", of).orderBy("id");
  const disputes = await db("disputes").whereIn("payment_intent_id", of).select("status", "amount");
  const { rows } = await db.raw<{ rows: object[] }>(
    `select what, count(*) as times from (
       select 'event ' || e.type as what from events e where e.subject_id = any(?)
       union all
       select 'journal ' || j.kind from journals j where j.payment_intent_id = any(?)
     ) said group by what order by what`,
    [of, of],
  );
  return {
    statuses: intents.map(({ status }) => status as string),
    refunded: intents.map((intent) => Number(intent.amount_refunded)),
    disputes,
    said: rows,
  };
}

const inboxRows = async (): Promise<number> => {
  const [row] = await it.api.db("inbox").where({ processor: it.account.id }).count();
  return Number(row?.["count"]);
};

test("after four days without webhooks everything has its effect once, and late ones change nothing", async () => {
  const all = await missed();
  await daysLater(4, all.told);
  expect(await effectsOn(all)).toMatchObject({
    statuses: ["SUCCEEDED", "SUCCEEDED", "REQUIRES_ACTION"],
    refunded: [0, 1_000, 0],
    disputes: [],
  });
  await it.list();
  await it.apply();
  const after = await effectsOn(all);
  expect(after).toMatchObject({
    statuses: ["SUCCEEDED", "SUCCEEDED", "SUCCEEDED"],
    refunded: [0, 0, 0],
    disputes: [{ status: "WON", amount: 2_500 }],
    said: expect.arrayContaining([
      { what: "event payment_intent.succeeded", times: 3 },
      { what: "event refund.failed", times: 1 },
      { what: "journal capture", times: 3 },
      { what: "journal dispute", times: 1 },
      { what: "journal dispute_won", times: 1 },
      { what: "journal refund_reversal", times: 1 },
    ]),
  });
  const rows = await inboxRows();
  // Four days late, twice, and the latest one first.
  for (const event of [...all.told].reverse().flatMap((told) => [told, told])) {
    expect([event.type, await it.post(event)]).toEqual([event.type, 200]);
  }
  await it.apply();
  // As after a crash between storing a page and moving on.
  await daysLater(5, []);
  await it.list();
  await it.apply();
  expect(await effectsOn(all)).toEqual(after);
  const unlisted = all.told.filter(({ type }) => type === "charge.updated").length;
  expect(await inboxRows()).toBe(rows + unlisted);
  expect(it.stripe.moved(all.challenged.reference)).toEqual(["capture 2500"]);
});

test("what webhooks told is not asked about again, and what they are about to tell is left to them", async () => {
  const since = it.stripe.bank.events.length;
  const { id } = await it.sent();
  const told = it.stripe.bank.events.slice(since);
  const before = await inboxRows();
  await it.list();
  // It was told less than a minute ago.
  expect(await inboxRows()).toBe(before);
  for (const event of told) await it.post(event);
  await it.apply();
  const heard = await inboxRows();
  await daysLater(1, told);
  // Read from what they are about, they would cost a call each.
  for (const event of told) event.api_version = "2020-08-27";
  const asked = it.stripe.server.requests.length;
  await it.list();
  expect(await inboxRows()).toBe(heard);
  expect(it.stripe.server.requests.slice(asked)).toEqual(["GET /v1/events"]);
  expect(await statusOf(it.api, id)).toBe("SUCCEEDED");
});

test("events in the words of another version of the API are read from what they are about", async () => {
  const all = await missed();
  await daysLater(2, all.told);
  for (const event of all.told) {
    event.api_version = "2020-08-27";
    // What was said otherwise in those days must not be read.
    const object = event.data.object as unknown as Record<string, unknown>;
    for (const name of ["status", "amount", "amount_received"]) object[name] = "said otherwise";
  }
  const [first] = all.told;
  if (first) expect(await it.post(first)).toBe(400);
  await it.list();
  await it.apply();
  expect(await effectsOn(all)).toMatchObject({
    statuses: ["SUCCEEDED", "SUCCEEDED", "SUCCEEDED"],
    refunded: [0, 0, 0],
    disputes: [{ status: "WON", amount: 2_500 }],
  });
});

/** As many as there are of other integrations of the same account. */
function tellOfOthers(count: number): Stripe.Event[] {
  return Array.from({ length: count }, (_, index) => {
    const object = { id: `pi_of_others_${String(index)}`, object: "payment_intent", metadata: {} };
    const event = newEvent("payment_intent.succeeded", object, Math.floor(Date.now() / 1_000));
    it.stripe.bank.events.push(event);
    return event;
  });
}

test("a long list is gone through page by page, whatever becomes of one, and others' events are not kept", async () => {
  const since = it.stripe.bank.events.length;
  const { id, intent } = await it.sent({ card: CHALLENGED });
  tellOfOthers(130);
  it.stripe.authenticate(intent);
  tellOfOthers(130);
  const told = it.stripe.bank.events.slice(since);
  await daysLater(3, told);
  const before = await inboxRows();
  const asked = it.stripe.server.requests.length;
  it.stripe.server.faults.push({ fault: "lose_answer", only: "/events" });
  // Nothing came of the first call, so the account is not listed, and is due again later.
  await it.api.db("processor_accounts").update({ events_due_at: new Date(0) });
  expect(await listAccountEvents(it.api.app, 10)).toBe(1);
  expect(await listAccountEvents(it.api.app, 10)).toBe(0);
  await it.list();
  await it.apply();
  const calls = it.stripe.server.requests.slice(asked);
  expect(calls.filter((call) => call === "GET /v1/events").length).toBeGreaterThanOrEqual(4);
  expect(await statusOf(it.api, id)).toBe("SUCCEEDED");
  // The challenge, and that it was passed.
  expect((await inboxRows()) - before).toBe(2);
});

test("two workers that list at once, and a page that is gone by now, make no difference", async () => {
  const { id, intent } = await it.sent({ card: CHALLENGED });
  it.stripe.authenticate(intent);
  await daysLater(3, it.stripe.bank.events.slice(-2));
  const events_after = "evt_older_than_thirty_days";
  const events_to = new Date();
  await it.api.db("processor_accounts").update({ events_after, events_to });
  const before = await inboxRows();
  await Promise.all([it.list(), it.list(it.api.anotherApp())]);
  await it.apply();
  expect(await statusOf(it.api, id)).toBe("SUCCEEDED");
  expect((await inboxRows()) - before).toBe(2);
});

test("a key that is revoked, or another account's, lists nothing, and nothing is passed over", async () => {
  const { id, intent } = await it.sent({ card: CHALLENGED });
  it.stripe.authenticate(intent);
  await daysLater(3, it.stripe.bank.events.slice(-2));
  const { accounts } = it.stripe;
  const own = accounts.get(SECRET_KEY);
  if (!own) throw new Error("there is no account");
  const before = await inboxRows();
  const other = { id: "acct_other", livemode: false, bank: newBank(Date.now) };
  other.bank.events.push(...it.stripe.bank.events);
  for (const others of [[], [[SECRET_KEY, other] as const]]) {
    accounts.delete(SECRET_KEY);
    for (const [key, account] of others) accounts.set(key, account);
    // Another process: what the credentials are was not asked there before.
    const app = it.api.anotherApp();
    await it.api.db("processor_accounts").update({ events_due_at: new Date(0) });
    expect(await listAccountEvents(app, 10)).toBe(1);
    expect(await inboxRows()).toBe(before);
  }
  accounts.set(SECRET_KEY, own);
  await it.list(it.api.anotherApp());
  await it.apply();
  expect(await statusOf(it.api, id)).toBe("SUCCEEDED");
});
