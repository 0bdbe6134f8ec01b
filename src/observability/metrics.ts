import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";

/** What the process counted, in Prometheus' format. No ids in labels: every label is from a closed list. */
export const registry = new Registry();
collectDefaultMetrics({ register: registry, prefix: "oncepay_" });

const registers = [registry];

export const idempotencyOutcomes = new Counter({
  name: "oncepay_idempotency_outcomes_total",
  help: "Mutations, by what their idempotency key decided.",
  labelNames: ["operation", "outcome"] as const,
  registers,
});

export const setSizes = new Histogram({
  name: "oncepay_group_commit_set_size",
  help: "How many commands were committed together.",
  labelNames: ["operation"] as const,
  buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
  registers,
});

export const processorCalls = new Counter({
  name: "oncepay_processor_calls_total",
  help: "Calls to card processors, by outcome.",
  labelNames: ["processor", "operation", "outcome"] as const,
  registers,
});

export const processorSeconds = new Histogram({
  name: "oncepay_processor_call_seconds",
  help: "How long card processors took to answer.",
  labelNames: ["processor", "operation"] as const,
  buckets: [0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 5, 15],
  registers,
});

export const effectsApplied = new Counter({
  name: "oncepay_effects_applied_total",
  help: "Processors' answers that changed a payment, by operation and outcome.",
  labelNames: ["operation", "outcome"] as const,
  registers,
});

export const deduplications = new Counter({
  name: "oncepay_deduplications_total",
  help: "Work that turned out to be done already, by where that was noticed.",
  labelNames: ["where"] as const,
  registers,
});

export const authorizationsDue = new Counter({
  name: "oncepay_authorizations_due_total",
  help: "Authorisations that were about to expire, by what was done about them, or expired.",
  labelNames: ["outcome"] as const,
  registers,
});

export const resolutionChecks = new Counter({
  name: "oncepay_resolution_checks_total",
  help: "Operators' resolutions that a processor has confirmed or contradicted since.",
  labelNames: ["conclusion"] as const,
  registers,
});

export const relayed = new Counter({
  name: "oncepay_outbox_relayed_total",
  help: "Outbox rows turned into jobs and deliveries.",
  registers,
});

export const deliveries = new Counter({
  name: "oncepay_webhook_deliveries_total",
  help: "Attempts to deliver a webhook, by outcome.",
  labelNames: ["outcome"] as const,
  registers,
});

export const inboxReceived = new Counter({
  name: "oncepay_inbox_received_total",
  help: "Webhooks from processors, by what was done with them: stored, duplicate or refused.",
  labelNames: ["outcome"] as const,
  registers,
});

export const disputeNews = new Counter({
  name: "oncepay_dispute_news_total",
  help: "News of disputes from processors, by effect: applied, duplicate, early (to be heard again) or contradiction.",
  labelNames: ["effect"] as const,
  registers,
});

export const clientTries = new Counter({
  name: "oncepay_client_tries_total",
  help: "Requests, by the number of the client's try as given in its oncepay-try header.",
  labelNames: ["attempt"] as const,
  registers,
});

export const auditDropped = new Counter({
  name: "oncepay_audit_entries_dropped_total",
  help: "Reads, refusals and uses of keys that the audit log lacks, because they could not be written.",
  registers,
});

export const queueErrors = new Counter({
  name: "oncepay_queue_errors_total",
  help: "Errors of the queue itself, by whether its functions deadlocked. Rows say what is to be done, so none is lost.",
  labelNames: ["queue", "reason"] as const,
  registers,
});

export const httpRequests = new Counter({
  name: "oncepay_graphql_requests_total",
  help: "GraphQL requests, by result code (OK or an ErrorCode).",
  labelNames: ["code"] as const,
  registers,
});

export const limitRefusals = new Counter({
  name: "oncepay_limit_refusals_total",
  help: "Requests refused because a limit was reached, by the policy that says so.",
  labelNames: ["policy"] as const,
  registers,
});

export const replayCache = new Counter({
  name: "oncepay_replay_cache_total",
  help: "Keyed requests, by what the replay cache knew of their key: hit, waited (for the first one), miss, gave_up (waiting), unusable or unanswered.",
  labelNames: ["outcome"] as const,
  registers,
});

export const redisCommands = new Counter({
  name: "oncepay_redis_commands_total",
  help: "The API's commands to Redis, by outcome: answered, late, refused, or not_asked while Redis is away.",
  labelNames: ["outcome"] as const,
  registers,
});

export const openSubscriptions = new Gauge({
  name: "oncepay_subscriptions_open",
  help: "Subscriptions that this process has open.",
  registers,
});
