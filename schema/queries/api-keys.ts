import { Arg, Args, Ctx, Field, InputType, Query, Resolver } from "type-graphql";
import type * as keys from "../../src/merchants/api-key";
import { type ApiKey, listApiKeys } from "../../src/merchants/api-key-store";
import type { Page } from "../../src/pagination";
import { type Context, callerOf } from "../context";
import { ApiKeyKind } from "../merchant-enums";
import { ApiKeyConnection } from "../types/api-key";
import { PageArgs } from "./page-arguments";

@InputType({ description: "Which API keys to list: those that match every field given." })
export class ApiKeyFilter {
  @Field(() => [ApiKeyKind], { nullable: true, description: "Of one of these kinds." })
  readonly kinds?: keys.ApiKeyKind[] | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "True for keys that can be used, false for expired and revoked ones.",
  })
  readonly active?: boolean | null;
}

@Resolver()
export class ApiKeyQueries {
  @Query(() => ApiKeyConnection, { description: "The merchant's API keys, newest first." })
  apiKeys(
    @Arg("filter", () => ApiKeyFilter, {
      nullable: true,
      description: "Which items to return.",
    })
    filter: ApiKeyFilter | null,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: Context,
  ): Promise<Page<ApiKey>> {
    return listApiKeys(context.app.db, callerOf(context).merchantId, { filter, page });
  }
}
