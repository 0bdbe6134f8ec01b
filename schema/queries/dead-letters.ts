import { Arg, Args, Ctx, Field, ID, InputType, Query, Resolver } from "type-graphql";
import type { Page } from "../../src/pagination";
import type * as letters from "../../src/webhooks/dead-letter";
import type * as webhooks from "../../src/webhooks/delivery";
import { listDeadLetters } from "../../src/webhooks/list-dead-letters";
import type { Context } from "../context";
import { checkId } from "../input";
import { DateTime, EventTypeScalar } from "../scalars";
import { WebhookDeliveryConnection } from "../types/webhook";
import { WebhookErrorClass, DeadLetterReplayState } from "../webhook-enums";
import { PageArgs } from "./page-arguments";
import { readList } from "./read-list";

@InputType({ description: "Which dead letters to list: those that match every field given." })
export class DeadLetterFilter {
  @Field(() => ID, { nullable: true, description: "Addressed to this endpoint." })
  readonly endpointId?: string | null;

  @Field(() => ID, { nullable: true, description: "Carrying this event." })
  readonly eventId?: string | null;

  @Field(() => [EventTypeScalar], {
    nullable: true,
    description: "Carrying an event of one of these types.",
  })
  readonly types?: string[] | null;

  @Field(() => [WebhookErrorClass], {
    nullable: true,
    description: "Whose last attempt failed for one of these causes.",
  })
  readonly causes?: webhooks.ErrorClass[] | null;

  @Field(() => DateTime, {
    nullable: true,
    description: "Whose last attempt failed at or after this time.",
  })
  readonly diedAfter?: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description: "Whose last attempt failed before this time.",
  })
  readonly diedBefore?: string | null;

  @Field(() => DeadLetterReplayState, {
    nullable: true,
    description:
      "By whether they have been replayed. The default is NOT_REPLAYED: a letter that is replayed leaves the list.",
  })
  readonly replayState?: letters.ReplayState | null;
}

export function checkLetterFilter<Filter extends letters.LetterFilter>(
  field: string,
  filter: Filter,
): Filter {
  if (filter.endpointId != null)
    checkId(`${field}.endpointId`, "webhookEndpoint", filter.endpointId);
  if (filter.eventId != null) checkId(`${field}.eventId`, "event", filter.eventId);
  return filter;
}

/** Those of one event are few, and so are those that wait; what else is asked for is looked for among them. */
function unindexedOf(filter: DeadLetterFilter): readonly unknown[] {
  if (filter.eventId != null) return [];
  const { endpointId, types, causes, diedAfter, diedBefore, replayState } = filter;
  return [endpointId, types, causes, diedAfter, diedBefore, replayState === "REPLAYED"];
}

@Resolver()
export class DeadLetterQueries {
  @Query(() => WebhookDeliveryConnection, {
    description:
      "Dead letters: deliveries whose attempts have all failed and that somebody must look at, newest first. Those that have been replayed are left out unless `replayState` asks for them.",
  })
  async deadLetters(
    @Arg("filter", () => DeadLetterFilter, {
      nullable: true,
      description: "Which items to return.",
    })
    filter: DeadLetterFilter | null,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: Context,
  ): Promise<Page<webhooks.WebhookDelivery>> {
    const list = { filter: checkLetterFilter("filter", filter ?? {}), page };
    return readList(context, {
      unindexed: unindexedOf(list.filter),
      field: "filter",
      read: (db, merchantId) => listDeadLetters(db, merchantId, list),
    });
  }
}
