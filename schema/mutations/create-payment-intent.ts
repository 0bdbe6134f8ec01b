import { Arg, Ctx, Field, InputType, Mutation, ObjectType, Resolver } from "type-graphql";
import { hexFingerprint } from "../../src/idempotency/fingerprint";
import type * as intents from "../../src/payments/payment-intent";
import { CREATE } from "../../src/payments/create-payment-intent";
import { type Context, callerOf } from "../context";
import { CaptureMethod } from "../enums";
import { checkAmount, checkIdempotencyKey, checkOptionalText, checkPaymentMethod } from "../input";
import { CurrencyCode, Metadata, MinorUnits } from "../scalars";
import { Idempotency, idempotencyOf } from "../types/idempotency";
import { PaymentIntent } from "../types/payment-intent";
import { IDEMPOTENCY_KEY, afterCommit } from "./mutation";

@InputType({ description: "The payment that the merchant wants to receive." })
export class CreatePaymentIntentInput {
  @Field(() => MinorUnits, { description: "The amount in the currency's minor unit, at least 1." })
  readonly amount!: number;

  @Field(() => CurrencyCode, { description: "The currency of the amount." })
  readonly currency!: string;

  @Field(() => String, {
    nullable: true,
    description:
      "The processor's token for the card, at most 255 characters. Card numbers are refused.",
  })
  readonly paymentMethod?: string | null;

  @Field(() => CaptureMethod, {
    nullable: true,
    defaultValue: "AUTOMATIC",
    description: "When the money is captured.",
  })
  readonly captureMethod?: intents.CaptureMethod | null;

  @Field(() => String, {
    nullable: true,
    description: "What the payment is for, at most 1000 characters.",
  })
  readonly description?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The merchant's own identifier for the shopper, at most 255 characters.",
  })
  readonly customer?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The merchant's own reference for the payment, at most 255 characters.",
  })
  readonly merchantReference?: string | null;

  @Field(() => Metadata, { nullable: true, description: "The merchant's own key-value pairs." })
  readonly metadata?: Readonly<Record<string, string>> | null;
}

@ObjectType({ simpleResolvers: true, description: "The result of createPaymentIntent." })
export class CreatePaymentIntentPayload {
  @Field(() => PaymentIntent, {
    description: "The payment intent as it stood when it was created.",
  })
  readonly paymentIntent!: intents.PaymentIntent;

  @Field(() => Idempotency, { description: "Whether this request was executed or replayed." })
  readonly idempotency!: Idempotency;
}

/** The input with its defaults: writing them out must not change the fingerprint. */
function checked(input: CreatePaymentIntentInput) {
  return {
    amount: checkAmount(input.amount),
    currency: input.currency,
    paymentMethod: checkPaymentMethod(input.paymentMethod),
    captureMethod: input.captureMethod ?? "AUTOMATIC",
    description: checkOptionalText("input.description", input.description, { max: 1_000 }),
    customer: checkOptionalText("input.customer", input.customer, { max: 255 }),
    merchantReference: checkOptionalText("input.merchantReference", input.merchantReference, {
      max: 255,
    }),
    metadata: input.metadata ?? {},
  };
}

@Resolver()
export class CreatePaymentIntentMutation {
  @Mutation(() => CreatePaymentIntentPayload, {
    description: "Creates a payment intent. No money moves until it is confirmed.",
  })
  async createPaymentIntent(
    @Arg("input", () => CreatePaymentIntentInput, { description: "The payment to create." })
    input: CreatePaymentIntentInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<CreatePaymentIntentPayload> {
    const caller = callerOf(context);
    const key = checkIdempotencyKey(idempotencyKey);
    const command = checked(input);
    const outcome = await context.app.createPaymentIntent({
      ...command,
      merchantId: caller.merchantId,
      actor: caller.id,
      key,
      fingerprint: hexFingerprint(CREATE, command),
    });
    if (outcome instanceof Error) throw outcome;
    afterCommit(context, outcome);
    return { paymentIntent: outcome.result, idempotency: idempotencyOf(outcome, outcome.result) };
  }
}
