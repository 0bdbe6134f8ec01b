import { Counter, Gauge, Histogram, collectDefaultMetrics } from "prom-client";
import { FAILURE_CODES } from "../failures";
import { counted, registry, startAtZero } from "./counted";

export { registry } from "./counted";

collectDefaultMetrics({ register: registry, prefix: "oncepay_" });
// Gauges that are called like counters. The same numbers are there by type.
for (const what of ["handles", "requests", "resources"]) {
  registry.removeSingleMetric(`oncepay_nodejs_active_${what}_total`);
}

const registers = [registry];

/** What an attempt asks of a processor, and what a processor may say. */
const OPERATIONS = [
  "charge",
  "authorize",
  "capture",
  "refund",
  "void",
  "reverse",
  "compensate",
] as const;
const PROCESSOR_OUTCOMES = [
  "approved",
  "declined",
  "action_required",
  "pending",
  "unknown",
  "unsent",
  "not_found",
  "reversed",
] as const;

const KEY_OUTCOMES = ["executed", "replayed", "reused", "in_use"] as const;

export const idempotencyOutcomes = new Counter({
  name: "oncepay_idempotency_outcomes_total",
  help: "Mutations, by what their idempotency key decided.",
  labelNames: ["operation", "outcome"] as const,
  registers,
});

/** The schema knows the mutations. */
export function countKeysOf(operations: readonly string[]): void {
  startAtZero(idempotencyOutcomes, { operation: operations, outcome: KEY_OUTCOMES });
}

export const processorCalls = new Counter({
  name: "oncepay_processor_calls_total",
  help: "Calls to card processors, by outcome.",
  labelNames: ["processor", "operation", "outcome"] as const,
  registers,
});

export function countCallsTo(processors: readonly string[]): void {
  const operation = [...OPERATIONS, "lookup"];
  startAtZero(processorCalls, {
    processor: processors,
    operation,
    outcome: PROCESSOR_OUTCOMES,
  });
}

export const effectsApplied = counted({
  name: "oncepay_effects_applied_total",
  help: "Processors' answers that changed a payment, by operation and outcome.",
  labels: { operation: OPERATIONS, outcome: PROCESSOR_OUTCOMES },
});

export const settlements = counted({
  name: "oncepay_settlements_total",
  help: "Answers about attempts, by who heard them and what they did; missing: there is no such attempt.",
  labels: {
    source: ["worker", "lookup", "webhook", "operator"],
    effect: ["applied", "duplicate", "waiting", "requeued", "replaced", "contradiction", "missing"],
  },
});

export const claims = counted({
  name: "oncepay_claims_total",
  help: "Rows that jobs named, by whether a worker could claim them; lost: another had, or nothing was due.",
  labels: { what: ["attempt", "delivery"], outcome: ["claimed", "lost"] },
});

export const jobsRemade = counted({
  name: "oncepay_jobs_remade_total",
  help: "Rows that were due and had no job, because the queue lost it or lags: the sweeper gave them one.",
  labels: { what: ["attempt", "delivery"] },
});

export const attemptsOrphaned = new Counter({
  name: "oncepay_attempts_orphaned_total",
  help: "Attempts that were found with workers that had died: they are looked up, never sent again.",
  registers,
});

export const attemptsDoubted = new Counter({
  name: "oncepay_attempts_doubted_total",
  help: "Attempts that were queued before the database was promoted or restored: they are looked up before they are sent.",
  registers,
});

export const listReads = counted({
  name: "oncepay_list_reads_total",
  help: "Lists that may be a little old, by where they were read; all at the primary where there is no fresh replica.",
  labels: { from: ["primary", "replica"] },
});

export const deduplications = counted({
  name: "oncepay_deduplications_total",
  help: "Work that turned out to be done already, by where that was noticed.",
  labels: { where: ["settle", "inbox"] },
});

export const authorizationsDue = counted({
  name: "oncepay_authorizations_due_total",
  help: "Authorisations that were about to expire, by what was done about them, or expired.",
  labels: { outcome: ["expired", "capture", "void", "notify"] },
});

export const resolutionChecks = counted({
  name: "oncepay_resolution_checks_total",
  help: "Operators' resolutions that a processor has confirmed or contradicted since.",
  labels: { conclusion: ["confirmed", "contradicted"] },
});

export const relayed = new Counter({
  name: "oncepay_outbox_relayed_total",
  help: "Outbox rows turned into jobs and deliveries.",
  registers,
});

export const deliveries = counted({
  name: "oncepay_webhook_deliveries_total",
  help: "Attempts to deliver a webhook, by outcome.",
  labels: { outcome: ["delivered", "refused", "gone", "unreachable", "dead"] },
});

const TRIES = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "more"] as const;

/** The number of a try as a label: beyond ten it does not matter which. */
export function tryLabel(tries: number): (typeof TRIES)[number] {
  return TRIES[tries - 1] ?? "more";
}

export const webhookTries = counted({
  name: "oncepay_webhook_tries_total",
  help: "Attempts to deliver a webhook, by the number of the try.",
  labels: { try: TRIES },
});

export const clientTries = counted({
  name: "oncepay_client_tries_total",
  help: "Requests, by the number of the client's try as given in its oncepay-try header.",
  labels: { attempt: TRIES },
});

export const inboxReceived = counted({
  name: "oncepay_inbox_received_total",
  help: "What processors told: webhooks that were stored, duplicate or refused, and listed events that no webhook had told of.",
  labels: { outcome: ["stored", "duplicate", "refused", "listed"] },
});

export const disputeNews = counted({
  name: "oncepay_dispute_news_total",
  help: "News of disputes from processors, by effect: applied, duplicate, early (to be heard again) or contradiction.",
  labels: { effect: ["applied", "duplicate", "early", "contradiction"] },
});

export const auditDropped = new Counter({
  name: "oncepay_audit_entries_dropped_total",
  help: "Reads, refusals and uses of keys that the audit log lacks, because they could not be written.",
  registers,
});

export const queueErrors = counted({
  name: "oncepay_queue_errors_total",
  help: "Errors of the queue itself, by whether its functions deadlocked. Rows say what is to be done, so none is lost.",
  labels: { queue: ["run-attempts", "deliver-webhooks", "any"], reason: ["deadlock", "other"] },
});

export const databaseErrors = counted({
  name: "oncepay_db_errors_total",
  help: "Statements that Postgres did not do, by reason; full: no room on its disk, readonly: it takes no writes.",
  labels: {
    reason: ["away", "full", "readonly", "timeout", "deadlock", "constraint", "other"],
  },
});

export const httpRequests = counted({
  name: "oncepay_graphql_requests_total",
  help: "GraphQL requests, by result code (OK or an ErrorCode).",
  labels: { code: ["OK", ...FAILURE_CODES, "PERSISTED_QUERY_NOT_SUPPORTED"] },
});

export const limitRefusals = new Counter({
  name: "oncepay_limit_refusals_total",
  help: "Requests refused because a limit was reached, by the policy that says so.",
  labelNames: ["policy"] as const,
  registers,
});

export const replayCache = counted({
  name: "oncepay_replay_cache_total",
  help: "Keyed requests, by what the replay cache knew of their key: hit, waited (for the first one), miss, gave_up (waiting), unusable or unanswered.",
  labels: { outcome: ["hit", "waited", "miss", "gave_up", "unusable", "unanswered"] },
});

export const redisCommands = counted({
  name: "oncepay_redis_commands_total",
  help: "The API's commands to Redis, by outcome: answered, late, refused, or not_asked while Redis is away.",
  labels: { outcome: ["answered", "late", "refused", "not_asked"] },
});

export const openSubscriptions = new Gauge({
  name: "oncepay_subscriptions_open",
  help: "Subscriptions that this process has open.",
  registers,
});

export const subscriptionPayloads = new Counter({
  name: "oncepay_subscription_payloads_total",
  help: "States of payments that were sent to subscribers.",
  registers,
});

/** Close together around the 200 ms that are promised, so that a quantile near it is not guessed. */
const REQUEST_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 1, 2.5, 5];

export const requestSeconds = new Histogram({
  name: "oncepay_graphql_request_seconds",
  help: "How long GraphQL requests took, from the first byte of the request to the last of the answer, by root field and result code.",
  labelNames: ["operation", "code"] as const,
  buckets: REQUEST_BUCKETS,
  registers,
});

export const setSizes = new Histogram({
  name: "oncepay_group_commit_set_size",
  help: "How many commands were committed together.",
  labelNames: ["operation"] as const,
  buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
  registers,
});

export const settleSeconds = new Histogram({
  name: "oncepay_settle_seconds",
  help: "How long the transaction took that settles a set of answers.",
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5],
  registers,
});

export const poolWaitSeconds = new Histogram({
  name: "oncepay_db_pool_wait_seconds",
  help: "How long callers waited for a connection to Postgres, of those that found none free.",
  labelNames: ["pool"] as const,
  buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5],
  registers,
});

export const processorSeconds = new Histogram({
  name: "oncepay_processor_call_seconds",
  help: "How long card processors took to answer.",
  labelNames: ["processor", "operation"] as const,
  buckets: [0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 5, 15],
  registers,
});
