import { Args, Ctx, Field, FieldResolver, ID, Int, ObjectType, Resolver, Root } from "type-graphql";
import type { Page } from "../../src/pagination";
import { listPayoutLines } from "../../src/payouts/list-payouts";
import type * as payouts from "../../src/payouts/payout";
import type * as processors from "../../src/processors/processor";
import { type Context, callerOf } from "../context";
import { Node } from "../node";
import { PayoutLineKind, PayoutStatus } from "../payout-enums";
import { PageArgs } from "../queries/page-arguments";
import { BigMinorUnits, CurrencyCode, DateTime } from "../scalars";
import { connectionOf } from "./connection";

@ObjectType({
  simpleResolvers: true,
  description: "One of the movements that a payout consists of. It never changes.",
})
export class PayoutLine {
  @Field(() => Int, { description: "The line's place in the payout, from 1." })
  readonly line!: number;

  @Field(() => PayoutLineKind, { description: "What the line is about." })
  readonly kind!: processors.PayoutLineKind;

  @Field(() => ID, {
    description:
      "The id of the attempt that moved it, which is the reference at the processor; of a dispute and its fee, of the charge that is disputed.",
  })
  readonly attemptId!: string;

  @Field(() => ID, { description: "The id of the payment intent that the line concerns." })
  readonly paymentIntentId!: string;

  @Field(() => String, { description: "The processor's id for the movement." })
  readonly movementId!: string;
}

@Resolver(() => PayoutLine)
export class PayoutLineFields {
  @FieldResolver(() => BigMinorUnits, {
    description:
      "By how much the line changes what is paid out, in the payout's currency: below zero for what is taken from it.",
  })
  amount(@Root() line: payouts.PayoutLine): bigint {
    return BigInt(line.amount);
  }
}

const PayoutLineConnection = connectionOf(() => PayoutLine, "PayoutLine");

@ObjectType({
  simpleResolvers: true,
  implements: Node,
  description:
    "Money that a processor has sent to the merchant's bank, as its settlement file has it, or its list of the merchant's account.",
})
export class Payout {
  readonly id!: string;

  @Field(() => PayoutStatus, { description: "The status of the payout." })
  readonly status!: processors.PayoutStatus;

  @Field(() => CurrencyCode, { description: "The currency of the amount and the lines." })
  readonly currency!: string;

  @Field(() => Int, { description: "How many lines the payout has." })
  readonly lineCount!: number;

  @Field(() => String, { description: "The name of the processor." })
  readonly processor!: string;

  @Field(() => ID, {
    nullable: true,
    description:
      "The id of the merchant's account at the processor; null when it is the installation's own.",
  })
  readonly processorAccountId!: string | null;

  @Field(() => String, {
    description:
      "The processor's id for the payout. Merchants who are paid by one transfer have it in common.",
  })
  readonly processorPayoutId!: string;

  @Field(() => DateTime, { description: "When the processor says that the payout arrives." })
  readonly arrivesAt!: string;

  @Field(() => DateTime, { description: "Since when the payout has had its status there." })
  readonly changedAt!: string;

  @Field(() => Int, {
    description: "The version of the payout, which grows by 1 with each of its events.",
  })
  readonly version!: number;

  @Field(() => DateTime, { description: "When the payout became known here." })
  readonly createdAt!: string;

  @Field(() => DateTime, { description: "When the payout last changed here." })
  readonly updatedAt!: string;
}

@Resolver(() => Payout)
export class PayoutFields {
  @FieldResolver(() => BigMinorUnits, {
    description:
      "The sum of the lines. It never changes, and is below zero where the merchant owed the processor more than it was owed.",
  })
  amount(@Root() payout: payouts.Payout): bigint {
    return BigInt(payout.amount);
  }

  @FieldResolver(() => PayoutLineConnection, {
    nullable: true,
    description: "What the payout consists of, in the processor's order.",
  })
  lines(
    @Root() payout: payouts.Payout,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: Context,
  ): Promise<Page<payouts.PayoutLine>> {
    const { merchantId } = callerOf(context);
    return listPayoutLines(context.app.db, merchantId, { payoutId: payout.id, page });
  }
}

export const PayoutConnection = connectionOf(() => Payout, "Payout");
