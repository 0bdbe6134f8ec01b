import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from "type-graphql";
import { createReplayPlan } from "../../src/webhooks/create-replay-plan";
import type * as webhooks from "../../src/webhooks/delivery";
import type * as plans from "../../src/webhooks/replay-plan";
import { auditOf } from "../audit";
import { type Context, callerOf } from "../context";
import { checkIdempotencyKey, checkText } from "../input";
import { checkLetterFilter } from "../queries/dead-letters";
import { DateTime, EventTypeScalar } from "../scalars";
import { Idempotency, idempotencyOf } from "../types/idempotency";
import { ReplayPlan } from "../types/replay-plan";
import { WebhookErrorClass } from "../webhook-enums";
import { IDEMPOTENCY_KEY } from "./mutation";

@InputType({
  description:
    "Which dead letters to replay: those that match every field given and that nobody has replayed.",
})
export class ReplayPlanFilter {
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
  readonly diedAfter?: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description: "Whose last attempt failed before this time.",
  })
  readonly diedBefore?: string | null;
}

@InputType({ description: "A replay plan to make." })
export class CreateReplayPlanInput {
  @Field(() => ReplayPlanFilter, { description: "Which dead letters it is about." })
  readonly filter!: ReplayPlanFilter;

  @Field(() => String, { description: "Why they are to be replayed, 1 to 1,000 characters." })
  readonly reason!: string;
}

@ObjectType({ simpleResolvers: true, description: "The result of createReplayPlan." })
export class CreateReplayPlanPayload {
  @Field(() => ReplayPlan, { description: "The plan, which is READY: nothing has been sent." })
  readonly replayPlan!: plans.ReplayPlan;

  @Field(() => Idempotency, { description: "Whether this request was executed or replayed." })
  readonly idempotency!: Idempotency;
}

@Resolver()
export class CreateReplayPlanMutation {
  @Mutation(() => CreateReplayPlanPayload, {
    description:
      "Writes down which dead letters match the filter now, the oldest first and 25,000 at most, and counts them. Nothing is sent until the plan is started.",
  })
  async createReplayPlan(
    @Arg("input", () => CreateReplayPlanInput, { description: "The plan to make." })
    input: CreateReplayPlanInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<CreateReplayPlanPayload> {
    const caller = callerOf(context);
    const key = checkIdempotencyKey(idempotencyKey);
    const { endpointId, eventId, types, causes, diedAfter, diedBefore } = checkLetterFilter(
      "input.filter",
      input.filter,
    );
    const reason = checkText("input.reason", input.reason, { min: 1, max: 1_000 });
    const outcome = await createReplayPlan(context.app, {
      merchantId: caller.merchantId,
      actor: caller.id,
      audit: auditOf(context, "createReplayPlan", { details: { reason } }),
      key,
      filter: { endpointId, eventId, types, causes, diedAfter, diedBefore },
      reason,
    });
    return { replayPlan: outcome.result, idempotency: idempotencyOf(outcome) };
  }
}
