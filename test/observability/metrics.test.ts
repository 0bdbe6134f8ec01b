import { randomUUID } from "node:crypto";
import { Client } from "pg";
import { FAILURE_CODES } from "../../src/failures";
import { watchHorizon } from "../../src/observability/look-at-tables";
import { databaseErrors, poolWaitSeconds, registry } from "../../src/observability/metrics";
import { observeProcess } from "../../src/observability/observe-process";
import { observeTables } from "../../src/observability/observe-tables";
import { watchConnections } from "../../src/observability/watch-connections";
import { connect } from "../../src/db/connect";
import { waitUntil } from "../../src/dev/wait-until";
import { type TestApi, startTestApi } from "../support/api";
import { createEmptyDatabase } from "../support/database";
import { anEndpoint } from "../support/endpoints";
import { aConfirmedIntent, aMerchant, anIntent } from "../support/factories";
import { promtool, promtoolIsMissing } from "../support/promtool";

let t: TestApi;
let isReporter = true;
let atStart: string;

beforeAll(async () => {
  t = await startTestApi();
  observeProcess(t.app.db, t.app.tenantPool);
  observeTables(t.app.db, () => isReporter, 0);
  atStart = await registry.metrics();
});
afterAll(() => t.stop());

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

async function samples(name: string): Promise<Sample[]> {
  const metric = registry.getSingleMetric(name);
  const { values } = (await metric?.get()) ?? { values: [] };
  return values.map(({ labels, value }) => [labels as Sample[0], value] as const);
}

async function value(name: string): Promise<number | undefined> {
  return (await samples(name))[0]?.[1];
}

describe("before anything has happened", () => {
  it.each([
    ...FAILURE_CODES.map((code) => `oncepay_graphql_requests_total{code="${code}"} 0`),
    'oncepay_idempotency_outcomes_total{operation="refundPaymentIntent",outcome="reused"} 0',
    'oncepay_client_tries_total{attempt="more"} 0',
    'oncepay_processor_calls_total{processor="sandbox",operation="charge",outcome="unknown"} 0',
    'oncepay_effects_applied_total{operation="capture",outcome="approved"} 0',
    'oncepay_webhook_deliveries_total{outcome="dead"} 0',
    'oncepay_webhook_tries_total{try="10"} 0',
    'oncepay_settlements_total{source="operator",effect="contradiction"} 0',
    'oncepay_claims_total{what="delivery",outcome="lost"} 0',
    'oncepay_jobs_remade_total{what="attempt"} 0',
    'oncepay_db_errors_total{reason="full"} 0',
    'oncepay_queue_errors_total{queue="run-attempts",reason="deadlock"} 0',
    'oncepay_limit_refusals_total{policy="confirms-keyDeclines"} 0',
    'oncepay_resolution_checks_total{conclusion="contradicted"} 0',
    'oncepay_inbox_received_total{outcome="refused"} 0',
    'oncepay_redis_commands_total{outcome="late"} 0',
    "oncepay_audit_entries_dropped_total 0",
    "oncepay_attempts_orphaned_total 0",
    "oncepay_outbox_relayed_total 0",
  ])("%s is there", (line) => {
    expect(atStart.split("\n")).toContain(line);
  });

  it("every counter has a sample, and each is zero", async () => {
    const found = await registry.getMetricsAsJSON();
    const counters = found.filter(
      ({ name }) =>
        /_total$/.test(name) && !/^oncepay_(process|nodejs)_/.test(name) && atStart.includes(name),
    );
    expect(counters.length).toBeGreaterThan(20);
    const begun = (name: string) =>
      atStart.split("\n").filter((line) => line.startsWith(name) && /(\{| )/.test(line));
    expect(counters.filter(({ name }) => begun(name).length === 0)).toEqual([]);
  });
});

it("no label holds an id, an address or anything else without an end", async () => {
  const merchant = await aMerchant(t);
  const intent = await aConfirmedIntent(t, merchant.id);
  await t.drain();
  const text = await registry.metrics();
  expect(text).not.toMatch(/\b(mer|pi|att|evt|we|whd|key|sk|pk)_[0-9A-Za-z]{10,}/);
  expect(text).not.toContain(intent.id.slice(3));
});

const NOT_HERE = promtoolIsMissing();
const withPromtool = NOT_HERE === undefined ? it : it.skip;

withPromtool(`promtool finds nothing to complain about (${NOT_HERE ?? "it is here"})`, async () => {
  expect(promtool(["check", "metrics"], await registry.metrics())).toBe("");
});

describe("how long requests took", () => {
  const seconds = async (operation: string, code: string) => {
    const found = await samples("oncepay_graphql_request_seconds");
    const those = found.filter(
      ([labels]) => labels["operation"] === operation && labels["code"] === code,
    );
    // The last is the count.
    return those.at(-1)?.[1] ?? 0;
  };

  it("is by the one field that was asked for and by how it was answered", async () => {
    await t.send({ query: "{ __typename trialBalance { balanced } }" });
    await t.send({ query: "{ trialBalance { balanced } }" });
    await t.send({ query: "{ trialBalance { balanced } }", key: "sk_test_nobody" });
    await t.send({ query: "{ nothingOfThis }" });
    await t.send({ query: "{" });
    expect(await seconds("trialBalance", "OK")).toBe(1);
    expect(await seconds("several", "OK")).toBe(1);
    expect(await seconds("none", "BAD_USER_INPUT")).toBe(2);
    const unauthenticated = await samples("oncepay_graphql_request_seconds");
    expect(unauthenticated.some(([{ code }]) => code === "UNAUTHENTICATED")).toBe(true);
  });

  it("has a bucket that ends at the promised 200 ms", async () => {
    const bounds = (await samples("oncepay_graphql_request_seconds")).map(([labels]) =>
      String(labels["le"]),
    );
    expect(bounds).toEqual(expect.arrayContaining(["0.15", "0.2", "0.25"]));
  });
});

describe("what the tables say", () => {
  it("is said by the one process that reports, and by no other", async () => {
    isReporter = false;
    expect(await samples("oncepay_outbox_rows")).toEqual([]);
    expect(await samples("oncepay_dead_letters")).toEqual([]);
    isReporter = true;
    expect(await samples("oncepay_outbox_rows")).toHaveLength(1);
  });

  it("is about what waits, its age, and what it is worth in each currency", async () => {
    const merchant = await aMerchant(t);
    const at = await anEndpoint(t, merchant.id, { url: "http://127.0.0.1:1/hook" });
    const [first] = [
      await aConfirmedIntent(t, merchant.id, { amount: 700, currency: "EUR" }),
      await aConfirmedIntent(t, merchant.id, { amount: 500, currency: "JPY" }),
      await anIntent(t, merchant.id),
    ];
    await t.relayOnce();
    await t
      .db("attempts")
      .where({ merchant_id: merchant.id })
      .update({
        created_at: t.db.raw("now() - interval '90 seconds'"),
      });
    await t
      .db("webhook_deliveries")
      .where({ endpoint_id: at.id })
      .update({
        created_at: t.db.raw("now() - interval '700 seconds'"),
        next_at: t.db.raw("now() - interval '600 seconds'"),
      });
    expect(await value("oncepay_queued_attempts")).toBe(2);
    expect(await value("oncepay_queued_oldest_seconds")).toBeGreaterThanOrEqual(90);
    expect(await value("oncepay_due_oldest_seconds")).toBeGreaterThanOrEqual(600);
    expect(await samples("oncepay_webhook_endpoint_lag_seconds")).toEqual([
      [{ rank: "1" }, expect.any(Number)],
    ]);
    expect(await value("oncepay_webhook_endpoint_lag_seconds")).toBeGreaterThanOrEqual(700);
    expect(Object.fromEntries(await behind())).toEqual({ 10: 1, 60: 1, 600: 1, 3600: 0 });

    // Sent by a worker that is gone: the sweep finds it, and its look-up is not due yet.
    const ofFirst = () => t.db("attempts").where({ payment_intent_id: first.id });
    const sent = { status: "SENT", sent_at: t.db.fn.now(), worker_id: randomUUID(), sends: 1 };
    await ofFirst().update(sent);
    expect(await t.sweepOnce()).toMatchObject({ orphaned: 1 });
    await ofFirst().update({ unknown_since: t.db.raw("now() - interval '50 seconds'") });
    await t
      .db("webhook_deliveries")
      .where({ endpoint_id: at.id, event_id: await anEventOf(first.id) })
      .update({ status: "DEAD", next_at: null, error_class: "TIMEOUT" });
    expect(await samples("oncepay_unknown_amount_minor")).toEqual([[{ currency: "EUR" }, 700]]);
    expect(await value("oncepay_unknown_oldest_seconds")).toBeGreaterThanOrEqual(50);
    expect(await samples("oncepay_dead_letters")).toEqual([[{ cause: "TIMEOUT" }, 1]]);

    // As it would have become in time.
    await t.db("webhook_deliveries").where({ endpoint_id: at.id, status: "SCHEDULED" }).update({
      status: "DISCARDED",
      next_at: null,
    });
    await t.makeDue();
    await t.drain();
    expect(await samples("oncepay_unknown_amount_minor")).toEqual([]);
    expect(await value("oncepay_outbox_rows")).toBe(0);
    expect(await value("oncepay_feed_lag_seconds")).toBe(0);
  });

  const behind = async () =>
    (await samples("oncepay_webhook_endpoints_behind")).map(
      ([labels, count]) => [labels["seconds"], count] as const,
    );
  const anEventOf = async (subject: string): Promise<string> => {
    const [event] = await t.db("events").where({ subject_id: subject }).select("id").limit(1);
    return (event as { id: string }).id;
  };

  const PATIENCE = { timeoutMs: 60_000 };

  it("holds how long the oldest transaction is open, in whatever database it is", async () => {
    const elsewhere = await createEmptyDatabase();
    const client = new Client({ connectionString: elsewhere.url });
    await client.connect();
    await client.query("begin");
    await client.query("select pg_current_xact_id()");
    // Something that is younger.
    await anIntent(t, (await aMerchant(t)).id);
    // Other tests share the server: while one of them has an older transaction, that is the one whose age is told.
    let age = watchHorizon(() => 0);
    const told = async (): Promise<readonly number[]> => {
      let nowMs = 0;
      age = watchHorizon(() => nowMs);
      const first = await age(t.app.db);
      nowMs = 400_000;
      return [first, await age(t.app.db)];
    };
    expect(await waitUntil(async () => (await told()).join() === "0,400", PATIENCE)).toBe(true);
    await client.query("rollback");
    await client.end();
    const isOver = async (): Promise<boolean> => {
      await anIntent(t, (await aMerchant(t)).id);
      return (await age(t.app.db)) < 400;
    };
    expect(await waitUntil(isOver, PATIENCE)).toBe(true);
    await elsewhere.drop();
  });
});

describe("the database", () => {
  it("answers, and its clock is this process's", async () => {
    expect(await value("oncepay_db_answers")).toBe(1);
    expect(Math.abs((await value("oncepay_clock_offset_seconds")) ?? Infinity)).toBeLessThan(60);
  });

  const errors = async (reason: string): Promise<number> => {
    const { values } = await databaseErrors.get();
    return values.find(({ labels }) => labels["reason"] === reason)?.value ?? 0;
  };

  it.each([
    ["readonly", "set transaction read only; create table x ()"],
    ["constraint", "insert into merchants (id, name) values (null, null)"],
    ["full", "do $$ begin raise exception using errcode = '53100'; end $$"],
    ["timeout", "set local statement_timeout = 1; select pg_sleep(10)"],
    ["other", "select 1 / 0"],
  ])("counts what it did not do: %s", async (reason, statement) => {
    const db = connect({ url: t.databaseUrl, poolMax: 1, applicationName: "test" });
    watchConnections(db, "system");
    const before = await errors(reason);
    await expect(db.transaction((tx) => tx.raw(statement))).rejects.toThrow();
    expect(await errors(reason)).toBe(before + 1);
    await db.destroy();
  });

  it("counts how long callers waited for a connection", async () => {
    const db = connect({ url: t.databaseUrl, poolMax: 1, applicationName: "test" });
    watchConnections(db, "system");
    const waits = async () => {
      const { values } = await poolWaitSeconds.get();
      const counts = values.filter(
        ({ labels, metricName }) =>
          labels.pool === "system" && metricName === "oncepay_db_pool_wait_seconds_count",
      );
      return counts[0]?.value ?? 0;
    };
    await db.raw("select 1");
    const before = await waits();
    await db.raw("select 1");
    expect(await waits()).toBe(before);
    await Promise.all([db.raw("select 1"), db.raw("select 1"), db.raw("select 1")]);
    expect(await waits()).toBe(before + 2);
    await db.destroy();
  });
});
