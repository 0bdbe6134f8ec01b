import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from "type-graphql";
import { fingerprint } from "../../src/idempotency/fingerprint";
import { PLATFORM_MERCHANT_ID } from "../../src/merchants/api-key";
import type { Resolution as ResolutionName } from "../../src/payments/attempt";
import type * as evidence from "../../src/payments/evidence-store";
import type * as intents from "../../src/payments/payment-intent";
import { RESOLVE_UNKNOWN, resolveUnknownAttempt } from "../../src/payments/resolve-unknown-attempt";
import { auditOf } from "../audit";
import { type Context, callerOf } from "../context";
import { Resolution } from "../enums";
import { checkId, checkIdempotencyKey, checkOptionalText, checkText } from "../input";
import { Evidence } from "../types/attempt";
import { Idempotency, idempotencyOf } from "../types/idempotency";
import { PaymentIntent } from "../types/payment-intent";
import { IDEMPOTENCY_KEY, afterCommit } from "./mutation";

@InputType({ description: "What an operator found out about an attempt." })
export class ResolveUnknownAttemptInput {
  @Field(() => ID, { description: "The attempt's id." })
  readonly attemptId!: string;

  @Field(() => Resolution, { description: "What happened at the processor." })
  readonly resolution!: ResolutionName;

  @Field(() => String, { description: "How the operator knows; stored permanently as evidence." })
  readonly reason!: string;

  @Field(() => String, { nullable: true, description: "The processor's id for the charge." })
  readonly processorChargeId?: string | null;

  @Field(() => Boolean, {
    defaultValue: false,
    description:
      "Whether to resolve it although the processor has yet to be asked, or the outcome has been unknown for a short time only. Otherwise that is refused with INVALID_STATE. It is kept in the audit log.",
  })
  readonly override!: boolean;
}

@ObjectType({ simpleResolvers: true, description: "The result of resolveUnknownAttempt." })
export class ResolveUnknownAttemptPayload {
  @Field(() => PaymentIntent, {
    description: "The payment intent as it stood when the attempt was resolved.",
  })
  readonly paymentIntent!: intents.PaymentIntent;

  @Field(() => Evidence, {
    nullable: true,
    description:
      "What the attempt's evidence says about this request where two platform operators must say the same and this is the first; nothing is settled then. Null when the attempt was settled.",
  })
  readonly proposal!: evidence.Evidence | null;

  @Field(() => Idempotency, { description: "Whether this request was executed or replayed." })
  readonly idempotency!: Idempotency;
}

@Resolver()
export class ResolveUnknownAttemptMutation {
  @Mutation(() => ResolveUnknownAttemptPayload, {
    description:
      "Settles an attempt whose outcome is unknown, on a platform operator's word, who acts for the merchant with the header oncepay-merchant. Where the installation requires four eyes, the first operator's word is a proposal, and a second operator's request with the same resolution settles it. The processor goes on being asked; if it contradicts the operator, any money that moved is returned, and the attempt's evidence says so.",
  })
  async resolveUnknownAttempt(
    @Arg("input", () => ResolveUnknownAttemptInput, {
      description: "The attempt, and what the operator found out about it.",
    })
    input: ResolveUnknownAttemptInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<ResolveUnknownAttemptPayload> {
    const caller = callerOf(context);
    const key = checkIdempotencyKey(idempotencyKey);
    const { override } = input;
    const command = {
      attemptId: checkId("input.attemptId", "attempt", input.attemptId),
      resolution: input.resolution,
      reason: checkText("input.reason", input.reason, { min: 1, max: 1_000 }),
      processorChargeId: checkOptionalText("input.processorChargeId", input.processorChargeId, {
        max: 255,
      }),
    };
    // It settles, which posts money: the system's work, whoever asks for it.
    const { config, replays } = context.app;
    const needs = { db: context.systemDb, config, replays };
    const outcome = await resolveUnknownAttempt(needs, {
      ...command,
      merchantId: caller.merchantId,
      operator: { holder: PLATFORM_MERCHANT_ID, actor: caller.id, origin: caller.origin },
      audit: auditOf(context, RESOLVE_UNKNOWN, {
        subjectId: command.attemptId,
        details: { resolution: command.resolution, ...(override && { override }) },
      }),
      key,
      override,
      // Without override it is what it was before there was such a thing: keys of that time are still known.
      fingerprint: fingerprint(RESOLVE_UNKNOWN, {
        ...command,
        ...(override && { override }),
      }).toString("hex"),
    });
    afterCommit(context, outcome, outcome.result.id);
    const { result, proposal } = outcome;
    return { paymentIntent: result, proposal, idempotency: idempotencyOf(outcome, result) };
  }
}
