import { Ctx, Field, FieldResolver, ID, Int, ObjectType, Resolver, Root } from "type-graphql";
import type * as store from "../../src/events/event-store";
import type * as webhooks from "../../src/webhooks/delivery";
import type { EndpointHealth } from "../../src/webhooks/read-endpoint-hours";
import { requireScope } from "../access";
import { type Context, callerOf } from "../context";
import { ORDERED_DESCRIPTION, PACE_DESCRIPTIONS } from "../endpoint-pace";
import { DeliveryStatus, EndpointStatus } from "../enums";
import { Node } from "../node";
import { DateTime, EventTypeScalar, Metadata, UrlScalar } from "../scalars";
import { WebhookErrorClass } from "../webhook-enums";
import { connectionOf } from "./connection";
import { Event } from "./event";

@ObjectType({
  simpleResolvers: true,
  implements: Node,
  description: "A URL where a merchant or partner receives events as signed HTTP requests.",
})
export class WebhookEndpoint {
  readonly id!: string;

  @Field(() => UrlScalar, { description: "The URL that events are sent to." })
  readonly url!: string;

  @Field(() => String, { nullable: true, description: "What the endpoint is for." })
  readonly description!: string | null;

  @Field(() => [EventTypeScalar], {
    description: "The types of events that the endpoint receives. An empty list means all types.",
  })
  readonly eventTypes!: readonly string[];

  @Field(() => Metadata, { description: "The merchant's own key-value pairs." })
  readonly metadata!: webhooks.WebhookEndpoint["metadata"];

  @Field(() => Boolean, {
    nullable: true,
    description: `${ORDERED_DESCRIPTION} Null in a replayed answer that is older than this field.`,
  })
  readonly ordered!: boolean | null;

  @Field(() => Int, { nullable: true, description: PACE_DESCRIPTIONS.ratePerSecond })
  readonly ratePerSecond!: number | null;

  @Field(() => Int, { nullable: true, description: PACE_DESCRIPTIONS.timeoutMs })
  readonly timeoutMs!: number | null;

  @Field(() => Int, { nullable: true, description: PACE_DESCRIPTIONS.concurrency })
  readonly concurrency!: number | null;

  @Field(() => String, {
    description:
      "The version of the event objects that the endpoint receives: the newest one when it was created.",
  })
  readonly apiVersion!: string;

  @Field(() => EndpointStatus, { description: "Whether events are delivered to the endpoint." })
  readonly status!: webhooks.WebhookEndpoint["status"];

  @Field(() => String, {
    nullable: true,
    description: "Why the endpoint is disabled, where a reason was given.",
  })
  readonly disabledReason!: string | null;

  @Field(() => DateTime, { nullable: true, description: "When the endpoint was disabled." })
  readonly disabledAt!: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description:
      "When the endpoint echoed a challenge at its present URL; null when it has not, or was never asked to.",
  })
  readonly verifiedAt!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "Why the endpoint did not echo the last challenge, while it is PENDING.",
  })
  readonly verificationError!: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "The end of the secret, to tell it from another; null for endpoints that are older than this field.",
  })
  readonly secretHint!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The end of the previous secret, while it still signs.",
  })
  readonly previousSecretHint!: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description:
      "Until when deliveries are signed with the previous secret as well; null when they are not.",
  })
  readonly previousSecretExpiresAt!: string | null;

  @Field(() => DateTime, { description: "When the endpoint was created." })
  readonly createdAt!: string;

  @Field(() => DateTime, { description: "When the endpoint last changed." })
  readonly updatedAt!: string;
}

@ObjectType({
  simpleResolvers: true,
  description:
    "How an endpoint did of late: counted by the deliverers, and added up within seconds. Tests and replays count, too.",
})
export class WebhookEndpointHealth {
  @Field(() => DateTime, {
    description: "From when on tries are counted: the full hour that is at most 24 hours ago.",
  })
  readonly since!: string;

  @Field(() => Int, { description: "How many tries ended." })
  readonly attempts!: number;

  @Field(() => Int, { description: "How many of them delivered." })
  readonly succeeded!: number;

  @Field(() => Int, {
    nullable: true,
    description:
      "How many milliseconds 95 of 100 tries took at most, rounded up by a fifth at most; null when there was none.",
  })
  readonly p95Ms!: number | null;
}

@Resolver(() => WebhookEndpoint)
export class WebhookEndpointFields {
  @FieldResolver(() => WebhookEndpointHealth, {
    nullable: true,
    description: "How the endpoint did in the last 24 hours, as of now.",
  })
  async last24Hours(
    @Root() { id }: webhooks.WebhookEndpoint,
    @Ctx() context: Context,
  ): Promise<EndpointHealth | null> {
    return (await context.loaders().healthOfEndpoint.load(id)) ?? null;
  }

  @FieldResolver(() => DateTime, {
    nullable: true,
    description:
      "Since when the delivery to the endpoint is due that has waited longest; null when none is. One that is held until the endpoint can take it counts from when it was made. Of those that are not held, the newest and some of each age are looked at: the oldest may be up to twice as old.",
  })
  oldestDueAt(
    @Root() { id }: webhooks.WebhookEndpoint,
    @Ctx() context: Context,
  ): Promise<string | null> {
    return context.loaders().oldestDueOf.load(id);
  }
}

@ObjectType({
  simpleResolvers: true,
  description: "One try of a webhook delivery.",
})
export class WebhookDeliveryAttempt {
  @Field(() => Int, { description: "Which try of the delivery it was, counted from 1." })
  readonly number!: number;

  @Field(() => DateTime, { description: "When it began." })
  readonly startedAt!: string;

  @Field(() => Int, { description: "How long it took, in milliseconds." })
  readonly durationMs!: number;

  @Field(() => Int, { nullable: true, description: "The HTTP status of the answer." })
  readonly statusCode!: number | null;

  @Field(() => WebhookErrorClass, {
    nullable: true,
    description: "Of what kind the failure was; null when the event was delivered.",
  })
  readonly errorClass!: webhooks.ErrorClass | null;

  @Field(() => String, { nullable: true, description: "Why it failed." })
  readonly error!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The beginning of the body of the answer.",
  })
  readonly responseBody!: string | null;
}

@ObjectType({
  simpleResolvers: true,
  implements: Node,
  description: "The delivery of one event to one webhook endpoint.",
})
export class WebhookDelivery {
  readonly id!: string;

  @Field(() => ID, {
    nullable: true,
    description:
      "The id of the merchant whose event is delivered; null in a replayed answer that is older than this field.",
  })
  readonly merchantId!: string | null;

  @Field(() => ID, {
    description: "The id of the event that is delivered, which is sent as the webhook-id.",
  })
  readonly eventId!: string;

  @Field(() => ID, { description: "The id of the endpoint that the event is delivered to." })
  readonly endpointId!: string;

  @Field(() => DeliveryStatus, { description: "The status of the delivery." })
  readonly status!: webhooks.DeliveryStatus;

  @Field(() => Int, { description: "How many times delivery has been attempted." })
  readonly tries!: number;

  @Field(() => DateTime, {
    nullable: true,
    description:
      "When the next attempt is due; null when none is, and while the delivery waits until its endpoint can take it.",
  })
  readonly nextAt!: string | null;

  @Field(() => Int, { nullable: true, description: "The HTTP status of the last answer." })
  readonly statusCode!: number | null;

  @Field(() => String, { nullable: true, description: "Why the last attempt failed." })
  readonly error!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The beginning of the body of the last answer.",
  })
  readonly responseBody!: string | null;

  @Field(() => Int, {
    nullable: true,
    description: "How long the last attempt took, in milliseconds.",
  })
  readonly durationMs!: number | null;

  @Field(() => ID, { nullable: true, description: "The id of the delivery that this one replays." })
  readonly replayOf!: string | null;

  @Field(() => WebhookErrorClass, {
    nullable: true,
    description: "Why the last attempt of a dead letter failed; null unless it is one.",
  })
  readonly cause!: webhooks.ErrorClass | null;

  @Field(() => ID, {
    nullable: true,
    description: "The id of the delivery that replays this one, the latest if there are several.",
  })
  readonly replayedAs!: string | null;

  @Field(() => String, { nullable: true, description: "Why somebody discarded the delivery." })
  readonly discardReason!: string | null;

  @Field(() => DateTime, { description: "When the delivery was created." })
  readonly createdAt!: string;

  @Field(() => DateTime, { description: "When the delivery last changed." })
  readonly updatedAt!: string;
}

@Resolver(() => WebhookDelivery)
export class WebhookDeliveryFields {
  @FieldResolver(() => Event, {
    nullable: true,
    description: "The event that is delivered; null in a list across merchants.",
  })
  async event(
    @Root() delivery: webhooks.WebhookDelivery,
    @Ctx() context: Context,
  ): Promise<store.Event | null> {
    requireScope(context, "events:read");
    return (await context.loaders().event.load(delivery.eventId)) ?? null;
  }

  @FieldResolver(() => [WebhookDeliveryAttempt], {
    nullable: true,
    description:
      "The latest tries, at most 25, newest first: those that failed and those after them. A delivery that succeeds at once has none, unless the installation keeps all. Null in a list across merchants.",
  })
  attempts(
    @Root() delivery: webhooks.WebhookDelivery,
    @Ctx() context: Context,
  ): Promise<webhooks.DeliveryAttempt[]> | null {
    // What is loaded for one caller is loaded for one merchant.
    const { merchantId } = delivery;
    if (merchantId !== null && merchantId !== callerOf(context).merchantId) return null;
    return context.loaders().attemptsOfDelivery.load(delivery.id);
  }
}

export const WebhookEndpointConnection = connectionOf(() => WebhookEndpoint, "WebhookEndpoint");
export const WebhookDeliveryConnection = connectionOf(() => WebhookDelivery, "WebhookDelivery");
