import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from "type-graphql";
import type * as webhooks from "../../src/webhooks/delivery";
import { deleteWebhookEndpoint } from "../../src/webhooks/delete-webhook-endpoint";
import { auditOf } from "../audit";
import { type Context, callerOf } from "../context";
import { checkId, checkIdempotencyKey } from "../input";
import { Idempotency, idempotencyOf } from "../types/idempotency";
import { WebhookEndpoint } from "../types/webhook";
import { IDEMPOTENCY_KEY, afterCommit } from "./mutation";

@InputType({ description: "The endpoint to delete." })
export class DeleteWebhookEndpointInput {
  @Field(() => ID, { description: "The endpoint's id." })
  readonly webhookEndpointId!: string;
}

@ObjectType({ simpleResolvers: true, description: "The result of deleteWebhookEndpoint." })
export class DeleteWebhookEndpointPayload {
  @Field(() => WebhookEndpoint, { description: "The endpoint." })
  readonly webhookEndpoint!: webhooks.WebhookEndpoint;

  @Field(() => Idempotency, { description: "Whether this request was executed or replayed." })
  readonly idempotency!: Idempotency;
}

@Resolver()
export class DeleteWebhookEndpointMutation {
  @Mutation(() => DeleteWebhookEndpointPayload, {
    description:
      "Deletes a webhook endpoint for good, and its secret. What still waits for it is discarded; the record of its deliveries stays.",
  })
  async deleteWebhookEndpoint(
    @Arg("input", () => DeleteWebhookEndpointInput, { description: "The endpoint." })
    input: DeleteWebhookEndpointInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<DeleteWebhookEndpointPayload> {
    const id = checkId("input.webhookEndpointId", "webhookEndpoint", input.webhookEndpointId);
    const outcome = await deleteWebhookEndpoint(context.app, {
      merchantId: callerOf(context).merchantId,
      audit: auditOf(context, "deleteWebhookEndpoint", { subjectId: id }),
      key: checkIdempotencyKey(idempotencyKey),
      webhookEndpointId: id,
    });
    afterCommit(context, outcome);
    return { webhookEndpoint: outcome.result, idempotency: idempotencyOf(outcome) };
  }
}
