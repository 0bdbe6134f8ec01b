import { Arg, Args, ArgsType, Ctx, Field, InputType, Query, Resolver } from "type-graphql";
import { EVENT_TYPES, describeEventType } from "../../src/events/event-types";
import { jsonSchemaOf } from "../../src/events/event-schemas";
import { sampleOf } from "../../src/events/event-samples";
import { type EventFeedPage, listEvents } from "../../src/events/event-store";
import type { Context } from "../context";
import { openCursors, sealCursors } from "../cursors";
import { DateTime, EventTypeScalar } from "../scalars";
import { EventConnection, EventTypeDescription } from "../types/event";
import { ForwardPageArgs } from "./page-arguments";
import { readList } from "./read-list";

@InputType({ description: "Which events to list: those that match every field given." })
export class EventFilter {
  @Field(() => [EventTypeScalar], { nullable: true, description: "With one of these types." })
  readonly types?: string[] | null;
}

@ArgsType()
class EventFeedArgs extends ForwardPageArgs {
  @Field(() => DateTime, {
    nullable: true,
    description:
      "Where to begin when there is no cursor: at about this time, for whoever has read nothing before. The default is the beginning.",
  })
  readonly since?: string | null;
}

@Resolver()
export class EventQueries {
  @Query(() => EventConnection, {
    description:
      "The feed of events, oldest first. An event appears once a worker has relayed it, milliseconds after it was committed. Continue from `endCursor`, even after an empty page: no event is ever skipped. If the database has been restored to an earlier point in time, a page may repeat events.",
  })
  async events(
    @Arg("filter", () => EventFilter, { nullable: true, description: "Which items to return." })
    filter: EventFilter | null,
    @Args(() => EventFeedArgs) { since, ...page }: EventFeedArgs,
    @Ctx() context: Context,
  ): Promise<EventFeedPage> {
    const { app } = context;
    const { after } = openCursors(app, page);
    const asked = { first: page.first, after, types: filter?.types, since };
    return readList(context, {
      unindexed: [filter?.types],
      field: "filter",
      read: async (db, merchantId) => sealCursors(app, await listEvents(db, merchantId, asked)),
    });
  }

  @Query(() => [EventTypeDescription], {
    description: "Every type of event, with its meaning, a sample webhook and its JSON Schema.",
  })
  eventTypes(): EventTypeDescription[] {
    return EVENT_TYPES.map((type) => ({
      type,
      description: describeEventType(type),
      sample: sampleOf(type),
      schema: jsonSchemaOf(type),
    }));
  }
}
