import { Arg, Args, ArgsType, Ctx, Field, InputType, Int, Query, Resolver } from "type-graphql";
import { EVENT_TYPES, describeEventType } from "../../src/events/event-types";
import { sampleOf } from "../../src/events/event-samples";
import { type EventFeedPage, listEvents } from "../../src/events/event-store";
import { type Context, callerOf } from "../context";
import { EventTypeScalar } from "../scalars";
import { EventConnection, EventTypeDescription } from "../types/event";

@InputType({ description: "Which events to list." })
export class EventFilter {
  @Field(() => [EventTypeScalar], { nullable: true, description: "Of one of these types." })
  readonly types?: string[] | null;
}

@ArgsType()
class FeedArgs {
  @Field(() => String, { nullable: true, description: "Only what comes after this cursor." })
  readonly after?: string | null;

  @Field(() => Int, { nullable: true, description: "How many, 1 to 100; 20 when absent." })
  readonly first?: number | null;
}

@Resolver()
export class EventQueries {
  @Query(() => EventConnection, {
    description:
      "The feed of events, oldest first. An event appears in it when a worker has relayed it, which is milliseconds after its commit. Go on from endCursor, also of an empty page: no event is ever skipped. After the database was restored to an earlier moment, a page may repeat events.",
  })
  events(
    @Arg("filter", () => EventFilter, { nullable: true, description: "Which ones." })
    filter: EventFilter | null,
    @Args(() => FeedArgs) page: FeedArgs,
    @Ctx() context: Context,
  ): Promise<EventFeedPage> {
    const { merchantId } = callerOf(context);
    return listEvents(context.app.db, merchantId, { ...page, types: filter?.types });
  }

  @Query(() => [EventTypeDescription], {
    description: "Every type of event, what it means, and what a webhook of it looks like.",
  })
  eventTypes(): EventTypeDescription[] {
    return EVENT_TYPES.map((type) => ({
      type,
      description: describeEventType(type),
      sample: sampleOf(type),
    }));
  }
}
