import { Ctx, Field, FieldResolver, ID, ObjectType, Resolver, Root } from "type-graphql";
import type * as intents from "../../src/payments/payment-intent";
import type { Context } from "../context";
import { MovementStatus, RefundReason } from "../enums";
import { Node } from "../node";
import { CurrencyCode, DateTime, Metadata, MinorUnits } from "../scalars";
import { PaymentIntent } from "./payment-intent";

@ObjectType({
  simpleResolvers: true,
  implements: Node,
  description: "Money of a payment intent that is taken from what was authorised.",
})
export class Capture {
  readonly id!: string;

  @Field(() => ID, { description: "The payment intent that it belongs to." })
  readonly paymentIntentId!: string;

  @Field(() => MovementStatus, { description: "Where the capture stands." })
  readonly status!: intents.Capture["status"];

  @Field(() => MinorUnits, { description: "The amount that is captured." })
  readonly amount!: number;

  @Field(() => CurrencyCode, { description: "The amount's currency." })
  readonly currency!: string;

  @Field(() => Boolean, { description: "Whether what it leaves of the authorisation is released." })
  readonly final!: boolean;

  @Field(() => String, { nullable: true, description: "Why it failed." })
  readonly failureCode!: string | null;

  @Field(() => DateTime, { description: "When the capture was created." })
  readonly createdAt!: string;

  @Field(() => DateTime, { description: "When the capture last changed." })
  readonly updatedAt!: string;
}

@ObjectType({
  simpleResolvers: true,
  implements: Node,
  description: "Captured money of a payment intent that is given back.",
})
export class Refund {
  readonly id!: string;

  @Field(() => ID, { description: "The payment intent that it belongs to." })
  readonly paymentIntentId!: string;

  @Field(() => MovementStatus, { description: "Where the refund stands." })
  readonly status!: intents.Refund["status"];

  @Field(() => MinorUnits, { description: "The amount that is refunded." })
  readonly amount!: number;

  @Field(() => CurrencyCode, { description: "The amount's currency." })
  readonly currency!: string;

  @Field(() => RefundReason, { nullable: true, description: "Why it is refunded." })
  readonly reason!: intents.RefundReason | null;

  @Field(() => Metadata, { description: "The merchant's own pairs." })
  readonly metadata!: Readonly<Record<string, string>>;

  @Field(() => String, { nullable: true, description: "Why it failed." })
  readonly failureCode!: string | null;

  @Field(() => DateTime, { description: "When the refund was created." })
  readonly createdAt!: string;

  @Field(() => DateTime, { description: "When the refund last changed." })
  readonly updatedAt!: string;
}

async function intentOf(
  part: intents.Capture | intents.Refund,
  context: Context,
): Promise<intents.PaymentIntent> {
  const intent = await context.loaders().intent.load(part.paymentIntentId);
  if (!intent) throw new Error(`${part.id} has no payment intent`);
  return intent;
}

@Resolver(() => Capture)
export class CaptureFields {
  @FieldResolver(() => PaymentIntent, {
    nullable: true,
    description: "The payment intent as it stands now.",
  })
  paymentIntent(
    @Root() capture: intents.Capture,
    @Ctx() context: Context,
  ): Promise<intents.PaymentIntent> {
    return intentOf(capture, context);
  }
}

@Resolver(() => Refund)
export class RefundFields {
  @FieldResolver(() => PaymentIntent, {
    nullable: true,
    description: "The payment intent as it stands now.",
  })
  paymentIntent(
    @Root() refund: intents.Refund,
    @Ctx() context: Context,
  ): Promise<intents.PaymentIntent> {
    return intentOf(refund, context);
  }
}
