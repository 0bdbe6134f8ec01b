import { Arg, Args, ArgsType, Ctx, Field, InputType, Int, Query, Resolver } from "type-graphql";
import { EVENT_TYPES, describeEventType } from "../../src/events/event-types";
import { sampleOf } from "../../src/events/event-samples";
import { type EventFeedPage, listEvents } from "../../src/events/event-store";
import { type Context, callerOf } from "../context";
import { EventTypeScalar } from "../scalars";
import { EventConnection, EventTypeDescription } from "../types/event";

@InputType({ description: "Which events to list: those that match every field given." })
export class EventFilter {
  @Field(() => [EventTypeScalar], { nullable: true, description: "With one of these types." })
  readonly types?: string[] | null;
}

@ArgsType()
class FeedArgs {
  @Field(() => String, { nullable: true, description: "Return only items after this cursor." })
  readonly after?: string | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "How many items to return from the start of the list, 1 to 100. The default is 20.",
  })
  readonly first?: number | null;
}

@Resolver()
export class EventQueries {
  @Query(() => EventConnection, {
    description:
      "The feed of events, oldest first. An event appears once a worker has relayed it, milliseconds after it was committed. Continue from `endCursor`, even after an empty page: no event is ever skipped. If the database has been restored to an earlier point in time, a page may repeat events.",
  })
  events(
    @Arg("filter", () => EventFilter, { nullable: true, description: "Which items to return." })
    filter: EventFilter | null,
    @Args(() => FeedArgs) page: FeedArgs,
    @Ctx() context: Context,
  ): Promise<EventFeedPage> {
    const { merchantId } = callerOf(context);
    return listEvents(context.app.db, merchantId, { ...page, types: filter?.types });
  }

  @Query(() => [EventTypeDescription], {
    description: "Every type of event, with its meaning and a sample webhook.",
  })
  eventTypes(): EventTypeDescription[] {
    return EVENT_TYPES.map((type) => ({
      type,
      description: describeEventType(type),
      sample: sampleOf(type),
    }));
  }
}
