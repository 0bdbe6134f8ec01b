/** The entry of the package `oncepay-sdk`. */
export { challengeOf } from "./challenge";
export { type Client, type ClientOptions, createClient } from "./client";
export type { RetryOptions } from "./backoff";
export { ERRORS, type ErrorMeaning } from "./errors";
export {
  type KeyStore,
  type WebStorage,
  type WebStorageKeyStoreOptions,
  memoryKeyStore,
  webStorageKeyStore,
} from "./key-store";
export { type ClientErrorCode, OncepayError, type OncepayErrorCode } from "./oncepay-error";
export { type RetryBudget, type RetryBudgetOptions, createRetryBudget } from "./retry-budget";
export type { AttemptReport, CallOptions, MutationOptions } from "./settings";
export type { Connection, SubscriptionOptions } from "./subscribe";
export {
  type VerifyWebhookInput,
  type WebhookHeaders,
  WebhookVerificationError,
  verifyWebhook,
} from "./verify-webhook";
export type {
  CaptureSnapshot,
  DisputeSnapshot,
  PaymentIntentSnapshot,
  PayoutSnapshot,
  ReconciliationBreakSnapshot,
  RefundSnapshot,
  WebhookEndpointSnapshot,
  WebhookEvent,
} from "./webhook-event";
export type * from "./enums";
export type * from "./inputs";
export type * from "./objects";
export type { Mutations } from "./mutations";
export type { Queries } from "./queries";
export type * from "./results";
export type { Subscriptions } from "./subscriptions";
