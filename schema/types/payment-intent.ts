import { Field, ID, Int, ObjectType } from "type-graphql";
import type * as intents from "../../src/payments/payment-intent";
import { CancellationReason, CaptureMethod, IntentAction, PaymentIntentStatus } from "../enums";
import { Node } from "../node";
import { CurrencyCode, DateTime, MinorUnits } from "../scalars";
import { connectionOf } from "./connection";
import { NextAction } from "./next-action";

@ObjectType({
  simpleResolvers: true,
  description: "Something that can be asked of a payment intent, and whether it is allowed now.",
})
export class AllowedAction {
  @Field(() => IntentAction, { description: "What can be asked." })
  readonly action!: intents.IntentAction;

  @Field(() => Boolean, {
    description: "Whether the intent's state and the API key of this request allow it.",
  })
  readonly allowed!: boolean;

  @Field(() => String, {
    nullable: true,
    description: "Why it is not allowed, for people; null when it is.",
  })
  readonly because!: string | null;
}

@ObjectType({
  simpleResolvers: true,
  description: "The decline that sent a payment intent back. A decline is data, not an error.",
})
export class PaymentError {
  @Field(() => String, { description: "What kind of error it was, for programs." })
  readonly code!: string;

  @Field(() => String, { nullable: true, description: "The issuer's reason, when it gave one." })
  readonly declineCode!: string | null;

  @Field(() => String, { description: "What happened, for people." })
  readonly message!: string;

  @Field(() => Boolean, { description: "Whether confirming again may succeed." })
  readonly retryable!: boolean;
}

@ObjectType({
  simpleResolvers: true,
  implements: Node,
  description:
    "A payment that a merchant wants from one shopper, made once. Its amounts are in the currency's minor unit.",
})
export class PaymentIntent {
  readonly id!: string;

  @Field(() => PaymentIntentStatus, { description: "Where the payment stands." })
  readonly status!: intents.PaymentIntentStatus;

  @Field(() => MinorUnits, { description: "The amount of the payment. It never changes." })
  readonly amount!: number;

  @Field(() => CurrencyCode, { description: "The currency of every amount of the intent." })
  readonly currency!: string;

  @Field(() => CaptureMethod, { description: "When the money is taken." })
  readonly captureMethod!: intents.CaptureMethod;

  @Field(() => String, { nullable: true, description: "The processor's token of the card." })
  readonly paymentMethod!: string | null;

  @Field(() => MinorUnits, { description: "What the processor has authorised." })
  readonly amountAuthorized!: number;

  @Field(() => MinorUnits, { description: "What may be captured now." })
  readonly amountCapturable!: number;

  @Field(() => MinorUnits, { description: "What has been captured." })
  readonly amountCaptured!: number;

  @Field(() => MinorUnits, { description: "What has been refunded." })
  readonly amountRefunded!: number;

  @Field(() => MinorUnits, {
    description: "What may be refunded now. Refunds under way are already taken off.",
  })
  readonly amountRefundable!: number;

  @Field(() => String, { nullable: true, description: "What the payment is for." })
  readonly description!: string | null;

  @Field(() => PaymentError, {
    nullable: true,
    description: "The decline of the last attempt. Confirming again clears it.",
  })
  readonly lastPaymentError!: intents.PaymentError | null;

  @Field(() => NextAction, { nullable: true, description: "What the shopper must do next." })
  readonly nextAction!: intents.NextAction | null;

  @Field(() => CancellationReason, {
    nullable: true,
    description: "Why the payment was canceled, when that is known.",
  })
  readonly cancellationReason!: string | null;

  @Field(() => Int, {
    description:
      "One more with every change: 1, 2, 3 without gaps. A replay shows the intent as it stood when the first request was executed, so a cache keeps whichever object has the higher version.",
  })
  readonly version!: number;

  @Field(() => DateTime, { description: "When the intent was created." })
  readonly createdAt!: string;

  @Field(() => DateTime, { description: "When the intent last changed." })
  readonly updatedAt!: string;
}

@ObjectType({
  simpleResolvers: true,
  description: "One line of a payment intent's audit trail. It is never changed.",
})
export class Transition {
  @Field(() => Int, { description: "The version of the intent that this change made." })
  readonly version!: number;

  @Field(() => PaymentIntentStatus, {
    nullable: true,
    description: "The status before; null for the creation.",
  })
  readonly from!: string | null;

  @Field(() => PaymentIntentStatus, { description: "The status after." })
  readonly to!: string;

  @Field(() => DateTime, { description: "When it happened." })
  readonly at!: string;

  @Field(() => String, { description: "Who did it: an API key's id, or a part of the service." })
  readonly actor!: string;

  @Field(() => String, { description: "What made it happen: a mutation, or a processor's answer." })
  readonly cause!: string;

  @Field(() => MinorUnits, { nullable: true, description: "The amount that it was about." })
  readonly amount!: number | null;

  @Field(() => Boolean, { description: "Whether the intent had come to its end." })
  readonly terminal!: boolean;

  @Field(() => ID, { description: "The event that announced it." })
  readonly eventId!: string;
}

export const TransitionConnection = connectionOf(() => Transition, "Transition");
