import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from "type-graphql";
import { fingerprint } from "../../src/idempotency/fingerprint";
import { CAPTURE, capturePaymentIntent } from "../../src/payments/capture-payment-intent";
import type * as intents from "../../src/payments/payment-intent";
import { type Context, callerOf } from "../context";
import { checkAmount, checkId, checkIdempotencyKey } from "../input";
import { MinorUnits } from "../scalars";
import { Idempotency, idempotencyOf } from "../types/idempotency";
import { Capture } from "../types/capture";
import { PaymentIntent } from "../types/payment-intent";
import { IDEMPOTENCY_KEY, afterCommit } from "./mutation";

@InputType({ description: "How much of what was authorised to take." })
export class CapturePaymentIntentInput {
  @Field(() => ID, { description: "The payment intent's id." })
  readonly paymentIntentId!: string;

  @Field(() => MinorUnits, {
    nullable: true,
    description: "The amount to take, at least 1; all that may be captured when absent.",
  })
  readonly amount?: number | null;

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: true,
    description: "Whether what this leaves of the authorisation is released.",
  })
  readonly final?: boolean | null;
}

@ObjectType({ simpleResolvers: true, description: "What capturePaymentIntent answers." })
export class CapturePaymentIntentPayload {
  @Field(() => PaymentIntent, { description: "The intent as it stood when the capture was made." })
  readonly paymentIntent!: intents.PaymentIntent;

  @Field(() => Capture, { description: "The capture as it stood when it was made." })
  readonly capture!: intents.Capture;

  @Field(() => Idempotency, { description: "What the idempotency key decided." })
  readonly idempotency!: Idempotency;
}

@Resolver()
export class CapturePaymentIntentMutation {
  @Mutation(() => CapturePaymentIntentPayload, {
    description: "Takes money that was authorised, all of it or a part.",
  })
  async capturePaymentIntent(
    @Arg("input", () => CapturePaymentIntentInput, { description: "What to capture." })
    input: CapturePaymentIntentInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<CapturePaymentIntentPayload> {
    const caller = callerOf(context);
    const key = checkIdempotencyKey(idempotencyKey);
    const command = {
      paymentIntentId: checkId("input.paymentIntentId", "paymentIntent", input.paymentIntentId),
      amount: input.amount == null ? null : checkAmount(input.amount),
      final: input.final ?? true,
    };
    const outcome = await capturePaymentIntent(context.app.db, {
      ...command,
      merchantId: caller.merchantId,
      actor: caller.id,
      key,
      fingerprint: fingerprint(CAPTURE, command).toString("hex"),
    });
    afterCommit(context, outcome);
    return {
      paymentIntent: outcome.result,
      capture: outcome.capture,
      idempotency: idempotencyOf(outcome, outcome.result),
    };
  }
}
