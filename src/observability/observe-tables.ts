import type { Db } from "../db/db";
import { type Look, lookAtTables, watchHorizon } from "./look-at-tables";
import { type ReportedGauge, by, reportGauges } from "./report-gauges";

/** What the tables say of what waits, and of what has failed. */

type State = Look & { readonly horizonSeconds: number };
type NumberField = {
  [Name in keyof State]: State[Name] extends number ? Name : never;
}[keyof State];

function one(name: string, field: NumberField, help: string): ReportedGauge<State> {
  return { name, help, samples: (state) => [[{}, Number(state[field])]] };
}

const GAUGES: readonly ReportedGauge<State>[] = [
  one("oncepay_outbox_rows", "outboxRows", "Outbox rows that have not been relayed yet."),
  one(
    "oncepay_outbox_oldest_seconds",
    "outboxOldestSeconds",
    "Age of the oldest outbox row that has not been relayed yet; those that are set aside do not count.",
  ),
  one(
    "oncepay_feed_lag_seconds",
    "feedLagSeconds",
    "Age of the oldest event that has no place in the feed yet.",
  ),
  one(
    "oncepay_outbox_set_aside",
    "outboxSetAside",
    "Outbox rows that are set aside because relays died over them.",
  ),
  one(
    "oncepay_failing_webhook_endpoints",
    "failingEndpoints",
    "Webhook endpoints that have answered nothing but failures since some moment.",
  ),
  one("oncepay_queued_attempts", "queuedAttempts", "Attempts that have yet to be sent."),
  one(
    "oncepay_queued_oldest_seconds",
    "queuedOldestSeconds",
    "Age of the oldest attempt that has yet to be sent.",
  ),
  one("oncepay_sent_attempts", "sentAttempts", "Attempts that a worker holds."),
  one("oncepay_unknown_attempts", "unknownAttempts", "Attempts whose outcome is unknown."),
  one(
    "oncepay_unknown_oldest_seconds",
    "unknownOldestSeconds",
    "How long the oldest of the attempts with an unknown outcome has been unknown.",
  ),
  {
    name: "oncepay_unknown_amount_minor",
    help: "Sum of the amounts of attempts whose outcome is unknown, by currency, in its minor unit.",
    labelNames: ["currency"],
    samples: ({ unknownAmounts }) => by("currency", unknownAmounts),
  },
  one(
    "oncepay_due_deliveries",
    "dueDeliveries",
    "Webhook deliveries that are scheduled or in progress; counted up to 200,000.",
  ),
  one(
    "oncepay_due_oldest_seconds",
    "dueOldestSeconds",
    "How long the webhook delivery that is most overdue has been due.",
  ),
  {
    name: "oncepay_webhook_endpoint_lag_seconds",
    help: "Age of the oldest delivery that waits for an endpoint, of the five endpoints that are furthest behind, by rank.",
    labelNames: ["rank"],
    samples: ({ endpointLags }) => endpointLags.map((lag, n) => [{ rank: String(n + 1) }, lag]),
  },
  {
    name: "oncepay_webhook_endpoints_behind",
    help: "Webhook endpoints whose oldest waiting delivery is older than so many seconds.",
    labelNames: ["seconds"],
    samples: ({ endpointsBehind }) => by("seconds", endpointsBehind),
  },
  {
    name: "oncepay_dead_letters",
    help: "Dead letters that have not been replayed, by why their last try failed; the newest 100,000 are counted.",
    labelNames: ["cause"],
    samples: ({ deadLetters }) => by("cause", deadLetters),
  },
  one(
    "oncepay_parked_inbox",
    "parkedInbox",
    "Events from processors that refer to nothing known here.",
  ),
  one(
    "oncepay_held_oldest_seconds",
    "heldOldestSeconds",
    "How long the merchant has been held who has been held for longest; 0: nobody is.",
  ),
  one(
    "oncepay_db_horizon_age_seconds",
    "horizonSeconds",
    "How long the oldest transaction has been open that anybody has on the database's server, in whatever database.",
  ),
];

/** Registers them. `rememberMs` is for tests, which look more often than scrapes do. */
export function observeTables(db: Db, isReporter: () => boolean, rememberMs?: number): void {
  const horizon = watchHorizon();
  const look = async (): Promise<State | undefined> => {
    const [tables, horizonSeconds] = await Promise.all([lookAtTables(db), horizon(db)]);
    return tables && { ...tables, horizonSeconds };
  };
  reportGauges(GAUGES, { look, isReporter, ...(rememberMs !== undefined && { rememberMs }) });
}
