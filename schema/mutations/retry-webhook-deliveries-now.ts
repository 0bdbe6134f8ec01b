import { Arg, Ctx, Field, ID, InputType, Int, Mutation, ObjectType, Resolver } from "type-graphql";
import type * as webhooks from "../../src/webhooks/delivery";
import { retryWebhookDeliveriesNow } from "../../src/webhooks/retry-webhook-deliveries-now";
import { auditOf } from "../audit";
import { type Context, callerOf } from "../context";
import { checkIdempotencyKey, checkText } from "../input";
import { checkLetterFilter } from "../queries/dead-letters";
import { DateTime, EventTypeScalar } from "../scalars";
import { Idempotency, idempotencyOf } from "../types/idempotency";
import { WebhookErrorClass } from "../webhook-enums";
import { IDEMPOTENCY_KEY } from "./mutation";

@InputType({
  description:
    "Which deliveries to attempt now: those that are RETRYING and match every field given.",
})
export class RetryWebhookDeliveriesFilter {
  @Field(() => ID, { nullable: true, description: "Addressed to this endpoint." })
  readonly endpointId?: string | null;

  @Field(() => ID, { nullable: true, description: "Carrying this event." })
  readonly eventId?: string | null;

  @Field(() => [EventTypeScalar], {
    nullable: true,
    description: "Carrying an event of one of these types.",
  })
  readonly types?: string[] | null;

  @Field(() => [WebhookErrorClass], {
    nullable: true,
    description: "Whose last attempt failed for one of these causes.",
  })
  readonly causes?: webhooks.ErrorClass[] | null;

  @Field(() => DateTime, {
    nullable: true,
    description: "Whose last attempt failed at or after this time.",
  })
  readonly failedAfter?: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description: "Whose last attempt failed before this time.",
  })
  readonly failedBefore?: string | null;
}

@InputType({ description: "The deliveries to attempt now." })
export class RetryWebhookDeliveriesNowInput {
  @Field(() => RetryWebhookDeliveriesFilter, { description: "Which deliveries to attempt." })
  readonly filter!: RetryWebhookDeliveriesFilter;

  @Field(() => String, { description: "Why, in 1 to 1,000 characters, for the audit log." })
  readonly reason!: string;
}

@ObjectType({ simpleResolvers: true, description: "The result of retryWebhookDeliveriesNow." })
export class RetryWebhookDeliveriesNowPayload {
  @Field(() => Int, { description: "How many deliveries are attempted; none may have matched." })
  readonly count!: number;

  @Field(() => Boolean, {
    description: "Whether more of them match than are attempted at once, which is 10,000.",
  })
  readonly hasMore!: boolean;

  @Field(() => Idempotency, { description: "Whether this request was executed or replayed." })
  readonly idempotency!: Idempotency;
}

@Resolver()
export class RetryWebhookDeliveriesNowMutation {
  @Mutation(() => RetryWebhookDeliveriesNowPayload, {
    description:
      "Attempts all deliveries that are RETRYING and match the filter, the oldest first and as fast as their endpoints take them, rather than when their next attempts are due. They remain the same deliveries, and their later attempts remain as scheduled.",
  })
  async retryWebhookDeliveriesNow(
    @Arg("input", () => RetryWebhookDeliveriesNowInput, {
      description: "The deliveries to attempt.",
    })
    input: RetryWebhookDeliveriesNowInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<RetryWebhookDeliveriesNowPayload> {
    const key = checkIdempotencyKey(idempotencyKey);
    const { endpointId, eventId, types, causes, failedAfter, failedBefore } = checkLetterFilter(
      "input.filter",
      input.filter,
    );
    const reason = checkText("input.reason", input.reason, { min: 1, max: 1_000 });
    const { merchantId } = callerOf(context);
    const outcome = await retryWebhookDeliveriesNow(context.app, {
      merchantId,
      audit: auditOf(context, "retryWebhookDeliveriesNow", {
        subjectId: endpointId ?? merchantId,
        details: { reason },
      }),
      key,
      reason,
      filter: {
        endpointId,
        eventId,
        types,
        causes,
        diedAfter: failedAfter,
        diedBefore: failedBefore,
      },
    });
    return { ...outcome.result, idempotency: idempotencyOf(outcome) };
  }
}
