import { Arg, Ctx, Field, ID, InputType, Int, Mutation, ObjectType, Resolver } from "type-graphql";
import { PER_SECOND_MAX, type Steering } from "../../src/webhooks/replay-plan";
import type * as plans from "../../src/webhooks/replay-plan";
import { steerReplayPlan } from "../../src/webhooks/steer-replay-plan";
import { auditOf } from "../audit";
import { type Context, callerOf } from "../context";
import { badInput, checkId, checkIdempotencyKey, checkOptionalText } from "../input";
import { Idempotency, idempotencyOf } from "../types/idempotency";
import { ReplayPlan } from "../types/replay-plan";
import { IDEMPOTENCY_KEY } from "./mutation";

/** What the four of them have in common; each is a type of its own in the schema. */
@InputType()
class PlanInput {
  @Field(() => ID, { description: "The plan's id." })
  readonly planId!: string;

  @Field(() => String, {
    nullable: true,
    description: "Why, at most 1,000 characters, for the audit log.",
  })
  readonly reason?: string | null;
}

@InputType()
class RatedPlanInput extends PlanInput {
  @Field(() => Int, {
    nullable: true,
    description:
      "How many letters a second to replay at most, 1 to 1,000. The default is 50, or what it was when the plan was paused.",
  })
  readonly perSecond?: number | null;
}

@ObjectType({ simpleResolvers: true })
class PlanPayload {
  @Field(() => ReplayPlan, { description: "The plan." })
  readonly replayPlan!: plans.ReplayPlan;

  @Field(() => Idempotency, { description: "Whether this request was executed or replayed." })
  readonly idempotency!: Idempotency;
}

@InputType({ description: "The replay plan to start." })
export class StartReplayPlanInput extends RatedPlanInput {}

@ObjectType({ simpleResolvers: true, description: "The result of startReplayPlan." })
export class StartReplayPlanPayload extends PlanPayload {}

@InputType({ description: "The replay plan to pause." })
export class PauseReplayPlanInput extends PlanInput {}

@ObjectType({ simpleResolvers: true, description: "The result of pauseReplayPlan." })
export class PauseReplayPlanPayload extends PlanPayload {}

@InputType({ description: "The replay plan to resume." })
export class ResumeReplayPlanInput extends RatedPlanInput {}

@ObjectType({ simpleResolvers: true, description: "The result of resumeReplayPlan." })
export class ResumeReplayPlanPayload extends PlanPayload {}

@InputType({ description: "The replay plan to cancel." })
export class CancelReplayPlanInput extends PlanInput {}

@ObjectType({ simpleResolvers: true, description: "The result of cancelReplayPlan." })
export class CancelReplayPlanPayload extends PlanPayload {}

@Resolver()
export class SteerReplayPlanMutations {
  @Mutation(() => StartReplayPlanPayload, {
    description:
      "Starts a replay plan that is READY: its letters are replayed, the oldest first, at most so many a second. Each is replayed once, whatever other plans it is in.",
  })
  startReplayPlan(
    @Arg("input", () => StartReplayPlanInput, { description: "The replay plan to start." })
    input: StartReplayPlanInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<StartReplayPlanPayload> {
    return steer(context, "startReplayPlan", { input, idempotencyKey });
  }

  @Mutation(() => PauseReplayPlanPayload, {
    description:
      "Pauses a replay plan that is RUNNING. What it has replayed is on its way; no other letter of it is replayed until it is resumed.",
  })
  pauseReplayPlan(
    @Arg("input", () => PauseReplayPlanInput, { description: "The replay plan to pause." })
    input: PauseReplayPlanInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<PauseReplayPlanPayload> {
    return steer(context, "pauseReplayPlan", { input, idempotencyKey });
  }

  @Mutation(() => ResumeReplayPlanPayload, {
    description: "Resumes a replay plan that is PAUSED, where it stopped.",
  })
  resumeReplayPlan(
    @Arg("input", () => ResumeReplayPlanInput, { description: "The replay plan to resume." })
    input: ResumeReplayPlanInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<ResumeReplayPlanPayload> {
    return steer(context, "resumeReplayPlan", { input, idempotencyKey });
  }

  @Mutation(() => CancelReplayPlanPayload, {
    description:
      "Cancels a replay plan that is not finished. The letters that it has not replayed stay dead letters.",
  })
  cancelReplayPlan(
    @Arg("input", () => CancelReplayPlanInput, { description: "The replay plan to cancel." })
    input: CancelReplayPlanInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<CancelReplayPlanPayload> {
    return steer(context, "cancelReplayPlan", { input, idempotencyKey });
  }
}

interface Asked {
  readonly input: RatedPlanInput;
  readonly idempotencyKey: string;
}

async function steer(
  context: Context,
  name: Steering,
  { input, idempotencyKey }: Asked,
): Promise<PlanPayload> {
  const key = checkIdempotencyKey(idempotencyKey);
  const planId = checkId("input.planId", "replayPlan", input.planId);
  const reason = checkOptionalText("input.reason", input.reason, { max: 1_000 });
  const details = reason === null ? {} : { reason };
  const outcome = await steerReplayPlan(context.app, name, {
    merchantId: callerOf(context).merchantId,
    audit: auditOf(context, name, { subjectId: planId, details }),
    key,
    planId,
    perSecond: checkRate(input.perSecond ?? null),
    reason,
  });
  return { replayPlan: outcome.result, idempotency: idempotencyOf(outcome) };
}

function checkRate(perSecond: number | null): number | null {
  if (perSecond === null || (perSecond >= 1 && perSecond <= PER_SECOND_MAX)) return perSecond;
  throw badInput("input.perSecond", `This must be 1 to ${String(PER_SECOND_MAX)}.`);
}
