import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from "type-graphql";
import type * as webhooks from "../../src/webhooks/delivery";
import { replayWebhookDelivery } from "../../src/webhooks/replay-webhook-delivery";
import { auditOf } from "../audit";
import { type Context, callerOf } from "../context";
import { checkId, checkIdempotencyKey } from "../input";
import { Idempotency, idempotencyOf } from "../types/idempotency";
import { WebhookDelivery } from "../types/webhook";
import { IDEMPOTENCY_KEY, afterCommit } from "./mutation";

@InputType({ description: "The delivery to replay." })
export class ReplayWebhookDeliveryInput {
  @Field(() => ID, { description: "The delivery's id." })
  readonly deliveryId!: string;

  @Field(() => Boolean, {
    defaultValue: false,
    description:
      "Whether to repeat it even if it has been delivered, or replayed before. Otherwise such a delivery is refused with INVALID_STATE.",
  })
  readonly force!: boolean;
}

@ObjectType({ simpleResolvers: true, description: "The result of replayWebhookDelivery." })
export class ReplayWebhookDeliveryPayload {
  @Field(() => WebhookDelivery, {
    description: "The new delivery. Its `replayOf` is the id of the original one.",
  })
  readonly webhookDelivery!: webhooks.WebhookDelivery;

  @Field(() => Idempotency, { description: "Whether this request was executed or replayed." })
  readonly idempotency!: Idempotency;
}

@Resolver()
export class ReplayWebhookDeliveryMutation {
  @Mutation(() => ReplayWebhookDeliveryPayload, {
    description:
      "Delivers an event to its endpoint again: a new delivery sends the same bytes with the same webhook-id. Refused while the endpoint is disabled.",
  })
  async replayWebhookDelivery(
    @Arg("input", () => ReplayWebhookDeliveryInput, { description: "The delivery to replay." })
    input: ReplayWebhookDeliveryInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<ReplayWebhookDeliveryPayload> {
    const key = checkIdempotencyKey(idempotencyKey);
    const deliveryId = checkId("input.deliveryId", "webhookDelivery", input.deliveryId);
    const outcome = await replayWebhookDelivery(context.app, {
      merchantId: callerOf(context).merchantId,
      audit: auditOf(context, "replayWebhookDelivery", {
        details: { deliveryId, ...(input.force && { force: true }) },
      }),
      key,
      deliveryId,
      force: input.force,
    });
    afterCommit(context, outcome);
    return { webhookDelivery: outcome.result, idempotency: idempotencyOf(outcome) };
  }
}
