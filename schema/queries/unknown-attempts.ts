import { Args, Ctx, Query, Resolver } from "type-graphql";
import type { Page } from "../../src/pagination";
import { listUnknownAttempts } from "../../src/payments/list-unknown-attempts";
import { type Context, callerOf } from "../context";
import { UnknownAttemptConnection } from "../types/unknown-attempt";
import { PageArgs } from "./page-arguments";

@Resolver()
export class UnknownAttemptQueries {
  @Query(() => UnknownAttemptConnection, {
    description: "Attempts whose outcome is unknown, newest first. For operators.",
  })
  unknownAttempts(
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: Context,
  ): Promise<Page<unknown>> {
    return listUnknownAttempts(context.app.db, callerOf(context).merchantId, page);
  }
}
