import { Arg, Ctx, Field, ID, InputType, Int, Mutation, ObjectType, Resolver } from "type-graphql";
import type * as webhooks from "../../src/webhooks/delivery";
import { updateWebhookEndpoint } from "../../src/webhooks/update-webhook-endpoint";
import { auditOf } from "../audit";
import { type Context, callerOf } from "../context";
import { ORDERED_DESCRIPTION, PACE_DESCRIPTIONS, checkPace } from "../endpoint-pace";
import { checkId, checkIdempotencyKey, checkOptionalText } from "../input";
import { EventTypeScalar, Metadata, UrlScalar } from "../scalars";
import { Idempotency, idempotencyOf } from "../types/idempotency";
import { WebhookEndpoint } from "../types/webhook";
import { IDEMPOTENCY_KEY, afterCommit } from "./mutation";

@InputType({ description: "The endpoint, and what of it changes. What is absent stays as it is." })
export class UpdateWebhookEndpointInput {
  @Field(() => ID, { description: "The endpoint's id." })
  readonly webhookEndpointId!: string;

  @Field(() => UrlScalar, {
    nullable: true,
    description:
      "The URL that receives the events from now on, also those that wait to be sent. It must use https and resolve to a public address.",
  })
  readonly url?: string | null;

  @Field(() => [EventTypeScalar], {
    nullable: true,
    description:
      "The types of events to deliver, in place of those before. An empty list means all types.",
  })
  readonly eventTypes?: string[] | null;

  @Field(() => String, {
    nullable: true,
    description: "What the endpoint is for, at most 1000 characters. Null takes it away.",
  })
  readonly description?: string | null;

  @Field(() => Metadata, {
    nullable: true,
    description: "The merchant's own key-value pairs, in place of all those before.",
  })
  readonly metadata?: Readonly<Record<string, string>> | null;

  @Field(() => Boolean, { nullable: true, description: ORDERED_DESCRIPTION })
  readonly ordered?: boolean | null;

  @Field(() => Int, { nullable: true, description: PACE_DESCRIPTIONS.ratePerSecond })
  readonly ratePerSecond?: number | null;

  @Field(() => Int, { nullable: true, description: PACE_DESCRIPTIONS.timeoutMs })
  readonly timeoutMs?: number | null;

  @Field(() => Int, { nullable: true, description: PACE_DESCRIPTIONS.concurrency })
  readonly concurrency?: number | null;
}

@ObjectType({ simpleResolvers: true, description: "The result of updateWebhookEndpoint." })
export class UpdateWebhookEndpointPayload {
  @Field(() => WebhookEndpoint, { description: "The endpoint." })
  readonly webhookEndpoint!: webhooks.WebhookEndpoint;

  @Field(() => Idempotency, { description: "Whether this request was executed or replayed." })
  readonly idempotency!: Idempotency;
}

@Resolver()
export class UpdateWebhookEndpointMutation {
  @Mutation(() => UpdateWebhookEndpointPayload, {
    description:
      "Changes a webhook endpoint. Its secret, its status and its deliveries stay as they are.",
  })
  async updateWebhookEndpoint(
    @Arg("input", () => UpdateWebhookEndpointInput, {
      description: "The endpoint, and what changes.",
    })
    input: UpdateWebhookEndpointInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<UpdateWebhookEndpointPayload> {
    const id = checkId("input.webhookEndpointId", "webhookEndpoint", input.webhookEndpointId);
    const outcome = await updateWebhookEndpoint(context.app, {
      merchantId: callerOf(context).merchantId,
      audit: auditOf(context, "updateWebhookEndpoint", { subjectId: id }),
      key: checkIdempotencyKey(idempotencyKey),
      webhookEndpointId: id,
      url: input.url ?? undefined,
      eventTypes: input.eventTypes ? [...new Set(input.eventTypes)].sort() : undefined,
      description:
        input.description === undefined
          ? undefined
          : checkOptionalText("input.description", input.description, { max: 1_000 }),
      metadata: input.metadata ?? undefined,
      ordered: input.ordered ?? undefined,
      ...checkPace(input),
    });
    afterCommit(context, outcome);
    return { webhookEndpoint: outcome.result, idempotency: idempotencyOf(outcome) };
  }
}
