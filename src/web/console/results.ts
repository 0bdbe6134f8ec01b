// Printed from schema/schema.graphql and documents.ts; a test fails when it is stale.
import type {
  AuditLogFilter,
  CancelPaymentIntentInput,
  CancelReplayPlanInput,
  CapturePaymentIntentInput,
  CreateReplayPlanInput,
  DeadLetterFilter,
  DisableWebhookEndpointInput,
  DiscardWebhookDeliveryInput,
  EnableWebhookEndpointInput,
  LookUpAttemptInput,
  PauseReplayPlanInput,
  PaymentIntentFilter,
  ReconciliationBreakFilter,
  RefundPaymentIntentInput,
  ReplayWebhookDeliveryInput,
  ResolveReconciliationBreakInput,
  ResolveUnknownAttemptInput,
  ResumeReplayPlanInput,
  RetryWebhookDeliveryNowInput,
  RotateWebhookSecretInput,
  SendTestWebhookInput,
  StartReplayPlanInput,
  WebhookDeliveryFilter,
} from "../../sdk/inputs";

export type AttemptOperation =
  "AUTHORIZE" | "CAPTURE" | "CHARGE" | "COMPENSATE" | "REFUND" | "REVERSE" | "VOID";

export type AttemptStatus =
  "ABANDONED" | "DECLINED" | "QUEUED" | "REQUIRES_ACTION" | "SENT" | "SUCCEEDED" | "UNKNOWN";

export type AuditAction =
  "ACCESS_REFUSED" | "API_KEY_USED" | "AUTHENTICATION_REFUSED" | "COMMAND" | "READ" | "WRITE";

export type AuditActorKind =
  | "ANONYMOUS"
  | "COMMAND_LINE"
  | "OPERATOR"
  | "PLATFORM"
  | "PUBLISHABLE"
  | "RESTRICTED"
  | "SECRET"
  | "SYSTEM";

export type AuditOutcome = "REFUSED" | "REPLAYED" | "SUCCEEDED";

export type CancellationReason =
  "ABANDONED" | "AUTHORIZATION_EXPIRED" | "DUPLICATE" | "FRAUDULENT" | "REQUESTED_BY_CUSTOMER";

export type CaptureMethod = "AUTOMATIC" | "MANUAL";

export type DeliveryStatus =
  "DEAD" | "DISCARDED" | "IN_FLIGHT" | "PAUSED" | "RETRYING" | "SCHEDULED" | "SUCCEEDED";

export type ErrorCode =
  | "AMOUNT_TOO_LARGE"
  | "BAD_USER_INPUT"
  | "DUPLICATE_REFERENCE"
  | "FORBIDDEN"
  | "IDEMPOTENCY_KEY_IN_USE"
  | "IDEMPOTENCY_KEY_REUSED"
  | "INTERNAL"
  | "INVALID_STATE"
  | "NOT_FOUND"
  | "RATE_LIMITED"
  | "UNAUTHENTICATED"
  | "UNAVAILABLE";

export type IdempotencyStatus = "EXECUTED" | "REPLAYED";

export type IntentAction = "CANCEL" | "CAPTURE" | "CONFIRM" | "REFUND" | "UPDATE";

export type LedgerAccountKind =
  | "DISPUTES"
  | "MERCHANT_BALANCE"
  | "PAYOUTS"
  | "PROCESSING_FEES"
  | "PROCESSOR_RECEIVABLE"
  | "SUSPENSE";

export type Mode = "LIVE" | "TEST";

export type PaymentIntentStatus =
  | "CANCELED"
  | "FAILED"
  | "PROCESSING"
  | "REQUIRES_ACTION"
  | "REQUIRES_CAPTURE"
  | "REQUIRES_CONFIRMATION"
  | "REQUIRES_PAYMENT_METHOD"
  | "SUCCEEDED";

export type PostingSide = "CREDIT" | "DEBIT";

export type ReconciliationBreakKind =
  | "AMOUNT"
  | "CURRENCY"
  | "DUPLICATE"
  | "FEE"
  | "IMBALANCE"
  | "MISSING_HERE"
  | "MISSING_THERE"
  | "STATE"
  | "TIMING"
  | "UNCLEARED";

export type ReconciliationBreakResolution =
  "CLOSED_ITSELF" | "CORRECTED" | "DISMISSED" | "REVERSED";

export type ReconciliationBreakSource = "LEDGER" | "PROCESSOR_LIST" | "SETTLEMENT_FILE";

export type ReconciliationBreakStatus = "EXPLAINED" | "OPEN" | "RESOLVED";

export type RefundReason = "DUPLICATE" | "FRAUDULENT" | "REQUESTED_BY_CUSTOMER";

export type RefundStatus = "FAILED" | "PENDING" | "REVERSED" | "SUCCEEDED";

export type RelayError = "DATABASE" | "OTHER" | "RELAY_DIED";

export type ReplayPlanStatus = "CANCELED" | "FINISHED" | "PAUSED" | "READY" | "RUNNING";

export type TimelineEntryKind =
  | "API_CALL"
  | "ATTEMPT"
  | "DELIVERY"
  | "DISPUTE"
  | "EVIDENCE"
  | "LEDGER"
  | "OPERATOR_ACTION"
  | "PROCESSOR_WEBHOOK"
  | "TRANSITION";

export type WebhookEndpointStatus = "DELETED" | "DISABLED" | "ENABLED" | "PENDING";

export type WebhookErrorClass =
  | "BLOCKED"
  | "CLIENT_ERROR"
  | "CONNECTION"
  | "DNS"
  | "GONE"
  | "OTHER"
  | "PROTOCOL"
  | "REDIRECT"
  | "SERVER_ERROR"
  | "SIGNING"
  | "TIMEOUT"
  | "TLS";

export interface Results {
  readonly merchant: {
    readonly merchant: { readonly id: string; readonly name: string; readonly mode: Mode };
  };
  readonly trialBalance: {
    readonly trialBalance: {
      readonly balanced: boolean;
      readonly currencies: readonly {
        readonly currency: string;
        readonly debits: string;
        readonly credits: string;
        readonly difference: string;
      }[];
    };
  };
  readonly backlog: {
    readonly backlog: {
      readonly oldestUnpublishedAt: string | null;
      readonly oldestDueAt: string | null;
    };
  };
  readonly endpointStates: {
    readonly webhookEndpoints: {
      readonly edges: readonly {
        readonly node: { readonly id: string; readonly status: WebhookEndpointStatus };
      }[];
    };
  };
  readonly letterCounts: {
    readonly deadLetters: {
      readonly edges: readonly {
        readonly node: {
          readonly id: string;
          readonly endpointId: string;
          readonly merchantId: string | null;
          readonly cause: WebhookErrorClass | null;
          readonly statusCode: number | null;
        };
      }[];
      readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
    };
  };
  readonly unknownCounts: {
    readonly unknownAttempts: {
      readonly edges: readonly {
        readonly node: {
          readonly id: string;
          readonly amount: number;
          readonly currency: string;
          readonly unknownSince: string | null;
        };
      }[];
      readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
    };
  };
  readonly breakCounts: {
    readonly reconciliationBreaks: {
      readonly edges: readonly {
        readonly node: {
          readonly id: string;
          readonly kind: ReconciliationBreakKind;
          readonly foundAt: string;
          readonly detail: string;
        };
      }[];
      readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
    };
  };
  readonly eventCounts: {
    readonly events: {
      readonly edges: readonly { readonly node: { readonly createdAt: string } }[];
      readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
    };
  };
  readonly setAsideCounts: {
    readonly setAsideMessages: {
      readonly edges: readonly {
        readonly node: {
          readonly id: string;
          readonly merchantId: string;
          readonly setAsideAt: string;
          readonly lastError: RelayError;
        };
      }[];
      readonly pageInfo: { readonly hasNextPage: boolean };
    };
  };
  readonly payments: {
    readonly paymentIntents: {
      readonly edges: readonly {
        readonly node: {
          readonly id: string;
          readonly status: PaymentIntentStatus;
          readonly amount: number;
          readonly currency: string;
          readonly amountCaptured: number;
          readonly amountRefunded: number;
          readonly merchantReference: string | null;
          readonly customer: string | null;
          readonly createdAt: string;
          readonly lastPaymentError: {
            readonly code: string;
            readonly declineCode: string | null;
          } | null;
        };
      }[];
      readonly pageInfo: {
        readonly hasNextPage: boolean;
        readonly hasPreviousPage: boolean;
        readonly startCursor: string | null;
        readonly endCursor: string | null;
      };
    };
  };
  readonly payment: {
    readonly paymentIntent: {
      readonly id: string;
      readonly status: PaymentIntentStatus;
      readonly version: number;
      readonly amount: number;
      readonly currency: string;
      readonly amountAuthorized: number;
      readonly amountCapturable: number;
      readonly amountCaptured: number;
      readonly amountRefunded: number;
      readonly amountRefundable: number;
      readonly amountDisputed: number;
      readonly captureMethod: CaptureMethod;
      readonly merchantReference: string | null;
      readonly customer: string | null;
      readonly description: string | null;
      readonly paymentMethod: string | null;
      readonly metadata: Readonly<Record<string, string>> | null;
      readonly createdAt: string;
      readonly updatedAt: string;
      readonly cancellationReason: CancellationReason | null;
      readonly cancellationRequestedAt: string | null;
      readonly authorizationExpiresAt: string | null;
      readonly personalDataErasedAt: string | null;
      readonly lastPaymentError: {
        readonly code: string;
        readonly declineCode: string | null;
        readonly message: string;
      } | null;
      readonly allowedActions:
        | readonly {
            readonly action: IntentAction;
            readonly allowed: boolean;
            readonly because: string | null;
          }[]
        | null;
      readonly attempts: {
        readonly edges: readonly {
          readonly node: {
            readonly id: string;
            readonly operation: AttemptOperation;
            readonly status: AttemptStatus;
            readonly amount: number;
            readonly currency: string;
            readonly processor: string;
            readonly code: string | null;
            readonly declineCode: string | null;
            readonly createdAt: string;
            readonly settledAt: string | null;
          };
        }[];
      } | null;
      readonly refunds: {
        readonly edges: readonly {
          readonly node: {
            readonly id: string;
            readonly amount: number;
            readonly currency: string;
            readonly status: RefundStatus;
            readonly reason: RefundReason | null;
            readonly createdAt: string;
          };
        }[];
      } | null;
    } | null;
  };
  readonly timeline: {
    readonly paymentIntent: {
      readonly id: string;
      readonly timeline: {
        readonly edges: readonly {
          readonly node: {
            readonly kind: TimelineEntryKind;
            readonly at: string;
            readonly summary: string;
            readonly subjectId: string;
            readonly actor: string | null;
          };
        }[];
        readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
      } | null;
    } | null;
  };
  readonly attemptOf: {
    readonly node: { readonly id: string; readonly paymentIntentId: string } | null;
  };
  readonly captureOf: {
    readonly node: { readonly id: string; readonly paymentIntentId: string } | null;
  };
  readonly refundOf: {
    readonly node: { readonly id: string; readonly paymentIntentId: string } | null;
  };
  readonly disputeOf: {
    readonly node: { readonly id: string; readonly paymentIntentId: string } | null;
  };
  readonly event: {
    readonly node: {
      readonly id: string;
      readonly type: string;
      readonly apiVersion: string;
      readonly createdAt: string;
      readonly sequence: number | null;
      readonly subjectId: string;
      readonly data: unknown;
    } | null;
  };
  readonly attempt: {
    readonly node: {
      readonly id: string;
      readonly operation: AttemptOperation;
      readonly status: AttemptStatus;
      readonly amount: number;
      readonly currency: string;
      readonly processor: string;
      readonly processorAccountId: string | null;
      readonly paymentIntentId: string;
      readonly code: string | null;
      readonly declineCode: string | null;
      readonly message: string | null;
      readonly lookups: number;
      readonly createdAt: string;
      readonly sentAt: string | null;
      readonly settledAt: string | null;
      readonly unknownSince: string | null;
      readonly nextLookupAt: string | null;
      readonly processorChargeId: string | null;
      readonly evidence:
        | readonly {
            readonly at: string;
            readonly source: string;
            readonly outcome: string;
            readonly effect: string;
            readonly reason: string | null;
          }[]
        | null;
    } | null;
  };
  readonly letters: {
    readonly deadLetters: {
      readonly edges: readonly {
        readonly node: {
          readonly id: string;
          readonly endpointId: string;
          readonly eventId: string;
          readonly merchantId: string | null;
          readonly status: DeliveryStatus;
          readonly tries: number;
          readonly statusCode: number | null;
          readonly cause: WebhookErrorClass | null;
          readonly error: string | null;
          readonly updatedAt: string;
          readonly replayedAs: string | null;
        };
      }[];
      readonly pageInfo: {
        readonly hasNextPage: boolean;
        readonly hasPreviousPage: boolean;
        readonly startCursor: string | null;
        readonly endCursor: string | null;
      };
    };
  };
  readonly delivery: {
    readonly node: {
      readonly id: string;
      readonly endpointId: string;
      readonly eventId: string;
      readonly merchantId: string | null;
      readonly status: DeliveryStatus;
      readonly tries: number;
      readonly statusCode: number | null;
      readonly cause: WebhookErrorClass | null;
      readonly error: string | null;
      readonly updatedAt: string;
      readonly replayedAs: string | null;
      readonly createdAt: string;
      readonly nextAt: string | null;
      readonly replayOf: string | null;
      readonly discardReason: string | null;
      readonly durationMs: number | null;
      readonly responseBody: string | null;
      readonly attempts:
        | readonly {
            readonly number: number;
            readonly startedAt: string;
            readonly durationMs: number;
            readonly statusCode: number | null;
            readonly errorClass: WebhookErrorClass | null;
            readonly error: string | null;
            readonly responseBody: string | null;
          }[]
        | null;
      readonly event: {
        readonly id: string;
        readonly type: string;
        readonly subjectId: string;
        readonly createdAt: string;
        readonly data: unknown;
      } | null;
    } | null;
  };
  readonly plans: {
    readonly replayPlans: {
      readonly edges: readonly {
        readonly node: {
          readonly id: string;
          readonly status: ReplayPlanStatus;
          readonly createdAt: string;
          readonly startedAt: string | null;
          readonly finishedAt: string | null;
          readonly reason: string;
          readonly letters: number;
          readonly superseded: number;
          readonly sent: number;
          readonly skipped: number;
          readonly perSecond: number | null;
          readonly hasMore: boolean;
        };
      }[];
      readonly pageInfo: {
        readonly hasNextPage: boolean;
        readonly hasPreviousPage: boolean;
        readonly startCursor: string | null;
        readonly endCursor: string | null;
      };
    };
  };
  readonly plan: {
    readonly node: {
      readonly id: string;
      readonly status: ReplayPlanStatus;
      readonly createdAt: string;
      readonly startedAt: string | null;
      readonly finishedAt: string | null;
      readonly reason: string;
      readonly letters: number;
      readonly superseded: number;
      readonly sent: number;
      readonly skipped: number;
      readonly perSecond: number | null;
      readonly hasMore: boolean;
      readonly endpoints: readonly { readonly endpointId: string; readonly letters: number }[];
      readonly causes: readonly { readonly cause: WebhookErrorClass; readonly letters: number }[];
      readonly types: readonly { readonly type: string; readonly letters: number }[];
      readonly filter: unknown;
      readonly createdBy: string;
      readonly sampleIds: readonly string[];
      readonly horizon: string | null;
    } | null;
  };
  readonly unknowns: {
    readonly unknownAttempts: {
      readonly edges: readonly {
        readonly node: {
          readonly id: string;
          readonly operation: AttemptOperation;
          readonly status: AttemptStatus;
          readonly amount: number;
          readonly currency: string;
          readonly processor: string;
          readonly processorAccountId: string | null;
          readonly paymentIntentId: string;
          readonly code: string | null;
          readonly declineCode: string | null;
          readonly message: string | null;
          readonly lookups: number;
          readonly createdAt: string;
          readonly sentAt: string | null;
          readonly settledAt: string | null;
          readonly unknownSince: string | null;
          readonly nextLookupAt: string | null;
          readonly processorChargeId: string | null;
        };
      }[];
      readonly pageInfo: {
        readonly hasNextPage: boolean;
        readonly hasPreviousPage: boolean;
        readonly startCursor: string | null;
        readonly endCursor: string | null;
      };
    };
  };
  readonly breaks: {
    readonly reconciliationBreaks: {
      readonly edges: readonly {
        readonly node: {
          readonly id: string;
          readonly merchantId: string;
          readonly kind: ReconciliationBreakKind;
          readonly status: ReconciliationBreakStatus;
          readonly currency: string;
          readonly detail: string;
          readonly subjectId: string;
          readonly paymentIntentId: string | null;
          readonly owner: string | null;
          readonly foundAt: string;
          readonly ours: {
            readonly amount: number | null;
            readonly currency: string | null;
            readonly fee: number | null;
            readonly state: string | null;
          } | null;
          readonly theirs: {
            readonly amount: number | null;
            readonly currency: string | null;
            readonly fee: number | null;
            readonly state: string | null;
          } | null;
          readonly proposal: {
            readonly corrects: string | null;
            readonly postings: readonly {
              readonly debit: LedgerAccountKind;
              readonly credit: LedgerAccountKind;
              readonly amount: number;
            }[];
          } | null;
        };
      }[];
      readonly pageInfo: {
        readonly hasNextPage: boolean;
        readonly hasPreviousPage: boolean;
        readonly startCursor: string | null;
        readonly endCursor: string | null;
      };
    };
  };
  readonly break: {
    readonly node: {
      readonly id: string;
      readonly merchantId: string;
      readonly kind: ReconciliationBreakKind;
      readonly status: ReconciliationBreakStatus;
      readonly currency: string;
      readonly detail: string;
      readonly subjectId: string;
      readonly paymentIntentId: string | null;
      readonly owner: string | null;
      readonly foundAt: string;
      readonly ours: {
        readonly amount: number | null;
        readonly currency: string | null;
        readonly fee: number | null;
        readonly state: string | null;
      } | null;
      readonly theirs: {
        readonly amount: number | null;
        readonly currency: string | null;
        readonly fee: number | null;
        readonly state: string | null;
      } | null;
      readonly proposal: {
        readonly corrects: string | null;
        readonly postings: readonly {
          readonly debit: LedgerAccountKind;
          readonly credit: LedgerAccountKind;
          readonly amount: number;
        }[];
      } | null;
      readonly source: ReconciliationBreakSource;
      readonly processor: string | null;
      readonly processorAccountId: string | null;
      readonly reportId: string | null;
      readonly explanation: string | null;
      readonly explainedAt: string | null;
      readonly resolution: ReconciliationBreakResolution | null;
      readonly resolvedAt: string | null;
      readonly journalId: string | null;
    } | null;
  };
  readonly endpoints: {
    readonly webhookEndpoints: {
      readonly edges: readonly {
        readonly node: {
          readonly id: string;
          readonly url: string;
          readonly status: WebhookEndpointStatus;
          readonly description: string | null;
          readonly ordered: boolean | null;
          readonly createdAt: string;
          readonly disabledAt: string | null;
          readonly disabledReason: string | null;
          readonly verificationError: string | null;
          readonly secretHint: string | null;
          readonly previousSecretHint: string | null;
          readonly previousSecretExpiresAt: string | null;
          readonly eventTypes: readonly string[];
          readonly ratePerSecond: number | null;
          readonly timeoutMs: number | null;
          readonly oldestDueAt: string | null;
          readonly last24Hours: {
            readonly attempts: number;
            readonly succeeded: number;
            readonly p95Ms: number | null;
          } | null;
        };
      }[];
      readonly pageInfo: {
        readonly hasNextPage: boolean;
        readonly hasPreviousPage: boolean;
        readonly startCursor: string | null;
        readonly endCursor: string | null;
      };
    };
  };
  readonly endpoint: {
    readonly node: {
      readonly id: string;
      readonly url: string;
      readonly status: WebhookEndpointStatus;
      readonly description: string | null;
      readonly ordered: boolean | null;
      readonly createdAt: string;
      readonly disabledAt: string | null;
      readonly disabledReason: string | null;
      readonly verificationError: string | null;
      readonly secretHint: string | null;
      readonly previousSecretHint: string | null;
      readonly previousSecretExpiresAt: string | null;
      readonly eventTypes: readonly string[];
      readonly ratePerSecond: number | null;
      readonly timeoutMs: number | null;
      readonly oldestDueAt: string | null;
      readonly last24Hours: {
        readonly attempts: number;
        readonly succeeded: number;
        readonly p95Ms: number | null;
      } | null;
    } | null;
  };
  readonly deliveries: {
    readonly webhookDeliveries: {
      readonly edges: readonly {
        readonly node: {
          readonly id: string;
          readonly endpointId: string;
          readonly eventId: string;
          readonly merchantId: string | null;
          readonly status: DeliveryStatus;
          readonly tries: number;
          readonly statusCode: number | null;
          readonly cause: WebhookErrorClass | null;
          readonly error: string | null;
          readonly updatedAt: string;
          readonly replayedAs: string | null;
          readonly createdAt: string;
          readonly nextAt: string | null;
          readonly durationMs: number | null;
        };
      }[];
      readonly pageInfo: {
        readonly hasNextPage: boolean;
        readonly hasPreviousPage: boolean;
        readonly startCursor: string | null;
        readonly endCursor: string | null;
      };
    };
  };
  readonly accounts: {
    readonly ledgerAccounts: {
      readonly edges: readonly {
        readonly node: {
          readonly id: string;
          readonly kind: LedgerAccountKind;
          readonly currency: string;
          readonly createdAt: string;
          readonly balance: string;
          readonly pendingBalance: string;
        };
      }[];
      readonly pageInfo: {
        readonly hasNextPage: boolean;
        readonly hasPreviousPage: boolean;
        readonly startCursor: string | null;
        readonly endCursor: string | null;
      };
    };
  };
  readonly account: {
    readonly ledgerAccount: {
      readonly id: string;
      readonly kind: LedgerAccountKind;
      readonly currency: string;
      readonly balance: string;
      readonly pendingBalance: string;
      readonly entries: {
        readonly edges: readonly {
          readonly node: {
            readonly journalId: string;
            readonly line: number;
            readonly kind: string;
            readonly side: PostingSide;
            readonly amount: number;
            readonly currency: string;
            readonly pending: boolean;
            readonly createdAt: string;
            readonly paymentIntentId: string | null;
            readonly attemptId: string | null;
          };
        }[];
        readonly pageInfo: {
          readonly hasNextPage: boolean;
          readonly hasPreviousPage: boolean;
          readonly startCursor: string | null;
          readonly endCursor: string | null;
        };
      };
    } | null;
  };
  readonly audit: {
    readonly auditLog: {
      readonly edges: readonly {
        readonly node: {
          readonly id: string;
          readonly at: string;
          readonly lastAt: string;
          readonly count: number;
          readonly action: AuditAction;
          readonly operation: string | null;
          readonly outcome: AuditOutcome;
          readonly errorCode: ErrorCode | null;
          readonly actorKind: AuditActorKind;
          readonly actorId: string | null;
          readonly actorHint: string | null;
          readonly address: string | null;
          readonly subjectId: string | null;
          readonly subjectType: string | null;
          readonly requestId: string | null;
          readonly details: unknown;
        };
      }[];
      readonly pageInfo: {
        readonly hasNextPage: boolean;
        readonly hasPreviousPage: boolean;
        readonly startCursor: string | null;
        readonly endCursor: string | null;
      };
    };
  };
  readonly capturePaymentIntent: {
    readonly capturePaymentIntent: {
      readonly paymentIntent: { readonly id: string; readonly status: PaymentIntentStatus };
      readonly idempotency: { readonly status: IdempotencyStatus; readonly firstSeenAt: string };
    };
  };
  readonly cancelPaymentIntent: {
    readonly cancelPaymentIntent: {
      readonly paymentIntent: { readonly id: string; readonly status: PaymentIntentStatus };
      readonly idempotency: { readonly status: IdempotencyStatus; readonly firstSeenAt: string };
    };
  };
  readonly refundPaymentIntent: {
    readonly refundPaymentIntent: {
      readonly refund: { readonly id: string; readonly status: RefundStatus };
      readonly idempotency: { readonly status: IdempotencyStatus; readonly firstSeenAt: string };
    };
  };
  readonly lookUpAttempt: {
    readonly lookUpAttempt: {
      readonly attempt: {
        readonly id: string;
        readonly status: AttemptStatus;
        readonly nextLookupAt: string | null;
      };
      readonly idempotency: { readonly status: IdempotencyStatus; readonly firstSeenAt: string };
    };
  };
  readonly resolveUnknownAttempt: {
    readonly resolveUnknownAttempt: {
      readonly paymentIntent: { readonly id: string; readonly status: PaymentIntentStatus };
      readonly proposal: {
        readonly at: string;
        readonly source: string;
        readonly outcome: string;
        readonly effect: string;
        readonly reason: string | null;
      } | null;
      readonly idempotency: { readonly status: IdempotencyStatus; readonly firstSeenAt: string };
    };
  };
  readonly resolveReconciliationBreak: {
    readonly resolveReconciliationBreak: {
      readonly reconciliationBreak: {
        readonly id: string;
        readonly status: ReconciliationBreakStatus;
        readonly journalId: string | null;
      };
      readonly idempotency: { readonly status: IdempotencyStatus; readonly firstSeenAt: string };
    };
  };
  readonly replayWebhookDelivery: {
    readonly replayWebhookDelivery: {
      readonly webhookDelivery: { readonly id: string; readonly status: DeliveryStatus };
      readonly idempotency: { readonly status: IdempotencyStatus; readonly firstSeenAt: string };
    };
  };
  readonly retryWebhookDeliveryNow: {
    readonly retryWebhookDeliveryNow: {
      readonly webhookDelivery: { readonly id: string; readonly status: DeliveryStatus };
      readonly idempotency: { readonly status: IdempotencyStatus; readonly firstSeenAt: string };
    };
  };
  readonly discardWebhookDelivery: {
    readonly discardWebhookDelivery: {
      readonly webhookDelivery: { readonly id: string; readonly status: DeliveryStatus };
      readonly idempotency: { readonly status: IdempotencyStatus; readonly firstSeenAt: string };
    };
  };
  readonly createReplayPlan: {
    readonly createReplayPlan: {
      readonly replayPlan: { readonly id: string; readonly letters: number };
      readonly idempotency: { readonly status: IdempotencyStatus; readonly firstSeenAt: string };
    };
  };
  readonly startReplayPlan: {
    readonly startReplayPlan: {
      readonly replayPlan: { readonly id: string; readonly status: ReplayPlanStatus };
      readonly idempotency: { readonly status: IdempotencyStatus; readonly firstSeenAt: string };
    };
  };
  readonly pauseReplayPlan: {
    readonly pauseReplayPlan: {
      readonly replayPlan: { readonly id: string; readonly status: ReplayPlanStatus };
      readonly idempotency: { readonly status: IdempotencyStatus; readonly firstSeenAt: string };
    };
  };
  readonly resumeReplayPlan: {
    readonly resumeReplayPlan: {
      readonly replayPlan: { readonly id: string; readonly status: ReplayPlanStatus };
      readonly idempotency: { readonly status: IdempotencyStatus; readonly firstSeenAt: string };
    };
  };
  readonly cancelReplayPlan: {
    readonly cancelReplayPlan: {
      readonly replayPlan: { readonly id: string; readonly status: ReplayPlanStatus };
      readonly idempotency: { readonly status: IdempotencyStatus; readonly firstSeenAt: string };
    };
  };
  readonly sendTestWebhook: {
    readonly sendTestWebhook: {
      readonly webhookDelivery: { readonly id: string; readonly status: DeliveryStatus };
      readonly idempotency: { readonly status: IdempotencyStatus; readonly firstSeenAt: string };
    };
  };
  readonly disableWebhookEndpoint: {
    readonly disableWebhookEndpoint: {
      readonly webhookEndpoint: { readonly id: string; readonly status: WebhookEndpointStatus };
      readonly idempotency: { readonly status: IdempotencyStatus; readonly firstSeenAt: string };
    };
  };
  readonly enableWebhookEndpoint: {
    readonly enableWebhookEndpoint: {
      readonly webhookEndpoint: { readonly id: string; readonly status: WebhookEndpointStatus };
      readonly idempotency: { readonly status: IdempotencyStatus; readonly firstSeenAt: string };
    };
  };
  readonly rotateWebhookSecret: {
    readonly rotateWebhookSecret: {
      readonly webhookEndpoint: { readonly id: string };
      readonly secret: string | null;
      readonly idempotency: { readonly status: IdempotencyStatus; readonly firstSeenAt: string };
    };
  };
}

export interface Variables {
  readonly merchant: Record<string, never>;
  readonly trialBalance: Record<string, never>;
  readonly backlog: Record<string, never>;
  readonly endpointStates: Record<string, never>;
  readonly letterCounts: {
    readonly filter?: DeadLetterFilter | null | undefined;
    readonly merchantId?: string | null | undefined;
    readonly after?: string | null | undefined;
  };
  readonly unknownCounts: { readonly after?: string | null | undefined };
  readonly breakCounts: {
    readonly filter?: ReconciliationBreakFilter | null | undefined;
    readonly after?: string | null | undefined;
  };
  readonly eventCounts: {
    readonly since?: string | null | undefined;
    readonly after?: string | null | undefined;
  };
  readonly setAsideCounts: { readonly merchantId?: string | null | undefined };
  readonly payments: {
    readonly filter?: PaymentIntentFilter | null | undefined;
    readonly first?: number | null | undefined;
    readonly after?: string | null | undefined;
    readonly last?: number | null | undefined;
    readonly before?: string | null | undefined;
  };
  readonly payment: { readonly id: string };
  readonly timeline: { readonly id: string; readonly after?: string | null | undefined };
  readonly attemptOf: { readonly id: string };
  readonly captureOf: { readonly id: string };
  readonly refundOf: { readonly id: string };
  readonly disputeOf: { readonly id: string };
  readonly event: { readonly id: string };
  readonly attempt: { readonly id: string };
  readonly letters: {
    readonly filter?: DeadLetterFilter | null | undefined;
    readonly merchantId?: string | null | undefined;
    readonly first?: number | null | undefined;
    readonly after?: string | null | undefined;
    readonly last?: number | null | undefined;
    readonly before?: string | null | undefined;
  };
  readonly delivery: { readonly id: string };
  readonly plans: {
    readonly first?: number | null | undefined;
    readonly after?: string | null | undefined;
    readonly last?: number | null | undefined;
    readonly before?: string | null | undefined;
  };
  readonly plan: { readonly id: string };
  readonly unknowns: {
    readonly first?: number | null | undefined;
    readonly after?: string | null | undefined;
    readonly last?: number | null | undefined;
    readonly before?: string | null | undefined;
  };
  readonly breaks: {
    readonly filter?: ReconciliationBreakFilter | null | undefined;
    readonly first?: number | null | undefined;
    readonly after?: string | null | undefined;
    readonly last?: number | null | undefined;
    readonly before?: string | null | undefined;
  };
  readonly break: { readonly id: string };
  readonly endpoints: {
    readonly first?: number | null | undefined;
    readonly after?: string | null | undefined;
    readonly last?: number | null | undefined;
    readonly before?: string | null | undefined;
  };
  readonly endpoint: { readonly id: string };
  readonly deliveries: {
    readonly filter?: WebhookDeliveryFilter | null | undefined;
    readonly first?: number | null | undefined;
    readonly after?: string | null | undefined;
    readonly last?: number | null | undefined;
    readonly before?: string | null | undefined;
  };
  readonly accounts: {
    readonly asOf?: string | null | undefined;
    readonly first?: number | null | undefined;
    readonly after?: string | null | undefined;
    readonly last?: number | null | undefined;
    readonly before?: string | null | undefined;
  };
  readonly account: {
    readonly id: string;
    readonly first?: number | null | undefined;
    readonly after?: string | null | undefined;
    readonly last?: number | null | undefined;
    readonly before?: string | null | undefined;
  };
  readonly audit: {
    readonly filter?: AuditLogFilter | null | undefined;
    readonly first?: number | null | undefined;
    readonly after?: string | null | undefined;
    readonly last?: number | null | undefined;
    readonly before?: string | null | undefined;
  };
  readonly capturePaymentIntent: {
    readonly input: CapturePaymentIntentInput;
    readonly key: string;
  };
  readonly cancelPaymentIntent: { readonly input: CancelPaymentIntentInput; readonly key: string };
  readonly refundPaymentIntent: { readonly input: RefundPaymentIntentInput; readonly key: string };
  readonly lookUpAttempt: { readonly input: LookUpAttemptInput; readonly key: string };
  readonly resolveUnknownAttempt: {
    readonly input: ResolveUnknownAttemptInput;
    readonly key: string;
  };
  readonly resolveReconciliationBreak: {
    readonly input: ResolveReconciliationBreakInput;
    readonly key: string;
  };
  readonly replayWebhookDelivery: {
    readonly input: ReplayWebhookDeliveryInput;
    readonly key: string;
  };
  readonly retryWebhookDeliveryNow: {
    readonly input: RetryWebhookDeliveryNowInput;
    readonly key: string;
  };
  readonly discardWebhookDelivery: {
    readonly input: DiscardWebhookDeliveryInput;
    readonly key: string;
  };
  readonly createReplayPlan: { readonly input: CreateReplayPlanInput; readonly key: string };
  readonly startReplayPlan: { readonly input: StartReplayPlanInput; readonly key: string };
  readonly pauseReplayPlan: { readonly input: PauseReplayPlanInput; readonly key: string };
  readonly resumeReplayPlan: { readonly input: ResumeReplayPlanInput; readonly key: string };
  readonly cancelReplayPlan: { readonly input: CancelReplayPlanInput; readonly key: string };
  readonly sendTestWebhook: { readonly input: SendTestWebhookInput; readonly key: string };
  readonly disableWebhookEndpoint: {
    readonly input: DisableWebhookEndpointInput;
    readonly key: string;
  };
  readonly enableWebhookEndpoint: {
    readonly input: EnableWebhookEndpointInput;
    readonly key: string;
  };
  readonly rotateWebhookSecret: { readonly input: RotateWebhookSecretInput; readonly key: string };
}
