import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from "type-graphql";
import type * as attempts from "../../src/payments/attempt";
import { lookUpAttemptNow } from "../../src/payments/look-up-attempt-now";
import { auditOf } from "../audit";
import { type Context, callerOf } from "../context";
import { checkId, checkIdempotencyKey } from "../input";
import { Attempt } from "../types/attempt";
import { Idempotency, idempotencyOf } from "../types/idempotency";
import { IDEMPOTENCY_KEY } from "./mutation";

@InputType({ description: "The attempt to look up." })
export class LookUpAttemptInput {
  @Field(() => ID, { description: "The attempt's id." })
  readonly attemptId!: string;
}

@ObjectType({ simpleResolvers: true, description: "The result of lookUpAttempt." })
export class LookUpAttemptPayload {
  @Field(() => Attempt, {
    description:
      "The attempt, as it was then: once its `lookups` exceeds this, the processor has been asked.",
  })
  readonly attempt!: attempts.Attempt;

  @Field(() => Idempotency, { description: "Whether this request was executed or replayed." })
  readonly idempotency!: Idempotency;
}

@Resolver()
export class LookUpAttemptMutation {
  @Mutation(() => LookUpAttemptPayload, {
    description:
      "Has the processor asked for the outcome of an attempt now rather than when its next look-up is due, on behalf of a platform operator, who acts for the merchant with the header oncepay-merchant. For attempts whose outcome is unknown, and for those that an operator resolved and the processor has yet to confirm. The answer does not wait for the processor.",
  })
  async lookUpAttempt(
    @Arg("input", () => LookUpAttemptInput, { description: "The attempt to look up." })
    input: LookUpAttemptInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<LookUpAttemptPayload> {
    const key = checkIdempotencyKey(idempotencyKey);
    const attemptId = checkId("input.attemptId", "attempt", input.attemptId);
    // When attempts are due is the system's business, whoever asks for it.
    const needs = { db: context.systemDb, replays: context.app.replays };
    const outcome = await lookUpAttemptNow(needs, {
      merchantId: callerOf(context).merchantId,
      audit: auditOf(context, "lookUpAttempt", { subjectId: attemptId }),
      key,
      attemptId,
    });
    return { attempt: outcome.result, idempotency: idempotencyOf(outcome) };
  }
}
