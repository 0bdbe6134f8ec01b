import { Gauge } from "prom-client";
import { type Db, type Statement, run } from "../db/db";
import { registry } from "./metrics";
import { observeReconciliation } from "./reconciliation-gauges";

/** What the tables say when they are scraped. All of it is read from small partial indexes. */
const LOOK: Statement = {
  name: "observe",
  text: `
    select
      (select count(*) from outbox) as "outboxRows",
      (select coalesce(extract(epoch from now() - min(created_at)), 0) from outbox)
        as "outboxOldestSeconds",
      (select count(*) from outbox where aside_until is not null) as "outboxSetAside",
      (select count(*) from webhook_endpoints where failing_since is not null)
        as "failingEndpoints",
      open.*,
      (select count(*) from webhook_deliveries where next_at is not null) as "dueDeliveries",
      (select count(*) from webhook_deliveries where status = 'DEAD') as "deadLetters",
      (select count(*) from inbox where next_at is not null and status = 'PARKED') as "parkedInbox"
    from (
      select count(*) filter (where status = 'UNKNOWN') as "unknownAttempts",
        coalesce(
          extract(epoch from now() - min(unknown_since) filter (where status = 'UNKNOWN')), 0
        ) as "unknownOldestSeconds",
        coalesce(sum(amount) filter (where status = 'UNKNOWN'), 0) as "unknownAmountMinor",
        count(*) filter (where status = 'QUEUED') as "queuedAttempts",
        count(*) filter (where status = 'SENT') as "sentAttempts"
      from attempts where settled_at is null
    ) open`,
};

const GAUGES = {
  outboxRows: ["oncepay_outbox_rows", "Outbox rows that have not been relayed yet."],
  outboxOldestSeconds: [
    "oncepay_outbox_oldest_seconds",
    "Age of the oldest outbox row that has not been relayed yet.",
  ],
  outboxSetAside: [
    "oncepay_outbox_set_aside",
    "Outbox rows that are set aside because relays died over them.",
  ],
  failingEndpoints: [
    "oncepay_failing_webhook_endpoints",
    "Webhook endpoints that have answered nothing but failures since some moment.",
  ],
  unknownAttempts: ["oncepay_unknown_attempts", "Attempts whose outcome is unknown."],
  unknownOldestSeconds: [
    "oncepay_unknown_oldest_seconds",
    "How long the oldest of the attempts with an unknown outcome has been unknown.",
  ],
  unknownAmountMinor: [
    "oncepay_unknown_amount_minor",
    "Sum of the amounts of attempts whose outcome is unknown, in minor units regardless of currency: for alerts, not for accounting.",
  ],
  queuedAttempts: ["oncepay_queued_attempts", "Attempts that have yet to be sent."],
  sentAttempts: ["oncepay_sent_attempts", "Attempts that a worker holds."],
  dueDeliveries: [
    "oncepay_due_deliveries",
    "Webhook deliveries that are scheduled or in progress.",
  ],
  deadLetters: ["oncepay_dead_letters", "Webhook deliveries that are dead letters."],
  parkedInbox: ["oncepay_parked_inbox", "Events from processors that refer to nothing known here."],
} as const;

interface Pool {
  numUsed(): number;
  numFree(): number;
  numPendingAcquires(): number;
}

/** Registers the gauges that are read from the database and from this process's pools. */
export function observe(db: Db, ...others: readonly Db[]): void {
  for (const [field, [name, help]] of Object.entries(GAUGES)) {
    registry.registerMetric(
      new Gauge({
        name,
        help,
        registers: [],
        async collect() {
          this.set(Number((await look(db))?.[field] ?? Number.NaN));
        },
      }),
    );
  }
  observeReconciliation(db);
  const pools = [db, ...others].map(({ client }) => (client as { pool: Pool }).pool);
  const sum = (count: (pool: Pool) => number): number =>
    pools.reduce((total, pool) => total + count(pool), 0);
  registry.registerMetric(
    new Gauge({
      name: "oncepay_db_pool_connections",
      help: "Connections to Postgres by state; `waiting` counts callers without a connection.",
      labelNames: ["state"] as const,
      registers: [],
      collect() {
        this.set(
          { state: "used" },
          sum((pool) => pool.numUsed()),
        );
        this.set(
          { state: "free" },
          sum((pool) => pool.numFree()),
        );
        this.set(
          { state: "waiting" },
          sum((pool) => pool.numPendingAcquires()),
        );
      },
    }),
  );
}

const LOOKED_FOR_MS = 1_000;
let looked: { atMs: number; row: Promise<Record<string, unknown> | undefined> } | undefined;

/**
 * One query for all the gauges of a scrape. While the database is away they are absent (NaN), and the scrape still
 * answers.
 */
async function look(db: Db): Promise<Record<string, unknown> | undefined> {
  if (!looked || performance.now() - looked.atMs > LOOKED_FOR_MS) {
    const row = run<Record<string, unknown>>(db, LOOK, [])
      .then((rows) => rows[0])
      .catch(() => undefined);
    looked = { atMs: performance.now(), row };
  }
  return looked.row;
}
