import { Field, ID, Int, ObjectType } from "type-graphql";
import type * as attempts from "../../src/payments/attempt";
import { AttemptOperation } from "../enums";
import { CurrencyCode, DateTime, MinorUnits } from "../scalars";
import { connectionOf } from "./connection";

@ObjectType({
  simpleResolvers: true,
  description:
    "An attempt that was sent and whose outcome nobody knows: money may have moved. It is looked up by itself; what stays here is for a person.",
})
export class UnknownAttempt {
  @Field(() => ID, { description: "The attempt's id." })
  readonly id!: string;

  @Field(() => ID, { description: "The payment intent that it is for." })
  readonly paymentIntentId!: string;

  @Field(() => AttemptOperation, { description: "What the processor was asked to do." })
  readonly operation!: attempts.AttemptOperation;

  @Field(() => String, { description: "The processor that was asked." })
  readonly processor!: string;

  @Field(() => MinorUnits, { description: "The amount that may have moved." })
  readonly amount!: number;

  @Field(() => CurrencyCode, { description: "The amount's currency." })
  readonly currency!: string;

  @Field(() => String, { nullable: true, description: "What is known of the reason." })
  readonly message!: string | null;

  @Field(() => DateTime, { description: "Since when the outcome is unknown." })
  readonly unknownSince!: string;

  @Field(() => Int, { description: "For how many seconds it has been." })
  readonly ageSeconds!: number;

  @Field(() => Int, { description: "How often it has been looked up." })
  readonly lookups!: number;

  @Field(() => DateTime, { nullable: true, description: "When it is looked up next." })
  readonly nextLookupAt!: string | null;
}

export const UnknownAttemptConnection = connectionOf(() => UnknownAttempt, "UnknownAttempt");
