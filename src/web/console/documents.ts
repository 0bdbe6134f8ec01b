/*
 * Everything that the console asks, of the public API. The types of the answers are printed from these texts and the
 * schema into results.ts; a test fails when they are stale, or when a text does not fit the schema.
 */

const PAGE = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }";
const PAGED = "$first: Int, $after: String, $last: Int, $before: String";
const PAGING = "first: $first, after: $after, last: $last, before: $before";

const LETTER =
  "id endpointId eventId merchantId status tries statusCode cause error updatedAt replayedAs";
const PLAN =
  "id status createdAt startedAt finishedAt reason letters superseded sent skipped perSecond hasMore";
const PLAN_COUNTS = `endpoints { endpointId letters } causes { cause letters } types { type letters }
  filter createdBy sampleIds horizon`;
const ENDPOINT =
  "id url status description ordered createdAt disabledAt disabledReason verificationError secretHint previousSecretHint previousSecretExpiresAt eventTypes ratePerSecond timeoutMs oldestDueAt last24Hours { attempts succeeded p95Ms }";
const ATTEMPT =
  "id operation status amount currency processor processorAccountId paymentIntentId code declineCode message lookups createdAt sentAt settledAt unknownSince nextLookupAt processorChargeId";

const SIDE = "amount currency fee state";
const BREAK = `id merchantId kind status currency detail subjectId paymentIntentId owner foundAt
  ours { ${SIDE} } theirs { ${SIDE} } proposal { corrects postings { debit credit amount } }`;

function mutation(name: string, selection: string): string {
  const Name = name.charAt(0).toUpperCase() + name.slice(1);
  return `mutation ($input: ${Name}Input!, $key: String!) { ${name}(input: $input, idempotencyKey: $key) { ${selection} idempotency { status firstSeenAt } } }`;
}

export const DOCUMENTS = {
  merchant: "{ merchant { id name mode } }",

  // The overview, and whatever is counted.
  trialBalance: "{ trialBalance { balanced currencies { currency debits credits difference } } }",
  backlog: "{ backlog { oldestUnpublishedAt oldestDueAt } }",
  endpointStates: "{ webhookEndpoints(first: 100) { edges { node { id status } } } }",
  letterCounts: `query ($filter: DeadLetterFilter, $merchantId: ID, $after: String) {
    deadLetters(filter: $filter, merchantId: $merchantId, first: 100, after: $after) {
      edges { node { id endpointId merchantId cause statusCode } } pageInfo { hasNextPage endCursor }
    }
  }`,
  unknownCounts: `query ($after: String) {
    unknownAttempts(first: 100, after: $after) {
      edges { node { id amount currency unknownSince } } pageInfo { hasNextPage endCursor }
    }
  }`,
  breakCounts: `query ($filter: ReconciliationBreakFilter, $after: String) {
    reconciliationBreaks(filter: $filter, first: 100, after: $after) {
      edges { node { id kind foundAt detail } } pageInfo { hasNextPage endCursor }
    }
  }`,
  eventCounts: `query ($since: DateTime, $after: String) {
    events(since: $since, first: 100, after: $after) {
      edges { node { createdAt } } pageInfo { hasNextPage endCursor }
    }
  }`,
  setAsideCounts: `query ($merchantId: ID) {
    setAsideMessages(merchantId: $merchantId, first: 100) {
      edges { node { id merchantId setAsideAt lastError } } pageInfo { hasNextPage }
    }
  }`,

  payments: `query ($filter: PaymentIntentFilter, ${PAGED}) {
    paymentIntents(filter: $filter, ${PAGING}) {
      edges { node {
        id status amount currency amountCaptured amountRefunded merchantReference customer createdAt
        lastPaymentError { code declineCode }
      } }
      ${PAGE}
    }
  }`,
  payment: `query ($id: ID!) {
    paymentIntent(id: $id) {
      id status version amount currency amountAuthorized amountCapturable amountCaptured
      amountRefunded amountRefundable amountDisputed captureMethod merchantReference customer
      description paymentMethod metadata createdAt updatedAt cancellationReason
      cancellationRequestedAt authorizationExpiresAt personalDataErasedAt
      lastPaymentError { code declineCode message }
      allowedActions { action allowed because }
      attempts(first: 20) { edges { node { id operation status amount currency processor code declineCode createdAt settledAt } } }
      refunds(first: 20) { edges { node { id amount currency status reason createdAt } } }
    }
  }`,
  timeline: `query ($id: ID!, $after: String) {
    paymentIntent(id: $id) {
      id
      timeline(first: 50, after: $after) {
        edges { node { kind at summary subjectId actor } } pageInfo { hasNextPage endCursor }
      }
    }
  }`,
  attemptOf: "query ($id: ID!) { node(id: $id) { ... on Attempt { id paymentIntentId } } }",
  captureOf: "query ($id: ID!) { node(id: $id) { ... on Capture { id paymentIntentId } } }",
  refundOf: "query ($id: ID!) { node(id: $id) { ... on Refund { id paymentIntentId } } }",
  disputeOf: "query ($id: ID!) { node(id: $id) { ... on Dispute { id paymentIntentId } } }",
  event:
    "query ($id: ID!) { node(id: $id) { ... on Event { id type apiVersion createdAt sequence subjectId data } } }",
  attempt: `query ($id: ID!) { node(id: $id) { ... on Attempt { ${ATTEMPT} evidence { at source outcome effect reason } } } }`,

  letters: `query ($filter: DeadLetterFilter, $merchantId: ID, ${PAGED}) {
    deadLetters(filter: $filter, merchantId: $merchantId, ${PAGING}) {
      edges { node { ${LETTER} } } ${PAGE}
    }
  }`,
  delivery: `query ($id: ID!) {
    node(id: $id) { ... on WebhookDelivery {
      ${LETTER} createdAt nextAt replayOf discardReason durationMs responseBody
      attempts { number startedAt durationMs statusCode errorClass error responseBody }
      event { id type subjectId createdAt data }
    } }
  }`,

  plans: `query (${PAGED}) {
    replayPlans(${PAGING}) { edges { node { ${PLAN} } } ${PAGE} }
  }`,
  plan: `query ($id: ID!) { node(id: $id) { ... on ReplayPlan { ${PLAN} ${PLAN_COUNTS} } } }`,

  unknowns: `query (${PAGED}) {
    unknownAttempts(${PAGING}) {
      edges { node { ${ATTEMPT} } } ${PAGE}
    }
  }`,

  breaks: `query ($filter: ReconciliationBreakFilter, ${PAGED}) {
    reconciliationBreaks(filter: $filter, ${PAGING}) {
      edges { node { ${BREAK} } } ${PAGE}
    }
  }`,
  break: `query ($id: ID!) {
    node(id: $id) { ... on ReconciliationBreak {
      ${BREAK} source processor processorAccountId reportId explanation explainedAt resolution resolvedAt journalId
    } }
  }`,

  endpoints: `query (${PAGED}) {
    webhookEndpoints(${PAGING}) { edges { node { ${ENDPOINT} } } ${PAGE} }
  }`,
  endpoint: `query ($id: ID!) { node(id: $id) { ... on WebhookEndpoint { ${ENDPOINT} } } }`,
  deliveries: `query ($filter: WebhookDeliveryFilter, ${PAGED}) {
    webhookDeliveries(filter: $filter, ${PAGING}) {
      edges { node { ${LETTER} createdAt nextAt durationMs } } ${PAGE}
    }
  }`,

  accounts: `query ($asOf: DateTime, ${PAGED}) {
    ledgerAccounts(${PAGING}) {
      edges { node { id kind currency createdAt balance(asOf: $asOf) pendingBalance(asOf: $asOf) } } ${PAGE}
    }
  }`,
  account: `query ($id: ID!, ${PAGED}) {
    ledgerAccount(id: $id) {
      id kind currency balance pendingBalance
      entries(${PAGING}) {
        edges { node { journalId line kind side amount currency pending createdAt paymentIntentId attemptId } } ${PAGE}
      }
    }
  }`,

  audit: `query ($filter: AuditLogFilter, ${PAGED}) {
    auditLog(filter: $filter, ${PAGING}) {
      edges { node {
        id at lastAt count action operation outcome errorCode actorKind actorId actorHint address
        subjectId subjectType requestId details
      } }
      ${PAGE}
    }
  }`,

  capturePaymentIntent: mutation("capturePaymentIntent", "paymentIntent { id status }"),
  cancelPaymentIntent: mutation("cancelPaymentIntent", "paymentIntent { id status }"),
  refundPaymentIntent: mutation("refundPaymentIntent", "refund { id status }"),
  lookUpAttempt: mutation("lookUpAttempt", "attempt { id status nextLookupAt }"),
  resolveUnknownAttempt: mutation(
    "resolveUnknownAttempt",
    "paymentIntent { id status } proposal { at source outcome effect reason }",
  ),
  resolveReconciliationBreak: mutation(
    "resolveReconciliationBreak",
    "reconciliationBreak { id status journalId }",
  ),
  replayWebhookDelivery: mutation("replayWebhookDelivery", "webhookDelivery { id status }"),
  retryWebhookDeliveryNow: mutation("retryWebhookDeliveryNow", "webhookDelivery { id status }"),
  discardWebhookDelivery: mutation("discardWebhookDelivery", "webhookDelivery { id status }"),
  createReplayPlan: mutation("createReplayPlan", "replayPlan { id letters }"),
  startReplayPlan: mutation("startReplayPlan", "replayPlan { id status }"),
  pauseReplayPlan: mutation("pauseReplayPlan", "replayPlan { id status }"),
  resumeReplayPlan: mutation("resumeReplayPlan", "replayPlan { id status }"),
  cancelReplayPlan: mutation("cancelReplayPlan", "replayPlan { id status }"),
  sendTestWebhook: mutation("sendTestWebhook", "webhookDelivery { id status }"),
  disableWebhookEndpoint: mutation("disableWebhookEndpoint", "webhookEndpoint { id status }"),
  enableWebhookEndpoint: mutation("enableWebhookEndpoint", "webhookEndpoint { id status }"),
  rotateWebhookSecret: mutation("rotateWebhookSecret", "webhookEndpoint { id } secret"),
} as const;
