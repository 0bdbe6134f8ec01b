import { Client } from "pg";
import type { Db } from "../../src/db/db";
import { API_VERSION } from "../../src/events/event-types";
import { type Event, listEvents } from "../../src/events/event-store";
import { type Message, markRelayed, readMessages } from "../../src/events/outbox";
import { newId } from "../../src/ids";
import { relayOnce } from "../../workers/relay-outbox";
import { type TestApp, startTestApp } from "../support/app";
import { crashOnceAt, dying, expectCrashed } from "../support/crash";
import { createTestDatabase } from "../support/database";
import { aCapturedIntent, aMerchant, anIntent } from "../support/factories";
import { createRecordedQueues } from "../support/recorded-queues";
import { waitFor } from "../support/wait-for";

let t: TestApp;
let merchantId: string;
beforeAll(async () => {
  t = await startTestApp();
});
beforeEach(async () => {
  merchantId = (await aMerchant(t)).id;
});
afterAll(() => t.stop());

interface Place {
  readonly position: number;
  readonly event_id: string;
}

/** A merchant's feed as it is stored. */
async function placesOf(merchant: string): Promise<Place[]> {
  return t.db("event_feed").where({ merchant_id: merchant }).orderBy("position");
}

async function readOn(
  after: string | null,
  first = 5,
): Promise<{ events: Event[]; end: string | null }> {
  const events: Event[] = [];
  let end = after;
  for (;;) {
    const page = await listEvents(t.db, merchantId, { after: end, first });
    events.push(...page.edges.map(({ node }) => node));
    end = page.pageInfo.endCursor;
    if (!page.pageInfo.hasNextPage) return { events, end };
  }
}

const idsOf = (rows: readonly { readonly id: string }[]): string[] => rows.map(({ id }) => id);

async function messagesOf(intents: readonly { readonly id: string }[]): Promise<Message[]> {
  const events = await t.db("events").whereIn("subject_id", idsOf(intents)).select("id");
  const ids = new Set(idsOf(events));
  return (await readMessages(t.db, 1_000)).filter(({ eventId }) => ids.has(eventId ?? ""));
}

async function someIntents(count: number): Promise<{ id: string }[]> {
  return Promise.all(Array.from({ length: count }, () => anIntent(t, merchantId)));
}

test("each merchant's events are numbered from 1 in the order of the outbox; other messages get no number", async () => {
  const other = (await aMerchant(t)).id;
  await aCapturedIntent(t, merchantId);
  await anIntent(t, other);
  await aCapturedIntent(t, merchantId);
  await t.drain();
  const places = await placesOf(merchantId);
  expect(places.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5, 6]);
  expect((await placesOf(other)).map(({ position }) => position)).toEqual([1]);
  const { events } = await readOn(null);
  expect(idsOf(events)).toEqual(places.map(({ event_id }) => event_id));
  expect(events.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 1, 2, 3]);
});

test.each(["relay.after_claim", "relay.after_publish", "relay.after_mark"] as const)(
  "a relay that dies at %s, and the next one, give each event one place",
  async (place) => {
    await someIntents(3);
    crashOnceAt(place);
    await dying(t.relayOnce());
    expectCrashed(place);
    await t.relayOnce();
    await t.relayOnce();
    const places = await placesOf(merchantId);
    expect(places.map(({ position }) => position)).toEqual([1, 2, 3]);
    expect(new Set(places.map(({ event_id }) => event_id)).size).toBe(3);
    await t.drain();
  },
);

/** Whether a statement of this database waits for another transaction. */
async function someoneWaits(db: Db): Promise<boolean> {
  const { rows } = await db.raw(`
    select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`);
  return rows.length > 0;
}

test("a second relay's events are not shown before those that the first one has not committed", async () => {
  const first = await messagesOf(await someIntents(2));
  const second = await messagesOf(await someIntents(2));
  const tx = await t.db.transaction();
  await markRelayed(tx, first);
  const marked = markRelayed(t.db, second);
  await waitFor("the second relay to wait", () => someoneWaits(t.db));
  const { events: early, end } = await readOn(null);
  expect(early).toEqual([]);
  await tx.commit();
  await marked;
  const { events } = await readOn(end);
  expect(idsOf(events)).toEqual([...first, ...second].map(({ eventId }) => eventId));
  await t.drain();
});

test("a first relay that fails leaves no gap, and its events come later", async () => {
  const first = await messagesOf(await someIntents(2));
  const second = await messagesOf(await someIntents(2));
  const tx = await t.db.transaction();
  await markRelayed(tx, first);
  const marked = markRelayed(t.db, second);
  await waitFor("the second relay to wait", () => someoneWaits(t.db));
  await tx.rollback();
  await marked;
  const { events: early, end } = await readOn(null);
  expect(idsOf(early)).toEqual(second.map(({ eventId }) => eventId));
  await t.drain();
  expect(idsOf((await readOn(end)).events)).toEqual(first.map(({ eventId }) => eventId));
});

test("several relays at once, with no lock among them, and a reader that skips nothing", async () => {
  const merchants = [merchantId, (await aMerchant(t)).id];
  let making = true;
  const made = Promise.all(
    Array.from({ length: 8 }, async () => {
      const ids: string[] = [];
      for (let n = 0; n < 20; n += 1) {
        for (const id of merchants) ids.push((await anIntent(t, id)).id);
      }
      return ids;
    }),
  ).finally(() => {
    making = false;
  });
  const relays = Array.from({ length: 3 }, async () => {
    const queues = createRecordedQueues();
    while (making || (await relayOnce(t.app, queues)) > 0) await relayOnce(t.app, queues);
  });
  const seen: string[] = [];
  let end: string | null = null;
  const read = async (): Promise<void> => {
    const page = await readOn(end, 7);
    seen.push(...idsOf(page.events));
    end = page.end;
  };
  while (making) await read();
  await Promise.all([made, ...relays]);
  await read();
  expect(seen).toHaveLength(160);
  expect(new Set(seen).size).toBe(160);
  expect((await placesOf(merchantId)).map(({ event_id }) => event_id)).toEqual(seen);
  await t.drain();
});

test("an idle write transaction in another database of the cluster holds nothing back", async () => {
  const database = await createTestDatabase();
  const other = new Client({ connectionString: database.url });
  await other.connect();
  try {
    await other.query("begin");
    await other.query("select pg_current_xact_id()");
    const [intent] = await someIntents(1);
    await t.relayOnce();
    const { events } = await readOn(null);
    expect(events.map(({ subjectId }) => subjectId)).toEqual([intent?.id]);
  } finally {
    await other.end();
    await database.drop();
  }
});

test("an idle write transaction in this database holds nothing back that is not its own", async () => {
  const tx = await t.db.transaction();
  try {
    await tx.raw("select pg_current_xact_id()");
    const [intent] = await someIntents(1);
    await t.relayOnce();
    const { events } = await readOn(null);
    expect(events.map(({ subjectId }) => subjectId)).toEqual([intent?.id]);
  } finally {
    await tx.rollback();
  }
});

const MINUTE_MS = 60_000;

/** A feed with an event for each minute up to a moment. */
async function aLongFeed(count: number, nowMs = Date.now()): Promise<string[]> {
  const rows = Array.from({ length: count }, (_, n) => ({
    id: newId("event", nowMs - (count - n) * MINUTE_MS),
    position: n + 1,
    type: "payment_intent.created",
  }));
  await t.db("events").insert(
    rows.map(({ id, type }) => ({
      merchant_id: merchantId,
      id,
      type,
      api_version: API_VERSION,
      // Of an object that has no versions, and so no transitions that the audit would miss.
      subject_id: "we_of_the_test",
      sequence: null,
      object: "{}",
    })),
  );
  await t.db("event_feed").insert(
    rows.map(({ id, position, type }) => ({
      merchant_id: merchantId,
      position,
      event_id: id,
      type,
    })),
  );
  return idsOf(rows);
}

const cursorOf = (position: number, id: string): string =>
  Buffer.from(`${String(position)} ${id}`).toString("base64url");

describe("a cursor whose event is not at its place", () => {
  test.each([
    ["another event is there", 40],
    ["the feed is shorter", 100_000],
    ["it is from when positions were transaction ids", 987_654_321],
  ])("goes on an hour before its event when %s", async (_name, position) => {
    const nowMs = Date.now();
    const ids = await aLongFeed(300, nowMs);
    // Between the 270th event and the next one, so that 59 are repeated.
    const lost = newId("event", nowMs - 29.5 * MINUTE_MS);
    const page = await listEvents(t.db, merchantId, { after: cursorOf(position, lost), first: 3 });
    expect(page.edges.map(({ node }) => node.id)).toEqual(ids.slice(211, 214));
    // And from there on as any other.
    const { events } = await readOn(page.pageInfo.endCursor, 50);
    expect(idsOf(events)).toEqual(ids.slice(214));
  });

  test("goes on at the beginning when all events are younger, and shows nothing of an empty feed", async () => {
    const old = newId("event", Date.now() - 600 * MINUTE_MS);
    const empty = await listEvents(t.db, merchantId, { after: cursorOf(3, old) });
    expect(empty.edges).toEqual([]);
    expect(empty.pageInfo.endCursor).toBe(cursorOf(3, old));
    const ids = await aLongFeed(10);
    const page = await listEvents(t.db, merchantId, { after: cursorOf(3, old) });
    expect(page.edges.map(({ node }) => node.id)).toEqual(ids);
  });

  test("goes on at the end, with what comes, when all events are older", async () => {
    await aLongFeed(10);
    const lost = newId("event", Date.now() + 600 * MINUTE_MS);
    const after = cursorOf(11, lost);
    expect((await listEvents(t.db, merchantId, { after })).edges).toEqual([]);
  });
});
