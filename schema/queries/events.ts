import { Args, ArgsType, Ctx, Field, Int, Query, Resolver } from "type-graphql";
import { type EventFeedPage, listEvents } from "../../src/events/event-store";
import { type Context, callerOf } from "../context";
import { EventTypeScalar } from "../scalars";
import { connectionOf } from "../types/connection";
import { Event } from "../types/event";

const EventConnection = connectionOf(() => Event, "Event");

@ArgsType()
class FeedArgs {
  @Field(() => String, { nullable: true, description: "Only what comes after this cursor." })
  readonly after?: string | null;

  @Field(() => Int, { nullable: true, description: "How many, 1 to 100; 20 when absent." })
  readonly first?: number | null;

  @Field(() => [EventTypeScalar], { nullable: true, description: "Only these types." })
  readonly types?: string[] | null;
}

@Resolver()
export class EventQueries {
  @Query(() => EventConnection, {
    description:
      "The feed of events, oldest first. An event appears in it when a worker has relayed it, which is milliseconds after its commit. Go on from endCursor, also of an empty page: no event is ever skipped. After the database was restored to an earlier moment, a page may repeat events.",
  })
  events(@Args(() => FeedArgs) page: FeedArgs, @Ctx() context: Context): Promise<EventFeedPage> {
    return listEvents(context.app.db, callerOf(context).merchantId, page);
  }
}
