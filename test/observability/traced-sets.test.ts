import { randomBytes } from "node:crypto";
import { type SpanEnd, type SpanOptions, useTracer } from "../../src/observability/tracing";
import { capturePaymentIntent } from "../../src/payments/capture-payment-intent";
import { type TestApp, startTestApp } from "../support/app";
import { anEndpoint } from "../support/endpoints";
import {
  aMerchant,
  captureCommand,
  confirmCommand,
  createCommand,
  succeeded,
} from "../support/factories";
import { type TestReceiver, startReceiver } from "../support/receiver";

/*
 * Requests commit together, rows are relayed in batches, answers are settled in sets: and each payment stays in the
 * trace of whoever asked for it. Of OpenTelemetry there is only as much here as the code knows of it: a tracer.
 */

const PAYMENTS = 40;

let t: TestApp;
let receiver: TestReceiver;
const ended: { name: string; traceId: string; failed: string | undefined }[] = [];

beforeAll(async () => {
  [receiver, t] = await Promise.all([
    startReceiver(),
    startTestApp({ ONCEPAY_WEBHOOK_SCHEDULE_MS: "1,1,1" }),
  ]);
  useTracer({ start });
});

afterAll(async () => {
  useTracer(undefined);
  await t.stop();
  await receiver.close();
});

function start({ name, parent }: SpanOptions) {
  const traceId = parent?.split("-")[1] ?? randomBytes(16).toString("hex");
  return {
    traceparent: `00-${traceId}-${randomBytes(8).toString("hex")}-01`,
    rename: () => undefined,
    end: ({ failed }: SpanEnd = {}) => {
      ended.push({ name, traceId, failed });
    },
  };
}

const traceOf = (index: number): string => (index + 1).toString(16).padStart(32, "0");
const callerOf = (index: number): string => `00-${traceOf(index)}-b7ad6b7169203331-01`;

interface Carried {
  readonly id: string;
  readonly traceparent: string;
}

test("each payment of a set stays in its own trace, through all that is done in sets", async () => {
  const merchant = await aMerchant(t);
  await anEndpoint(t, merchant.id, { url: receiver.url });
  const indexes = Array.from({ length: PAYMENTS }, (_, index) => index);
  const intents = await Promise.all(
    indexes.map(async (index) => {
      const given = { traceparent: callerOf(index), captureMethod: "MANUAL" } as const;
      return succeeded(await t.app.createPaymentIntent(createCommand(merchant.id, given)));
    }),
  );
  await Promise.all(
    intents.map(async ({ id }, index) => {
      const command = confirmCommand(merchant.id, id, { traceparent: callerOf(index) });
      return succeeded(await t.app.confirmPaymentIntent(command));
    }),
  );
  receiver.answerWith(...indexes.map(() => 503));
  await t.drain();
  for (const [index, { id }] of intents.entries()) {
    const command = captureCommand(merchant.id, id, { traceparent: callerOf(index) });
    await capturePaymentIntent(t.app.db, command);
  }
  await t.drain();
  await t.makeDue();
  await t.drain();

  const indexOf = new Map(intents.map(({ id }, index) => [id, index]));
  const isElsewhere = ({ id, traceparent }: Carried): boolean =>
    traceparent.split("-")[1] !== traceOf(indexOf.get(id) ?? -1);
  const { rows } = await t.db.raw<{ rows: Carried[] }>(
    `select payment_intent_id as id, coalesce(traceparent, '') as traceparent from attempts
      union all select e.subject_id, coalesce(d.traceparent, '') from webhook_deliveries d
        join events e on e.merchant_id = d.merchant_id and e.id = d.event_id`,
  );
  // Two attempts of each, and at least six events.
  expect(rows.length).toBeGreaterThanOrEqual(8 * PAYMENTS);
  expect(rows.filter(isElsewhere)).toEqual([]);
  const sent = receiver.received.map(({ body, headers }) => ({
    id: (JSON.parse(body) as { subjectId: string }).subjectId,
    traceparent: String(headers["traceparent"]),
  }));
  expect(sent.length).toBeGreaterThanOrEqual(7 * PAYMENTS);
  expect(sent.filter(isElsewhere)).toEqual([]);

  const traces = indexes.map(traceOf);
  expect(ended.filter(({ traceId }) => !traces.includes(traceId))).toEqual([]);
  // As many of each kind in every trace: nothing of a set is missing, or told twice.
  const namesIn = (traceId: string): string[] =>
    ended
      .filter((span) => span.traceId === traceId && span.name !== "POST webhook")
      .map(({ name }) => name)
      .sort();
  for (const traceId of traces) expect(namesIn(traceId)).toEqual(namesIn(traceOf(0)));
  expect(namesIn(traceOf(0))).toEqual(
    expect.arrayContaining(["commit confirmPaymentIntent", "call sandbox capture", "settle"]),
  );
  const failed = ended.filter((span) => span.failed !== undefined);
  expect(failed.map(({ name, failed: what }) => `${name}: ${String(what)}`)).toEqual(
    indexes.map(() => "POST webhook: SERVER_ERROR"),
  );
});
