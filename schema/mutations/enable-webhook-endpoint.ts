import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from "type-graphql";
import type * as webhooks from "../../src/webhooks/delivery";
import {
  type CatchUp as CatchUpName,
  enableWebhookEndpoint,
} from "../../src/webhooks/enable-webhook-endpoint";
import { auditOf } from "../audit";
import { type Context, callerOf } from "../context";
import { badInput, checkId, checkIdempotencyKey } from "../input";
import { DateTime } from "../scalars";
import { Idempotency, idempotencyOf } from "../types/idempotency";
import { WebhookEndpoint } from "../types/webhook";
import { CatchUp } from "../webhook-enums";
import { IDEMPOTENCY_KEY, afterCommit } from "./mutation";

@InputType({ description: "The endpoint to enable, and what it is caught up with." })
export class EnableWebhookEndpointInput {
  @Field(() => ID, { description: "The endpoint's id." })
  readonly webhookEndpointId!: string;

  @Field(() => CatchUp, {
    defaultValue: "ALL",
    description: "What becomes of the deliveries that were held back.",
  })
  readonly catchUp!: CatchUpName;

  @Field(() => DateTime, {
    nullable: true,
    description: "With catchUp FROM: deliveries created from then on are caught up.",
  })
  readonly catchUpFrom?: string | null;
}

@ObjectType({ simpleResolvers: true, description: "The result of enableWebhookEndpoint." })
export class EnableWebhookEndpointPayload {
  @Field(() => WebhookEndpoint, { description: "The endpoint." })
  readonly webhookEndpoint!: webhooks.WebhookEndpoint;

  @Field(() => Idempotency, { description: "Whether this request was executed or replayed." })
  readonly idempotency!: Idempotency;
}

function checkCatchUpFrom({ catchUp, catchUpFrom }: EnableWebhookEndpointInput): string | null {
  if ((catchUp === "FROM") === (catchUpFrom != null)) return catchUpFrom ?? null;
  throw badInput("input.catchUpFrom", "This goes with catchUp: FROM, which needs it.");
}

@Resolver()
export class EnableWebhookEndpointMutation {
  @Mutation(() => EnableWebhookEndpointPayload, {
    description:
      "Resumes deliveries to a webhook endpoint that is disabled, whoever disabled it, and catches it up with what was held back.",
  })
  async enableWebhookEndpoint(
    @Arg("input", () => EnableWebhookEndpointInput, { description: "The endpoint." })
    input: EnableWebhookEndpointInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<EnableWebhookEndpointPayload> {
    const id = checkId("input.webhookEndpointId", "webhookEndpoint", input.webhookEndpointId);
    const outcome = await enableWebhookEndpoint(context.app, {
      merchantId: callerOf(context).merchantId,
      audit: auditOf(context, "enableWebhookEndpoint", { subjectId: id }),
      key: checkIdempotencyKey(idempotencyKey),
      webhookEndpointId: id,
      catchUp: input.catchUp,
      catchUpFrom: checkCatchUpFrom(input),
    });
    afterCommit(context, outcome);
    return { webhookEndpoint: outcome.result, idempotency: idempotencyOf(outcome) };
  }
}
