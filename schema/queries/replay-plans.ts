import { Args, Ctx, Query, Resolver } from "type-graphql";
import type { Page } from "../../src/pagination";
import type * as plans from "../../src/webhooks/replay-plan";
import { listReplayPlans } from "../../src/webhooks/replay-plan-store";
import { type Context, callerOf } from "../context";
import { ReplayPlanConnection } from "../types/replay-plan";
import { PageArgs } from "./page-arguments";

@Resolver()
export class ReplayPlanQueries {
  @Query(() => ReplayPlanConnection, { description: "The merchant's replay plans, newest first." })
  replayPlans(
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: Context,
  ): Promise<Page<plans.ReplayPlan>> {
    return listReplayPlans(context.app.db, callerOf(context).merchantId, page);
  }
}
