import { Args, Ctx, Query, Resolver } from "type-graphql";
import type { Page } from "../../src/pagination";
import type { Attempt } from "../../src/payments/attempt";
import { listUnknownAttempts } from "../../src/payments/list-unknown-attempts";
import { type Context, callerOf } from "../context";
import { AttemptConnection } from "../types/attempt";
import { PageArgs } from "./page-arguments";

@Resolver()
export class UnknownAttemptQueries {
  @Query(() => AttemptConnection, {
    description: "Attempts whose outcome is unknown, newest first. For operators only.",
  })
  unknownAttempts(
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: Context,
  ): Promise<Page<Attempt>> {
    return listUnknownAttempts(context.app.db, callerOf(context).merchantId, page);
  }
}
