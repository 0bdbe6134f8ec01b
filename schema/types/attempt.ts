import { Ctx, Field, FieldResolver, ID, Int, ObjectType, Resolver, Root } from "type-graphql";
import type { ApiKeyKind } from "../../src/merchants/api-key";
import type * as attempts from "../../src/payments/attempt";
import type * as processors from "../../src/processors/processor";
import { isPublishable } from "../access";
import { type Context, callerOf } from "../context";
import { AttemptOperation, AttemptStatus, DeclineAdvice } from "../enums";
import { Node } from "../node";
import { CurrencyCode, DateTime, MinorUnits } from "../scalars";
import { connectionOf } from "./connection";

@ObjectType({
  simpleResolvers: true,
  implements: Node,
  description: "One operation requested from a card processor. It is sent at most once.",
})
export class Attempt {
  readonly id!: string;

  @Field(() => ID, { description: "The id of the payment intent that the attempt belongs to." })
  readonly paymentIntentId!: string;

  @Field(() => AttemptOperation, { description: "What the processor was asked to do." })
  readonly operation!: attempts.AttemptOperation;

  @Field(() => String, { description: "The name of the processor that was asked." })
  readonly processor!: string;

  @Field(() => ID, {
    nullable: true,
    description:
      "The id of the merchant's account at the processor; null for the installation's own.",
  })
  readonly processorAccountId!: string | null;

  @Field(() => AttemptStatus, { description: "The status of the attempt." })
  readonly status!: attempts.AttemptStatus;

  @Field(() => MinorUnits, { description: "The amount requested." })
  readonly amount!: number;

  @Field(() => CurrencyCode, { description: "The currency of the amount." })
  readonly currency!: string;

  @Field(() => String, { nullable: true, description: "The processor's token for the card." })
  readonly paymentMethod!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The processor's answer as a code, for programs; null when there is no answer.",
  })
  readonly code!: string | null;

  @Field(() => String, { nullable: true, description: "The issuer's reason for the decline." })
  readonly declineCode!: string | null;

  @Field(() => DeclineAdvice, {
    nullable: true,
    description: "What may be done about the declined card; null where nobody says.",
  })
  readonly adviceCode!: processors.DeclineAdvice | null;

  @Field(() => String, {
    nullable: true,
    description:
      "What the card's network answered, for example 51: a response code of ISO 8583 or the network's own; null where it is not known.",
  })
  readonly networkDeclineCode!: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description: "When the attempt was sent to the processor.",
  })
  readonly sentAt!: Date | null;

  @Field(() => DateTime, { nullable: true, description: "When the outcome became unknown." })
  readonly unknownSince!: Date | null;

  @Field(() => Int, { description: "How many times the processor has been asked for the outcome." })
  readonly lookups!: number;

  @Field(() => DateTime, { nullable: true, description: "When the outcome became final." })
  readonly settledAt!: Date | null;

  @Field(() => DateTime, { description: "When the attempt was queued." })
  readonly createdAt!: Date;
}

@ObjectType({
  simpleResolvers: true,
  description:
    "A report about an attempt other than the direct answer to the call: from a look-up, a processor's webhook or an operator, or an answer that came late.",
})
export class Evidence {
  @Field(() => String, {
    description: "The source of the report: lookup, webhook, worker or the id of an API key.",
  })
  readonly source!: string;

  @Field(() => String, { description: "The outcome that was reported." })
  readonly outcome!: string;

  @Field(() => String, {
    description:
      "What the report changed, for example applied, duplicate or contradiction; proposed where a second operator must say the same.",
  })
  readonly effect!: string;

  @Field(() => String, { nullable: true, description: "The reason that an operator gave." })
  readonly reason!: string | null;

  @Field(() => DateTime, { description: "When the report was received." })
  readonly at!: string;
}

const OPERATORS: readonly ApiKeyKind[] = ["OPERATOR", "PLATFORM"];

/** Attempts whose outcome may have to be looked up. */
const LOOKED_UP: readonly attempts.AttemptStatus[] = ["UNKNOWN", "REQUIRES_ACTION"];

@Resolver(() => Attempt)
export class AttemptFields {
  @FieldResolver(() => String, {
    nullable: true,
    description:
      "The processor's answer in words, for people. Operators also see what is known about why there is no answer.",
  })
  message(@Root() attempt: attempts.Attempt, @Ctx() context: Context): string | null {
    // Without a code it is not an answer but our own remark: for an unknown outcome it names what broke in the network.
    if (attempt.code === null && !OPERATORS.includes(callerOf(context).kind)) return null;
    return attempt.message;
  }

  @FieldResolver(() => DateTime, {
    nullable: true,
    description:
      "When the processor will next be asked for the outcome; null unless the outcome is unknown or awaits the shopper.",
  })
  nextLookupAt(@Root() attempt: attempts.Attempt): Date | null {
    return LOOKED_UP.includes(attempt.status) ? attempt.nextAt : null;
  }

  @FieldResolver(() => [Evidence], {
    nullable: true,
    description:
      "What else has been reported about the attempt, oldest first, at most 100 entries. Hidden from publishable keys.",
  })
  evidence(@Root() attempt: attempts.Attempt, @Ctx() context: Context): Promise<Evidence[]> {
    if (isPublishable(callerOf(context))) return Promise.resolve([]);
    return context.loaders().evidenceOf.load(attempt.id);
  }

  @FieldResolver(() => String, {
    nullable: true,
    description: "The processor's id for the charge. Hidden from publishable keys.",
  })
  processorChargeId(@Root() attempt: attempts.Attempt, @Ctx() context: Context): string | null {
    return isPublishable(callerOf(context)) ? null : attempt.processorChargeId;
  }
}

export const AttemptConnection = connectionOf(() => Attempt, "Attempt");
