import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from "type-graphql";
import type * as webhooks from "../../src/webhooks/delivery";
import { disableWebhookEndpoint } from "../../src/webhooks/disable-webhook-endpoint";
import { auditOf } from "../audit";
import { type Context, callerOf } from "../context";
import { checkId, checkIdempotencyKey, checkOptionalText } from "../input";
import { Idempotency, idempotencyOf } from "../types/idempotency";
import { WebhookEndpoint } from "../types/webhook";
import { IDEMPOTENCY_KEY, afterCommit } from "./mutation";

@InputType({ description: "The endpoint to disable." })
export class DisableWebhookEndpointInput {
  @Field(() => ID, { description: "The endpoint's id." })
  readonly webhookEndpointId!: string;

  @Field(() => String, {
    nullable: true,
    description: "Why, for whoever looks at the endpoint later: at most 500 characters.",
  })
  readonly reason?: string | null;
}

@ObjectType({ simpleResolvers: true, description: "The result of disableWebhookEndpoint." })
export class DisableWebhookEndpointPayload {
  @Field(() => WebhookEndpoint, { description: "The endpoint." })
  readonly webhookEndpoint!: webhooks.WebhookEndpoint;

  @Field(() => Idempotency, { description: "Whether this request was executed or replayed." })
  readonly idempotency!: Idempotency;
}

@Resolver()
export class DisableWebhookEndpointMutation {
  @Mutation(() => DisableWebhookEndpointPayload, {
    description:
      "Stops deliveries to a webhook endpoint. What is meant for it is held back (PAUSED) until it is enabled.",
  })
  async disableWebhookEndpoint(
    @Arg("input", () => DisableWebhookEndpointInput, { description: "The endpoint." })
    input: DisableWebhookEndpointInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<DisableWebhookEndpointPayload> {
    const id = checkId("input.webhookEndpointId", "webhookEndpoint", input.webhookEndpointId);
    const outcome = await disableWebhookEndpoint(context.app, {
      merchantId: callerOf(context).merchantId,
      audit: auditOf(context, "disableWebhookEndpoint", { subjectId: id }),
      key: checkIdempotencyKey(idempotencyKey),
      webhookEndpointId: id,
      reason: checkOptionalText("input.reason", input.reason, { min: 1, max: 500 }),
    });
    afterCommit(context, outcome);
    return { webhookEndpoint: outcome.result, idempotency: idempotencyOf(outcome) };
  }
}
