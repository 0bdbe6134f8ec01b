import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from "type-graphql";
import { fingerprint } from "../../src/idempotency/fingerprint";
import { CANCEL, cancelPaymentIntent } from "../../src/payments/cancel-payment-intent";
import type * as intents from "../../src/payments/payment-intent";
import { auditOf } from "../audit";
import { type Context, callerOf } from "../context";
import { CancellationReasonInput } from "../enums";
import { checkId, checkIdempotencyKey } from "../input";
import { Idempotency, idempotencyOf } from "../types/idempotency";
import { PaymentIntent } from "../types/payment-intent";
import { IDEMPOTENCY_KEY, afterCommit, inTurn } from "./mutation";

@InputType({ description: "The payment intent to cancel." })
export class CancelPaymentIntentInput {
  @Field(() => ID, { description: "The payment intent's id." })
  readonly paymentIntentId!: string;

  @Field(() => CancellationReasonInput, {
    nullable: true,
    description: "Why the payment is canceled.",
  })
  readonly reason?: intents.CancellationReason | null;
}

@ObjectType({ simpleResolvers: true, description: "The result of cancelPaymentIntent." })
export class CancelPaymentIntentPayload {
  @Field(() => PaymentIntent, {
    description:
      "The payment intent as it stood once the cancellation was accepted. It is PROCESSING if an authorisation has to be released first, or an attempt has to be answered: then `cancellationRequestedAt` is set, and an automatic charge that succeeds all the same makes the payment SUCCEEDED, with `cancellationRequestedAt` to tell that the cancellation came too late.",
  })
  readonly paymentIntent!: intents.PaymentIntent;

  @Field(() => Idempotency, { description: "Whether this request was executed or replayed." })
  readonly idempotency!: Idempotency;
}

@Resolver()
export class CancelPaymentIntentMutation {
  @Mutation(() => CancelPaymentIntentPayload, {
    description: "Cancels a payment before any money is captured.",
  })
  async cancelPaymentIntent(
    @Arg("input", () => CancelPaymentIntentInput, {
      description: "The payment intent to cancel, and why.",
    })
    input: CancelPaymentIntentInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<CancelPaymentIntentPayload> {
    const caller = callerOf(context);
    const key = checkIdempotencyKey(idempotencyKey);
    const command = {
      paymentIntentId: checkId("input.paymentIntentId", "paymentIntent", input.paymentIntentId),
      reason: input.reason ?? null,
    };
    const keyed = {
      ...command,
      replays: context.app.replays,
      merchantId: caller.merchantId,
      actor: caller.id,
      audit: auditOf(context, "cancelPaymentIntent"),
      key,
      fingerprint: fingerprint(CANCEL, command).toString("hex"),
    };
    const outcome = await inTurn(context, { name: CANCEL, command: keyed }, cancelPaymentIntent);
    afterCommit(context, outcome, command.paymentIntentId);
    return { paymentIntent: outcome.result, idempotency: idempotencyOf(outcome, outcome.result) };
  }
}
