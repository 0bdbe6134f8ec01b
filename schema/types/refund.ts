import { Ctx, Field, FieldResolver, ID, ObjectType, Resolver, Root } from "type-graphql";
import type * as intents from "../../src/payments/payment-intent";
import type { Context } from "../context";
import { RefundReason, RefundStatus } from "../enums";
import { Node } from "../node";
import { CurrencyCode, DateTime, Metadata, MinorUnits } from "../scalars";
import { connectionOf } from "./connection";
import { PaymentIntent } from "./payment-intent";

@ObjectType({
  simpleResolvers: true,
  implements: Node,
  description: "A refund of some or all of the amount captured for a payment intent.",
})
export class Refund {
  readonly id!: string;

  @Field(() => ID, { description: "The id of the payment intent that was refunded." })
  readonly paymentIntentId!: string;

  @Field(() => RefundStatus, { description: "The status of the refund." })
  readonly status!: intents.RefundStatus;

  @Field(() => MinorUnits, { description: "The amount of the refund." })
  readonly amount!: number;

  @Field(() => CurrencyCode, { description: "The currency of the amount." })
  readonly currency!: string;

  @Field(() => RefundReason, { nullable: true, description: "The reason for the refund." })
  readonly reason!: intents.RefundReason | null;

  @Field(() => String, {
    nullable: true,
    description: "The reason for the refund in the merchant's own words.",
  })
  readonly note?: string | null;

  @Field(() => Metadata, { description: "The merchant's own key-value pairs." })
  readonly metadata!: Readonly<Record<string, string>>;

  @Field(() => String, {
    nullable: true,
    description: "Why the refund failed or was reversed, as a code.",
  })
  readonly failureCode!: string | null;

  @Field(() => DateTime, { description: "When the refund was created." })
  readonly createdAt!: string;

  @Field(() => DateTime, { description: "When the refund last changed." })
  readonly updatedAt!: string;

  @Field(() => DateTime, {
    nullable: true,
    description:
      "When `note` and `metadata` were erased on the customer's behalf; null unless eraseCustomer did so. They are then blank, also in snapshots from before.",
  })
  readonly personalDataErasedAt!: string | null;
}

@Resolver(() => Refund)
export class RefundFields {
  // Nullable, like every field that is read separately: a failure here hides nothing around it.
  @FieldResolver(() => PaymentIntent, {
    nullable: true,
    description: "The payment intent in its current state.",
  })
  async paymentIntent(
    @Root() refund: intents.Refund,
    @Ctx() context: Context,
  ): Promise<intents.PaymentIntent | null> {
    return (await context.loaders().intent.load(refund.paymentIntentId)) ?? null;
  }
}

export const RefundConnection = connectionOf(() => Refund, "Refund");
