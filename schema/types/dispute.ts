import { Ctx, Field, FieldResolver, ID, Int, ObjectType, Resolver, Root } from "type-graphql";
import type * as disputes from "../../src/payments/dispute";
import type * as intents from "../../src/payments/payment-intent";
import type * as processors from "../../src/processors/dispute";
import type { Context } from "../context";
import { DisputeReason, DisputeStatus } from "../dispute-enums";
import { Node } from "../node";
import { CurrencyCode, DateTime, MinorUnits } from "../scalars";
import { connectionOf } from "./connection";
import { PaymentIntent } from "./payment-intent";

@ObjectType({
  simpleResolvers: true,
  implements: Node,
  description:
    "A shopper's bank has taken back some or all of the amount captured for a payment intent, and it is decided whether the merchant gets it again.",
})
export class Dispute {
  readonly id!: string;

  @Field(() => ID, { description: "The id of the payment intent that is disputed." })
  readonly paymentIntentId!: string;

  @Field(() => ID, {
    description: "The id of the attempt that charged the card, or authorised what was captured.",
  })
  readonly attemptId!: string;

  @Field(() => DisputeStatus, { description: "The status of the dispute." })
  readonly status!: processors.DisputeStatus;

  @Field(() => DisputeReason, { description: "The bank's reason." })
  readonly reason!: processors.DisputeReason;

  @Field(() => MinorUnits, { description: "The amount in dispute. It never changes." })
  readonly amount!: number;

  @Field(() => CurrencyCode, { description: "The currency of the amount and the fee." })
  readonly currency!: string;

  @Field(() => MinorUnits, {
    description: "The fee that the processor charges for the dispute, whoever wins.",
  })
  readonly fee!: number;

  @Field(() => String, { description: "The processor's id for the dispute." })
  readonly processorDisputeId!: string;

  @Field(() => DateTime, {
    nullable: true,
    description: "Until when the processor accepts evidence; null when it names no time.",
  })
  readonly evidenceDueBy!: string | null;

  @Field(() => DateTime, { description: "When the bank opened the dispute." })
  readonly openedAt!: string;

  @Field(() => DateTime, {
    nullable: true,
    description: "When the dispute was decided; null while it is open.",
  })
  readonly closedAt!: string | null;

  @Field(() => Int, {
    description: "The version of the dispute: 1 when it is opened, 2 when it is decided.",
  })
  readonly version!: number;

  @Field(() => DateTime, { description: "When the dispute became known here." })
  readonly createdAt!: string;

  @Field(() => DateTime, { description: "When the dispute last changed here." })
  readonly updatedAt!: string;
}

@Resolver(() => Dispute)
export class DisputeFields {
  // Nullable, like every field that is read separately: a failure here hides nothing around it.
  @FieldResolver(() => PaymentIntent, {
    nullable: true,
    description: "The payment intent in its current state.",
  })
  async paymentIntent(
    @Root() dispute: disputes.Dispute,
    @Ctx() context: Context,
  ): Promise<intents.PaymentIntent | null> {
    return (await context.loaders().intent.load(dispute.paymentIntentId)) ?? null;
  }
}

export const DisputeConnection = connectionOf(() => Dispute, "Dispute");
