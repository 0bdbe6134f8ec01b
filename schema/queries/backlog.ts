import { Ctx, Query, Resolver } from "type-graphql";
import { findOldestUnpublished } from "../../src/events/find-oldest-unpublished";
import { PLATFORM_MERCHANT_ID } from "../../src/merchants/api-key";
import { findOldestDue } from "../../src/webhooks/find-due";
import { type Context, callerOf } from "../context";
import { Backlog } from "../types/backlog";

@Resolver()
export class BacklogQueries {
  @Query(() => Backlog, {
    description:
      "How far behind publishing and webhooks are, for operators: of the merchant, or of all merchants for a platform operator who acts for none.",
  })
  async backlog(@Ctx() context: Context): Promise<Backlog> {
    const { merchantId } = callerOf(context);
    const isOfAll = merchantId === PLATFORM_MERCHANT_ID;
    const db = isOfAll ? context.systemDb : context.app.db;
    const of = isOfAll ? null : merchantId;
    const [oldestUnpublishedAt, oldestDueAt] = await Promise.all([
      findOldestUnpublished(db, of),
      findOldestDue(db, of),
    ]);
    return { oldestUnpublishedAt, oldestDueAt };
  }
}
