import { Ctx, Field, FieldResolver, ID, ObjectType, Resolver, Root } from "type-graphql";
import type * as intents from "../../src/payments/payment-intent";
import type { Context } from "../context";
import { CaptureStatus } from "../enums";
import { Node } from "../node";
import { CurrencyCode, DateTime, MinorUnits } from "../scalars";
import { connectionOf } from "./connection";
import { PaymentIntent } from "./payment-intent";

@ObjectType({
  simpleResolvers: true,
  implements: Node,
  description: "A capture of some or all of the amount authorised for a payment intent.",
})
export class Capture {
  readonly id!: string;

  @Field(() => ID, { description: "The id of the payment intent that was captured." })
  readonly paymentIntentId!: string;

  @Field(() => CaptureStatus, { description: "The status of the capture." })
  readonly status!: intents.CaptureStatus;

  @Field(() => MinorUnits, { description: "The amount of the capture." })
  readonly amount!: number;

  @Field(() => CurrencyCode, { description: "The currency of the amount." })
  readonly currency!: string;

  @Field(() => Boolean, {
    description:
      "Whether this is the last capture, so that the rest of the authorisation is released.",
  })
  readonly final!: boolean;

  @Field(() => String, { nullable: true, description: "Why the capture failed, as a code." })
  readonly failureCode!: string | null;

  @Field(() => DateTime, { description: "When the capture was created." })
  readonly createdAt!: string;

  @Field(() => DateTime, { description: "When the capture last changed." })
  readonly updatedAt!: string;
}

@Resolver(() => Capture)
export class CaptureFields {
  // Nullable, like every field that is read separately: a failure here hides nothing around it.
  @FieldResolver(() => PaymentIntent, {
    nullable: true,
    description: "The payment intent in its current state.",
  })
  async paymentIntent(
    @Root() capture: intents.Capture,
    @Ctx() context: Context,
  ): Promise<intents.PaymentIntent | null> {
    return (await context.loaders().intent.load(capture.paymentIntentId)) ?? null;
  }
}

export const CaptureConnection = connectionOf(() => Capture, "Capture");
