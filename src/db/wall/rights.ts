/*
 * Who may do what with which table: the second wall between tenants, and the least that each role can work with.
 *
 * `oncepay migrate` brings a database to this state, and `oncepay verify` says where it is not. A new table has a row
 * here, or no process can read it. No process may drop, alter or truncate anything, and where a role may only insert,
 * what it wrote is history.
 */

export type Right = "SELECT" | "INSERT" | "UPDATE" | "DELETE";

export interface TableRights {
  /** The column that holds the tenant; null: the table belongs to no tenant, and tenants' statements cannot touch it. */
  readonly tenantIn: "merchant_id" | "id" | null;
  /** What a tenant's own statements may do, with the rows of the tenant that they are bound to. */
  readonly tenant: readonly Right[];
  /** What the system's work may do, with all rows. */
  readonly system: readonly Right[];
}

const NOTHING: readonly Right[] = [];
const READ: readonly Right[] = ["SELECT"];
const APPEND: readonly Right[] = ["SELECT", "INSERT"];
/** Also what `for update` needs. */
const CHANGE: readonly Right[] = ["SELECT", "UPDATE"];
const WRITE: readonly Right[] = ["SELECT", "INSERT", "UPDATE"];

function ofTenants(tenant: readonly Right[], system: readonly Right[]): TableRights {
  return { tenantIn: "merchant_id", tenant, system };
}

function ofNobody(system: readonly Right[]): TableRights {
  return { tenantIn: null, tenant: NOTHING, system };
}

export const RIGHTS: Readonly<Record<string, TableRights>> = {
  merchants: { tenantIn: "id", tenant: READ, system: WRITE },
  // Those for whom nothing new is begun: what a tenant's own statement asks about itself.
  merchant_holds: ofTenants(READ, ["SELECT", "INSERT", "DELETE"]),
  api_keys: ofTenants(WRITE, WRITE),
  // Read before it is known whose request it is.
  console_sessions: ofTenants(NOTHING, ["SELECT", "INSERT", "UPDATE", "DELETE"]),

  // Intents are created and confirmed by group commits; what changes one intent is its tenant's.
  payment_intents: ofTenants(CHANGE, WRITE),
  // An erasure takes the former customer.
  payment_intent_updates: ofTenants(WRITE, WRITE),
  // A cancellation ends the one that has not been sent, or awaits the shopper.
  attempts: ofTenants(WRITE, WRITE),
  captures: ofTenants(APPEND, WRITE),
  // An erasure takes its metadata.
  refunds: ofTenants(WRITE, WRITE),
  // A processor's news of one is settled like its answers: no tenant's request does that.
  disputes: ofTenants(READ, WRITE),
  idempotency_keys: ofTenants(APPEND, WRITE),

  transitions: ofTenants(APPEND, APPEND),
  events: ofTenants(APPEND, APPEND),
  event_feed: ofTenants(READ, APPEND),
  attempt_evidence: ofTenants(READ, APPEND),
  resolution_checks: ofNobody(WRITE),

  erasures: ofTenants(WRITE, WRITE),
  erased_payment_intents: ofTenants(APPEND, WRITE),
  audit_log: ofTenants(APPEND, APPEND),

  // Money is posted when a processor's answer is settled, which no tenant's request does.
  ledger_accounts: ofTenants(READ, APPEND),
  journals: ofTenants(READ, APPEND),
  postings: ofTenants(READ, APPEND),
  balance_snapshots: ofTenants(READ, APPEND),
  // Recorded from what a processor's settlement file says, with their postings.
  payouts: ofTenants(READ, WRITE),
  payout_lines: ofTenants(READ, APPEND),
  seals: ofTenants(READ, APPEND),
  seal_state: ofNobody(CHANGE),
  // To seal it with another encryption key is the one change that a trigger permits.
  signing_keys: ofNobody(WRITE),

  // Found and closed by the system's work; what a merchant's operators see of it is theirs.
  reconciliation_breaks: ofTenants(READ, WRITE),
  reconciliation_runs: ofNobody(WRITE),
  // Those of a processor's list are forgotten when it has been compared.
  processor_lines: ofNobody(["SELECT", "INSERT", "UPDATE", "DELETE"]),
  processor_disputes: ofNobody(WRITE),
  processor_payouts: ofNobody(WRITE),
  processor_payout_lines: ofNobody(WRITE),
  audit_marks: ofNobody(WRITE),
  ledger_proofs: ofNobody(WRITE),
  proven_totals: ofNobody(WRITE),
  // What is cleared is no item any more.
  clearing_items: ofNobody(["SELECT", "INSERT", "UPDATE", "DELETE"]),
  audit_state: ofNobody(CHANGE),

  processor_accounts: ofTenants(WRITE, WRITE),
  processor_changes: ofTenants(APPEND, APPEND),
  // Replaced as a whole.
  processor_routes: ofTenants(["SELECT", "INSERT", "DELETE"], READ),

  webhook_endpoints: ofTenants(WRITE, WRITE),
  webhook_endpoint_changes: ofTenants(APPEND, APPEND),
  // Added to by those who deliver; what is from before yesterday goes.
  webhook_endpoint_hours: ofTenants(READ, ["SELECT", "INSERT", "UPDATE", "DELETE"]),
  // To lock one for a replay takes the right to update it.
  webhook_deliveries: ofTenants(WRITE, WRITE),
  webhook_replays: ofTenants(APPEND, READ),
  // Taking away what a receiver answered is the one change that a trigger permits.
  webhook_delivery_attempts: ofTenants(READ, WRITE),
  delivery_retries: ofTenants(APPEND, READ),
  replay_plans: ofTenants(WRITE, CHANGE),
  replay_plan_letters: ofTenants(APPEND, READ),

  // A tenant's request says that there is something to relay, and cannot see what else there is.
  outbox: ofTenants(["INSERT"], ["SELECT", "INSERT", "UPDATE", "DELETE"]),

  inbox: ofNobody(WRITE),
  worker_leases: ofNobody(["SELECT", "INSERT", "UPDATE", "DELETE"]),
  balance_horizon: ofNobody(CHANGE),
  partitioned_tables: ofNobody(NOTHING),
  // Whether a process is ready is read from it.
  knex_migrations: ofNobody(READ),
  knex_migrations_lock: ofNobody(NOTHING),
};

/**
 * What needs the owner's rights and is not for a person to do: each is a function that does only this. It runs as its
 * owner, with a fixed search path, and only the system may call it.
 */
export const OWNERS_FUNCTIONS: readonly string[] = [
  "ensure_partitions(timestamp with time zone)",
  "drop_expired_keys(timestamp with time zone)",
  "drop_expired_audit_entries(timestamp with time zone)",
  "drop_expired_webhook_attempts(timestamp with time zone)",
];
