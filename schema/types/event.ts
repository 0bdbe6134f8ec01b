import { Field, FieldResolver, Int, ObjectType, Resolver, Root } from "type-graphql";
import type * as store from "../../src/events/event-store";
import { Node } from "../node";
import { DateTime, EventTypeScalar, JsonScalar } from "../scalars";

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

  @Field(() => Int, {
    description: "The version of the payment intent that it announces: 1, 2, 3 without gaps.",
  })
  readonly sequence!: number;
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
