import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from "type-graphql";
import { PLATFORM_MERCHANT_ID } from "../../src/merchants/api-key";
import type * as breaks from "../../src/reconciliation/break";
import {
  type BreakAction,
  resolveBreak,
  resolveBreakOperation,
} from "../../src/reconciliation/resolve-break";
import { auditOf } from "../audit";
import { type Context, callerOf } from "../context";
import { checkId, checkIdempotencyKey, checkOptionalText, checkText } from "../input";
import { ReconciliationBreakAction } from "../reconciliation-enums";
import { Idempotency, idempotencyOf } from "../types/idempotency";
import { ReconciliationBreak } from "../types/reconciliation";
import { IDEMPOTENCY_KEY, afterCommit } from "./mutation";

@InputType({ description: "A break, and what to do about it." })
export class ResolveReconciliationBreakInput {
  @Field(() => ID, { description: "The break's id." })
  readonly breakId!: string;

  @Field(() => ReconciliationBreakAction, { description: "What to do." })
  readonly action!: BreakAction;

  @Field(() => String, {
    description: "How it came about, or why it is resolved, in 1 to 1,000 characters.",
  })
  readonly reason!: string;

  @Field(() => String, {
    nullable: true,
    description: "Who sees to it, in at most 100 characters. The default is the API key's id.",
  })
  readonly owner?: string | null;
}

@ObjectType({ simpleResolvers: true, description: "The result of resolveReconciliationBreak." })
export class ResolveReconciliationBreakPayload {
  @Field(() => ReconciliationBreak, { description: "The break as it stands now." })
  readonly reconciliationBreak!: breaks.Break;

  @Field(() => Idempotency, { description: "Whether this request was executed or replayed." })
  readonly idempotency!: Idempotency;
}

@Resolver()
export class ResolveReconciliationBreakMutation {
  @Mutation(() => ResolveReconciliationBreakPayload, {
    description:
      "Explains a reconciliation break, or resolves it: with the correction that is proposed, which is posted as a journal of its own, or without one. Done by a platform operator, who acts for the merchant with the header oncepay-merchant, or for none.",
  })
  async resolveReconciliationBreak(
    @Arg("input", () => ResolveReconciliationBreakInput, {
      description: "The break, and what to do about it.",
    })
    input: ResolveReconciliationBreakInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<ResolveReconciliationBreakPayload> {
    const { merchantId, id } = callerOf(context);
    const key = checkIdempotencyKey(idempotencyKey);
    const breakId = checkId("input.breakId", "reconciliationBreak", input.breakId);
    const reason = checkText("input.reason", input.reason, { min: 1, max: 1_000 });
    // A correction posts money, which is the system's work, whoever approves it.
    const needs = { db: context.systemDb, replays: context.app.replays };
    const outcome = await resolveBreak(needs, {
      merchantId,
      ofMerchantId: merchantId === PLATFORM_MERCHANT_ID ? null : merchantId,
      key,
      breakId,
      action: input.action,
      reason,
      owner: checkOptionalText("input.owner", input.owner, { max: 100 }) ?? id,
      audit: auditOf(context, resolveBreakOperation.name, {
        subjectId: breakId,
        details: { reason, resolution: input.action },
      }),
    });
    afterCommit(context, outcome);
    return { reconciliationBreak: outcome.result, idempotency: idempotencyOf(outcome) };
  }
}
