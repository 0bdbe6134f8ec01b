// Printed from schema/schema.graphql and documents.ts; a test fails when it is stale.
import type {
  CancelPaymentIntentInput,
  CancelReplayPlanInput,
  CapturePaymentIntentInput,
  ConfirmPaymentIntentInput,
  ConnectProcessorAccountInput,
  CreateApiKeyInput,
  CreateMerchantInput,
  CreatePaymentIntentInput,
  CreateReplayPlanInput,
  CreateWebhookEndpointInput,
  DeleteWebhookEndpointInput,
  DisableProcessorAccountInput,
  DisableWebhookEndpointInput,
  DiscardWebhookDeliveryInput,
  EnableProcessorAccountInput,
  EnableWebhookEndpointInput,
  EraseCustomerInput,
  LookUpAttemptInput,
  PauseReplayPlanInput,
  RefundPaymentIntentInput,
  ReleaseSetAsideMessagesInput,
  ReplaceProcessorRoutesInput,
  ReplayWebhookDeliveryInput,
  ResolveReconciliationBreakInput,
  ResolveUnknownAttemptInput,
  ResumeReplayPlanInput,
  RetryWebhookDeliveriesNowInput,
  RetryWebhookDeliveryNowInput,
  RevokeApiKeyInput,
  RollApiKeyInput,
  RotateProcessorCredentialsInput,
  RotateProcessorWebhookSecretInput,
  RotateWebhookSecretInput,
  SendTestWebhookInput,
  StartReplayPlanInput,
  UpdatePaymentIntentInput,
  UpdateWebhookEndpointInput,
} from "./inputs";
import type {
  CancelPaymentIntentPayload,
  CancelReplayPlanPayload,
  CapturePaymentIntentPayload,
  ConfirmPaymentIntentPayload,
  ConnectProcessorAccountPayload,
  CreateApiKeyPayload,
  CreateMerchantPayload,
  CreatePaymentIntentPayload,
  CreateReplayPlanPayload,
  CreateWebhookEndpointPayload,
  DeleteWebhookEndpointPayload,
  DisableProcessorAccountPayload,
  DisableWebhookEndpointPayload,
  DiscardWebhookDeliveryPayload,
  EnableProcessorAccountPayload,
  EnableWebhookEndpointPayload,
  EraseCustomerPayload,
  LookUpAttemptPayload,
  PauseReplayPlanPayload,
  RefundPaymentIntentPayload,
  ReleaseSetAsideMessagesPayload,
  ReplaceProcessorRoutesPayload,
  ReplayWebhookDeliveryPayload,
  ResolveReconciliationBreakPayload,
  ResolveUnknownAttemptPayload,
  ResumeReplayPlanPayload,
  RetryWebhookDeliveriesNowPayload,
  RetryWebhookDeliveryNowPayload,
  RevokeApiKeyPayload,
  RollApiKeyPayload,
  RotateProcessorCredentialsPayload,
  RotateProcessorWebhookSecretPayload,
  RotateWebhookSecretPayload,
  SendTestWebhookPayload,
  StartReplayPlanPayload,
  UpdatePaymentIntentPayload,
  UpdateWebhookEndpointPayload,
} from "./results";

export interface Mutations {
  /** Creates a payment intent. No money moves until it is confirmed. Requires the scope payments:write. */
  readonly createPaymentIntent: {
    input: CreatePaymentIntentInput;
    payload: CreatePaymentIntentPayload;
  };

  /** Makes the payment. The intent becomes PROCESSING immediately, and the processor's answer follows. Requires the scope payments:confirm. A publishable key may ask for it as well, of the payment intent whose client secret is sent with the request. */
  readonly confirmPaymentIntent: {
    input: ConfirmPaymentIntentInput;
    payload: ConfirmPaymentIntentPayload;
  };

  /** Captures all or part of the authorised amount. Requires the scope payments:write. */
  readonly capturePaymentIntent: {
    input: CapturePaymentIntentInput;
    payload: CapturePaymentIntentPayload;
  };

  /** Cancels a payment before any money is captured. Requires the scope payments:write. */
  readonly cancelPaymentIntent: {
    input: CancelPaymentIntentInput;
    payload: CancelPaymentIntentPayload;
  };

  /** Refunds all or part of the captured amount. Requires the scope payments:write. */
  readonly refundPaymentIntent: {
    input: RefundPaymentIntentInput;
    payload: RefundPaymentIntentPayload;
  };

  /** Changes a payment intent that has not been confirmed, or whose last card was declined and may be replaced. Requires the scope payments:write. */
  readonly updatePaymentIntent: {
    input: UpdatePaymentIntentInput;
    payload: UpdatePaymentIntentPayload;
  };

  /** Creates a webhook endpoint. It receives the events that occur from now on. Requires the scope webhooks:write. */
  readonly createWebhookEndpoint: {
    input: CreateWebhookEndpointInput;
    payload: CreateWebhookEndpointPayload;
  };

  /** Changes a webhook endpoint. Its secret, its status and its deliveries stay as they are. Requires the scope webhooks:write. */
  readonly updateWebhookEndpoint: {
    input: UpdateWebhookEndpointInput;
    payload: UpdateWebhookEndpointPayload;
  };

  /** Stops deliveries to a webhook endpoint. What is meant for it is held back (PAUSED) until it is enabled. Requires the scope webhooks:write. */
  readonly disableWebhookEndpoint: {
    input: DisableWebhookEndpointInput;
    payload: DisableWebhookEndpointPayload;
  };

  /** Resumes deliveries to a webhook endpoint that is disabled, whoever disabled it, and catches it up with what was held back. Requires the scope webhooks:write. */
  readonly enableWebhookEndpoint: {
    input: EnableWebhookEndpointInput;
    payload: EnableWebhookEndpointPayload;
  };

  /** Deletes a webhook endpoint for good, and its secret. What still waits for it is discarded; the record of its deliveries stays. Requires the scope webhooks:write. */
  readonly deleteWebhookEndpoint: {
    input: DeleteWebhookEndpointInput;
    payload: DeleteWebhookEndpointPayload;
  };

  /** Gives a webhook endpoint a new secret. During the overlap each delivery has two signatures, so receivers can be changed over at any time of it. While one overlap lasts, only a rotation with an overlap of 0 is possible. Requires the scope webhooks:write. */
  readonly rotateWebhookSecret: {
    input: RotateWebhookSecretInput;
    payload: RotateWebhookSecretPayload;
  };

  /** Sends an event of the type webhook_endpoint.test to a webhook endpoint, signed and delivered like any other event, and to no other endpoint. Requires the scope webhooks:write. */
  readonly sendTestWebhook: { input: SendTestWebhookInput; payload: SendTestWebhookPayload };

  /** Delivers an event to its endpoint again: a new delivery sends the same bytes with the same webhook-id. Refused while the endpoint is disabled. Requires the scope webhooks:replay. */
  readonly replayWebhookDelivery: {
    input: ReplayWebhookDeliveryInput;
    payload: ReplayWebhookDeliveryPayload;
  };

  /** Decides that a delivery will not be attempted any more: a dead letter, or one that is waiting. It can still be replayed. Requires the scope webhooks:replay. */
  readonly discardWebhookDelivery: {
    input: DiscardWebhookDeliveryInput;
    payload: DiscardWebhookDeliveryPayload;
  };

  /** Attempts a delivery that is RETRYING now rather than when its next attempt is due. It remains the same delivery, and its later attempts remain as scheduled. Requires the scope webhooks:replay. */
  readonly retryWebhookDeliveryNow: {
    input: RetryWebhookDeliveryNowInput;
    payload: RetryWebhookDeliveryNowPayload;
  };

  /** Attempts all deliveries that are RETRYING and match the filter, the oldest first and as fast as their endpoints take them, rather than when their next attempts are due. They remain the same deliveries, and their later attempts remain as scheduled. Requires the scope webhooks:replay. */
  readonly retryWebhookDeliveriesNow: {
    input: RetryWebhookDeliveriesNowInput;
    payload: RetryWebhookDeliveriesNowPayload;
  };

  /** Writes down which dead letters match the filter now, the oldest first and 25,000 at most, and counts them. Nothing is sent until the plan is started. Requires the scope webhooks:replay. */
  readonly createReplayPlan: { input: CreateReplayPlanInput; payload: CreateReplayPlanPayload };

  /** Starts a replay plan that is READY: its letters are replayed, the oldest first, at most so many a second. Each is replayed once, whatever other plans it is in. Requires the scope webhooks:replay. */
  readonly startReplayPlan: { input: StartReplayPlanInput; payload: StartReplayPlanPayload };

  /** Pauses a replay plan that is RUNNING. What it has replayed is on its way; no other letter of it is replayed until it is resumed. Requires the scope webhooks:replay. */
  readonly pauseReplayPlan: { input: PauseReplayPlanInput; payload: PauseReplayPlanPayload };

  /** Resumes a replay plan that is PAUSED, where it stopped. Requires the scope webhooks:replay. */
  readonly resumeReplayPlan: { input: ResumeReplayPlanInput; payload: ResumeReplayPlanPayload };

  /** Cancels a replay plan that is not finished. The letters that it has not replayed stay dead letters. Requires the scope webhooks:replay. */
  readonly cancelReplayPlan: { input: CancelReplayPlanInput; payload: CancelReplayPlanPayload };

  /** Creates a merchant together with its first API keys. For platform operators only. Requires the scope merchants:write. */
  readonly createMerchant: { input: CreateMerchantInput; payload: CreateMerchantPayload };

  /** Has the processor asked for the outcome of an attempt now rather than when its next look-up is due, on behalf of a platform operator, who acts for the merchant with the header oncepay-merchant. For attempts whose outcome is unknown, and for those that an operator resolved and the processor has yet to confirm. The answer does not wait for the processor. Requires the scope operations:write. */
  readonly lookUpAttempt: { input: LookUpAttemptInput; payload: LookUpAttemptPayload };

  /** Settles an attempt whose outcome is unknown, on a platform operator's word, who acts for the merchant with the header oncepay-merchant. Where the installation requires four eyes, the first operator's word is a proposal, and a second operator's request with the same resolution settles it. The processor goes on being asked; if it contradicts the operator, any money that moved is returned, and the attempt's evidence says so. Requires the scope operations:write. */
  readonly resolveUnknownAttempt: {
    input: ResolveUnknownAttemptInput;
    payload: ResolveUnknownAttemptPayload;
  };

  /** Has messages that are set aside relayed now rather than when their pauses are over, or never, on behalf of a platform operator. Each is attempted alone: one that a relay dies over again is set aside again. Requires the scope operations:write. */
  readonly releaseSetAsideMessages: {
    input: ReleaseSetAsideMessagesInput;
    payload: ReleaseSetAsideMessagesPayload;
  };

  /** Explains a reconciliation break, or resolves it: with the correction that is proposed, which is posted as a journal of its own, or without one. Done by a platform operator, who acts for the merchant with the header oncepay-merchant, or for none. Requires the scope operations:write. */
  readonly resolveReconciliationBreak: {
    input: ResolveReconciliationBreakInput;
    payload: ResolveReconciliationBreakPayload;
  };

  /** Creates an API key. A key can give another one only what it has itself: no further scope, no later expiry, no other address. Requires the scope keys:write. */
  readonly createApiKey: { input: CreateApiKeyInput; payload: CreateApiKeyPayload };

  /** Replaces an API key by a new one that may do the same, and lets the old one live on for a while. A key cannot roll one that may do more than itself, and a key that was itself made by rolling can be rolled when its predecessor has ended. Requires the scope keys:write. */
  readonly rollApiKey: { input: RollApiKeyInput; payload: RollApiKeyPayload };

  /** Revokes an API key for good. Within a second of the answer it is refused everywhere. Requires the scope keys:write. */
  readonly revokeApiKey: { input: RevokeApiKeyInput; payload: RevokeApiKeyPayload };

  /** Connects an account at a card processor. The processor is asked whose credentials these are, and each of its accounts can be connected once. Requires the scope processors:write. */
  readonly connectProcessorAccount: {
    input: ConnectProcessorAccountInput;
    payload: ConnectProcessorAccountPayload;
  };

  /** Gives an account new credentials, which the processor must say are the same account's. What is on its way was sent with those before: do not revoke them at once. Requires the scope processors:write. */
  readonly rotateProcessorCredentials: {
    input: RotateProcessorCredentialsInput;
    payload: RotateProcessorCredentialsPayload;
  };

  /** Gives an account another webhook secret. During the overlap webhooks signed with either are accepted. While one overlap lasts, only a rotation with an overlap of 0 is possible. Requires the scope processors:write. */
  readonly rotateProcessorWebhookSecret: {
    input: RotateProcessorWebhookSecretInput;
    payload: RotateProcessorWebhookSecretPayload;
  };

  /** Gives an account no new payments. What it has begun is finished there: it can be captured, refunded and canceled. Requires the scope processors:write. */
  readonly disableProcessorAccount: {
    input: DisableProcessorAccountInput;
    payload: DisableProcessorAccountPayload;
  };

  /** Gives an account that was disabled new payments again. Requires the scope processors:write. */
  readonly enableProcessorAccount: {
    input: EnableProcessorAccountInput;
    payload: EnableProcessorAccountPayload;
  };

  /** Replaces the rules that say which processor account a payment goes to. They count for payments that are confirmed from now on; what follows a payment goes where the payment is. Requires the scope processors:write. */
  readonly replaceProcessorRoutes: {
    input: ReplaceProcessorRoutesInput;
    payload: ReplaceProcessorRoutesPayload;
  };

  /** Erases `customer`, `description` and `metadata` of all payment intents that the customer has now, and the `metadata` of their refunds: in the objects, in every event about them, in webhooks still to be sent and in the results kept for idempotency keys. Amounts, statuses, the ledger and the order of events stay as they are. It cannot be undone. Payments that are created later for the same customer are not affected. Requires the scope customers:erase. */
  readonly eraseCustomer: { input: EraseCustomerInput; payload: EraseCustomerPayload };
}
