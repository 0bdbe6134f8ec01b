import { Field, ID, Int, ObjectType } from "type-graphql";
import type { IntentAction as ActionName } from "../../src/payments/intent-actions";
import type * as intents from "../../src/payments/payment-intent";
import type * as processors from "../../src/processors/processor";
import {
  AuthorizationExpiryPolicy,
  CancellationReason,
  CaptureMethod,
  DeclineAdvice,
  IntentAction,
  PaymentIntentStatus,
} from "../enums";
import { Node } from "../node";
import { CurrencyCode, DateTime, MinorUnits } from "../scalars";
import { connectionOf } from "./connection";
import { NextAction } from "./next-action";

@ObjectType({
  simpleResolvers: true,
  description:
    "An action that can be requested on a payment intent, and whether it is allowed now.",
})
export class AllowedAction {
  @Field(() => IntentAction, { description: "The action." })
  readonly action!: ActionName;

  @Field(() => Boolean, {
    description:
      "Whether the state of the intent and the API key of this request allow the action.",
  })
  readonly allowed!: boolean;

  @Field(() => String, {
    nullable: true,
    description: "Why the action is not allowed, in words for people; null when it is allowed.",
  })
  readonly because!: string | null;
}

@ObjectType({
  simpleResolvers: true,
  description:
    "Why the last attempt to make a payment failed. A decline is data, not a GraphQL error.",
})
export class PaymentError {
  @Field(() => String, { description: "The kind of failure, as a code for programs." })
  readonly code!: string;

  @Field(() => String, { nullable: true, description: "The issuer's reason, if it gave one." })
  readonly declineCode!: string | null;

  @Field(() => DeclineAdvice, {
    nullable: true,
    description: "What may be done about the declined card; null where nobody says.",
  })
  readonly adviceCode?: processors.DeclineAdvice | null;

  @Field(() => String, {
    nullable: true,
    description:
      "What the card's network answered, for example 51: a response code of ISO 8583 or the network's own; null where it is not known.",
  })
  readonly networkDeclineCode?: string | null;

  @Field(() => String, { description: "What happened, in words for people." })
  readonly message!: string;

  @Field(() => Boolean, { description: "Whether another confirmation may succeed." })
  readonly retryable!: boolean;
}

@ObjectType({
  simpleResolvers: true,
  implements: Node,
  description:
    "A single payment that a merchant wants to collect from a shopper. All its amounts are in the currency's minor unit.",
})
export class PaymentIntent {
  readonly id!: string;

  @Field(() => PaymentIntentStatus, { description: "The status of the payment." })
  readonly status!: intents.PaymentIntentStatus;

  @Field(() => MinorUnits, {
    description:
      "The amount of the payment. Once the payment is confirmed it changes no more, unless the card is declined and another one may be tried.",
  })
  readonly amount!: number;

  @Field(() => CurrencyCode, { description: "The currency of all amounts of the intent." })
  readonly currency!: string;

  @Field(() => CaptureMethod, { description: "When the money is captured." })
  readonly captureMethod!: intents.CaptureMethod;

  @Field(() => String, { nullable: true, description: "The processor's token for the card." })
  readonly paymentMethod!: string | null;

  @Field(() => MinorUnits, { description: "The amount that the processor has authorised." })
  readonly amountAuthorized!: number;

  @Field(() => MinorUnits, { description: "The amount that can be captured now." })
  readonly amountCapturable!: number;

  @Field(() => MinorUnits, { description: "The amount that has been captured." })
  readonly amountCaptured!: number;

  @Field(() => MinorUnits, { description: "The amount that has been refunded." })
  readonly amountRefunded!: number;

  @Field(() => MinorUnits, {
    description:
      "The amount that can be refunded now. Refunds in progress and what is disputed are already deducted.",
  })
  readonly amountRefundable!: number;

  @Field(() => MinorUnits, {
    description: "The amount in disputes that are open or lost. It cannot be refunded.",
  })
  readonly amountDisputed!: number;

  @Field(() => String, { nullable: true, description: "What the payment is for." })
  readonly description!: string | null;

  @Field(() => PaymentError, {
    nullable: true,
    description: "Why the last attempt failed. Confirming the payment again clears it.",
  })
  readonly lastPaymentError!: intents.PaymentError | null;

  @Field(() => NextAction, { nullable: true, description: "What the shopper must do next." })
  readonly nextAction!: intents.NextAction | null;

  @Field(() => CancellationReason, {
    nullable: true,
    description: "Why the payment was canceled, if a reason was given.",
  })
  readonly cancellationReason!: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description:
      "When a cancellation was accepted that could not be completed at once: an attempt has to be answered first, or the processor has to let go of what it holds. On a payment that SUCCEEDED all the same, it says that the cancellation came too late. It becomes null again if the processor refuses to let go.",
  })
  readonly cancellationRequestedAt!: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description:
      "Until when the authorised amount is held, as the processor says; null if nothing has been authorised or the processor does not say.",
  })
  readonly authorizationExpiresAt!: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description:
      "When the authorisation expired; null unless it did with an amount that had not been captured. That amount was released.",
  })
  readonly authorizationExpiredAt!: string | null;

  @Field(() => AuthorizationExpiryPolicy, {
    nullable: true,
    description:
      "What happens shortly before the authorisation expires; null where `captureMethod` is AUTOMATIC.",
  })
  readonly authorizationExpiryPolicy!: intents.AuthorizationExpiryPolicy | null;

  @Field(() => Int, {
    description:
      "The version of the intent, which increases by one with every change: 1, 2, 3 and so on. A replay shows the intent as it stood when the first request was executed, so a cache should keep whichever copy has the higher version.",
  })
  readonly version!: number;

  @Field(() => DateTime, { description: "When the intent was created." })
  readonly createdAt!: string;

  @Field(() => DateTime, { description: "When the intent last changed." })
  readonly updatedAt!: string;

  @Field(() => DateTime, {
    nullable: true,
    description:
      "When `customer`, `description` and `metadata` were erased on the customer's behalf; null unless eraseCustomer did so. They are then blank, also in snapshots from before.",
  })
  readonly personalDataErasedAt!: string | null;
}

@ObjectType({
  simpleResolvers: true,
  description: "One entry in the audit trail of a payment intent. It never changes.",
})
export class Transition {
  @Field(() => Int, { description: "The version of the intent that the change produced." })
  readonly version!: number;

  @Field(() => PaymentIntentStatus, {
    nullable: true,
    description: "The status before the change; null when the intent was created.",
  })
  readonly from!: string | null;

  @Field(() => PaymentIntentStatus, { description: "The status after the change." })
  readonly to!: string;

  @Field(() => DateTime, { description: "When the change was made." })
  readonly at!: string;

  @Field(() => String, {
    description: "Who made the change: the id of an API key, or a part of the service.",
  })
  readonly actor!: string;

  @Field(() => String, {
    description: "What caused the change: a mutation, or a processor's answer.",
  })
  readonly cause!: string;

  @Field(() => MinorUnits, { nullable: true, description: "The amount that the change concerned." })
  readonly amount!: number | null;

  @Field(() => Boolean, { description: "Whether the change brought the intent to a final status." })
  readonly terminal!: boolean;

  @Field(() => ID, { description: "The id of the event that announced the change." })
  readonly eventId!: string;
}

export const TransitionConnection = connectionOf(() => Transition, "Transition");
