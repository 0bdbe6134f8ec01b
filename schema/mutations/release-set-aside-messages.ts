import { Arg, Ctx, Field, ID, InputType, Int, Mutation, ObjectType, Resolver } from "type-graphql";
import { releaseSetAsideMessages } from "../../src/events/release-set-aside-messages";
import { PLATFORM_MERCHANT_ID } from "../../src/merchants/api-key";
import { auditOf } from "../audit";
import { type Context, callerOf } from "../context";
import { badInput, checkId, checkIdempotencyKey, checkText } from "../input";
import { Idempotency, idempotencyOf } from "../types/idempotency";
import { IDEMPOTENCY_KEY, afterCommit } from "./mutation";

const IDS_MAX = 100;

@InputType({ description: "The messages to release: either `ids`, or `all: true`." })
export class ReleaseSetAsideMessagesInput {
  @Field(() => [ID], { nullable: true, description: "The messages' ids, at most 100." })
  readonly ids?: string[] | null;

  @Field(() => Boolean, {
    defaultValue: false,
    description:
      "All messages that are set aside: of the merchant that a platform operator acts for, or of all merchants.",
  })
  readonly all!: boolean;

  @Field(() => String, { description: "Why, in 1 to 1,000 characters, for the audit log." })
  readonly reason!: string;
}

@ObjectType({ simpleResolvers: true, description: "The result of releaseSetAsideMessages." })
export class ReleaseSetAsideMessagesPayload {
  @Field(() => Int, {
    description:
      "How many messages were released; a message that has been relayed meanwhile is not among them.",
  })
  readonly count!: number;

  @Field(() => Boolean, {
    description: "Whether more are set aside than are released at once, which is 10,000.",
  })
  readonly hasMore!: boolean;

  @Field(() => Idempotency, { description: "Whether this request was executed or replayed." })
  readonly idempotency!: Idempotency;
}

/** Null: all of them. */
function checkWhich({ ids, all }: ReleaseSetAsideMessagesInput): readonly string[] | null {
  if (all) {
    if (ids == null) return null;
    throw badInput("input.ids", "Give either ids, or all: true.");
  }
  if (ids == null || ids.length < 1 || ids.length > IDS_MAX) {
    throw badInput("input.ids", `Give 1 to ${String(IDS_MAX)} ids, or all: true.`);
  }
  ids.forEach((id, index) => checkId(`input.ids.${String(index)}`, "outboxMessage", id));
  // In one order and once each: which messages they are is what counts.
  return [...new Set(ids)].sort();
}

@Resolver()
export class ReleaseSetAsideMessagesMutation {
  @Mutation(() => ReleaseSetAsideMessagesPayload, {
    description:
      "Has messages that are set aside relayed now rather than when their pauses are over, or never, on behalf of a platform operator. Each is attempted alone: one that a relay dies over again is set aside again.",
  })
  async releaseSetAsideMessages(
    @Arg("input", () => ReleaseSetAsideMessagesInput, { description: "The messages to release." })
    input: ReleaseSetAsideMessagesInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<ReleaseSetAsideMessagesPayload> {
    const key = checkIdempotencyKey(idempotencyKey);
    const ids = checkWhich(input);
    const reason = checkText("input.reason", input.reason, { min: 1, max: 1_000 });
    const { merchantId } = callerOf(context);
    // The outbox is the system's: tenants can only add to it.
    const needs = { db: context.systemDb, replays: context.app.replays };
    const outcome = await releaseSetAsideMessages(needs, {
      merchantId,
      ofMerchantId: merchantId === PLATFORM_MERCHANT_ID ? null : merchantId,
      audit: auditOf(context, "releaseSetAsideMessages", {
        subjectId: merchantId,
        details: { reason },
      }),
      key,
      ids,
      reason,
    });
    afterCommit(context, outcome);
    return { ...outcome.result, idempotency: idempotencyOf(outcome) };
  }
}
