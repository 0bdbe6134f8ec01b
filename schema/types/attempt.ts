import { Ctx, Field, FieldResolver, ID, ObjectType, Resolver, Root } from "type-graphql";
import type * as attempts from "../../src/payments/attempt";
import { findEvidence } from "../../src/payments/evidence-store";
import { isPublishable } from "../access";
import { type Context, callerOf } from "../context";
import { AttemptOperation, AttemptStatus } from "../enums";
import { Node } from "../node";
import { CurrencyCode, DateTime, MinorUnits } from "../scalars";

@ObjectType({
  simpleResolvers: true,
  implements: Node,
  description: "One try of one operation at a card processor. It is sent at most once.",
})
export class Attempt {
  readonly id!: string;

  @Field(() => ID, { description: "The payment intent that it is for." })
  readonly paymentIntentId!: string;

  @Field(() => AttemptOperation, { description: "What the processor was asked to do." })
  readonly operation!: attempts.AttemptOperation;

  @Field(() => AttemptStatus, { description: "Where the attempt stands." })
  readonly status!: attempts.AttemptStatus;

  @Field(() => MinorUnits, { description: "The amount that was asked for." })
  readonly amount!: number;

  @Field(() => CurrencyCode, { description: "The amount's currency." })
  readonly currency!: string;

  @Field(() => String, { nullable: true, description: "The processor's token of the card." })
  readonly paymentMethod!: string | null;

  @Field(() => String, { nullable: true, description: "What kind of answer it was, for programs." })
  readonly code!: string | null;

  @Field(() => String, { nullable: true, description: "The issuer's reason for a decline." })
  readonly declineCode!: string | null;

  @Field(() => String, { nullable: true, description: "What the processor said, for people." })
  readonly message!: string | null;

  @Field(() => DateTime, { nullable: true, description: "When it was sent to the processor." })
  readonly sentAt!: Date | null;

  @Field(() => DateTime, { nullable: true, description: "Since when its outcome is unknown." })
  readonly unknownSince!: Date | null;

  @Field(() => DateTime, { nullable: true, description: "When its outcome became known for good." })
  readonly settledAt!: Date | null;

  @Field(() => DateTime, { description: "When the attempt was queued." })
  readonly createdAt!: Date;
}

@ObjectType({
  simpleResolvers: true,
  description:
    "What was heard about an attempt beyond the answer to the call itself: look-ups, the processor's webhooks, operators, and whatever came late.",
})
export class Evidence {
  @Field(() => String, { description: "Who said so: lookup, webhook, worker or an API key." })
  readonly source!: string;

  @Field(() => String, { description: "What they said." })
  readonly outcome!: string;

  @Field(() => String, { description: "What that did." })
  readonly effect!: string;

  @Field(() => String, { nullable: true, description: "An operator's reason." })
  readonly reason!: string | null;

  @Field(() => DateTime, { description: "When it was heard." })
  readonly at!: string;
}

@Resolver(() => Attempt)
export class AttemptFields {
  @FieldResolver(() => [Evidence], {
    nullable: true,
    description: "What else was heard about it, oldest first. Hidden from publishable keys.",
  })
  evidence(@Root() attempt: attempts.Attempt, @Ctx() context: Context): Promise<Evidence[]> {
    const caller = callerOf(context);
    if (isPublishable(caller)) return Promise.resolve([]);
    return findEvidence(context.app.db, caller.merchantId, attempt.id);
  }

  @FieldResolver(() => String, {
    nullable: true,
    description: "The processor's id of the charge. Hidden from publishable keys.",
  })
  processorChargeId(@Root() attempt: attempts.Attempt, @Ctx() context: Context): string | null {
    return isPublishable(callerOf(context)) ? null : attempt.processorChargeId;
  }
}
