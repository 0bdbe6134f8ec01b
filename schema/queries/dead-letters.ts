import { Arg, Args, ArgsType, Ctx, Field, ID, InputType, Query, Resolver } from "type-graphql";
import type { Db } from "../../src/db/db";
import { Failure } from "../../src/failures";
import { PLATFORM_MERCHANT_ID } from "../../src/merchants/api-key";
import type { Page } from "../../src/pagination";
import type * as letters from "../../src/webhooks/dead-letter";
import type * as webhooks from "../../src/webhooks/delivery";
import { listDeadLetters } from "../../src/webhooks/list-dead-letters";
import { type Context, callerOf } from "../context";
import { badInput, checkId } from "../input";
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

@ArgsType()
class DeadLetterArgs extends PageArgs {
  @Field(() => ID, {
    nullable: true,
    description:
      "The letters of this merchant, for a platform operator who acts for none: without it, those of all merchants are listed.",
  })
  readonly merchantId?: string | null;
}

/** Those of one event are few, and so are those that wait; what else is asked for is looked for among them. */
function unindexedOf(filter: DeadLetterFilter): readonly unknown[] {
  if (filter.eventId != null) return [];
  const { endpointId, types, causes, diedAfter, diedBefore, replayState } = filter;
  return [endpointId, types, causes, diedAfter, diedBefore, replayState === "REPLAYED"];
}

/** For those who run the installation, and act for none of its merchants. */
function readOfOthers(
  { app, systemDb }: Context,
  merchantId: string | null,
  list: Parameters<typeof listDeadLetters>[2],
): Promise<Page<webhooks.WebhookDelivery>> {
  if (merchantId !== null) {
    checkId("merchantId", "merchant", merchantId);
    const work = (db: Db) => listDeadLetters(db, merchantId, list);
    return app.boundedReads.read(merchantId, { field: "filter", work });
  }
  // The letters that wait are in an index of their own; the others are as many as ever died.
  if ((list.filter?.replayState ?? "NOT_REPLAYED") !== "NOT_REPLAYED") {
    throw badInput("merchantId", "Letters that have been replayed are listed by merchant.");
  }
  return listDeadLetters(systemDb, null, list);
}

@Resolver()
export class DeadLetterQueries {
  @Query(() => WebhookDeliveryConnection, {
    description:
      "Dead letters: deliveries whose attempts have all failed and that somebody must look at, newest first. Those that have been replayed are left out unless `replayState` asks for them. A platform operator who acts for no merchant sees those of all merchants.",
  })
  async deadLetters(
    @Arg("filter", () => DeadLetterFilter, {
      nullable: true,
      description: "Which items to return.",
    })
    filter: DeadLetterFilter | null,
    @Args(() => DeadLetterArgs) { merchantId, ...page }: DeadLetterArgs,
    @Ctx() context: Context,
  ): Promise<Page<webhooks.WebhookDelivery>> {
    const list = { filter: checkLetterFilter("filter", filter ?? {}), page };
    if (callerOf(context).merchantId === PLATFORM_MERCHANT_ID) {
      return readOfOthers(context, merchantId ?? null, list);
    }
    if (merchantId != null) {
      throw new Failure(
        "FORBIDDEN",
        "Only a platform operator who acts for no merchant may name one here.",
      );
    }
    return readList(context, {
      unindexed: unindexedOf(list.filter),
      field: "filter",
      read: (db, merchantId) => listDeadLetters(db, merchantId, list),
    });
  }
}
