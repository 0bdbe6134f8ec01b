import { Arg, Ctx, Field, ObjectType, Query, Resolver } from "type-graphql";
import type { Db } from "../../src/db/db";
import { eraseOperation } from "../../src/erasure/erase-customer";
import { Failure, type FailureCode, type FailureDetails, verdict } from "../../src/failures";
import {
  type KeyRecord,
  type KeyedOperation,
  type OperationKey,
  findKey,
  isExecuting,
} from "../../src/idempotency/keys";
import { resolveBreakOperation } from "../../src/reconciliation/resolve-break";
import { releaseOperation } from "../../src/events/release-set-aside-messages";
import { createApiKeyOperation } from "../../src/merchants/create-api-key";
import { createMerchantOperation } from "../../src/merchants/create-merchant-once";
import { cancelOperation } from "../../src/payments/cancel-payment-intent";
import { captureOperation } from "../../src/payments/capture-payment-intent";
import { confirmOperation } from "../../src/payments/confirm-payment-intent";
import { createOperation } from "../../src/payments/create-payment-intent";
import { refundOperation } from "../../src/payments/refund-payment-intent";
import { updateOperation } from "../../src/payments/update-payment-intent";
import { lookUpNowOperation } from "../../src/payments/look-up-attempt-now";
import { resolveOperation } from "../../src/payments/resolve-unknown-attempt";
import {
  findFormerConfirmation,
  findFormerRecord,
  shopperKey,
} from "../../src/payments/shopper-key";
import { connectAccountOperation } from "../../src/processor-accounts/connect-processor-account";
import { replaceRoutesOperation } from "../../src/processor-accounts/replace-processor-routes";
import { rotateCredentialsOperation } from "../../src/processor-accounts/rotate-processor-credentials";
import { rotateProcessorWebhookSecretOperation } from "../../src/processor-accounts/rotate-processor-webhook-secret";
import {
  disableAccountOperation,
  enableAccountOperation,
} from "../../src/processor-accounts/switch-processor-account";
import { revokeApiKeyOperation } from "../../src/merchants/revoke-api-key";
import { rollApiKeyOperation } from "../../src/merchants/roll-api-key";
import { createEndpointOperation } from "../../src/webhooks/create-webhook-endpoint";
import { deleteEndpointOperation } from "../../src/webhooks/delete-webhook-endpoint";
import { disableEndpointOperation } from "../../src/webhooks/disable-webhook-endpoint";
import { enableEndpointOperation } from "../../src/webhooks/enable-webhook-endpoint";
import { rotateSecretOperation } from "../../src/webhooks/rotate-webhook-secret";
import { sendTestOperation } from "../../src/webhooks/send-test-webhook";
import { updateEndpointOperation } from "../../src/webhooks/update-webhook-endpoint";
import { discardOperation } from "../../src/webhooks/discard-webhook-delivery";
import { createPlanOperation } from "../../src/webhooks/create-replay-plan";
import { replayOperation } from "../../src/webhooks/replay-webhook-delivery";
import { retryAllNowOperation } from "../../src/webhooks/retry-webhook-deliveries-now";
import { retryNowOperation } from "../../src/webhooks/retry-webhook-delivery-now";
import { STEERING_OPERATIONS } from "../../src/webhooks/steer-replay-plan";
import { isPublishable, requireOutcomeScope } from "../access";
import { type Context, callerOf } from "../context";
import { ErrorCode, OperationStatus } from "../enums";
import { checkIdempotencyKey } from "../input";
import { Node } from "../node";
import { DateTime, JsonScalar } from "../scalars";
import { noteSnapshot } from "../snapshots";

@ObjectType({ simpleResolvers: true, description: "An error stored under an idempotency key." })
export class OperationError {
  @Field(() => ErrorCode, { description: "Why the operation was refused, for programs." })
  readonly code!: FailureCode;

  @Field(() => String, { description: "Why the operation was refused, in words for people." })
  readonly message!: string;

  @Field(() => JsonScalar, { description: "Details that help to understand the error." })
  readonly details!: FailureDetails;
}

@ObjectType({
  simpleResolvers: true,
  description: "The outcome of a mutation, for a client that did not receive its answer.",
})
export class Operation {
  @Field(() => String, { description: "The name of the mutation." })
  readonly name!: string;

  @Field(() => String, { description: "The idempotency key that the mutation was sent with." })
  readonly idempotencyKey!: string;

  @Field(() => OperationStatus, { description: "What is known about the operation." })
  readonly status!: keyof typeof OperationStatus;

  @Field(() => DateTime, { nullable: true, description: "When the operation was executed." })
  readonly firstSeenAt!: string | null;

  @Field(() => Node, {
    nullable: true,
    description:
      "The original result: a payment intent, a refund, a webhook endpoint, a delivery, a replay plan, an attempt, a merchant, an API key, a processor account, a reconciliation break or an erasure; null where the mutation gives none of these.",
  })
  readonly result!: object | null;

  @Field(() => OperationError, {
    nullable: true,
    description: "The original error; null unless the status is FAILED.",
  })
  readonly error!: OperationError | null;
}

/** Every mutation, as its use case describes it. One that is missing here fails a test that walks the schema. */
const OPERATIONS: ReadonlyMap<string, KeyedOperation<object, unknown>> = new Map(
  [
    createOperation,
    confirmOperation,
    captureOperation,
    cancelOperation,
    refundOperation,
    updateOperation,
    lookUpNowOperation,
    resolveOperation,
    createEndpointOperation,
    updateEndpointOperation,
    disableEndpointOperation,
    enableEndpointOperation,
    deleteEndpointOperation,
    rotateSecretOperation,
    sendTestOperation,
    replayOperation,
    discardOperation,
    retryNowOperation,
    retryAllNowOperation,
    createPlanOperation,
    ...STEERING_OPERATIONS,
    createMerchantOperation,
    releaseOperation,
    resolveBreakOperation,
    eraseOperation,
    createApiKeyOperation,
    rollApiKeyOperation,
    revokeApiKeyOperation,
    connectAccountOperation,
    rotateCredentialsOperation,
    rotateProcessorWebhookSecretOperation,
    disableAccountOperation,
    enableAccountOperation,
    replaceRoutesOperation,
  ].map((operation) => [operation.name, operation]),
);

type Status = Pick<Operation, "status" | "firstSeenAt" | "result" | "error">;

interface Found {
  readonly firstSeenAt: string;
  readonly result: object;
}

function succeeded({ firstSeenAt, result }: Found): Status {
  noteSnapshot(result);
  // A count, for example, is no object that could be read again.
  return { status: "SUCCEEDED", firstSeenAt, result: "id" in result ? result : null, error: null };
}

function recorded(
  { explain }: KeyedOperation<object, unknown>,
  { failureCode, failureDetails, firstSeenAt, result }: KeyRecord,
): Status {
  if (failureCode === null) return succeeded({ firstSeenAt, result: result as object });
  const stored = failureDetails ?? {};
  const failure = verdict({ code: failureCode, details: explain?.(stored) ?? stored });
  const { code, message, details } = failure;
  return { status: "FAILED", firstSeenAt, result: null, error: { code, message, details } };
}

const NOT_SEEN: Status = { status: "NOT_SEEN", firstSeenAt: null, result: null, error: null };

/** Undefined when there is no operation with this name. */
export async function look(db: Db, key: OperationKey): Promise<Status | undefined> {
  const operation = OPERATIONS.get(key.operation);
  if (!operation) return undefined;
  const known = await findKey(db, key);
  if (known) return recorded(operation, known);
  if (await isExecuting(db, key)) return { ...NOT_SEEN, status: "IN_PROGRESS" };
  // It may have committed between the two questions.
  const committed = await findKey(db, key);
  if (committed) return recorded(operation, committed);
  // The key's record has expired or never existed. What was created keeps its key for ever.
  const made = await operation.findMade?.(db, key.merchantId, key.key);
  return made ? succeeded(made) : NOT_SEEN;
}

/**
 * For a browser: what became of the confirmation of the one intent whose client secret it sent. Its keys are its own
 * within that intent, so nothing is told of any other, nor of the merchant's.
 */
async function lookForBrowser(context: Context, asked: OperationKey): Promise<Status | undefined> {
  const paymentIntentId = context.clientSecretFor;
  if (asked.operation !== confirmOperation.name || paymentIntentId === undefined) {
    throw new Failure("FORBIDDEN", "A publishable key may only look up a confirmation.");
  }
  const { db } = context.app;
  const status = await look(db, { ...asked, key: shopperKey(paymentIntentId, asked.key) });
  if (status?.status !== "NOT_SEEN") return status;
  const former = { ...asked, paymentIntentId };
  const known = await findFormerRecord(db, former);
  if (known) return recorded(confirmOperation, known);
  const made = await findFormerConfirmation(db, former);
  return made ? succeeded({ firstSeenAt: made.confirmedAt, result: made.intent }) : NOT_SEEN;
}

@Resolver()
export class OperationQueries {
  @Query(() => Operation, {
    description:
      "Looks up the outcome of a mutation by its name and idempotency key. It executes nothing and reveals no secrets. A publishable key may look up confirmations of the payment intent whose client secret is sent with the request.",
  })
  async operation(
    @Arg("name", () => String, {
      description: "The name of the mutation, for example createPaymentIntent.",
    })
    name: string,
    @Arg("idempotencyKey", () => String, {
      description: "The idempotency key that the mutation was sent with.",
    })
    idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<Operation> {
    const caller = callerOf(context);
    const key = {
      merchantId: caller.merchantId,
      operation: name,
      key: checkIdempotencyKey(idempotencyKey),
    };
    if (!isPublishable(caller)) requireOutcomeScope(context, name);
    const found = isPublishable(caller)
      ? await lookForBrowser(context, key)
      : await look(context.app.db, key);
    if (!found) {
      throw new Failure("BAD_USER_INPUT", "There is no operation with this name.", {
        field: "name",
      });
    }
    return { name, idempotencyKey, ...found };
  }
}
