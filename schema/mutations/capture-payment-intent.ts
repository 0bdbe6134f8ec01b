import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from "type-graphql";
import { fingerprint } from "../../src/idempotency/fingerprint";
import { CAPTURE, capturePaymentIntent } from "../../src/payments/capture-payment-intent";
import type * as intents from "../../src/payments/payment-intent";
import { auditOf } from "../audit";
import { type Context, callerOf } from "../context";
import { checkAmount, checkId, checkIdempotencyKey } from "../input";
import { MinorUnits } from "../scalars";
import { Idempotency, idempotencyOf } from "../types/idempotency";
import { Capture } from "../types/capture";
import { PaymentIntent } from "../types/payment-intent";
import { IDEMPOTENCY_KEY, afterCommit, inTurn } from "./mutation";

@InputType({ description: "How much of the authorised amount to capture." })
export class CapturePaymentIntentInput {
  @Field(() => ID, { description: "The payment intent's id." })
  readonly paymentIntentId!: string;

  @Field(() => MinorUnits, {
    nullable: true,
    description:
      "The amount to capture, at least 1. The default is everything that can still be captured.",
  })
  readonly amount?: number | null;

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: true,
    description: "Whether to release whatever this capture leaves of the authorisation.",
  })
  readonly final?: boolean | null;
}

@ObjectType({ simpleResolvers: true, description: "The result of capturePaymentIntent." })
export class CapturePaymentIntentPayload {
  @Field(() => PaymentIntent, {
    description: "The payment intent as it stood when the capture was created.",
  })
  readonly paymentIntent!: intents.PaymentIntent;

  @Field(() => Capture, { description: "The capture as it stood when it was created." })
  readonly capture!: intents.Capture;

  @Field(() => Idempotency, { description: "Whether this request was executed or replayed." })
  readonly idempotency!: Idempotency;
}

@Resolver()
export class CapturePaymentIntentMutation {
  @Mutation(() => CapturePaymentIntentPayload, {
    description: "Captures all or part of the authorised amount.",
  })
  async capturePaymentIntent(
    @Arg("input", () => CapturePaymentIntentInput, {
      description: "The payment intent to capture, and how much of it.",
    })
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
    const keyed = {
      ...command,
      replays: context.app.replays,
      merchantId: caller.merchantId,
      actor: caller.id,
      audit: auditOf(context, "capturePaymentIntent"),
      key,
      fingerprint: fingerprint(CAPTURE, command).toString("hex"),
    };
    const outcome = await inTurn(context, { name: CAPTURE, command: keyed }, capturePaymentIntent);
    afterCommit(context, outcome, command.paymentIntentId);
    return {
      paymentIntent: outcome.result,
      capture: outcome.capture,
      idempotency: idempotencyOf(outcome, outcome.result),
    };
  }
}
