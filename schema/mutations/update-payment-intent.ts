import { Arg, Ctx, Field, ID, InputType, Int, Mutation, ObjectType, Resolver } from "type-graphql";
import { fingerprint } from "../../src/idempotency/fingerprint";
import type * as intents from "../../src/payments/payment-intent";
import { UPDATE, updatePaymentIntent } from "../../src/payments/update-payment-intent";
import { auditOf } from "../audit";
import { type Context, callerOf } from "../context";
import {
  type TextLimits,
  badInput,
  checkAmount,
  checkId,
  checkIdempotencyKey,
  checkOptionalText,
} from "../input";
import { Metadata, MinorUnits } from "../scalars";
import { Idempotency, idempotencyOf } from "../types/idempotency";
import { PaymentIntent } from "../types/payment-intent";
import { IDEMPOTENCY_KEY, afterCommit, inTurn } from "./mutation";

@InputType({
  description: "The payment intent, and what of it changes. What is absent stays as it is.",
})
export class UpdatePaymentIntentInput {
  @Field(() => ID, { description: "The payment intent's id." })
  readonly paymentIntentId!: string;

  @Field(() => MinorUnits, {
    nullable: true,
    description: "The new amount in the currency's minor unit, at least 1.",
  })
  readonly amount?: number | null;

  @Field(() => String, {
    nullable: true,
    description: "What the payment is for, at most 1000 characters. Null takes it away.",
  })
  readonly description?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "The merchant's own identifier for the shopper, at most 255 characters. Null takes it away.",
  })
  readonly customer?: string | null;

  @Field(() => Metadata, {
    nullable: true,
    description:
      "Key-value pairs that join those that are there: a new value takes the place of the old one, and an empty value takes the pair away. Null takes all of them away.",
  })
  readonly metadata?: Readonly<Record<string, string>> | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "The version of the payment intent that the caller knows. If it has another one by now, the update is refused with INVALID_STATE and `details.version`.",
  })
  readonly expectedVersion?: number | null;
}

@ObjectType({ simpleResolvers: true, description: "The result of updatePaymentIntent." })
export class UpdatePaymentIntentPayload {
  @Field(() => PaymentIntent, { description: "The payment intent as the update left it." })
  readonly paymentIntent!: intents.PaymentIntent;

  @Field(() => Idempotency, { description: "Whether this request was executed or replayed." })
  readonly idempotency!: Idempotency;
}

function given(name: string, text: string | null | undefined, limits: TextLimits) {
  return text === undefined ? undefined : checkOptionalText(`input.${name}`, text, limits);
}

function checked(input: UpdatePaymentIntentInput) {
  const changes = {
    amount: input.amount == null ? undefined : checkAmount(input.amount),
    description: given("description", input.description, { max: 1_000 }),
    customer: given("customer", input.customer, { max: 255 }),
    metadata: input.metadata,
  };
  const isEmpty = Object.values(changes).every((value) => value === undefined);
  if (isEmpty) throw badInput("input", "There is nothing to change.");
  return changes;
}

@Resolver()
export class UpdatePaymentIntentMutation {
  @Mutation(() => UpdatePaymentIntentPayload, {
    description:
      "Changes a payment intent that has not been confirmed, or whose last card was declined and may be replaced.",
  })
  async updatePaymentIntent(
    @Arg("input", () => UpdatePaymentIntentInput, {
      description: "The payment intent, and what changes.",
    })
    input: UpdatePaymentIntentInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<UpdatePaymentIntentPayload> {
    const caller = callerOf(context);
    const key = checkIdempotencyKey(idempotencyKey);
    const changes = checked(input);
    const command = {
      paymentIntentId: checkId("input.paymentIntentId", "paymentIntent", input.paymentIntentId),
      ...changes,
      expectedVersion: input.expectedVersion ?? null,
    };
    // To take something away is another request than to leave it, and a fingerprint does not tell null from absent.
    const cleared = Object.entries(changes).flatMap(([name, to]) => (to === null ? [name] : []));
    const asked = { ...command, clears: cleared.length > 0 ? cleared : null };
    const keyed = {
      ...command,
      replays: context.app.replays,
      merchantId: caller.merchantId,
      actor: caller.id,
      audit: auditOf(context, UPDATE),
      key,
      fingerprint: fingerprint(UPDATE, asked).toString("hex"),
    };
    const outcome = await inTurn(context, { name: UPDATE, command: keyed }, updatePaymentIntent);
    afterCommit(context, outcome);
    return { paymentIntent: outcome.result, idempotency: idempotencyOf(outcome, outcome.result) };
  }
}
