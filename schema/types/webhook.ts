import { Ctx, Field, FieldResolver, ID, Int, ObjectType, Resolver, Root } from "type-graphql";
import type * as store from "../../src/events/event-store";
import type * as webhooks from "../../src/webhooks/delivery";
import { requireScope } from "../access";
import type { Context } from "../context";
import { DeliveryStatus, EndpointStatus } from "../enums";
import { Node } from "../node";
import { DateTime, EventTypeScalar, UrlScalar } from "../scalars";
import { connectionOf } from "./connection";
import { Event } from "./event";

@ObjectType({
  simpleResolvers: true,
  implements: Node,
  description: "Where a merchant or a partner receives events as signed HTTP requests.",
})
export class WebhookEndpoint {
  readonly id!: string;

  @Field(() => UrlScalar, { description: "Where events are posted to." })
  readonly url!: string;

  @Field(() => String, { nullable: true, description: "What it is for." })
  readonly description!: string | null;

  @Field(() => [EventTypeScalar], {
    description: "The types that it receives; empty: all of them.",
  })
  readonly eventTypes!: readonly string[];

  @Field(() => EndpointStatus, { description: "Whether it gets deliveries." })
  readonly status!: webhooks.WebhookEndpoint["status"];

  @Field(() => DateTime, { description: "When it was created." })
  readonly createdAt!: string;

  @Field(() => DateTime, { description: "When it last changed." })
  readonly updatedAt!: string;
}

@ObjectType({
  simpleResolvers: true,
  implements: Node,
  description: "One event on its way to one endpoint.",
})
export class WebhookDelivery {
  readonly id!: string;

  @Field(() => ID, { description: "The event that is delivered: its id is the webhook-id." })
  readonly eventId!: string;

  @Field(() => ID, { description: "The endpoint that it goes to." })
  readonly endpointId!: string;

  @Field(() => DeliveryStatus, { description: "Where the delivery stands." })
  readonly status!: webhooks.DeliveryStatus;

  @Field(() => Int, { description: "How often it has been tried." })
  readonly tries!: number;

  @Field(() => DateTime, { nullable: true, description: "When the next try is due." })
  readonly nextAt!: string | null;

  @Field(() => Int, { nullable: true, description: "The HTTP status of the last answer." })
  readonly statusCode!: number | null;

  @Field(() => String, { nullable: true, description: "Why the last try failed." })
  readonly error!: string | null;

  @Field(() => String, { nullable: true, description: "The beginning of the last answer." })
  readonly responseBody!: string | null;

  @Field(() => Int, { nullable: true, description: "How long the last answer took." })
  readonly durationMs!: number | null;

  @Field(() => ID, { nullable: true, description: "The delivery that this one repeats." })
  readonly replayOf!: string | null;

  @Field(() => DateTime, { description: "When it was planned." })
  readonly createdAt!: string;

  @Field(() => DateTime, { description: "When it last changed." })
  readonly updatedAt!: string;
}

@Resolver(() => WebhookDelivery)
export class WebhookDeliveryFields {
  @FieldResolver(() => Event, {
    nullable: true,
    description: "The event that is delivered. It needs the scope events:read.",
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
