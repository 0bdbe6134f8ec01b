import { Args, Ctx, Query, Resolver } from "type-graphql";
import type { Page } from "../../src/pagination";
import type * as accounts from "../../src/processor-accounts/account";
import { listAccounts } from "../../src/processor-accounts/account-store";
import { listRoutes } from "../../src/processor-accounts/replace-processor-routes";
import type { Route } from "../../src/processor-accounts/route";
import { type Context, callerOf } from "../context";
import { ProcessorAccountConnection } from "../types/processor-account";
import { ProcessorRoute } from "../types/processor-route";
import { PageArgs } from "./page-arguments";

@Resolver()
export class ProcessorAccountQueries {
  @Query(() => [ProcessorRoute], {
    description:
      "The rules that say which processor account a payment goes to, in the order in which they count. None: every payment goes to the installation's own processor.",
  })
  processorRoutes(@Ctx() context: Context): Promise<Route[]> {
    return listRoutes(context.app.db, callerOf(context).merchantId);
  }

  @Query(() => ProcessorAccountConnection, {
    description: "The merchant's accounts at card processors, newest first.",
  })
  processorAccounts(
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: Context,
  ): Promise<Page<accounts.ProcessorAccount>> {
    return listAccounts(context.app.db, callerOf(context).merchantId, page);
  }
}
