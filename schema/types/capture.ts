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
  description: "Money of a payment intent that is taken from what was authorised.",
})
export class Capture {
  readonly id!: string;

  @Field(() => ID, { description: "The id of the payment intent that it belongs to." })
  readonly paymentIntentId!: string;

  @Field(() => CaptureStatus, { description: "Where the capture stands." })
  readonly status!: intents.CaptureStatus;

  @Field(() => MinorUnits, { description: "The amount that is captured." })
  readonly amount!: number;

  @Field(() => CurrencyCode, { description: "The amount's currency." })
  readonly currency!: string;

  @Field(() => Boolean, {
    description: "Whether the rest of the authorisation is released with it.",
  })
  readonly final!: boolean;

  @Field(() => String, { nullable: true, description: "Why it failed." })
  readonly failureCode!: string | null;

  @Field(() => DateTime, { description: "When the capture was created." })
  readonly createdAt!: string;

  @Field(() => DateTime, { description: "When the capture last changed." })
  readonly updatedAt!: string;
}

@Resolver(() => Capture)
export class CaptureFields {
  // Nullable, as every field that is read by itself: what fails here hides nothing of what surrounds it.
  @FieldResolver(() => PaymentIntent, {
    nullable: true,
    description: "The payment intent as it stands now.",
  })
  async paymentIntent(
    @Root() capture: intents.Capture,
    @Ctx() context: Context,
  ): Promise<intents.PaymentIntent | null> {
    return (await context.loaders().intent.load(capture.paymentIntentId)) ?? null;
  }
}

export const CaptureConnection = connectionOf(() => Capture, "Capture");
