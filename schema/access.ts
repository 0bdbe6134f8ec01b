import { Failure } from "../src/failures";
import type { Scope } from "../src/merchants/api-key";
import type { Caller } from "../src/merchants/caller";
import { type Context, callerOf } from "./context";
import {
  type Asked,
  coordinateOf,
  fieldsOf,
  objectTypesOf,
  oncePerSelection,
  rootType,
} from "./selection";

export interface Rule {
  /** What the API key must be allowed to do; null means nothing beyond what the parent field needs. */
  readonly scope: Scope | null;
  /** Whether a publishable key may ask, for the one intent whose client secret it sends. */
  readonly clientSecret?: true;
  /** Of a mutation: the scope that looking up its outcome needs, which is the one to read what it is about. */
  readonly outcome?: Scope;
}

/** Whoever may see the object may see this of it. What it hides from publishable keys, its resolver hides. */
const PARENT: Rule = { scope: null, clientSecret: true };

/**
 * Who may ask for which field. It holds every root field and every field with a resolver of its own; a field that
 * only shows a property of its object follows that object. A field that should have a row here and has none is refused
 * to everybody. The schema says the same of each field, from this table: see say-access.ts.
 */
export const ACCESS: Readonly<Record<string, Rule>> = {
  "Mutation.createPaymentIntent": { scope: "payments:write", outcome: "payments:read" },
  "Mutation.confirmPaymentIntent": {
    scope: "payments:confirm",
    clientSecret: true,
    outcome: "payments:read",
  },
  "Mutation.capturePaymentIntent": { scope: "payments:write", outcome: "payments:read" },
  "Mutation.cancelPaymentIntent": { scope: "payments:write", outcome: "payments:read" },
  "Mutation.refundPaymentIntent": { scope: "payments:write", outcome: "payments:read" },
  "Mutation.updatePaymentIntent": { scope: "payments:write", outcome: "payments:read" },
  "Mutation.createWebhookEndpoint": { scope: "webhooks:write", outcome: "webhooks:read" },
  "Mutation.updateWebhookEndpoint": { scope: "webhooks:write", outcome: "webhooks:read" },
  "Mutation.disableWebhookEndpoint": { scope: "webhooks:write", outcome: "webhooks:read" },
  "Mutation.enableWebhookEndpoint": { scope: "webhooks:write", outcome: "webhooks:read" },
  "Mutation.deleteWebhookEndpoint": { scope: "webhooks:write", outcome: "webhooks:read" },
  "Mutation.rotateWebhookSecret": { scope: "webhooks:write", outcome: "webhooks:read" },
  "Mutation.sendTestWebhook": { scope: "webhooks:write", outcome: "webhooks:read" },
  "Mutation.replayWebhookDelivery": { scope: "webhooks:replay", outcome: "webhooks:read" },
  "Mutation.discardWebhookDelivery": { scope: "webhooks:replay", outcome: "webhooks:read" },
  "Mutation.retryWebhookDeliveryNow": { scope: "webhooks:replay", outcome: "webhooks:read" },
  "Mutation.retryWebhookDeliveriesNow": { scope: "webhooks:replay", outcome: "webhooks:read" },
  "Mutation.createReplayPlan": { scope: "webhooks:replay", outcome: "webhooks:read" },
  "Mutation.startReplayPlan": { scope: "webhooks:replay", outcome: "webhooks:read" },
  "Mutation.pauseReplayPlan": { scope: "webhooks:replay", outcome: "webhooks:read" },
  "Mutation.resumeReplayPlan": { scope: "webhooks:replay", outcome: "webhooks:read" },
  "Mutation.cancelReplayPlan": { scope: "webhooks:replay", outcome: "webhooks:read" },
  "Mutation.createMerchant": { scope: "merchants:write", outcome: "merchants:write" },
  "Mutation.lookUpAttempt": { scope: "operations:write", outcome: "operations:read" },
  "Mutation.resolveUnknownAttempt": { scope: "operations:write", outcome: "operations:read" },
  "Mutation.releaseSetAsideMessages": {
    scope: "operations:write",
    outcome: "operations:read",
  },
  "Mutation.resolveReconciliationBreak": {
    scope: "operations:write",
    outcome: "operations:read",
  },
  "Mutation.createApiKey": { scope: "keys:write", outcome: "keys:read" },
  "Mutation.rollApiKey": { scope: "keys:write", outcome: "keys:read" },
  "Mutation.revokeApiKey": { scope: "keys:write", outcome: "keys:read" },
  "Mutation.connectProcessorAccount": { scope: "processors:write", outcome: "processors:read" },
  "Mutation.rotateProcessorCredentials": {
    scope: "processors:write",
    outcome: "processors:read",
  },
  "Mutation.rotateProcessorWebhookSecret": {
    scope: "processors:write",
    outcome: "processors:read",
  },
  "Mutation.disableProcessorAccount": { scope: "processors:write", outcome: "processors:read" },
  "Mutation.enableProcessorAccount": { scope: "processors:write", outcome: "processors:read" },
  "Mutation.replaceProcessorRoutes": { scope: "processors:write", outcome: "processors:read" },
  "Mutation.eraseCustomer": { scope: "customers:erase", outcome: "customers:erase" },

  "Query.auditLog": { scope: "audit:read" },
  "Query.unknownAttempts": { scope: "operations:read" },
  "Query.backlog": { scope: "operations:read" },
  // As only those of the installation have it: what is set aside is its trouble, not a merchant's.
  "Query.setAsideMessages": { scope: "operations:write" },
  "Query.reconciliationBreaks": { scope: "operations:read" },
  // As above: they are about all merchants.
  "Query.reconciliationReports": { scope: "operations:write" },
  // Its resolver decides, by the kind of the id.
  "Query.node": { scope: null, clientSecret: true },
  "Query.nodes": { scope: null, clientSecret: true },
  // Its resolver decides, by the mutation.
  "Query.operation": { scope: null, clientSecret: true },
  "Query.paymentIntent": { scope: "payments:read", clientSecret: true },
  "Query.paymentIntents": { scope: "payments:read" },
  "Query.refund": { scope: "payments:read" },
  "Query.refunds": { scope: "payments:read" },
  "Query.captures": { scope: "payments:read" },
  "Query.dispute": { scope: "payments:read" },
  "Query.disputes": { scope: "payments:read" },
  "Query.merchant": { scope: "payments:read" },
  "Query.receipt": { scope: "payments:read" },
  "Query.checkpointKeys": { scope: "payments:read" },
  "Query.apiKeys": { scope: "keys:read" },
  "Query.events": { scope: "events:read" },
  "Query.eventTypes": { scope: "events:read" },
  "Query.ledgerAccount": { scope: "ledger:read" },
  "Query.ledgerAccounts": { scope: "ledger:read" },
  "Query.trialBalance": { scope: "ledger:read" },
  "Query.payout": { scope: "ledger:read" },
  "Query.payouts": { scope: "ledger:read" },
  "Query.webhookEndpoints": { scope: "webhooks:read" },
  "Query.webhookDeliveries": { scope: "webhooks:read" },
  "Query.deadLetters": { scope: "webhooks:read" },
  "Query.replayPlans": { scope: "webhooks:read" },
  "Query.processorRoutes": { scope: "processors:read" },
  "Query.processorAccounts": { scope: "processors:read" },
  "Query.erasure": { scope: "customers:erase" },

  "Subscription.paymentIntentUpdated": { scope: "payments:read", clientSecret: true },

  "PaymentIntent.customer": PARENT,
  "PaymentIntent.merchantReference": PARENT,
  "PaymentIntent.metadata": PARENT,
  "PaymentIntent.clientSecret": PARENT,
  "PaymentIntent.allowedActions": PARENT,
  "PaymentIntent.attempts": PARENT,
  "PaymentIntent.captures": PARENT,
  "PaymentIntent.refunds": { scope: "payments:read" },
  "PaymentIntent.disputes": { scope: "payments:read" },
  "PaymentIntent.transitions": { scope: "payments:read" },
  "PaymentIntent.timeline": { scope: "payments:read" },
  "PaymentIntent.events": { scope: "events:read" },
  "PaymentError.attempt": PARENT,
  "Attempt.message": PARENT,
  "Attempt.nextLookupAt": PARENT,
  "Attempt.evidence": PARENT,
  "Attempt.processorChargeId": PARENT,
  "Capture.paymentIntent": PARENT,
  "Refund.paymentIntent": PARENT,
  "Dispute.paymentIntent": PARENT,
  "Event.data": PARENT,
  // They show what was posted, too.
  "Receipt.leaves": { scope: "ledger:read" },
  "Payout.amount": PARENT,
  "Payout.lines": PARENT,
  "PayoutLine.amount": PARENT,
  "LedgerAccount.balance": PARENT,
  "LedgerAccount.pendingBalance": PARENT,
  "LedgerAccount.entries": PARENT,
  "AuditEntry.subjectType": PARENT,
  "WebhookEndpoint.last24Hours": PARENT,
  "WebhookEndpoint.oldestDueAt": PARENT,
  "WebhookDelivery.attempts": PARENT,
  "WebhookDelivery.event": { scope: "events:read" },
};

/** What an operation needs, whoever sends it: read from the document once, and kept with it. */
export interface Needs {
  /** False for introspection alone, which is open to everybody where it is on. */
  readonly key: boolean;
  readonly scopes: readonly Scope[];
  /** Whether a publishable key may ask for all of it. */
  readonly clientSecret: boolean;
  /** A field that has no row. */
  readonly forbidden: string | undefined;
}

export function readNeeds(asked: Asked): Needs {
  const coordinates = new Set<string>();
  const root = rootType(asked);
  const visit = oncePerSelection((set, type): true => {
    for (const field of fieldsOf(asked, set, type)) {
      // Root fields are the ones that everything else hangs on, so even one without a resolver needs a row.
      if (field.definition.resolve || type === root) coordinates.add(coordinateOf(field));
      const { selectionSet } = field.node;
      if (selectionSet) for (const below of objectTypesOf(asked, field)) visit(selectionSet, below);
    }
    return true;
  });
  visit(asked.operation.selectionSet, root);
  const needed = [...coordinates].map((coordinate) => ({ coordinate, rule: ACCESS[coordinate] }));
  return {
    key: needed.length > 0,
    scopes: [...new Set(needed.flatMap(({ rule }) => rule?.scope ?? []))],
    clientSecret: needed.every(({ rule }) => rule?.clientSecret === true),
    forbidden: needed.find(({ rule }) => rule === undefined)?.coordinate,
  };
}

/** Before anything of the operation is executed; throws the failure to answer with. */
export function checkAccess(context: Context, needs: Needs): void {
  if (!needs.key) return;
  const caller = callerOf(context);
  if (needs.forbidden !== undefined)
    throw new Failure("FORBIDDEN", "No API key is permitted to do this.");
  if (isPublishable(caller)) checkClientSecret(context, needs);
  else for (const scope of needs.scopes) requireScope(context, scope);
}

export function isPublishable(caller: Pick<Caller, "kind">): boolean {
  return caller.kind === "PUBLISHABLE";
}

function checkClientSecret(context: Context, needs: Needs): void {
  if (!needs.clientSecret) {
    throw new Failure(
      "FORBIDDEN",
      "A publishable key may only confirm and read a single payment intent.",
    );
  }
  if (context.clientSecretFor === undefined) {
    throw new Failure(
      "FORBIDDEN",
      "A publishable key needs the payment intent's client secret in the header oncepay-client-secret.",
    );
  }
}

/** Whoever may not read what a mutation is about may not read its outcome either. */
export function requireOutcomeScope(context: Context, mutation: string): void {
  const rule = Object.hasOwn(ACCESS, `Mutation.${mutation}`)
    ? ACCESS[`Mutation.${mutation}`]
    : null;
  if (rule?.outcome) requireScope(context, rule.outcome);
}

export function requireScope(context: Context, scope: Scope): void {
  if (callerOf(context).scopes.includes(scope)) return;
  throw new Failure("FORBIDDEN", "The API key lacks the scope required for this.", { scope });
}

/** A publishable key sees the intent whose client secret it sent, and nothing else. */
export function requireIntent(context: Context, paymentIntentId: string): void {
  if (!isPublishable(callerOf(context)) || context.clientSecretFor === paymentIntentId) return;
  throw new Failure("FORBIDDEN", "The client secret is for another payment intent.");
}
