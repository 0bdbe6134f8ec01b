import { blankLegacyEvents } from "../../src/erasure/blank-legacy-events";
import { type TestApi, makePaid, newKey, REFUND_INTENT, startTestApi } from "../support/api";
import { eraseCustomer, expectFinished } from "./erase";
import { grepDatabase } from "./grep-database";

/** Events that were stored before there was a sealed part: they show everything, and are never changed but for this. */

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

const OLD = { customer: "cus-of-old", description: "Wool of old", metadata: { m: "in the clear" } };
const WORDS = [OLD.customer, OLD.description, OLD.metadata.m, "an old note"];

async function update(where: object, to: object): Promise<unknown> {
  return api.db("events").where(where).update(to);
}

/** Makes an intent and all that is written about it what the version before would have written. */
async function age(id: string): Promise<void> {
  await api.db.transaction(async (tx) => {
    await tx.raw("set local session_replication_role = replica");
    await tx.raw(
      `update events e set personal = null, object = (case when e.type like 'refund.%'
        then (select refund_snapshot(r) from refunds r where r.id = e.object ->> 'id')
        else (e.object::jsonb || jsonb_build_object('description', ?::text, 'customer', ?::text,
          'metadata', ?::jsonb))::json end)
      where subject_id = ?`,
      [OLD.description, OLD.customer, JSON.stringify(OLD.metadata), id],
    );
    await tx.raw("update refunds set personal = null where payment_intent_id = ?", [id]);
    await tx.raw("update payment_intents set personal = null, personal_key = null where id = ?", [
      id,
    ]);
    await tx.raw(
      `update idempotency_keys set beside = (select payment_intent_snapshot(pi) from payment_intents pi where pi.id = ?)
      where operation = 'refundPaymentIntent'`,
      [id],
    );
  });
}

test("they are counted, and blanked by a command of their own, which changes nothing else", async () => {
  const { id } = await makePaid(api, OLD);
  const key = newKey();
  const input = { paymentIntentId: id, amount: 10, metadata: { n: "an old note" } };
  const { body } = await api.send({ query: REFUND_INTENT, variables: { input, key } });
  expect(body.errors).toBeUndefined();
  await api.drain();
  await age(id);
  const events = () =>
    api.db("events").where({ subject_id: id }).orderBy("id").select("id", "type", "object");
  const before = (await events()) as { id: string; object: Record<string, unknown> }[];
  expect(await grepDatabase(api.db, WORDS)).toContain("idempotency_keys.beside");

  await expect(update({ subject_id: id }, { object: "{}" })).rejects.toThrow(/append-only/);
  const erasure = await eraseCustomer(api, OLD.customer);
  await expectFinished(api, erasure.id, { paymentIntents: 1, eventsInClear: before.length });
  expect(await grepDatabase(api.db, WORDS)).toEqual(["events.object"]);

  const [first] = before;
  const blank = { description: null, customer: null, metadata: {} };
  const forged = { ...first?.object, ...blank, amount: 1 };
  await expect(update({ id: first?.id }, { object: JSON.stringify(forged) })).rejects.toThrow(
    /append-only/,
  );
  await expect(update({ id: first?.id }, { type: "payment_intent.failed" })).rejects.toThrow(
    /append-only/,
  );

  expect(await blankLegacyEvents(api.db)).toEqual({ erasures: 1, events: before.length });
  expect(await grepDatabase(api.db, WORDS)).toEqual([]);
  const after = (await events()) as typeof before;
  expect(after).toEqual(
    before.map((event) => {
      const blanked = event.object["object"] === "refund" ? { metadata: {} } : blank;
      const personalDataErasedAt = expect.any(String) as string;
      return { ...event, object: { ...event.object, ...blanked, personalDataErasedAt } };
    }),
  );
  await expectFinished(api, erasure.id, { eventsInClear: 0 });
  expect(await blankLegacyEvents(api.db)).toEqual({ erasures: 0, events: 0 });
  const replayed = await api.send({
    query: REFUND_INTENT.replace("paymentIntent { id", "paymentIntent { customer metadata id"),
    variables: { input, key },
  });
  expect(replayed.data.refundPaymentIntent.paymentIntent).toMatchObject({
    id,
    customer: null,
    metadata: {},
  });
});

test("an event of a payment that is not erased stays as it is, whoever asks", async () => {
  const { id } = await makePaid(api, { ...OLD, customer: "cus-who-stays" });
  await age(id);
  const [event] = (await api.db("events").where({ subject_id: id })) as [
    { id: string; object: Record<string, unknown> },
  ];
  const blank = { ...event.object, description: null, customer: null, metadata: {} };
  await expect(update({ id: event.id }, { object: JSON.stringify(blank) })).rejects.toThrow(
    /append-only/,
  );
});
