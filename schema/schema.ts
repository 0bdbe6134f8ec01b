import "reflect-metadata";
import { type GraphQLObjectType, type GraphQLSchema, specifiedDirectives } from "graphql";
import { type BuildSchemaOptions, buildSchemaSync } from "type-graphql";
import { watchRootFields } from "./audit";
import { callResolvers } from "./call-resolvers";
import { CancelPaymentIntentMutation } from "./mutations/cancel-payment-intent";
import { CapturePaymentIntentMutation } from "./mutations/capture-payment-intent";
import { ConfirmPaymentIntentMutation } from "./mutations/confirm-payment-intent";
import { ChangeProcessorAccountMutations } from "./mutations/change-processor-account";
import { ConnectProcessorAccountMutation } from "./mutations/connect-processor-account";
import { CreateApiKeyMutation } from "./mutations/create-api-key";
import { CreateMerchantMutation } from "./mutations/create-merchant";
import { CreatePaymentIntentMutation } from "./mutations/create-payment-intent";
import { CreateReplayPlanMutation } from "./mutations/create-replay-plan";
import { CreateWebhookEndpointMutation } from "./mutations/create-webhook-endpoint";
import { DeleteWebhookEndpointMutation } from "./mutations/delete-webhook-endpoint";
import { DisableWebhookEndpointMutation } from "./mutations/disable-webhook-endpoint";
import { EnableWebhookEndpointMutation } from "./mutations/enable-webhook-endpoint";
import { DiscardWebhookDeliveryMutation } from "./mutations/discard-webhook-delivery";
import { EraseCustomerMutation } from "./mutations/erase-customer";
import { LookUpAttemptMutation } from "./mutations/look-up-attempt";
import { RefundPaymentIntentMutation } from "./mutations/refund-payment-intent";
import { ReleaseSetAsideMessagesMutation } from "./mutations/release-set-aside-messages";
import { ResolveReconciliationBreakMutation } from "./mutations/resolve-reconciliation-break";
import { ReplaceProcessorRoutesMutation } from "./mutations/replace-processor-routes";
import { ReplayWebhookDeliveryMutation } from "./mutations/replay-webhook-delivery";
import { ResolveUnknownAttemptMutation } from "./mutations/resolve-unknown-attempt";
import { RetryWebhookDeliveriesNowMutation } from "./mutations/retry-webhook-deliveries-now";
import { RetryWebhookDeliveryNowMutation } from "./mutations/retry-webhook-delivery-now";
import { RevokeApiKeyMutation } from "./mutations/revoke-api-key";
import { RollApiKeyMutation } from "./mutations/roll-api-key";
import { RotateWebhookSecretMutation } from "./mutations/rotate-webhook-secret";
import { SendTestWebhookMutation } from "./mutations/send-test-webhook";
import { UpdatePaymentIntentMutation } from "./mutations/update-payment-intent";
import { UpdateWebhookEndpointMutation } from "./mutations/update-webhook-endpoint";
import { SteerReplayPlanMutations } from "./mutations/steer-replay-plan";
import { ApiKeyQueries } from "./queries/api-keys";
import { AuditLogQueries } from "./queries/audit-log";
import { BacklogQueries } from "./queries/backlog";
import { CaptureAndRefundQueries } from "./queries/captures-and-refunds";
import { DeadLetterQueries } from "./queries/dead-letters";
import { DisputeQueries } from "./queries/disputes";
import { ReceiptFields, ReceiptQueries } from "./queries/receipt";
import { ErasureQueries } from "./queries/erasure";
import { EventQueries } from "./queries/events";
import { LedgerQueries } from "./queries/ledger";
import { NodeQueries } from "./queries/node";
import { OperationQueries } from "./queries/operation";
import { PaymentIntentQueries } from "./queries/payment-intents";
import { PayoutQueries } from "./queries/payouts";
import { ProcessorAccountQueries } from "./queries/processor-accounts";
import { ReconciliationQueries } from "./queries/reconciliation";
import { ReplayPlanQueries } from "./queries/replay-plans";
import { SetAsideMessageQueries } from "./queries/set-aside-messages";
import { UnknownAttemptQueries } from "./queries/unknown-attempts";
import { WebhookQueries } from "./queries/webhooks";
import { REQUIRES_SCOPE, describeAccess } from "./say-access";
import { PaymentIntentUpdatedSubscription } from "./subscriptions/payment-intent-updated";
import { AttemptFields } from "./types/attempt";
import { AuditEntryFields } from "./types/audit-log";
import { CaptureFields } from "./types/capture";
import { DisputeFields } from "./types/dispute";
import { EventFields } from "./types/event";
import { LedgerAccountFields } from "./types/ledger";
import { RedirectToUrl } from "./types/next-action";
import { RefundFields } from "./types/refund";
import { PaymentErrorFields, PaymentIntentFields } from "./types/payment-intent-fields";
import { PayoutFields, PayoutLineFields } from "./types/payout";
import { TimelineFields } from "./types/timeline";
import { WebhookDeliveryFields, WebhookEndpointFields } from "./types/webhook";

/** Everything that the API consists of: a mutation or a query that is not in this list does not exist. */
const RESOLVERS: BuildSchemaOptions["resolvers"] = [
  CreatePaymentIntentMutation,
  ConfirmPaymentIntentMutation,
  CapturePaymentIntentMutation,
  CancelPaymentIntentMutation,
  RefundPaymentIntentMutation,
  UpdatePaymentIntentMutation,
  CreateWebhookEndpointMutation,
  UpdateWebhookEndpointMutation,
  DisableWebhookEndpointMutation,
  EnableWebhookEndpointMutation,
  DeleteWebhookEndpointMutation,
  RotateWebhookSecretMutation,
  SendTestWebhookMutation,
  ReplayWebhookDeliveryMutation,
  DiscardWebhookDeliveryMutation,
  RetryWebhookDeliveryNowMutation,
  RetryWebhookDeliveriesNowMutation,
  CreateReplayPlanMutation,
  SteerReplayPlanMutations,
  CreateMerchantMutation,
  LookUpAttemptMutation,
  ResolveUnknownAttemptMutation,
  ReleaseSetAsideMessagesMutation,
  ResolveReconciliationBreakMutation,
  EraseCustomerMutation,
  CreateApiKeyMutation,
  RollApiKeyMutation,
  RevokeApiKeyMutation,
  ConnectProcessorAccountMutation,
  ChangeProcessorAccountMutations,
  ReplaceProcessorRoutesMutation,
  NodeQueries,
  PaymentIntentQueries,
  CaptureAndRefundQueries,
  DisputeQueries,
  PayoutQueries,
  ReceiptFields,
  ReceiptQueries,
  OperationQueries,
  EventQueries,
  LedgerQueries,
  WebhookQueries,
  DeadLetterQueries,
  ReplayPlanQueries,
  UnknownAttemptQueries,
  SetAsideMessageQueries,
  BacklogQueries,
  ReconciliationQueries,
  ProcessorAccountQueries,
  ErasureQueries,
  ApiKeyQueries,
  AuditLogQueries,
  PaymentIntentUpdatedSubscription,
  PaymentIntentFields,
  PaymentErrorFields,
  TimelineFields,
  AttemptFields,
  CaptureFields,
  RefundFields,
  DisputeFields,
  PayoutFields,
  PayoutLineFields,
  EventFields,
  LedgerAccountFields,
  WebhookEndpointFields,
  WebhookDeliveryFields,
  AuditEntryFields,
];

/** TypeGraphQL insists on one for topics; every subscription of ours knows by itself what happens. */
const NO_TOPICS: NonNullable<BuildSchemaOptions["pubSub"]> = {
  publish: () => undefined,
  subscribe: () => {
    throw new Error("there are no topics");
  },
};

/** Needs no database and no settings, so that the schema can be printed anywhere. */
export function buildSchema(): GraphQLSchema {
  // Inputs are checked by scalars and schema/input.ts; class-validator would repeat the whole input in its errors.
  const schema = buildSchemaSync({
    resolvers: RESOLVERS,
    // No field has it as its type, but the interface that it implements.
    orphanedTypes: [RedirectToUrl],
    validate: false,
    pubSub: NO_TOPICS,
    directives: [...specifiedDirectives, REQUIRES_SCOPE],
  });
  describeRoot(schema.getQueryType(), "Read operations. None of them changes anything.");
  describeRoot(
    schema.getMutationType(),
    "Operations that change something. Each takes effect once per idempotency key, however often it is sent.",
  );
  describeRoot(
    schema.getSubscriptionType(),
    "Operations that are answered as a stream of server-sent events.",
  );
  describeAccess(schema);
  callResolvers(schema, RESOLVERS);
  watchRootFields(schema);
  return schema;
}

/** TypeGraphQL creates the root types itself, and accepts no description for them. */
function describeRoot(root: GraphQLObjectType | null | undefined, description: string): void {
  if (root) root.description = description;
}
