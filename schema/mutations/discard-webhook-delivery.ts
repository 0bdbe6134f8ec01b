import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from "type-graphql";
import type * as webhooks from "../../src/webhooks/delivery";
import { discardWebhookDelivery } from "../../src/webhooks/discard-webhook-delivery";
import { auditOf } from "../audit";
import { type Context, callerOf } from "../context";
import { checkId, checkIdempotencyKey, checkText } from "../input";
import { Idempotency, idempotencyOf } from "../types/idempotency";
import { WebhookDelivery } from "../types/webhook";
import { IDEMPOTENCY_KEY } from "./mutation";

@InputType({ description: "The delivery to discard." })
export class DiscardWebhookDeliveryInput {
  @Field(() => ID, { description: "The delivery's id." })
  readonly deliveryId!: string;

  @Field(() => String, {
    description: "Why it will not be delivered, 1 to 1,000 characters; stored with the delivery.",
  })
  readonly reason!: string;
}

@ObjectType({ simpleResolvers: true, description: "The result of discardWebhookDelivery." })
export class DiscardWebhookDeliveryPayload {
  @Field(() => WebhookDelivery, { description: "The delivery, now DISCARDED." })
  readonly webhookDelivery!: webhooks.WebhookDelivery;

  @Field(() => Idempotency, { description: "Whether this request was executed or replayed." })
  readonly idempotency!: Idempotency;
}

@Resolver()
export class DiscardWebhookDeliveryMutation {
  @Mutation(() => DiscardWebhookDeliveryPayload, {
    description:
      "Decides that a delivery will not be attempted any more: a dead letter, or one that is waiting. It can still be replayed.",
  })
  async discardWebhookDelivery(
    @Arg("input", () => DiscardWebhookDeliveryInput, { description: "The delivery to discard." })
    input: DiscardWebhookDeliveryInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<DiscardWebhookDeliveryPayload> {
    const key = checkIdempotencyKey(idempotencyKey);
    const deliveryId = checkId("input.deliveryId", "webhookDelivery", input.deliveryId);
    const reason = checkText("input.reason", input.reason, { min: 1, max: 1_000 });
    const outcome = await discardWebhookDelivery(context.app, {
      merchantId: callerOf(context).merchantId,
      audit: auditOf(context, "discardWebhookDelivery", {
        subjectId: deliveryId,
        details: { reason },
      }),
      key,
      deliveryId,
      reason,
    });
    return { webhookDelivery: outcome.result, idempotency: idempotencyOf(outcome) };
  }
}
