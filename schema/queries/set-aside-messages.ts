import { Args, ArgsType, Ctx, Field, ID, Query, Resolver } from "type-graphql";
import {
  type SetAsideMessage,
  listSetAsideMessages,
} from "../../src/events/list-set-aside-messages";
import { Failure } from "../../src/failures";
import { PLATFORM_MERCHANT_ID } from "../../src/merchants/api-key";
import type { Page } from "../../src/pagination";
import { type Context, callerOf } from "../context";
import { checkId } from "../input";
import { SetAsideMessageConnection } from "../types/set-aside-message";
import { PageArgs } from "./page-arguments";

@ArgsType()
class SetAsideMessageArgs extends PageArgs {
  @Field(() => ID, {
    nullable: true,
    description:
      "Those of this merchant, for a platform operator who acts for none: without it, those of all merchants are listed.",
  })
  readonly merchantId?: string | null;
}

/** Whose messages an operator is about; null: everybody's. */
function merchantAskedFor(context: Context, merchantId: string | null | undefined): string | null {
  const actsFor = callerOf(context).merchantId;
  if (actsFor === PLATFORM_MERCHANT_ID) {
    return merchantId == null ? null : checkId("merchantId", "merchant", merchantId);
  }
  if (merchantId == null) return actsFor;
  throw new Failure(
    "FORBIDDEN",
    "Only a platform operator who acts for no merchant may name one here.",
  );
}

@Resolver()
export class SetAsideMessageQueries {
  @Query(() => SetAsideMessageConnection, {
    description:
      "Messages of the outbox that are set aside because relays died over them, newest first: of the merchant that a platform operator acts for, or of all merchants. They are attempted again by themselves, after longer and longer pauses, and in the end only when releaseSetAsideMessages says so.",
  })
  setAsideMessages(
    @Args(() => SetAsideMessageArgs) { merchantId, ...page }: SetAsideMessageArgs,
    @Ctx() context: Context,
  ): Promise<Page<SetAsideMessage>> {
    // The outbox is the system's: tenants can only add to it.
    return listSetAsideMessages(context.systemDb, merchantAskedFor(context, merchantId), page);
  }
}
