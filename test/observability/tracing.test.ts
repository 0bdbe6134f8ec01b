import { auditBooks } from "../../src/audit/audit-books";
import { networkOf } from "../attack/witness";
import {
  type CollectedSpan,
  type Collector,
  attributeOf,
  startCollector,
} from "../support/collector";
import type { ReceivedWebhook } from "../support/receiver";
import { CARD, CUSTOMER, type TracingWorld, eventIn, startTracingWorld } from "./tracing-world";

/*
 * Tracing between real processes: what is sent to a collector, to the card network and to a receiver, of one payment
 * from the request to the webhook.
 */

/** Where it hangs; on a quiet machine it takes seconds, on a busy one minutes. */
const START_MS = 900_000;

const CALLER = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
const TRACEPARENT = `00-${CALLER.traceId}-${CALLER.spanId}-01`;

async function auditOf({ installation }: TracingWorld): Promise<void> {
  const { movements } = networkOf(installation);
  expect(await auditBooks(installation.db, { movements })).toEqual([]);
}

interface CarriedRow {
  readonly table: string;
  readonly traceparent: string | null;
}

/** What of the tables says of traces; the outbox is empty by then. */
async function carriedBy({ installation }: TracingWorld): Promise<CarriedRow[]> {
  const { rows } = await installation.db.raw<{ rows: CarriedRow[] }>(
    `select 'attempts' as table, traceparent from attempts
      union all select 'webhook_deliveries', traceparent from webhook_deliveries`,
  );
  return rows;
}

describe("with a collector", () => {
  let collector: Collector;
  let world: TracingWorld;
  let paid: string;
  let stranger: string;
  let loaded: string[][];

  beforeAll(async () => {
    collector = await startCollector();
    world = await startTracingWorld("traced", {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: "x-collector-key=sesame",
      // Nothing is sent before the end, and the end waits for ever: but for the bound that the process sets.
      OTEL_BSP_SCHEDULE_DELAY: "3600000",
      OTEL_BSP_EXPORT_TIMEOUT: "3600000",
      OTEL_EXPORTER_OTLP_TIMEOUT: "3600000",
    });
    world.receiver.answerWith(500);
    paid = await world.pay("paid", { traceparent: TRACEPARENT, "x-request-id": "paid" });
    stranger = await world.pay("stranger", {
      traceparent: `${TRACEPARENT}-${"0".repeat(5_000)}`,
      tracestate: "evil=1",
      "x-request-id": "stranger",
    });
    expect(collector.spans).toEqual([]);
    loaded = await world.stopOurs();
  }, START_MS);

  afterAll(async () => {
    await auditOf(world);
    await world.close();
    await collector.close();
  });

  const ofTrace = (traceId: string): CollectedSpan[] =>
    collector.spans.filter((span) => span.traceId === traceId);
  const byId = (spanId: string | undefined): CollectedSpan | undefined =>
    collector.spans.find((span) => span.spanId === spanId);
  const pathOf = (span: CollectedSpan | undefined): string[] =>
    span ? [span.name, ...pathOf(byId(span.parentSpanId))] : [];
  const received = (type: string, id: string) =>
    world.receiver.received.filter(({ body }) => eventIn(body) === `${type} ${id}`);

  test("stopping sends what has not been sent, of both processes", () => {
    expect(new Set(collector.spans.map(({ service }) => service))).toEqual(
      new Set(["oncepay-api", "oncepay-worker"]),
    );
    expect(collector.requests.every((text) => text.startsWith("/v1/traces "))).toBe(true);
    expect(collector.requests.every((text) => text.includes('"x-collector-key":"sesame"'))).toBe(
      true,
    );
    expect(loaded.map((packages) => packages.includes("sdk-trace-base"))).toEqual([true, true]);
    expect([world.api, world.worker].map(({ exits }) => exits.at(-1)?.code)).toEqual([0, 0]);
  });

  test("a payment is one trace from its requests to its webhooks, and a tree below its caller's span", () => {
    const spans = ofTrace(CALLER.traceId);
    const ids = new Set(spans.map(({ spanId }) => spanId));
    const roots = spans.filter(({ parentSpanId }) => !ids.has(parentSpanId ?? ""));
    expect(roots.map(({ name, parentSpanId }) => [name, parentSpanId]).sort()).toEqual([
      ["POST confirmPaymentIntent", CALLER.spanId],
      ["POST createPaymentIntent", CALLER.spanId],
    ]);
    // What a webhook of the card network applies is settled beside the call; then it is heard twice.
    const names = spans.filter(({ name }) => name !== "settle").map(({ name }) => name);
    const counts = Object.fromEntries(
      [...new Set(names)].map((name) => [name, names.filter((one) => one === name).length]),
    );
    expect(counts).toEqual({
      "POST createPaymentIntent": 1,
      "commit createPaymentIntent": 1,
      "POST confirmPaymentIntent": 1,
      "commit confirmPaymentIntent": 1,
      "run attempt": 1,
      "call sandbox charge": 1,
      relay: 3,
      // Three events, two endpoints, and one try that was refused.
      "POST webhook": 7,
    });
    const call = spans.find(({ name }) => name === "call sandbox charge");
    expect(pathOf(call)).toEqual([
      "call sandbox charge",
      "run attempt",
      "commit confirmPaymentIntent",
      "POST confirmPaymentIntent",
    ]);
    expect(spans.filter(({ name }) => name === "settle").map(pathOf)).toContainEqual([
      "settle",
      "run attempt",
      "commit confirmPaymentIntent",
      "POST confirmPaymentIntent",
    ]);
  });

  test("the card network and the receiver are told the span of their own call", () => {
    const charges = world.network.forwarded.filter(({ path }) => path === "/v1/charges");
    const told = charges.map(({ headers }) => headers.traceparent);
    const calls = collector.spans.filter(({ name }) => name === "call sandbox charge");
    expect(told.sort()).toEqual(
      calls.map(({ traceId, spanId }) => `00-${traceId}-${spanId}-01`).sort(),
    );
    const [webhook] = received("payment_intent.succeeded", paid);
    const [, traceId, spanId] = String(webhook?.headers["traceparent"]).split("-");
    expect(traceId).toBe(CALLER.traceId);
    const path = pathOf(byId(spanId));
    expect(path.slice(0, 3)).toEqual(["POST webhook", "relay", "settle"]);
    expect(path.slice(-2)).toEqual(["commit confirmPaymentIntent", "POST confirmPaymentIntent"]);
  });

  test("a webhook that is tried again is the same trace, and another span", () => {
    const isSecond = ({ id }: ReceivedWebhook, index: number): boolean =>
      world.receiver.received.findIndex((other) => other.id === id) < index;
    const second = world.receiver.received.find(isSecond);
    const first = world.receiver.received.find(({ id }) => id === second?.id);
    const spans = [first, second].map((webhook) =>
      byId(String(webhook?.headers["traceparent"]).split("-")[2]),
    );
    expect(spans.map((span) => span && attributeOf(span, "oncepay.try"))).toEqual([1, 2]);
    expect(spans.map((span) => span && attributeOf(span, "error.type"))).toEqual([
      "SERVER_ERROR",
      undefined,
    ]);
    expect(new Set(spans.map((span) => span?.parentSpanId)).size).toBe(1);
    expect(new Set(spans.map((span) => span?.spanId)).size).toBe(2);
    expect(new Set(spans.map((span) => span?.traceId))).toEqual(new Set([CALLER.traceId]));
  });

  test("a traceparent that is not well-formed is as none, and a tracestate goes nowhere", async () => {
    const requests = collector.spans.filter(
      (span) => attributeOf(span, "oncepay.request.id") === "stranger",
    );
    expect(requests.map(({ name }) => name).sort()).toEqual([
      "POST confirmPaymentIntent",
      "POST createPaymentIntent",
    ]);
    for (const { traceId, parentSpanId } of requests) {
      expect(parentSpanId ?? "").toBe("");
      expect(traceId).not.toBe(CALLER.traceId);
    }
    const [webhook] = received("payment_intent.succeeded", stranger);
    expect(requests.map(({ traceId }) => traceId)).toContain(
      String(webhook?.headers["traceparent"]).split("-")[1],
    );
    const sent = [...world.receiver.received, ...world.network.forwarded];
    expect(sent.filter(({ headers }) => "tracestate" in headers)).toEqual([]);
    expect(collector.requests.filter((text) => text.includes("evil"))).toEqual([]);
    const rows = await carriedBy(world);
    expect(rows.filter(({ traceparent }) => traceparent?.length !== 55)).toEqual([]);
  });

  test("spans hold no card, no customer, no key and no URL", () => {
    const { secretKey } = world.installation.merchant;
    const secrets = [CARD, CUSTOMER, secretKey, "a blue shirt", "_secret_", world.receiver.url];
    const found = secrets.filter((secret) =>
      collector.requests.some((text) => text.includes(secret)),
    );
    expect(found).toEqual([]);
  });

  test(
    "with a collector that hangs, payments go on, and stopping does not wait for it",
    async () => {
      collector.hang();
      await Promise.all([world.api.start(), world.worker.start()]);
      const before = collector.requests.length;
      await world.pay("hanging");
      await world.stopOurs();
      expect(collector.requests.length).toBeGreaterThan(before);
      expect([world.api, world.worker].map(({ exits }) => exits.at(-1))).toMatchObject([
        { code: 0, signal: null },
        { code: 0, signal: null },
      ]);
    },
    START_MS,
  );
});

describe("without one", () => {
  let world: TracingWorld;

  beforeAll(async () => {
    world = await startTracingWorld("untraced", {
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9",
      OTEL_SDK_DISABLED: "true",
    });
  }, START_MS);

  afterAll(async () => {
    await auditOf(world);
    await world.close();
  });

  test(
    "nothing is sent, nothing is kept, and no package is loaded",
    async () => {
      await world.pay("paid", { traceparent: TRACEPARENT });
      const sent = [...world.receiver.received, ...world.network.forwarded];
      expect(sent.length).toBeGreaterThan(0);
      expect(sent.filter(({ headers }) => "traceparent" in headers)).toEqual([]);
      const rows = await carriedBy(world);
      expect(new Set(rows.map(({ table }) => table)).size).toBe(2);
      expect(rows.filter(({ traceparent }) => traceparent !== null)).toEqual([]);
      // prom-client has the API of OpenTelemetry, which does nothing by itself.
      expect(await world.stopOurs()).toEqual([["api"], ["api"]]);
    },
    START_MS,
  );
});
