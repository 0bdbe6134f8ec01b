import type {
  AuthorizationExpiryPolicy,
  CancellationReason,
  CaptureMethod,
  CaptureStatus,
  DeclineAdvice,
  DisputeReason,
  DisputeStatus,
  EventType,
  NextActionType,
  PaymentIntentStatus,
  PayoutStatus,
  ReconciliationBreakKind,
  ReconciliationBreakSource,
  ReconciliationBreakStatus,
  RefundReason,
  RefundStatus,
  WebhookEndpointStatus,
} from "./enums";

/** The object of an event of a payment intent or its authorisation, as it stood when the event happened. Amounts in minor units. */
export interface PaymentIntentSnapshot {
  readonly id: string;
  readonly object: "payment_intent";
  readonly status: PaymentIntentStatus;
  readonly amount: number;
  readonly currency: string;
  readonly captureMethod: CaptureMethod;
  readonly paymentMethod: string | null;
  readonly amountAuthorized: number;
  readonly amountCapturable: number;
  readonly amountCaptured: number;
  readonly amountRefunded: number;
  readonly amountRefundable: number;
  /**
   * In disputes that are open or lost. This, and whatever else is optional, is absent in events from before there was
   * such a thing.
   */
  readonly amountDisputed?: number;
  readonly description: string | null;
  readonly customer: string | null;
  readonly merchantReference: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly lastPaymentError: {
    readonly code: string;
    readonly declineCode: string | null;
    readonly message: string;
    readonly adviceCode?: DeclineAdvice | null;
    readonly networkDeclineCode?: string | null;
    readonly retryable: boolean;
    readonly attempt: string;
  } | null;
  readonly nextAction: {
    readonly type: NextActionType;
    readonly redirectUrl: string;
    readonly expiresAt: string;
  } | null;
  readonly cancellationReason: CancellationReason | null;
  readonly cancellationRequestedAt?: string | null;
  readonly authorizationExpiresAt?: string | null;
  readonly authorizationExpiredAt?: string | null;
  readonly authorizationExpiryPolicy?: AuthorizationExpiryPolicy | null;
  readonly version: number;
  /** When its customer's personal data was erased. */
  readonly personalDataErasedAt: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface CaptureSnapshot {
  readonly id: string;
  readonly object: "capture";
  readonly paymentIntentId: string;
  readonly status: CaptureStatus;
  readonly amount: number;
  readonly currency: string;
  readonly final: boolean;
  readonly failureCode: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface RefundSnapshot {
  readonly id: string;
  readonly object: "refund";
  readonly paymentIntentId: string;
  readonly status: RefundStatus;
  readonly amount: number;
  readonly currency: string;
  readonly reason: RefundReason | null;
  readonly note?: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly failureCode: string | null;
  readonly personalDataErasedAt: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface DisputeSnapshot {
  readonly id: string;
  readonly object: "dispute";
  readonly paymentIntentId: string;
  readonly attemptId: string;
  readonly status: DisputeStatus;
  readonly reason: DisputeReason;
  readonly amount: number;
  readonly currency: string;
  readonly fee: number;
  readonly processorDisputeId: string;
  readonly evidenceDueBy: string | null;
  readonly openedAt: string;
  readonly closedAt: string | null;
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface PayoutSnapshot {
  readonly id: string;
  readonly object: "payout";
  readonly status: PayoutStatus;
  /** Below zero where the merchant owed the processor more than it was owed. */
  readonly amount: number;
  readonly currency: string;
  readonly lineCount: number;
  readonly processor: string;
  readonly processorAccountId?: string | null;
  readonly processorPayoutId: string;
  readonly arrivesAt: string;
  /** Since when it has had its status at the processor. */
  readonly changedAt: string;
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

interface BreakSideSnapshot {
  readonly amount: number | null;
  readonly currency: string | null;
  readonly fee: number | null;
  readonly state: string | null;
}

export interface ReconciliationBreakSnapshot {
  readonly id: string;
  readonly object: "reconciliation_break";
  readonly merchantId: string;
  readonly kind: ReconciliationBreakKind;
  readonly status: ReconciliationBreakStatus;
  readonly source: ReconciliationBreakSource;
  readonly processor: string | null;
  readonly processorAccountId?: string | null;
  readonly reportId: string | null;
  readonly subjectId: string;
  readonly paymentIntentId: string | null;
  readonly currency: string;
  readonly detail: string;
  readonly ours: BreakSideSnapshot | null;
  readonly theirs: BreakSideSnapshot | null;
  /** The correction that would be posted, in minor units of the currency, once somebody approves it. */
  readonly proposal: {
    readonly corrects: string | null;
    readonly postings: readonly {
      readonly debit: string;
      readonly credit: string;
      readonly amount: number;
    }[];
  } | null;
  readonly owner: string | null;
  readonly explanation: string | null;
  readonly resolution: string | null;
  readonly journalId: string | null;
  readonly foundAt: string;
  readonly explainedAt: string | null;
  readonly resolvedAt: string | null;
}

export interface WebhookEndpointSnapshot {
  readonly id: string;
  readonly object: "webhook_endpoint";
  readonly url: string;
  readonly description: string | null;
  /** Empty: all types. */
  readonly eventTypes: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly apiVersion: string;
  readonly status: WebhookEndpointStatus;
  /** This and what follows is said of one that fails or is disabled, and not with a test. */
  readonly disabledReason?: string | null;
  readonly failures?: number;
  readonly failingSince?: string | null;
  /** When it will be disabled if it goes on failing. */
  readonly disablesAt?: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

interface EventOf<Type extends string, Snapshot> {
  /** Equal to the header webhook-id. An event may come twice: deduplicate on it. */
  readonly id: string;
  readonly type: Type;
  readonly apiVersion: string;
  /** The same moment as createdAt, under the name that Standard Webhooks gives it. */
  readonly timestamp: string;
  readonly createdAt: string;
  /** The id of the object that the event is about: the payment intent, also of captures and refunds; the dispute; the payout; the break; or the endpoint. */
  readonly subjectId: string;
  /** The version of that object: 1, 2, 3 without gaps. Events may come out of order. Null when it has no versions. */
  readonly sequence: number | null;
  readonly data: { readonly object: Snapshot };
}

/**
 * What a webhook brings. `event.type` tells the kinds apart. A newer API may send types that are not listed
 * here, so let a switch end with a default that ignores them.
 */
export type WebhookEvent =
  | EventOf<
      Extract<EventType, `payment_intent.${string}` | `authorization.${string}`>,
      PaymentIntentSnapshot
    >
  | EventOf<Extract<EventType, `capture.${string}`>, CaptureSnapshot>
  | EventOf<Extract<EventType, `refund.${string}`>, RefundSnapshot>
  | EventOf<Extract<EventType, `dispute.${string}`>, DisputeSnapshot>
  | EventOf<Extract<EventType, `payout.${string}`>, PayoutSnapshot>
  | EventOf<Extract<EventType, `reconciliation.${string}`>, ReconciliationBreakSnapshot>
  | EventOf<Extract<EventType, `webhook_endpoint.${string}`>, WebhookEndpointSnapshot>;
