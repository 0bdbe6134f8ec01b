import { Args, Ctx, Query, Resolver } from "type-graphql";
import type { Page } from "../../src/pagination";
import type * as accounts from "../../src/processor-accounts/account";
import { listAccounts } from "../../src/processor-accounts/account-store";
import { type Context, callerOf } from "../context";
import { ProcessorAccountConnection } from "../types/processor-account";
import { PageArgs } from "./page-arguments";

@Resolver()
export class ProcessorAccountQueries {
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
