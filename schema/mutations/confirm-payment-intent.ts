import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from "type-graphql";
import { Failure } from "../../src/failures";
import { hexFingerprint } from "../../src/idempotency/fingerprint";
import type { Outcome } from "../../src/idempotency/keys";
import type { ConfirmPaymentIntent } from "../../src/payments/confirm-payment-intent";
import type * as intents from "../../src/payments/payment-intent";
import { CONFIRM, shopperKey } from "../../src/payments/shopper-key";
import { isPublishable, requireIntent } from "../access";
import { type Context, callerOf } from "../context";
import { checkId, checkIdempotencyKey, checkPaymentMethod } from "../input";
import { UrlScalar } from "../scalars";
import { Idempotency, idempotencyOf } from "../types/idempotency";
import { PaymentIntent } from "../types/payment-intent";
import { IDEMPOTENCY_KEY, afterCommit } from "./mutation";

@InputType({ description: "The payment to make, and the card to make it with." })
export class ConfirmPaymentIntentInput {
  @Field(() => ID, { description: "The payment intent's id." })
  readonly paymentIntentId!: string;

  @Field(() => String, {
    nullable: true,
    description:
      "The processor's token for the card to use instead of the intent's own. Card numbers are refused.",
  })
  readonly paymentMethod?: string | null;

  @Field(() => UrlScalar, {
    nullable: true,
    description: "Where to send the shopper back to after authentication.",
  })
  readonly returnUrl?: string | null;
}

@ObjectType({ simpleResolvers: true, description: "The result of confirmPaymentIntent." })
export class ConfirmPaymentIntentPayload {
  @Field(() => PaymentIntent, {
    description: "The payment intent as it stood when it was confirmed.",
  })
  readonly paymentIntent!: intents.PaymentIntent;

  @Field(() => Idempotency, { description: "Whether this request was executed or replayed." })
  readonly idempotency!: Idempotency;
}

@Resolver()
export class ConfirmPaymentIntentMutation {
  @Mutation(() => ConfirmPaymentIntentPayload, {
    description:
      "Makes the payment. The intent becomes PROCESSING immediately, and the processor's answer follows.",
  })
  async confirmPaymentIntent(
    @Arg("input", () => ConfirmPaymentIntentInput, {
      description: "The payment intent to confirm, and how to pay.",
    })
    input: ConfirmPaymentIntentInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<ConfirmPaymentIntentPayload> {
    const caller = callerOf(context);
    const key = checkIdempotencyKey(idempotencyKey);
    const command = {
      paymentIntentId: checkId("input.paymentIntentId", "paymentIntent", input.paymentIntentId),
      paymentMethod: checkPaymentMethod(input.paymentMethod),
      returnUrl: input.returnUrl ?? null,
    };
    requireIntent(context, command.paymentIntentId);
    const isShopper = isPublishable(caller);
    const outcome = await confirmWithinLimits(context, {
      // The spread comes last, as in createPaymentIntent.
      merchantId: caller.merchantId,
      actor: caller.id,
      traceparent: context.traceparent,
      key: isShopper ? shopperKey(command.paymentIntentId, key) : key,
      formerKey: isShopper ? key : undefined,
      fingerprint: hexFingerprint(CONFIRM, command),
      processor: context.app.config.defaultProcessor,
      ...command,
    });
    afterCommit(context, outcome, command.paymentIntentId);
    return { paymentIntent: outcome.result, idempotency: idempotencyOf(outcome, outcome.result) };
  }
}

/** Whoever tests cards is stopped here, before anything is stored. */
async function confirmWithinLimits(
  context: Context,
  command: ConfirmPaymentIntent,
): Promise<Outcome<intents.PaymentIntent>> {
  const { confirms } = context.app.limits;
  const confirm = {
    merchantId: command.merchantId,
    paymentIntentId: command.paymentIntentId,
    paymentMethod: command.paymentMethod,
    key: command.actor,
    address: context.limited.address,
    isPublishable: isPublishable(callerOf(context)),
  };
  confirms.check(confirm);
  const outcome = await context.app.confirmPaymentIntent(command);
  if (outcome instanceof Error) {
    if (outcome instanceof Failure && outcome.code === "INVALID_STATE")
      confirms.countRefused(confirm);
    throw outcome;
  }
  const { paymentMethod } = outcome.result;
  if (outcome.status === "EXECUTED") confirms.count({ ...confirm, paymentMethod });
  return outcome;
}
