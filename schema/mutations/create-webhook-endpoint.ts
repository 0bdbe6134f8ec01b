import { Arg, Ctx, Field, InputType, Int, Mutation, ObjectType, Resolver } from "type-graphql";
import { createWebhookEndpoint } from "../../src/webhooks/create-webhook-endpoint";
import type * as webhooks from "../../src/webhooks/delivery";
import { auditOf } from "../audit";
import { type Context, callerOf } from "../context";
import { ORDERED_DESCRIPTION, PACE_DESCRIPTIONS, checkPace } from "../endpoint-pace";
import { checkIdempotencyKey, checkOptionalText } from "../input";
import { EventTypeScalar, Metadata, UrlScalar } from "../scalars";
import { Idempotency, idempotencyOf } from "../types/idempotency";
import { WebhookEndpoint } from "../types/webhook";
import { IDEMPOTENCY_KEY, SHOWN_FOR_A_DAY, afterCommit } from "./mutation";

@InputType({ description: "The URL to send events to, and the types of events to send." })
export class CreateWebhookEndpointInput {
  @Field(() => UrlScalar, {
    description:
      "The URL that receives the events. It must use https and resolve to a public address.",
  })
  readonly url!: string;

  @Field(() => [EventTypeScalar], {
    nullable: true,
    description:
      "The types of events to deliver. All types are delivered when this is absent or empty.",
  })
  readonly eventTypes?: string[] | null;

  @Field(() => String, {
    nullable: true,
    description: "What the endpoint is for, at most 1000 characters.",
  })
  readonly description?: string | null;

  @Field(() => Metadata, { nullable: true, description: "The merchant's own key-value pairs." })
  readonly metadata?: Readonly<Record<string, string>> | null;

  @Field(() => Boolean, {
    nullable: true,
    description: `${ORDERED_DESCRIPTION} The default is false.`,
  })
  readonly ordered?: boolean | null;

  @Field(() => Int, { nullable: true, description: PACE_DESCRIPTIONS.ratePerSecond })
  readonly ratePerSecond?: number | null;

  @Field(() => Int, { nullable: true, description: PACE_DESCRIPTIONS.timeoutMs })
  readonly timeoutMs?: number | null;

  @Field(() => Int, { nullable: true, description: PACE_DESCRIPTIONS.concurrency })
  readonly concurrency?: number | null;
}

@ObjectType({ simpleResolvers: true, description: "The result of createWebhookEndpoint." })
export class CreateWebhookEndpointPayload {
  @Field(() => WebhookEndpoint, { description: "The endpoint." })
  readonly webhookEndpoint!: webhooks.WebhookEndpoint;

  @Field(() => String, {
    nullable: true,
    description: `The secret that deliveries are signed with, in the form that Standard Webhooks specifies: whsec_…. ${SHOWN_FOR_A_DAY}`,
  })
  readonly secret!: string | null;

  @Field(() => Idempotency, { description: "Whether this request was executed or replayed." })
  readonly idempotency!: Idempotency;
}

@Resolver()
export class CreateWebhookEndpointMutation {
  @Mutation(() => CreateWebhookEndpointPayload, {
    description: "Creates a webhook endpoint. It receives the events that occur from now on.",
  })
  async createWebhookEndpoint(
    @Arg("input", () => CreateWebhookEndpointInput, { description: "The endpoint." })
    input: CreateWebhookEndpointInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<CreateWebhookEndpointPayload> {
    const outcome = await createWebhookEndpoint(context.app, {
      merchantId: callerOf(context).merchantId,
      audit: auditOf(context, "createWebhookEndpoint"),
      key: checkIdempotencyKey(idempotencyKey),
      url: input.url,
      // In one order and once each: which types they are is what counts.
      eventTypes: [...new Set(input.eventTypes ?? [])].sort(),
      description: checkOptionalText("input.description", input.description, { max: 1_000 }),
      metadata: input.metadata ?? {},
      ordered: input.ordered ?? false,
      ...checkPace(input),
    });
    afterCommit(context, outcome);
    return {
      webhookEndpoint: outcome.result,
      secret: outcome.secret,
      idempotency: idempotencyOf(outcome),
    };
  }
}
