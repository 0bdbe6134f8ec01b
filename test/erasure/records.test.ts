import { type TestApi, makeIntent, makePaid, startTestApi } from "../support/api";
import { refundCommand, succeeded } from "../support/factories";
import { refundPaymentIntent } from "../../src/payments/refund-payment-intent";

/*
 * The database writes an object in two ways: whole, as it is shown, and as events keep it, where what is personal is
 * sealed beside it. A field that one of the two lacks would be lost in every event.
 */

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

const PERSONAL = {
  payment_intent: ["customer", "description", "metadata", "personalDataErasedAt"],
  refund: ["metadata", "note", "personalDataErasedAt"],
} as const;

test.each(Object.entries(PERSONAL))(
  "%s: a record is all but the personal",
  async (of, personal) => {
    const { app, db, merchant } = api;
    const told = { customer: "cus_1", description: "a book", metadata: { shelf: "3" } };
    const { id } = await makePaid(api, told);
    await makeIntent(api);
    for (const metadata of [{}, { shelf: "3" }]) {
      succeeded(
        await refundPaymentIntent(app.db, refundCommand(merchant.id, id, { amount: 10, metadata })),
      );
    }
    await api.drain();
    const { rows } = await db.raw<{ rows: Row[] }>(
      `select o.personal is not null as "isSealed",
       ${of}_record(o) as "record", ${of}_snapshot(o) as "shown" from ${of}s o`,
    );
    expect(new Set(rows.map(({ isSealed }) => isSealed))).toEqual(new Set([true, false]));
    for (const { isSealed, record, shown } of rows) {
      const kept = Object.entries(shown).filter(
        ([name]) => !isSealed || !(personal as readonly string[]).includes(name),
      );
      // The order too: what is replayed from an event has the same bytes.
      expect(Object.entries(record)).toEqual(kept);
    }
  },
);

interface Row {
  readonly isSealed: boolean;
  readonly record: Readonly<Record<string, unknown>>;
  readonly shown: Readonly<Record<string, unknown>>;
}
