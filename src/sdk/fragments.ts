/*
 * What is asked for of each type, and the texts that are made of it. The types are printed from them: a fragment's name
 * is the name of an exported type.
 */

const FRAGMENTS: Readonly<Record<string, string>> = {
  PaymentIntent: `fragment PaymentIntent on PaymentIntent {
    id status amount currency captureMethod paymentMethod
    amountAuthorized amountCapturable amountCaptured amountRefunded amountRefundable
    amountDisputed
    description customer merchantReference metadata
    lastPaymentError { ...PaymentError } 
    nextAction { __typename type expiresAt ... on RedirectToUrl { ...RedirectToUrl } }
    cancellationReason cancellationRequestedAt
    authorizationExpiresAt authorizationExpiredAt authorizationExpiryPolicy
    allowedActions { ...AllowedAction } clientSecret version createdAt updatedAt
    personalDataErasedAt
  }`,
  PaymentError: `fragment PaymentError on PaymentError { code declineCode adviceCode networkDeclineCode message retryable }`,
  RedirectToUrl: `fragment RedirectToUrl on RedirectToUrl { type redirectUrl expiresAt }`,
  AllowedAction: `fragment AllowedAction on AllowedAction { action allowed because }`,
  Refund: `fragment Refund on Refund {
    id paymentIntentId status amount currency reason note metadata failureCode createdAt updatedAt
    personalDataErasedAt
  }`,
  Dispute: `fragment Dispute on Dispute {
    id paymentIntentId attemptId status reason amount currency fee processorDisputeId
    evidenceDueBy openedAt closedAt version createdAt updatedAt
  }`,
  Payout: `fragment Payout on Payout {
    id status amount currency lineCount processor processorAccountId processorPayoutId arrivesAt
    changedAt version createdAt updatedAt
  }`,
  PayoutLine: `fragment PayoutLine on PayoutLine {
    line kind amount attemptId paymentIntentId movementId
  }`,
  Capture: `fragment Capture on Capture {
    id paymentIntentId status amount currency final failureCode createdAt updatedAt
  }`,
  Attempt: `fragment Attempt on Attempt {
    id paymentIntentId operation processor processorAccountId status amount currency paymentMethod processorChargeId
    code declineCode adviceCode networkDeclineCode message sentAt unknownSince lookups nextLookupAt settledAt createdAt
  }`,
  Event: `fragment Event on Event { id type apiVersion createdAt subjectId sequence data }`,
  WebhookEndpoint: `fragment WebhookEndpoint on WebhookEndpoint {
    id url description eventTypes metadata apiVersion status disabledReason disabledAt
    ratePerSecond timeoutMs concurrency ordered verifiedAt verificationError
    secretHint previousSecretHint previousSecretExpiresAt createdAt updatedAt oldestDueAt
    last24Hours { since attempts succeeded p95Ms }
  }`,
  WebhookDelivery: `fragment WebhookDelivery on WebhookDelivery {
    id merchantId eventId endpointId status tries nextAt statusCode error responseBody durationMs replayOf
    cause replayedAs discardReason createdAt updatedAt
  }`,
  ReplayPlan: `fragment ReplayPlan on ReplayPlan {
    id status reason filter horizon letters superseded hasMore
    endpoints { endpointId letters } types { type letters } causes { cause letters } sampleIds
    perSecond sent skipped createdBy createdAt startedAt finishedAt updatedAt
  }`,
  ProcessorAccount: `fragment ProcessorAccount on ProcessorAccount {
    id processor mode externalAccountId status disabledReason disabledAt apiVersion settings
    credentialsHint credentialsChangedAt webhookPath webhookSecretHint
    previousWebhookSecretExpiresAt version createdAt updatedAt
  }`,
  SetAsideMessage: `fragment SetAsideMessage on SetAsideMessage {
    id merchantId eventId eventType attemptId deliveryId tries lastError setAsideAt nextTryAt
    createdAt
  }`,
  ReconciliationBreak: `fragment ReconciliationBreak on ReconciliationBreak {
    id merchantId kind status source processor processorAccountId reportId subjectId paymentIntentId
    currency detail
    ours { ...ReconciliationSide } theirs { ...ReconciliationSide }
    proposal { corrects postings { debit credit amount } }
    owner explanation resolution journalId foundAt explainedAt resolvedAt
  }`,
  ReconciliationSide: `fragment ReconciliationSide on ReconciliationSide { amount currency fee state }`,
  ReconciliationReport: `fragment ReconciliationReport on ReconciliationReport {
    id source processor merchantId processorAccountId statement periodFrom periodTo status lines
    compared matched breaksFound breaksClosed startedAt finishedAt failure failedAt
  }`,
  LedgerAccount: `fragment LedgerAccount on LedgerAccount {
    id kind currency createdAt balance pendingBalance
  }`,
  LedgerEntry: `fragment LedgerEntry on LedgerEntry {
    journalId line kind side amount currency pending balanceAfter source sourceId paymentIntentId
    attemptId correctsJournalId createdAt
  }`,
  AuditEntry: `fragment AuditEntry on AuditEntry {
    id action operation outcome errorCode actorKind actorId actorHint address requestId
    subjectType subjectId idempotencyKey count at lastAt details
  }`,
  Merchant: `fragment Merchant on Merchant { id name mode createdAt }`,
  ApiKey: `fragment ApiKey on ApiKey {
    id kind name mode scopes hint allowedAddresses status rolledFrom createdBy createdAt
    firstUsedAt lastUsedAt expiresAt revokedAt
  }`,
  Evidence: `fragment Evidence on Evidence { source outcome effect reason at }`,
  Erasure: `fragment Erasure on Erasure {
    id status paymentIntents eventsInClear requestedAt finishedAt
  }`,
  Idempotency: `fragment Idempotency on Idempotency { status firstSeenAt version }`,
  PageInfo: `fragment PageInfo on PageInfo { hasNextPage hasPreviousPage startCursor endCursor }`,
};

/** A mutation in the shape that all of them have. */
export function mutation(name: string, result: string): string {
  const inputType = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
  return withFragments(
    `mutation ${name}($input: ${inputType}!, $idempotencyKey: String!) {
  ${name}(input: $input, idempotencyKey: $idempotencyKey) { ${result} idempotency { ...Idempotency } }
}`,
  );
}

type VariableTypes = Readonly<Record<string, string>>;

export function query(name: string, variables: VariableTypes, result: string): string {
  return oneField("query", { name, variables, result });
}

export function subscription(name: string, variables: VariableTypes, result: string): string {
  return oneField("subscription", { name, variables, result });
}

interface RootField {
  readonly name: string;
  readonly variables: VariableTypes;
  readonly result: string;
}

function oneField(kind: "query" | "subscription", { name, variables, result }: RootField): string {
  const names = Object.keys(variables);
  const declared = names.map((variable) => `$${variable}: ${variables[variable] ?? ""}`);
  const passed = names.map((variable) => `${variable}: $${variable}`);
  const parentheses = (parts: string[]): string =>
    parts.length === 0 ? "" : `(${parts.join(", ")})`;
  return withFragments(
    `${kind} ${name}${parentheses(declared)} { ${name}${parentheses(passed)} { ${result} } }`,
  );
}

export const PAGE = { first: "Int", after: "String", last: "Int", before: "String" };

export function page(fragment: string): string {
  return `edges { cursor node { ...${fragment} } } pageInfo { ...PageInfo }`;
}

export function withFragments(operation: string): string {
  const needed = new Set<string>();
  const collect = (text: string): void => {
    for (const [, name = ""] of text.matchAll(/\.\.\.(\w+)/g)) {
      const fragment = FRAGMENTS[name];
      if (fragment === undefined || needed.has(name)) continue;
      needed.add(name);
      collect(fragment);
    }
  };
  collect(operation);
  return [operation, ...[...needed].map((name) => FRAGMENTS[name])].join("\n");
}
