import { Ctx, Field, FieldResolver, ID, Int, ObjectType, Resolver, Root } from "type-graphql";
import type * as store from "../../src/events/event-store";
import type * as letters from "../../src/webhooks/dead-letter";
import type * as webhooks from "../../src/webhooks/delivery";
import { requireScope } from "../access";
import type { Context } from "../context";
import { DeliveryStatus, EndpointStatus } from "../enums";
import { Node } from "../node";
import { DateTime, EventTypeScalar, UrlScalar } from "../scalars";
import { DeadLetterCause } from "../webhook-enums";
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

  @Field(() => EndpointStatus, { description: "Whether events are delivered to the endpoint." })
  readonly status!: webhooks.WebhookEndpoint["status"];

  @Field(() => DateTime, { description: "When the endpoint was created." })
  readonly createdAt!: string;

  @Field(() => DateTime, { description: "When the endpoint last changed." })
  readonly updatedAt!: string;
}

@ObjectType({
  simpleResolvers: true,
  implements: Node,
  description: "The delivery of one event to one webhook endpoint.",
})
export class WebhookDelivery {
  readonly id!: string;

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

  @Field(() => DateTime, { nullable: true, description: "When the next attempt is due." })
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

  @Field(() => DeadLetterCause, {
    nullable: true,
    description: "Why the last attempt of a dead letter failed; null unless it is one.",
  })
  readonly cause!: letters.DeadLetterCause | null;

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
    description: "The event that is delivered.",
  })
  async event(
    @Root() delivery: webhooks.WebhookDelivery,
    @Ctx() context: Context,
  ): Promise<store.Event | null> {
    requireScope(context, "events:read");
    return (await context.loaders().event.load(delivery.eventId)) ?? null;
  }
}

export const WebhookEndpointConnection = connectionOf(() => WebhookEndpoint, "WebhookEndpoint");
export const WebhookDeliveryConnection = connectionOf(() => WebhookDelivery, "WebhookDelivery");
