import { Arg, Ctx, Field, ID, InputType, Int, Mutation, ObjectType, Resolver } from "type-graphql";
import type * as webhooks from "../../src/webhooks/delivery";
import {
  OVERLAP_SECONDS_DEFAULT,
  OVERLAP_SECONDS_MAX,
  rotateWebhookSecret,
} from "../../src/webhooks/rotate-webhook-secret";
import { auditOf } from "../audit";
import { type Context, callerOf } from "../context";
import { badInput, checkId, checkIdempotencyKey } from "../input";
import { Idempotency, idempotencyOf } from "../types/idempotency";
import { WebhookEndpoint } from "../types/webhook";
import { IDEMPOTENCY_KEY, SHOWN_FOR_A_DAY, afterCommit } from "./mutation";

@InputType({ description: "The endpoint, and how long its present secret still signs." })
export class RotateWebhookSecretInput {
  @Field(() => ID, { description: "The endpoint's id." })
  readonly webhookEndpointId!: string;

  @Field(() => Int, {
    defaultValue: OVERLAP_SECONDS_DEFAULT,
    description:
      "For how many seconds deliveries are signed with the present secret as well, 0 to 604800 (7 days); 0 replaces it at once.",
  })
  readonly overlapSeconds!: number;
}

@ObjectType({ simpleResolvers: true, description: "The result of rotateWebhookSecret." })
export class RotateWebhookSecretPayload {
  @Field(() => WebhookEndpoint, { description: "The endpoint." })
  readonly webhookEndpoint!: webhooks.WebhookEndpoint;

  @Field(() => String, {
    nullable: true,
    description: `The new secret, in the form that Standard Webhooks specifies: whsec_…. ${SHOWN_FOR_A_DAY}`,
  })
  readonly secret!: string | null;

  @Field(() => Idempotency, { description: "Whether this request was executed or replayed." })
  readonly idempotency!: Idempotency;
}

function checkOverlap(seconds: number): number {
  if (seconds >= 0 && seconds <= OVERLAP_SECONDS_MAX) return seconds;
  throw badInput(
    "input.overlapSeconds",
    `This must be 0 to ${String(OVERLAP_SECONDS_MAX)} seconds.`,
  );
}

@Resolver()
export class RotateWebhookSecretMutation {
  @Mutation(() => RotateWebhookSecretPayload, {
    description:
      "Gives a webhook endpoint a new secret. During the overlap each delivery has two signatures, so receivers can be changed over at any time of it. While one overlap lasts, only a rotation with an overlap of 0 is possible.",
  })
  async rotateWebhookSecret(
    @Arg("input", () => RotateWebhookSecretInput, { description: "The endpoint." })
    input: RotateWebhookSecretInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<RotateWebhookSecretPayload> {
    const id = checkId("input.webhookEndpointId", "webhookEndpoint", input.webhookEndpointId);
    const outcome = await rotateWebhookSecret(context.app, {
      merchantId: callerOf(context).merchantId,
      audit: auditOf(context, "rotateWebhookSecret", { subjectId: id }),
      key: checkIdempotencyKey(idempotencyKey),
      webhookEndpointId: id,
      overlapSeconds: checkOverlap(input.overlapSeconds),
    });
    afterCommit(context, outcome);
    return {
      webhookEndpoint: outcome.result,
      secret: outcome.secret,
      idempotency: idempotencyOf(outcome),
    };
  }
}
