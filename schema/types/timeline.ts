import { Args, Ctx, Field, FieldResolver, ID, ObjectType, Resolver, Root } from "type-graphql";
import { decodeCursor, pageSize } from "../../src/pagination";
import type * as intents from "../../src/payments/payment-intent";
import {
  TIMELINE_START,
  type TimelineEdge,
  type TimelineEntry as Entry,
  timelineCursor,
} from "../../src/payments/timeline";
import type { TimelineKind } from "../../src/payments/timeline-summary";
import { requireScope } from "../access";
import { type Context, callerOf } from "../context";
import { TimelineEntryKind } from "../timeline-enums";
import { ForwardPageArgs } from "../queries/page-arguments";
import { DateTime } from "../scalars";
import { OF_ITS_TIME, ofItsTime } from "../snapshots";
import { connectionOf } from "./connection";
import { PaymentIntent } from "./payment-intent";

@ObjectType({
  simpleResolvers: true,
  description: "Something that happened to a payment intent.",
})
export class TimelineEntry implements Entry {
  @Field(() => DateTime, { description: "When it happened." })
  readonly at!: string;

  @Field(() => TimelineEntryKind, { description: "What kind of thing happened." })
  readonly kind!: TimelineKind;

  @Field(() => String, { description: "What happened, in a sentence for people." })
  readonly summary!: string;

  @Field(() => ID, {
    description:
      "The id of what it is about: the payment intent, an event, an attempt, a dispute, a journal, a delivery, or what an operator acted on.",
  })
  readonly subjectId!: string;

  @Field(() => String, {
    nullable: true,
    description:
      "Who did it, or said it: the id of an API key, a part of the service, or `webhook` for a processor's; null for the rest.",
  })
  readonly actor!: string | null;
}

export const TimelineConnection = connectionOf(() => TimelineEntry, "Timeline");

@Resolver(() => PaymentIntent)
export class TimelineFields {
  // Nullable, like every list that is read separately.
  @FieldResolver(() => TimelineConnection, {
    nullable: true,
    description: `Everything that has happened to this payment, oldest first: calls of the API, changes, attempts and what was reported about them, disputes. Postings, webhook deliveries and operators' actions are in it for API keys that may read those (\`ledger:read\`, \`webhooks:read\`, \`audit:read\`). Not available to publishable keys. ${OF_ITS_TIME}`,
  })
  async timeline(
    @Root() intent: intents.PaymentIntent,
    @Args(() => ForwardPageArgs) page: ForwardPageArgs,
    @Ctx() context: Context,
  ) {
    requireScope(context, "payments:read");
    const { scopes } = callerOf(context);
    const limit = pageSize(page.first, "first");
    const after = page.after == null ? null : decodeCursor(timelineCursor, page.after, "after");
    const read = context.loaders().timelineOf.load({
      id: intent.id,
      request: {
        after: after ?? TIMELINE_START,
        // One more than asked for tells whether there is more.
        limit: limit + 1,
        sees: {
          ledger: scopes.includes("ledger:read"),
          webhooks: scopes.includes("webhooks:read"),
          auditLog: scopes.includes("audit:read"),
        },
      },
    });
    return ofItsTime(
      context,
      intent,
      read.then((found) => pageOf(found, limit, after !== null)),
    );
  }
}

function pageOf(found: readonly TimelineEdge[], limit: number, hasPreviousPage: boolean) {
  const edges = found.slice(0, limit);
  return {
    edges,
    pageInfo: {
      hasNextPage: found.length > limit,
      hasPreviousPage,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}
