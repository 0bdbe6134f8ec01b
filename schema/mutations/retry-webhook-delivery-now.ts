import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from "type-graphql";
import type * as webhooks from "../../src/webhooks/delivery";
import { retryWebhookDeliveryNow } from "../../src/webhooks/retry-webhook-delivery-now";
import { auditOf } from "../audit";
import { type Context, callerOf } from "../context";
import { checkId, checkIdempotencyKey } from "../input";
import { Idempotency, idempotencyOf } from "../types/idempotency";
import { WebhookDelivery } from "../types/webhook";
import { IDEMPOTENCY_KEY, afterCommit } from "./mutation";

@InputType({ description: "The delivery to attempt now." })
export class RetryWebhookDeliveryNowInput {
  @Field(() => ID, { description: "The delivery's id." })
  readonly deliveryId!: string;
}

@ObjectType({ simpleResolvers: true, description: "The result of retryWebhookDeliveryNow." })
export class RetryWebhookDeliveryNowPayload {
  @Field(() => WebhookDelivery, { description: "The delivery, which is due now." })
  readonly webhookDelivery!: webhooks.WebhookDelivery;

  @Field(() => Idempotency, { description: "Whether this request was executed or replayed." })
  readonly idempotency!: Idempotency;
}

@Resolver()
export class RetryWebhookDeliveryNowMutation {
  @Mutation(() => RetryWebhookDeliveryNowPayload, {
    description:
      "Attempts a delivery that is RETRYING now rather than when its next attempt is due. It remains the same delivery, and its later attempts remain as scheduled.",
  })
  async retryWebhookDeliveryNow(
    @Arg("input", () => RetryWebhookDeliveryNowInput, { description: "The delivery to attempt." })
    input: RetryWebhookDeliveryNowInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<RetryWebhookDeliveryNowPayload> {
    const key = checkIdempotencyKey(idempotencyKey);
    const deliveryId = checkId("input.deliveryId", "webhookDelivery", input.deliveryId);
    const outcome = await retryWebhookDeliveryNow(context.app, {
      merchantId: callerOf(context).merchantId,
      audit: auditOf(context, "retryWebhookDeliveryNow", { subjectId: deliveryId }),
      key,
      deliveryId,
    });
    afterCommit(context, outcome);
    return { webhookDelivery: outcome.result, idempotency: idempotencyOf(outcome) };
  }
}
