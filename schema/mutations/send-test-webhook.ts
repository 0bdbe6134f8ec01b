import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from "type-graphql";
import type * as webhooks from "../../src/webhooks/delivery";
import { sendTestWebhook } from "../../src/webhooks/send-test-webhook";
import { auditOf } from "../audit";
import { type Context, callerOf } from "../context";
import { checkId, checkIdempotencyKey } from "../input";
import { Idempotency, idempotencyOf } from "../types/idempotency";
import { WebhookDelivery } from "../types/webhook";
import { IDEMPOTENCY_KEY, afterCommit } from "./mutation";

@InputType({ description: "The endpoint to test." })
export class SendTestWebhookInput {
  @Field(() => ID, { description: "The endpoint's id." })
  readonly webhookEndpointId!: string;
}

@ObjectType({ simpleResolvers: true, description: "The result of sendTestWebhook." })
export class SendTestWebhookPayload {
  @Field(() => WebhookDelivery, {
    description: "The delivery of the test, which says what comes of it.",
  })
  readonly webhookDelivery!: webhooks.WebhookDelivery;

  @Field(() => Idempotency, { description: "Whether this request was executed or replayed." })
  readonly idempotency!: Idempotency;
}

@Resolver()
export class SendTestWebhookMutation {
  @Mutation(() => SendTestWebhookPayload, {
    description:
      "Sends an event of the type webhook_endpoint.test to a webhook endpoint, signed and delivered like any other event, and to no other endpoint.",
  })
  async sendTestWebhook(
    @Arg("input", () => SendTestWebhookInput, { description: "The endpoint." })
    input: SendTestWebhookInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<SendTestWebhookPayload> {
    const id = checkId("input.webhookEndpointId", "webhookEndpoint", input.webhookEndpointId);
    const outcome = await sendTestWebhook(context.app, {
      merchantId: callerOf(context).merchantId,
      audit: auditOf(context, "sendTestWebhook", { subjectId: id }),
      key: checkIdempotencyKey(idempotencyKey),
      webhookEndpointId: id,
    });
    afterCommit(context, outcome);
    return { webhookDelivery: outcome.result, idempotency: idempotencyOf(outcome) };
  }
}
