import { Field, FieldResolver, ID, Int, ObjectType, Resolver, Root } from "type-graphql";
import type * as store from "../../src/events/event-store";
import { Node } from "../node";
import { DateTime, EventTypeScalar, JsonScalar } from "../scalars";
import { connectionOf } from "./connection";

@ObjectType({
  simpleResolvers: true,
  implements: Node,
  description: "A public fact, written by the commit that made it true. It is never changed.",
})
export class Event {
  readonly id!: string;

  @Field(() => EventTypeScalar, { description: "What it announces." })
  readonly type!: string;

  @Field(() => String, { description: "The version of the shapes in data.object." })
  readonly apiVersion!: string;

  @Field(() => DateTime, { description: "When it happened." })
  readonly createdAt!: string;

  @Field(() => ID, {
    description:
      "The id of the object that it is about, whose sequence it carries: of every event of a payment, its captures and its refunds, the payment intent.",
  })
  readonly subjectId!: string;

  @Field(() => Int, {
    nullable: true,
    description:
      "Where the event stands among those of its subject: for a payment intent the version that it announces, 1, 2, 3 without gaps. Null when the subject has no versions.",
  })
  readonly sequence!: number | null;
}

@ObjectType({ simpleResolvers: true, description: "A type of event." })
export class EventTypeDescription {
  @Field(() => EventTypeScalar, { description: "The type's name." })
  readonly type!: string;

  @Field(() => String, { description: "What an event of this type announces." })
  readonly description!: string;

  @Field(() => JsonScalar, { description: "An event of this type, as an endpoint receives it." })
  readonly sample!: object;
}

@Resolver(() => Event)
export class EventFields {
  @FieldResolver(() => JsonScalar, {
    nullable: true,
    description: "`{ object }`: the object as it stood when the event happened.",
  })
  data(@Root() event: store.Event): { object: unknown } {
    return { object: event.object };
  }
}

export const EventConnection = connectionOf(() => Event, "Event");
