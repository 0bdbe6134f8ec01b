import { Arg, Args, Ctx, Field, ID, InputType, Query, Resolver } from "type-graphql";
import { idKind } from "../../src/ids";
import type { Page } from "../../src/pagination";
import { listPayouts } from "../../src/payouts/list-payouts";
import type * as payouts from "../../src/payouts/payout";
import type * as processors from "../../src/processors/lists";
import { type Context, callerOf } from "../context";
import { PayoutStatus } from "../payout-enums";
import { Payout, PayoutConnection } from "../types/payout";
import { PageArgs } from "./page-arguments";

@InputType({ description: "Which payouts to list: those that match every field given." })
export class PayoutFilter {
  @Field(() => [PayoutStatus], { nullable: true, description: "With one of these statuses." })
  readonly statuses?: processors.PayoutStatus[] | null;
}

@Resolver()
export class PayoutQueries {
  @Query(() => PayoutConnection, {
    description: "What processors have sent to the merchant's bank, newest first.",
  })
  payouts(
    @Arg("filter", () => PayoutFilter, { nullable: true, description: "Which items to return." })
    filter: PayoutFilter | null,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: Context,
  ): Promise<Page<payouts.Payout>> {
    return listPayouts(context.app.db, callerOf(context).merchantId, { filter, page });
  }

  @Query(() => Payout, {
    nullable: true,
    description: "The payout with this id; null when the merchant has none.",
  })
  async payout(
    @Arg("id", () => ID, { description: "The payout's id." }) id: string,
    @Ctx() context: Context,
  ): Promise<payouts.Payout | null> {
    if (idKind(id) !== "payout") return null;
    return (await context.loaders().payout.load(id)) ?? null;
  }
}
