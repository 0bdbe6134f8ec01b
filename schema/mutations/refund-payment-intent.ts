import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from "type-graphql";
import { fingerprint } from "../../src/idempotency/fingerprint";
import type * as intents from "../../src/payments/payment-intent";
import { REFUND, refundPaymentIntent } from "../../src/payments/refund-payment-intent";
import { auditOf } from "../audit";
import { type Context, callerOf } from "../context";
import { RefundReasonInput } from "../enums";
import { checkAmount, checkId, checkIdempotencyKey, checkOptionalText } from "../input";
import { Metadata, MinorUnits } from "../scalars";
import { Idempotency, idempotencyOf } from "../types/idempotency";
import { Refund } from "../types/refund";
import { PaymentIntent } from "../types/payment-intent";
import { IDEMPOTENCY_KEY, afterCommit, inTurn } from "./mutation";

@InputType({ description: "How much of the captured amount to refund." })
export class RefundPaymentIntentInput {
  @Field(() => ID, { description: "The payment intent's id." })
  readonly paymentIntentId!: string;

  @Field(() => MinorUnits, {
    nullable: true,
    description:
      "The amount to refund, at least 1. The default is everything that can still be refunded.",
  })
  readonly amount?: number | null;

  @Field(() => RefundReasonInput, { nullable: true, description: "The reason for the refund." })
  readonly reason?: intents.RefundReason | null;

  @Field(() => String, {
    nullable: true,
    description:
      "The reason in the merchant's own words, at most 500 characters. It is erased with the customer.",
  })
  readonly note?: string | null;

  @Field(() => Metadata, { nullable: true, description: "The merchant's own key-value pairs." })
  readonly metadata?: Readonly<Record<string, string>> | null;
}

@ObjectType({ simpleResolvers: true, description: "The result of refundPaymentIntent." })
export class RefundPaymentIntentPayload {
  @Field(() => Refund, { description: "The refund as it stood when it was created." })
  readonly refund!: intents.Refund;

  @Field(() => PaymentIntent, {
    nullable: true,
    description:
      "The payment intent as it stood when the refund was created; null once the idempotency key's record has expired. Query `paymentIntent` for its current state.",
  })
  readonly paymentIntent!: intents.PaymentIntent | null;

  @Field(() => Idempotency, { description: "Whether this request was executed or replayed." })
  readonly idempotency!: Idempotency;
}

@Resolver()
export class RefundPaymentIntentMutation {
  @Mutation(() => RefundPaymentIntentPayload, {
    description: "Refunds all or part of the captured amount.",
  })
  async refundPaymentIntent(
    @Arg("input", () => RefundPaymentIntentInput, {
      description: "The payment intent to refund, and how much of it.",
    })
    input: RefundPaymentIntentInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<RefundPaymentIntentPayload> {
    const caller = callerOf(context);
    const key = checkIdempotencyKey(idempotencyKey);
    const command = {
      paymentIntentId: checkId("input.paymentIntentId", "paymentIntent", input.paymentIntentId),
      amount: input.amount == null ? null : checkAmount(input.amount),
      reason: input.reason ?? null,
      note: checkOptionalText("input.note", input.note, { max: 500 }),
      metadata: input.metadata ?? {},
    };
    const keyed = {
      ...command,
      mayOverdraw: context.app.config.negativeBalances,
      replays: context.app.replays,
      merchantId: caller.merchantId,
      actor: caller.id,
      audit: auditOf(context, "refundPaymentIntent"),
      key,
      fingerprint: fingerprint(REFUND, command).toString("hex"),
    };
    const outcome = await inTurn(context, { name: REFUND, command: keyed }, refundPaymentIntent);
    afterCommit(context, outcome, command.paymentIntentId);
    return {
      refund: outcome.result,
      paymentIntent: outcome.paymentIntent,
      idempotency: idempotencyOf(outcome, outcome.paymentIntent),
    };
  }
}
