import type { Knex } from "knex";
import * as tenants from "./20261120000100_tenants";
import * as partitions from "./20261120000200_partitions";
import * as payments from "./20261120000300_payments";
import * as snapshots from "./20261120000400_snapshots";
import * as events from "./20261120000500_events";
import * as idempotency from "./20261120000600_idempotency";
import * as ledger from "./20261120000700_ledger";
import * as webhooks from "./20261120000800_webhooks";
import * as inbox from "./20261120000900_inbox";
import * as lighterUpdates from "./20261120001000_lighter_updates";
import * as positions from "./20261121000100_positions";
import * as keys from "./20261121000200_keys";
import * as contract from "./20261121000300_contract";
import * as apiKeys from "./20261122000100_keys";
import * as tenantWall from "./20261122000200_tenant_wall";
import * as auditLog from "./20261122000300_audit_log";
import * as erasure from "./20261122000400_erasure";
import * as forgetting from "./20261123000100_forgetting";
import * as webhookTries from "./20261124000100_webhook_tries";
import * as webhookHealth from "./20261124000200_webhook_health";
import * as outboxSetAside from "./20261124000300_outbox_set_aside";
import * as endpoints from "./20261125000100_endpoints";
import * as deadLetters from "./20261126000100_dead_letters";
import * as replayPlans from "./20261126000200_replay_plans";
import * as endpointChallenges from "./20261127000100_endpoint_challenges";
import * as resolutionChecks from "./20261127000200_resolution_checks";
import * as deliveryRetries from "./20261127000300_delivery_retries";
import * as deadLettersEverywhere from "./20261127000400_dead_letters_everywhere";
import * as uniqueReferences from "./20261128000200_unique_references";
import * as intentUpdates from "./20261128000210_intent_updates";
import * as declineAdvice from "./20261128000220_decline_advice";
import * as refundNotes from "./20261128000230_refund_notes";
import * as refusalsByIntent from "./20261128000240_refusals_by_intent";
import * as holds from "./20261128000300_holds";
import * as disputes from "./20261128000400_disputes";
import * as setAsideMessages from "./20261128000500_set_aside_messages";
import * as orderedEndpoints from "./20261128000510_ordered_endpoints";
import * as reconciliation from "./20261129000100_reconciliation";
import * as seals from "./20261130000100_seals";
import * as consoleSessions from "./20261201000100_console_sessions";
import * as entriesByAccount from "./20261204000100_entries_by_account";
import * as sealedUpTo from "./20261204000200_sealed_up_to";
import * as payouts from "./20261205000100_payouts";
import * as fees from "./20261205000200_fees";
import * as suspenseHolds from "./20261206000100_suspense_holds";
import * as traceparent from "./20261208000100_traceparent";
import * as processorRefs from "./20261209000100_processor_refs";
import * as disputeEvents from "./20261210000100_dispute_events";
import * as reconciliationEvidence from "./20261211000100_reconciliation_evidence";
import * as guardedAmounts from "./20261212000100_guarded_amounts";
import * as pendingProofs from "./20261212000200_pending_proofs";
import * as surplus from "./20261213000100_surplus";
import * as disputeLines from "./20261213000110_dispute_lines";
import * as clearingItems from "./20261213000200_clearing_items";
import * as endpointHours from "./20261213000300_endpoint_hours";
import * as processorAccounts from "./20261214000100_processor_accounts";
import * as attemptsOfAccounts from "./20261214000110_attempts_of_accounts";
import * as processorRoutes from "./20261214000120_processor_routes";
import * as timelines from "./20261215000100_timelines";
import * as attemptsByReference from "./20261215000200_attempts_by_reference";
import * as listsOfAccounts from "./20261216000100_lists_of_accounts";
import * as payoutsOfAccounts from "./20261216000200_payouts_of_accounts";
import * as accountEvents from "./20261217000100_account_events";
import * as merchantHolds from "./20261221000100_merchant_holds";
import * as reportsOfAccounts from "./20261223000100_reports_of_accounts";
import * as merchantsElsewhere from "./20261225001000_merchants_elsewhere";

/** An index on a table that payments are made in: see src/db/build-index.ts. */
export interface ConcurrentIndex {
  readonly name: string;
  readonly table: string;
  readonly unique?: boolean;
  /** What follows the name of the table. */
  readonly definition: string;
}

/** A transaction of its own. An index is built before it, outside any, and may be all there is. */
export type Migration =
  | { up(tx: Knex.Transaction): Promise<void>; readonly index?: ConcurrentIndex }
  | { readonly up?: undefined; readonly index: ConcurrentIndex };

/** Every migration, by name, in order. Listed, not found on disk, so that source and build run the same ones. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  "20261120000100_tenants": tenants,
  "20261120000200_partitions": partitions,
  "20261120000300_payments": payments,
  "20261120000400_snapshots": snapshots,
  "20261120000500_events": events,
  "20261120000600_idempotency": idempotency,
  "20261120000700_ledger": ledger,
  "20261120000800_webhooks": webhooks,
  "20261120000900_inbox": inbox,
  "20261120001000_lighter_updates": lighterUpdates,
  "20261121000100_positions": positions,
  "20261121000200_keys": keys,
  "20261121000300_contract": contract,
  "20261122000100_keys": apiKeys,
  "20261122000200_tenant_wall": tenantWall,
  "20261122000300_audit_log": auditLog,
  "20261122000400_erasure": erasure,
  "20261123000100_forgetting": forgetting,
  "20261124000100_webhook_tries": webhookTries,
  "20261124000200_webhook_health": webhookHealth,
  "20261124000300_outbox_set_aside": outboxSetAside,
  "20261125000100_endpoints": endpoints,
  "20261126000100_dead_letters": deadLetters,
  "20261126000200_replay_plans": replayPlans,
  "20261127000100_endpoint_challenges": endpointChallenges,
  "20261127000200_resolution_checks": resolutionChecks,
  "20261127000300_delivery_retries": deliveryRetries,
  "20261127000400_dead_letters_everywhere": deadLettersEverywhere,
  "20261128000200_unique_references": uniqueReferences,
  "20261128000210_intent_updates": intentUpdates,
  "20261128000220_decline_advice": declineAdvice,
  "20261128000230_refund_notes": refundNotes,
  "20261128000240_refusals_by_intent": refusalsByIntent,
  "20261128000300_holds": holds,
  "20261128000400_disputes": disputes,
  "20261128000500_set_aside_messages": setAsideMessages,
  "20261128000510_ordered_endpoints": orderedEndpoints,
  "20261129000100_reconciliation": reconciliation,
  "20261130000100_seals": seals,
  "20261201000100_console_sessions": consoleSessions,
  "20261204000100_entries_by_account": entriesByAccount,
  "20261204000200_sealed_up_to": sealedUpTo,
  "20261205000100_payouts": payouts,
  "20261205000200_fees": fees,
  "20261206000100_suspense_holds": suspenseHolds,
  "20261208000100_traceparent": traceparent,
  "20261209000100_processor_refs": processorRefs,
  "20261210000100_dispute_events": disputeEvents,
  "20261211000100_reconciliation_evidence": reconciliationEvidence,
  "20261212000100_guarded_amounts": guardedAmounts,
  "20261212000200_pending_proofs": pendingProofs,
  "20261213000100_surplus": surplus,
  "20261213000110_dispute_lines": disputeLines,
  "20261213000200_clearing_items": clearingItems,
  "20261213000300_endpoint_hours": endpointHours,
  "20261214000100_processor_accounts": processorAccounts,
  "20261214000110_attempts_of_accounts": attemptsOfAccounts,
  "20261214000120_processor_routes": processorRoutes,
  "20261215000100_timelines": timelines,
  "20261215000200_attempts_by_reference": attemptsByReference,
  "20261216000100_lists_of_accounts": listsOfAccounts,
  "20261216000200_payouts_of_accounts": payoutsOfAccounts,
  "20261217000100_account_events": accountEvents,
  "20261221000100_merchant_holds": merchantHolds,
  "20261223000100_reports_of_accounts": reportsOfAccounts,
  "20261225001000_merchants_elsewhere": merchantsElsewhere,
};
