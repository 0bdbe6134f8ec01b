import { Arg, Args, Ctx, Field, ID, InputType, Query, Resolver } from "type-graphql";
import { idKind } from "../../src/ids";
import type { Page } from "../../src/pagination";
import type * as disputes from "../../src/payments/dispute";
import { listDisputes } from "../../src/payments/list-disputes";
import type * as processors from "../../src/processors/dispute";
import type { Context } from "../context";
import { DisputeStatus } from "../dispute-enums";
import { Dispute, DisputeConnection } from "../types/dispute";
import { PartFilterFields, STATUSES, checkedFilter, unindexedOf } from "./captures-and-refunds";
import { PageArgs } from "./page-arguments";
import { readList } from "./read-list";

@InputType({ description: "Which disputes to list: those that match every field given." })
export class DisputeFilter extends PartFilterFields {
  @Field(() => [DisputeStatus], STATUSES)
  readonly statuses?: processors.DisputeStatus[] | null;
}

@Resolver()
export class DisputeQueries {
  @Query(() => DisputeConnection, { description: "Disputes, newest first." })
  async disputes(
    @Arg("filter", () => DisputeFilter, { nullable: true, description: "Which items to return." })
    filter: DisputeFilter | null,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: Context,
  ): Promise<Page<disputes.Dispute>> {
    const list = { filter: checkedFilter(filter), page };
    return readList(context, {
      unindexed: unindexedOf(list.filter),
      field: "filter",
      mayBeOld: list.filter?.paymentIntentId == null,
      read: (db, merchantId) => listDisputes(db, merchantId, list),
    });
  }

  @Query(() => Dispute, {
    nullable: true,
    description: "The dispute with this id; null when the merchant has none.",
  })
  async dispute(
    @Arg("id", () => ID, { description: "The dispute's id." }) id: string,
    @Ctx() context: Context,
  ): Promise<disputes.Dispute | null> {
    if (idKind(id) !== "dispute") return null;
    return (await context.loaders().dispute.load(id)) ?? null;
  }
}
