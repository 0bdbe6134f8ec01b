import { suspectMessages, readMessages } from "../../src/events/outbox";
import { RELAY_LIMIT, newRelay, relayOnce } from "../../workers/relay-outbox";
import { type TestApp, startTestApp } from "../support/app";
import { crashOnceAt, dying, expectCrashed } from "../support/crash";
import { anEndpoint, makeEvents } from "../support/endpoints";
import { aMerchant, anIntent } from "../support/factories";
import { type TestReceiver, startReceiver } from "../support/receiver";

let t: TestApp;
let receiver: TestReceiver;
let merchantId: string;
beforeAll(async () => {
  t = await startTestApp();
});
afterAll(() => t.stop());
beforeEach(async () => {
  receiver = await startReceiver();
  merchantId = (await aMerchant(t)).id;
  await anEndpoint(t, merchantId, receiver);
});
afterEach(() => receiver.close());

const outbox = () => t.db("outbox").orderBy("id");

describe("a row that relays die over", () => {
  /** Nobody can plan the deliveries of this payment's event. */
  async function poison(): Promise<string> {
    const { id } = await anIntent(t, merchantId);
    await t.db.raw(`
      create function refuse_poison() returns trigger language plpgsql as $$
      begin
        if exists (select from events e where e.merchant_id = new.merchant_id
          and e.id = new.event_id and e.subject_id = '${id}') then raise exception 'poison'; end if;
        return new;
      end $$;
      create trigger refuse_poison before insert on webhook_deliveries
        for each row execute function refuse_poison()`);
    return id;
  }

  const heal = () => t.db.raw("drop function if exists refuse_poison cascade");
  afterEach(heal);

  it("is set aside, and all others go on; it is relayed when it is harmless", async () => {
    await makeEvents(t, merchantId, 5);
    await poison();
    await makeEvents(t, merchantId, 5);
    const relay = newRelay();
    let relayed = 0;
    for (let round = 0; round < 4; round += 1) {
      relayed += await relayOnce(t.app, t.queues, relay).catch(() => 0);
    }
    expect(relayed).toBe(10);
    expect(await outbox()).toMatchObject([{ relay_deaths: 2, aside_until: expect.any(Date) }]);
    await t.deliverWebhooks();
    expect(receiver.received).toHaveLength(10);
    await makeEvents(t, merchantId, 3);
    expect(await relayOnce(t.app, t.queues, relay)).toBe(3);
    await heal();
    await t.db.raw("update outbox set aside_until = null");
    await t.drain();
    expect(await outbox()).toEqual([]);
    expect(receiver.received).toHaveLength(14);
  });

  it("is tried again now and then, for longer apart each time, and at last only when a person says so", async () => {
    await makeEvents(t, merchantId, 1);
    const pauses: (string | null | undefined)[] = [];
    const [message] = await readMessages(t.db, 1);
    if (!message) throw new Error("the outbox is empty");
    for (let deaths = 1; deaths <= 8; deaths += 1) {
      await suspectMessages(t.db, [message]);
      const { rows } = await t.db.raw<{ rows: { pause: string | null }[] }>(
        `select case when aside_until = 'infinity' then 'for good'
           else round(extract(epoch from aside_until - now()))::text end as pause from outbox`,
      );
      pauses.push(rows[0]?.pause);
    }
    expect(pauses).toEqual([null, "2", "8", "32", "128", "512", "2048", "for good"]);
    expect(await readMessages(t.db, 1)).toEqual([]);
    await t.db.raw("update outbox set aside_until = null, relay_deaths = 0");
    await t.drain();
  });

  it("is nobody where relays are killed for another reason: each goes on where the last one ended", async () => {
    await makeEvents(t, merchantId, 6);
    for (let deaths = 0; deaths < 3; deaths += 1) {
      const relay = newRelay();
      relay.isWary = true;
      crashOnceAt("relay.after_publish");
      await dying(relayOnce(t.app, t.queues, relay));
      expectCrashed("relay.after_publish");
      await t.db.raw("update outbox set aside_until = null where aside_until is not null");
    }
    await t.drain();
    expect(await outbox()).toEqual([]);
    expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(6);
    expect(receiver.received).toHaveLength(6);
  });

  it("is not looked for when the queue is away", async () => {
    await makeEvents(t, merchantId, 4);
    const away = { ...t.queues, add: () => Promise.reject(new Error("away")) };
    const relay = newRelay();
    relay.isWary = true;
    for (let round = 0; round < 4; round += 1) {
      await expect(relayOnce(t.app, away, relay)).rejects.toThrow("could not be added");
    }
    expect((await outbox()).map(({ relay_deaths }) => relay_deaths as number)).toEqual([
      0, 0, 0, 0,
    ]);
    await t.drain();
  });
});

describe("a backlog with a rate", () => {
  const RATE = 200;

  it("is relayed no faster, while what is new is published at once and in its place in the feed", async () => {
    await makeEvents(t, merchantId, 120);
    await t.db.raw("update outbox set created_at = now() - interval '1 minute'");
    const relay = newRelay(RATE);
    await relayOnce(t.app, t.queues, relay);
    const startedAt = performance.now();
    const left = (await outbox()).length;
    const { id } = await anIntent(t, merchantId);
    await relayOnce(t.app, t.queues, relay);
    await t.deliverWebhooks();
    const told = receiver.received.map(({ body }) => JSON.parse(body) as { subjectId: string });
    expect(told.map(({ subjectId }) => subjectId)).toContain(id);
    expect(receiver.received.length).toBeLessThan(120);
    while ((await outbox()).length > 0) await relayOnce(t.app, t.queues, relay);
    // Never faster, but for what was saved up in the fifth of a second before.
    const leastMs = ((left - 1) / RATE) * 1_000 - 200;
    expect(performance.now() - startedAt).toBeGreaterThan(leastMs);
    await relayOnce(t.app, t.queues, relay);
    expect(relay.backlog).toBeUndefined();
    await t.drain();
    expect(receiver.received).toHaveLength(121);
    expect(new Set(receiver.received.map((webhook) => webhook.id)).size).toBe(121);
    const feed = await t.db("event_feed").where({ merchant_id: merchantId }).orderBy("position");
    const events = await t.db("events").where({ merchant_id: merchantId, subject_id: id });
    expect(feed.at(-1)).toMatchObject({ event_id: events[0].id, position: 121 });
  });

  it("is none while the relay keeps up", async () => {
    await makeEvents(t, merchantId, 50);
    const relay = newRelay(1);
    expect(await relayOnce(t.app, t.queues, relay)).toBe(50);
    expect(relay.backlog).toBeUndefined();
    expect(RELAY_LIMIT).toBeGreaterThan(50);
    await t.drain();
  });
});
