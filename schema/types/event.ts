import { Field, FieldResolver, ID, Int, ObjectType, Resolver, Root } from "type-graphql";
import type * as store from "../../src/events/event-store";
import { Node } from "../node";
import { DateTime, EventTypeScalar, JsonScalar } from "../scalars";
import { connectionOf } from "./connection";

@ObjectType({
  simpleResolvers: true,
  implements: Node,
  description:
    "A record of something that happened, stored in the same transaction as the change it announces. It never changes.",
})
export class Event {
  readonly id!: string;

  @Field(() => EventTypeScalar, { description: "What the event announces." })
  readonly type!: string;

  @Field(() => String, {
    description: "The API version that determines the shape of `data.object`.",
  })
  readonly apiVersion!: string;

  @Field(() => DateTime, { description: "When the event occurred." })
  readonly createdAt!: string;

  @Field(() => ID, {
    description:
      "The id of the object whose events `sequence` numbers. For an event about a payment, a capture or a refund it is the id of the payment intent; for one about a dispute, that of the dispute.",
  })
  readonly subjectId!: string;

  @Field(() => Int, {
    nullable: true,
    description:
      "The event's position among the events of its subject. For a payment intent or a dispute it is the version that the event announces: 1, 2, 3 and so on, without gaps. Null when the subject has no versions.",
  })
  readonly sequence!: number | null;
}

@ObjectType({ simpleResolvers: true, description: "A type of event, with a sample." })
export class EventTypeDescription {
  @Field(() => EventTypeScalar, { description: "The name of the type." })
  readonly type!: string;

  @Field(() => String, { description: "What events of this type announce." })
  readonly description!: string;

  @Field(() => JsonScalar, {
    description: "A sample event of this type, as an endpoint receives it.",
  })
  readonly sample!: object;

  @Field(() => JsonScalar, {
    description:
      "The JSON Schema (2020-12) of such an event as an endpoint receives it. Fields may be added to it, and words to those that it gives as examples.",
  })
  readonly schema!: object;
}

@Resolver(() => Event)
export class EventFields {
  @FieldResolver(() => JsonScalar, {
    nullable: true,
    description: "`{ object }`: the object as it stood when the event occurred.",
  })
  data(@Root() event: store.Event): { object: unknown } {
    return { object: event.object };
  }
}

export const EventConnection = connectionOf(() => Event, "Event");
