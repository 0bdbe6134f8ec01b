import { Field, ID, Int, ObjectType } from "type-graphql";
import type * as webhooks from "../../src/webhooks/delivery";
import type * as plans from "../../src/webhooks/replay-plan";
import { Node } from "../node";
import { DateTime, EventTypeScalar, JsonScalar } from "../scalars";
import { ReplayPlanStatus, WebhookErrorClass } from "../webhook-enums";
import { connectionOf } from "./connection";

const HOW_MANY = { description: "How many of the plan's letters." };

@ObjectType({ simpleResolvers: true, description: "Letters of a replay plan, by endpoint." })
export class ReplayPlanEndpoint {
  @Field(() => ID, { description: "The endpoint's id." })
  readonly endpointId!: string;

  @Field(() => Int, HOW_MANY)
  readonly letters!: number;
}

@ObjectType({ simpleResolvers: true, description: "Letters of a replay plan, by type of event." })
export class ReplayPlanType {
  @Field(() => EventTypeScalar, { description: "The type of event." })
  readonly type!: string;

  @Field(() => Int, HOW_MANY)
  readonly letters!: number;
}

@ObjectType({ simpleResolvers: true, description: "Letters of a replay plan, by cause." })
export class ReplayPlanCause {
  @Field(() => WebhookErrorClass, { description: "Why their last attempts failed." })
  readonly cause!: webhooks.ErrorClass;

  @Field(() => Int, HOW_MANY)
  readonly letters!: number;
}

@ObjectType({
  simpleResolvers: true,
  implements: Node,
  description:
    "Dead letters that are replayed together. Which ones was decided when the plan was made: letters that die later are not in it.",
})
export class ReplayPlan {
  readonly id!: string;

  @Field(() => ReplayPlanStatus, { description: "How far the plan is." })
  readonly status!: plans.ReplayPlanStatus;

  @Field(() => String, { description: "Why it was made." })
  readonly reason!: string;

  @Field(() => JsonScalar, { description: "The filter that it was made with." })
  readonly filter!: object;

  @Field(() => ID, { nullable: true, description: "The newest of its letters." })
  readonly horizon!: string | null;

  @Field(() => Int, { description: "How many letters it has, at most 25,000." })
  readonly letters!: number;

  @Field(() => Int, {
    description:
      "How many of them tell of a state that is no longer the latest: the payment, the refund or the capture has changed since.",
  })
  readonly superseded!: number;

  @Field(() => Boolean, {
    description: "Whether more letters matched, which another plan can take when this one is done.",
  })
  readonly hasMore!: boolean;

  @Field(() => [ReplayPlanEndpoint], {
    description: "Its letters by endpoint, the 10 with the most.",
  })
  readonly endpoints!: plans.ReplayPlan["endpoints"];

  @Field(() => [ReplayPlanType], {
    description: "Its letters by type of event, the 10 with the most.",
  })
  readonly types!: plans.ReplayPlan["types"];

  @Field(() => [ReplayPlanCause], { description: "Its letters by cause." })
  readonly causes!: readonly ReplayPlanCause[];

  @Field(() => [ID], { description: "The ids of its newest letters, at most 5." })
  readonly sampleIds!: readonly string[];

  @Field(() => Int, {
    nullable: true,
    description: "How many letters a second are replayed at most; null before it is started.",
  })
  readonly perSecond!: number | null;

  @Field(() => Int, { description: "How many of its letters it has replayed." })
  readonly sent!: number;

  @Field(() => Int, {
    description:
      "How many of its letters it has left as they were: somebody else replayed or discarded them, or their endpoint is disabled.",
  })
  readonly skipped!: number;

  @Field(() => ID, { description: "The id of the API key that made it." })
  readonly createdBy!: string;

  @Field(() => DateTime, { description: "When it was made." })
  readonly createdAt!: string;

  @Field(() => DateTime, { nullable: true, description: "When it was started." })
  readonly startedAt!: string | null;

  @Field(() => DateTime, { nullable: true, description: "When it was finished or canceled." })
  readonly finishedAt!: string | null;

  @Field(() => DateTime, { description: "When it last changed." })
  readonly updatedAt!: string;
}

export const ReplayPlanConnection = connectionOf(() => ReplayPlan, "ReplayPlan");
