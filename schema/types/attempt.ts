import { Ctx, Field, FieldResolver, ID, Int, ObjectType, Resolver, Root } from "type-graphql";
import type * as attempts from "../../src/payments/attempt";
import { isPublishable } from "../access";
import { type Context, callerOf } from "../context";
import { AttemptOperation, AttemptStatus } from "../enums";
import { Node } from "../node";
import { CurrencyCode, DateTime, MinorUnits } from "../scalars";
import { connectionOf } from "./connection";

@ObjectType({
  simpleResolvers: true,
  implements: Node,
  description: "One operation that a card processor was asked for. It is sent at most once.",
})
export class Attempt {
  readonly id!: string;

  @Field(() => ID, { description: "The payment intent that it is for." })
  readonly paymentIntentId!: string;

  @Field(() => AttemptOperation, { description: "What the processor was asked to do." })
  readonly operation!: attempts.AttemptOperation;

  @Field(() => String, { description: "The name of the processor that was asked." })
  readonly processor!: string;

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

  @Field(() => DateTime, { nullable: true, description: "When it was sent to the processor." })
  readonly sentAt!: Date | null;

  @Field(() => DateTime, { nullable: true, description: "Since when its outcome is unknown." })
  readonly unknownSince!: Date | null;

  @Field(() => Int, { description: "How often the processor was asked what became of it." })
  readonly lookups!: number;

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

/** Those whose outcome may have to be asked for. */
const LOOKED_UP: readonly attempts.AttemptStatus[] = ["UNKNOWN", "REQUIRES_ACTION"];

@Resolver(() => Attempt)
export class AttemptFields {
  @FieldResolver(() => String, {
    nullable: true,
    description:
      "What the processor said, for people; what else is known of the reason is shown to operators.",
  })
  message(@Root() attempt: attempts.Attempt, @Ctx() context: Context): string | null {
    // Without a code it is no answer, but our own remark: that of an unknown outcome names what broke in the network.
    if (attempt.code === null && callerOf(context).kind !== "OPERATOR") return null;
    return attempt.message;
  }

  @FieldResolver(() => DateTime, {
    nullable: true,
    description: "When the processor is asked next, while its outcome is unknown or awaited.",
  })
  nextLookupAt(@Root() attempt: attempts.Attempt): Date | null {
    return LOOKED_UP.includes(attempt.status) ? attempt.nextAt : null;
  }

  @FieldResolver(() => [Evidence], {
    nullable: true,
    description:
      "What else was heard about it, oldest first, at most 100. Hidden from publishable keys.",
  })
  evidence(@Root() attempt: attempts.Attempt, @Ctx() context: Context): Promise<Evidence[]> {
    if (isPublishable(callerOf(context))) return Promise.resolve([]);
    return context.loaders().evidenceOf.load(attempt.id);
  }

  @FieldResolver(() => String, {
    nullable: true,
    description: "The processor's id of the charge. Hidden from publishable keys.",
  })
  processorChargeId(@Root() attempt: attempts.Attempt, @Ctx() context: Context): string | null {
    return isPublishable(callerOf(context)) ? null : attempt.processorChargeId;
  }
}

export const AttemptConnection = connectionOf(() => Attempt, "Attempt");
