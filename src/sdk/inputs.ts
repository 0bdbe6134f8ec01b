// Printed from schema/schema.graphql and documents.ts; a test fails when it is stale.
import type {
  ApiKeyKind,
  AuditAction,
  AuthorizationExpiryPolicy,
  CancellationReasonInput,
  CaptureMethod,
  CaptureStatus,
  DeadLetterReplayState,
  DeliveryStatus,
  DisputeStatus,
  EventType,
  LedgerAccountKind,
  Mode,
  PaymentIntentStatus,
  PayoutStatus,
  ReconciliationBreakAction,
  ReconciliationBreakKind,
  ReconciliationBreakStatus,
  RefundReasonInput,
  RefundStatus,
  UnknownAttemptResolution,
  WebhookCatchUpInput,
  WebhookErrorClass,
} from "./enums";

/** Which API keys to list: those that match every field given. */
export interface ApiKeyFilter {
  /** True for keys that can be used, false for expired and revoked ones. */
  readonly active?: boolean | null | undefined;

  /** Of one of these kinds. */
  readonly kinds?: readonly ApiKeyKind[] | null | undefined;
}

/** Which entries to list: those that match every field given. */
export interface AuditLogFilter {
  /** Of this kind. */
  readonly action?: AuditAction | null | undefined;

  /** Done with the API key that has this id. */
  readonly actorId?: string | null | undefined;

  /** Recorded at this moment or later. */
  readonly recordedAfter?: string | null | undefined;

  /** Recorded before this moment. */
  readonly recordedBefore?: string | null | undefined;

  /** About the object with this id. */
  readonly subjectId?: string | null | undefined;
}

/** The payment intent to cancel. */
export interface CancelPaymentIntentInput {
  /** The payment intent's id. */
  readonly paymentIntentId: string;

  /** Why the payment is canceled. */
  readonly reason?: CancellationReasonInput | null | undefined;
}

/** The replay plan to cancel. */
export interface CancelReplayPlanInput {
  /** The plan's id. */
  readonly planId: string;

  /** Why, at most 1,000 characters, for the audit log. */
  readonly reason?: string | null | undefined;
}

/** Which captures to list: those that match every field given. */
export interface CaptureFilter {
  /** Created at or after this time. */
  readonly createdAfter?: string | null | undefined;

  /** Created before this time. */
  readonly createdBefore?: string | null | undefined;

  /** Belonging to this payment intent. */
  readonly paymentIntentId?: string | null | undefined;

  /** With one of these statuses. There is no index for this field: combine it with another one. */
  readonly statuses?: readonly CaptureStatus[] | null | undefined;
}

/** How much of the authorised amount to capture. */
export interface CapturePaymentIntentInput {
  /** The amount to capture, at least 1. The default is everything that can still be captured. */
  readonly amount?: number | null | undefined;

  /** Whether to release whatever this capture leaves of the authorisation. */
  readonly final?: boolean | null | undefined;

  /** The payment intent's id. */
  readonly paymentIntentId: string;
}

/** The payment to make, and the card to make it with. */
export interface ConfirmPaymentIntentInput {
  /** The payment intent's id. */
  readonly paymentIntentId: string;

  /** The processor's token for the card to use instead of the intent's own. Card numbers are refused. */
  readonly paymentMethod?: string | null | undefined;

  /** Where to send the shopper back to after authentication. */
  readonly returnUrl?: string | null | undefined;
}

/** The account to connect. */
export interface ConnectProcessorAccountInput {
  /** What the processor knows the account by, as it needs it: { secretKey: … } for the sandbox. It is stored sealed and never shown; send it as a variable. */
  readonly credentials: Readonly<Record<string, string>>;

  /** The name of the processor. */
  readonly processor: string;

  /** The account's settings, where its processor has any. */
  readonly settings?: Readonly<Record<string, string>> | null | undefined;

  /** What the processor signs the account's webhooks with, 1 to 500 characters. It is stored sealed and never shown; send it as a variable. It can be given later, when the processor has been told the account's webhookPath. */
  readonly webhookSecret?: string | null | undefined;
}

/** The API key to create. */
export interface CreateApiKeyInput {
  /** The IPv4 and IPv6 addresses that the key may be used from, also as CIDR ranges such as 203.0.113.0/24, at most 50. All addresses when this is absent or empty. */
  readonly allowedAddresses?: readonly string[] | null | undefined;

  /** From when on the key cannot be used; it does not expire when this is absent. */
  readonly expiresAt?: string | null | undefined;

  /** Who will hold the key. */
  readonly kind: ApiKeyKind;

  /** What the key is for, 1 to 200 characters. */
  readonly name: string;

  /** What a restricted key permits its holder to do; read scopes when absent. The other kinds have fixed scopes. */
  readonly scopes?: readonly string[] | null | undefined;
}

/** The merchant to create. */
export interface CreateMerchantInput {
  /** Whether its payments will move real money. It cannot be changed later. */
  readonly mode?: Mode | undefined;

  /** The merchant's name, 1 to 200 characters. */
  readonly name: string;
}

/** The payment that the merchant wants to receive. */
export interface CreatePaymentIntentInput {
  /** The amount in the currency's minor unit, at least 1. */
  readonly amount: number;

  /** What happens shortly before the authorisation expires; NOTIFY if absent. Only where `captureMethod` is MANUAL. */
  readonly authorizationExpiryPolicy?: AuthorizationExpiryPolicy | null | undefined;

  /** When the money is captured. */
  readonly captureMethod?: CaptureMethod | null | undefined;

  /** The currency of the amount. */
  readonly currency: string;

  /** The merchant's own identifier for the shopper, at most 255 characters. */
  readonly customer?: string | null | undefined;

  /** What the payment is for, at most 1000 characters. */
  readonly description?: string | null | undefined;

  /** The merchant's own reference for the payment, at most 255 characters. */
  readonly merchantReference?: string | null | undefined;

  /** The merchant's own key-value pairs. */
  readonly metadata?: Readonly<Record<string, string>> | null | undefined;

  /** The processor's token for the card, at most 255 characters. Card numbers are refused. */
  readonly paymentMethod?: string | null | undefined;

  /** Whether the payment intent holds its merchantReference, which is then required. While it does, another one with `uniqueReference: true` and the same reference is refused with DUPLICATE_REFERENCE and the id of this one. A payment that is FAILED or CANCELED gives its reference up. Intents created without this are not compared. */
  readonly uniqueReference?: boolean | null | undefined;
}

/** A replay plan to make. */
export interface CreateReplayPlanInput {
  /** Which dead letters it is about. */
  readonly filter: ReplayPlanFilter;

  /** Why they are to be replayed, 1 to 1,000 characters. */
  readonly reason: string;
}

/** The URL to send events to, and the types of events to send. */
export interface CreateWebhookEndpointInput {
  /** How many deliveries each worker sends at the same time, 1 to 256; null: as the installation has it, which follows from how quickly the endpoint answers. */
  readonly concurrency?: number | null | undefined;

  /** What the endpoint is for, at most 1000 characters. */
  readonly description?: string | null | undefined;

  /** The types of events to deliver. All types are delivered when this is absent or empty. */
  readonly eventTypes?: readonly EventType[] | null | undefined;

  /** The merchant's own key-value pairs. */
  readonly metadata?: Readonly<Record<string, string>> | null | undefined;

  /** Whether each payment's events are sent in strict order: an event is not sent before all earlier ones about the same payment have been delivered, have become dead letters or were discarded. Replays are exempt, and so is what was there before the endpoint was ordered. The default is false. */
  readonly ordered?: boolean | null | undefined;

  /** How many deliveries the endpoint takes within any second, 1 to 10,000; null: as the installation has it, which is without a limit. */
  readonly ratePerSecond?: number | null | undefined;

  /** How many milliseconds the endpoint may take to answer, 100 to 15,000; null: as the installation has it. */
  readonly timeoutMs?: number | null | undefined;

  /** The URL that receives the events. It must use https and resolve to a public address. */
  readonly url: string;
}

/** Which dead letters to list: those that match every field given. */
export interface DeadLetterFilter {
  /** Whose last attempt failed for one of these causes. */
  readonly causes?: readonly WebhookErrorClass[] | null | undefined;

  /** Whose last attempt failed at or after this time. */
  readonly diedAfter?: string | null | undefined;

  /** Whose last attempt failed before this time. */
  readonly diedBefore?: string | null | undefined;

  /** Addressed to this endpoint. */
  readonly endpointId?: string | null | undefined;

  /** Carrying this event. */
  readonly eventId?: string | null | undefined;

  /** By whether they have been replayed. The default is NOT_REPLAYED: a letter that is replayed leaves the list. */
  readonly replayState?: DeadLetterReplayState | null | undefined;

  /** Carrying an event of one of these types. */
  readonly types?: readonly EventType[] | null | undefined;
}

/** The endpoint to delete. */
export interface DeleteWebhookEndpointInput {
  /** The endpoint's id. */
  readonly webhookEndpointId: string;
}

/** The account to disable. */
export interface DisableProcessorAccountInput {
  /** The account's id. */
  readonly processorAccountId: string;

  /** Why, for whoever looks at the account later: at most 500 characters. */
  readonly reason?: string | null | undefined;
}

/** The endpoint to disable. */
export interface DisableWebhookEndpointInput {
  /** Why, for whoever looks at the endpoint later: at most 500 characters. */
  readonly reason?: string | null | undefined;

  /** The endpoint's id. */
  readonly webhookEndpointId: string;
}

/** The delivery to discard. */
export interface DiscardWebhookDeliveryInput {
  /** The delivery's id. */
  readonly deliveryId: string;

  /** Why it will not be delivered, 1 to 1,000 characters; stored with the delivery. */
  readonly reason: string;
}

/** Which disputes to list: those that match every field given. */
export interface DisputeFilter {
  /** Created at or after this time. */
  readonly createdAfter?: string | null | undefined;

  /** Created before this time. */
  readonly createdBefore?: string | null | undefined;

  /** Belonging to this payment intent. */
  readonly paymentIntentId?: string | null | undefined;

  /** With one of these statuses. There is no index for this field: combine it with another one. */
  readonly statuses?: readonly DisputeStatus[] | null | undefined;
}

/** The account to enable. */
export interface EnableProcessorAccountInput {
  /** The account's id. */
  readonly processorAccountId: string;
}

/** The endpoint to enable, and what it is caught up with. */
export interface EnableWebhookEndpointInput {
  /** What becomes of the deliveries that were held back. */
  readonly catchUp?: WebhookCatchUpInput | undefined;

  /** With catchUp FROM: deliveries created from then on are caught up. */
  readonly catchUpFrom?: string | null | undefined;

  /** The endpoint's id. */
  readonly webhookEndpointId: string;
}

/** Whose personal data to erase. */
export interface EraseCustomerInput {
  /** The merchant's own identifier for the customer, exactly as the payment intents have it, 1 to 255 characters. */
  readonly customer: string;
}

/** Which events to list: those that match every field given. */
export interface EventFilter {
  /** With one of these types. */
  readonly types?: readonly EventType[] | null | undefined;
}

/** Which ledger accounts to list: those that match every field given. */
export interface LedgerAccountFilter {
  /** Held in one of these currencies. */
  readonly currencies?: readonly string[] | null | undefined;

  /** With one of these kinds. */
  readonly kinds?: readonly LedgerAccountKind[] | null | undefined;
}

/** The attempt to look up. */
export interface LookUpAttemptInput {
  /** The attempt's id. */
  readonly attemptId: string;
}

/** A key-value pair in the metadata of a payment intent. */
export interface MetadataFilter {
  /** The key. */
  readonly key: string;

  /** The value. */
  readonly value: string;
}

/** The replay plan to pause. */
export interface PauseReplayPlanInput {
  /** The plan's id. */
  readonly planId: string;

  /** Why, at most 1,000 characters, for the audit log. */
  readonly reason?: string | null | undefined;
}

/** Which payment intents to list: those that match every field given. There is no index for amount, metadata or updatedAfter: combine them with another field. */
export interface PaymentIntentFilter {
  /** With exactly this amount. */
  readonly amount?: number | null | undefined;

  /** Created at or after this time. */
  readonly createdAfter?: string | null | undefined;

  /** Created before this time. */
  readonly createdBefore?: string | null | undefined;

  /** From this customer: the merchant's own identifier. */
  readonly customer?: string | null | undefined;

  /** With this merchant reference. */
  readonly merchantReference?: string | null | undefined;

  /** With this key-value pair in the metadata. */
  readonly metadata?: MetadataFilter | null | undefined;

  /** With one of these statuses. */
  readonly statuses?: readonly PaymentIntentStatus[] | null | undefined;

  /** Last changed at or after this time. */
  readonly updatedAfter?: string | null | undefined;
}

/** Which payouts to list: those that match every field given. */
export interface PayoutFilter {
  /** With one of these statuses. */
  readonly statuses?: readonly PayoutStatus[] | null | undefined;
}

/** A rule of a merchant's routing. */
export interface ProcessorRouteInput {
  /** Payments that are captured in this way; null for all. */
  readonly captureMethod?: CaptureMethod | null | undefined;

  /** Payments in this currency; null for all. */
  readonly currency?: string | null | undefined;

  /** Payments of this amount or less; null for all. */
  readonly maxAmount?: number | null | undefined;

  /** Payments of this amount or more; null for all. */
  readonly minAmount?: number | null | undefined;

  /** The id of the processor account that they go to; null for the installation's own processor. */
  readonly processorAccountId?: string | null | undefined;
}

/** Which breaks to list: those that match every field given. */
export interface ReconciliationBreakFilter {
  /** Of one of these kinds. */
  readonly kinds?: readonly ReconciliationBreakKind[] | null | undefined;

  /** With one of these statuses. */
  readonly statuses?: readonly ReconciliationBreakStatus[] | null | undefined;

  /** About this. */
  readonly subjectId?: string | null | undefined;
}

/** Which refunds to list: those that match every field given. */
export interface RefundFilter {
  /** Created at or after this time. */
  readonly createdAfter?: string | null | undefined;

  /** Created before this time. */
  readonly createdBefore?: string | null | undefined;

  /** Belonging to this payment intent. */
  readonly paymentIntentId?: string | null | undefined;

  /** With one of these statuses. There is no index for this field: combine it with another one. */
  readonly statuses?: readonly RefundStatus[] | null | undefined;
}

/** How much of the captured amount to refund. */
export interface RefundPaymentIntentInput {
  /** The amount to refund, at least 1. The default is everything that can still be refunded. */
  readonly amount?: number | null | undefined;

  /** The merchant's own key-value pairs. */
  readonly metadata?: Readonly<Record<string, string>> | null | undefined;

  /** The reason in the merchant's own words, at most 500 characters. It is erased with the customer. */
  readonly note?: string | null | undefined;

  /** The payment intent's id. */
  readonly paymentIntentId: string;

  /** The reason for the refund. */
  readonly reason?: RefundReasonInput | null | undefined;
}

/** The messages to release: either `ids`, or `all: true`. */
export interface ReleaseSetAsideMessagesInput {
  /** All messages that are set aside: of the merchant that a platform operator acts for, or of all merchants. */
  readonly all?: boolean | undefined;

  /** The messages' ids, at most 100. */
  readonly ids?: readonly string[] | null | undefined;

  /** Why, in 1 to 1,000 characters, for the audit log. */
  readonly reason: string;
}

/** The rules, all of them. */
export interface ReplaceProcessorRoutesInput {
  /** The rules in the order in which they count, at most 100. The last one must ask for nothing. None: every payment goes to the installation's own processor. */
  readonly routes: readonly ProcessorRouteInput[];
}

/** Which dead letters to replay: those that match every field given and that nobody has replayed. */
export interface ReplayPlanFilter {
  /** Whose last attempt failed for one of these causes. */
  readonly causes?: readonly WebhookErrorClass[] | null | undefined;

  /** Whose last attempt failed at or after this time. */
  readonly diedAfter?: string | null | undefined;

  /** Whose last attempt failed before this time. */
  readonly diedBefore?: string | null | undefined;

  /** Addressed to this endpoint. */
  readonly endpointId?: string | null | undefined;

  /** Carrying this event. */
  readonly eventId?: string | null | undefined;

  /** Carrying an event of one of these types. */
  readonly types?: readonly EventType[] | null | undefined;
}

/** The delivery to replay. */
export interface ReplayWebhookDeliveryInput {
  /** The delivery's id. */
  readonly deliveryId: string;

  /** Whether to repeat it even if it has been delivered, or replayed before. Otherwise such a delivery is refused with INVALID_STATE. */
  readonly force?: boolean | undefined;
}

/** A break, and what to do about it. */
export interface ResolveReconciliationBreakInput {
  /** What to do. */
  readonly action: ReconciliationBreakAction;

  /** The break's id. */
  readonly breakId: string;

  /** Who sees to it, in at most 100 characters. The default is the API key's id. */
  readonly owner?: string | null | undefined;

  /** How it came about, or why it is resolved, in 1 to 1,000 characters. */
  readonly reason: string;
}

/** What an operator found out about an attempt. */
export interface ResolveUnknownAttemptInput {
  /** The attempt's id. */
  readonly attemptId: string;

  /** Whether to resolve it although the processor has yet to be asked, or the outcome has been unknown for a short time only. Otherwise that is refused with INVALID_STATE. It is kept in the audit log. */
  readonly override?: boolean | undefined;

  /** The processor's id for the charge. */
  readonly processorChargeId?: string | null | undefined;

  /** How the operator knows; stored permanently as evidence. */
  readonly reason: string;

  /** What happened at the processor. */
  readonly resolution: UnknownAttemptResolution;
}

/** The replay plan to resume. */
export interface ResumeReplayPlanInput {
  /** How many letters a second to replay at most, 1 to 1,000. The default is 50, or what it was when the plan was paused. */
  readonly perSecond?: number | null | undefined;

  /** The plan's id. */
  readonly planId: string;

  /** Why, at most 1,000 characters, for the audit log. */
  readonly reason?: string | null | undefined;
}

/** Which deliveries to attempt now: those that are RETRYING and match every field given. */
export interface RetryWebhookDeliveriesFilter {
  /** Whose last attempt failed for one of these causes. */
  readonly causes?: readonly WebhookErrorClass[] | null | undefined;

  /** Addressed to this endpoint. */
  readonly endpointId?: string | null | undefined;

  /** Carrying this event. */
  readonly eventId?: string | null | undefined;

  /** Whose last attempt failed at or after this time. */
  readonly failedAfter?: string | null | undefined;

  /** Whose last attempt failed before this time. */
  readonly failedBefore?: string | null | undefined;

  /** Carrying an event of one of these types. */
  readonly types?: readonly EventType[] | null | undefined;
}

/** The deliveries to attempt now. */
export interface RetryWebhookDeliveriesNowInput {
  /** Which deliveries to attempt. */
  readonly filter: RetryWebhookDeliveriesFilter;

  /** Why, in 1 to 1,000 characters, for the audit log. */
  readonly reason: string;
}

/** The delivery to attempt now. */
export interface RetryWebhookDeliveryNowInput {
  /** The delivery's id. */
  readonly deliveryId: string;
}

/** The API key to revoke. */
export interface RevokeApiKeyInput {
  /** The API key's id. */
  readonly apiKeyId: string;
}

/** The API key to roll, and how long it lives on. */
export interface RollApiKeyInput {
  /** The API key's id. */
  readonly apiKeyId: string;

  /** From when on the new key cannot be used; when this is absent, the old key's expiry, if it has one. */
  readonly expiresAt?: string | null | undefined;

  /** For how many seconds the old key can still be used, 0 to 2592000 (30 days); 0 ends it at once. */
  readonly overlapSeconds?: number | undefined;
}

/** The account, and its new credentials. */
export interface RotateProcessorCredentialsInput {
  /** What the processor knows the account by, as it needs it: { secretKey: … } for the sandbox. It is stored sealed and never shown; send it as a variable. */
  readonly credentials: Readonly<Record<string, string>>;

  /** The account's id. */
  readonly processorAccountId: string;
}

/** The account, and the new secret of its webhooks. */
export interface RotateProcessorWebhookSecretInput {
  /** For how many seconds webhooks signed with the present secret are accepted as well, 0 to 604800 (7 days); 0 replaces it at once. */
  readonly overlapSeconds?: number | undefined;

  /** The account's id. */
  readonly processorAccountId: string;

  /** What the processor signs the account's webhooks with, 1 to 500 characters. It is stored sealed and never shown; send it as a variable. */
  readonly webhookSecret: string;
}

/** The endpoint, and how long its present secret still signs. */
export interface RotateWebhookSecretInput {
  /** For how many seconds deliveries are signed with the present secret as well, 0 to 604800 (7 days); 0 replaces it at once. */
  readonly overlapSeconds?: number | undefined;

  /** The endpoint's id. */
  readonly webhookEndpointId: string;
}

/** The endpoint to test. */
export interface SendTestWebhookInput {
  /** The endpoint's id. */
  readonly webhookEndpointId: string;
}

/** The replay plan to start. */
export interface StartReplayPlanInput {
  /** How many letters a second to replay at most, 1 to 1,000. The default is 50, or what it was when the plan was paused. */
  readonly perSecond?: number | null | undefined;

  /** The plan's id. */
  readonly planId: string;

  /** Why, at most 1,000 characters, for the audit log. */
  readonly reason?: string | null | undefined;
}

/** The payment intent, and what of it changes. What is absent stays as it is. */
export interface UpdatePaymentIntentInput {
  /** The new amount in the currency's minor unit, at least 1. */
  readonly amount?: number | null | undefined;

  /** The merchant's own identifier for the shopper, at most 255 characters. Null takes it away. */
  readonly customer?: string | null | undefined;

  /** What the payment is for, at most 1000 characters. Null takes it away. */
  readonly description?: string | null | undefined;

  /** The version of the payment intent that the caller knows. If it has another one by now, the update is refused with INVALID_STATE and `details.version`. */
  readonly expectedVersion?: number | null | undefined;

  /** Key-value pairs that join those that are there: a new value takes the place of the old one, and an empty value takes the pair away. Null takes all of them away. */
  readonly metadata?: Readonly<Record<string, string>> | null | undefined;

  /** The payment intent's id. */
  readonly paymentIntentId: string;
}

/** The endpoint, and what of it changes. What is absent stays as it is. */
export interface UpdateWebhookEndpointInput {
  /** How many deliveries each worker sends at the same time, 1 to 256; null: as the installation has it, which follows from how quickly the endpoint answers. */
  readonly concurrency?: number | null | undefined;

  /** What the endpoint is for, at most 1000 characters. Null takes it away. */
  readonly description?: string | null | undefined;

  /** The types of events to deliver, in place of those before. An empty list means all types. */
  readonly eventTypes?: readonly EventType[] | null | undefined;

  /** The merchant's own key-value pairs, in place of all those before. */
  readonly metadata?: Readonly<Record<string, string>> | null | undefined;

  /** Whether each payment's events are sent in strict order: an event is not sent before all earlier ones about the same payment have been delivered, have become dead letters or were discarded. Replays are exempt, and so is what was there before the endpoint was ordered. */
  readonly ordered?: boolean | null | undefined;

  /** How many deliveries the endpoint takes within any second, 1 to 10,000; null: as the installation has it, which is without a limit. */
  readonly ratePerSecond?: number | null | undefined;

  /** How many milliseconds the endpoint may take to answer, 100 to 15,000; null: as the installation has it. */
  readonly timeoutMs?: number | null | undefined;

  /** The URL that receives the events from now on, also those that wait to be sent. It must use https and resolve to a public address. */
  readonly url?: string | null | undefined;

  /** The endpoint's id. */
  readonly webhookEndpointId: string;
}

/** Which deliveries to list: those that match every field given. */
export interface WebhookDeliveryFilter {
  /** Addressed to this endpoint. */
  readonly endpointId?: string | null | undefined;

  /** Carrying this event. */
  readonly eventId?: string | null | undefined;

  /** With one of these statuses. */
  readonly statuses?: readonly DeliveryStatus[] | null | undefined;
}
