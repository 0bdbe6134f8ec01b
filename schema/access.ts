import { Failure } from "../src/failures";
import type { ApiKey } from "../src/merchants/merchant-store";
import type { Scope } from "../src/merchants/api-key";
import { type Context, callerOf } from "./context";

export interface Rule {
  /** What the API key must be allowed to do; null: the resolver decides, by what is asked for. */
  readonly scope: Scope | null;
  /** Whether a publishable key may ask, for the one intent whose client secret it sends. */
  readonly clientSecret?: true;
}

/** Who may ask for which field. A root field without a row here is refused to everybody. */
export const ACCESS: Readonly<Record<string, Rule>> = {
  "Mutation.createPaymentIntent": { scope: "payments:write" },
  "Mutation.confirmPaymentIntent": { scope: "payments:confirm", clientSecret: true },
  "Mutation.capturePaymentIntent": { scope: "payments:write" },
  "Mutation.cancelPaymentIntent": { scope: "payments:write" },
  "Mutation.refundPaymentIntent": { scope: "payments:write" },
  "Mutation.createWebhookEndpoint": { scope: "webhooks:write" },
  "Mutation.replayWebhookDelivery": { scope: "webhooks:replay" },
  "Mutation.createMerchant": { scope: "merchants:write" },
  "Mutation.resolveUnknownAttempt": { scope: "operations:write" },
  "Query.unknownAttempts": { scope: "operations:read" },
  "Query.node": { scope: null, clientSecret: true },
  "Query.nodes": { scope: null, clientSecret: true },
  "Query.paymentIntent": { scope: "payments:read", clientSecret: true },
  "Query.paymentIntents": { scope: "payments:read" },
  "Query.refund": { scope: "payments:read" },
  "Query.refunds": { scope: "payments:read" },
  "Query.captures": { scope: "payments:read" },
  "Query.operation": { scope: "payments:read" },
  "Query.merchant": { scope: "payments:read" },
  "Query.events": { scope: "events:read" },
  "Query.eventTypes": { scope: "events:read" },
  "Query.ledgerAccount": { scope: "ledger:read" },
  "Query.ledgerAccounts": { scope: "ledger:read" },
  "Query.trialBalance": { scope: "ledger:read" },
  "Query.webhookEndpoints": { scope: "webhooks:read" },
  "Query.webhookDeliveries": { scope: "webhooks:read" },
  "Query.deadLetters": { scope: "webhooks:read" },
};

/** Before anything of the operation is executed; throws the failure to answer with. */
export function checkAccess(context: Context, rootFields: readonly string[]): void {
  for (const name of rootFields) {
    const rule = ACCESS[name];
    const caller = callerOf(context);
    if (!rule) throw new Failure("FORBIDDEN", "Nobody may do this.");
    if (isPublishable(caller)) checkClientSecret(context, rule);
    else if (rule.scope !== null) requireScope(context, rule.scope);
  }
}

export function isPublishable(caller: ApiKey): boolean {
  return caller.kind === "PUBLISHABLE";
}

function checkClientSecret(context: Context, rule: Rule): void {
  if (!rule.clientSecret) {
    throw new Failure(
      "FORBIDDEN",
      "A publishable key may only confirm and read one payment intent.",
    );
  }
  if (context.clientSecretFor === undefined) {
    throw new Failure(
      "FORBIDDEN",
      "A publishable key needs the payment intent's client secret in the header oncepay-client-secret.",
    );
  }
}

export function requireScope(context: Context, scope: Scope): void {
  if (callerOf(context).scopes.includes(scope)) return;
  throw new Failure("FORBIDDEN", "The API key lacks the scope that this needs.", { scope });
}

/** A publishable key sees the intent whose client secret it sent, and nothing beside it. */
export function requireIntent(context: Context, paymentIntentId: string): void {
  if (!isPublishable(callerOf(context)) || context.clientSecretFor === paymentIntentId) return;
  throw new Failure("FORBIDDEN", "The client secret is for another payment intent.");
}
