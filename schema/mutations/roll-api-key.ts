import { Arg, Ctx, Field, ID, InputType, Int, Mutation, ObjectType, Resolver } from "type-graphql";
import type * as store from "../../src/merchants/api-key-store";
import {
  OVERLAP_SECONDS_DEFAULT,
  OVERLAP_SECONDS_MAX,
  rollApiKey,
} from "../../src/merchants/roll-api-key";
import { auditOf } from "../audit";
import { type Context, callerOf } from "../context";
import { badInput, checkId, checkIdempotencyKey } from "../input";
import { DateTime } from "../scalars";
import { ApiKey } from "../types/api-key";
import { Idempotency, idempotencyOf } from "../types/idempotency";
import { IDEMPOTENCY_KEY, SHOWN_FOR_A_DAY } from "./mutation";

@InputType({ description: "The API key to roll, and how long it lives on." })
export class RollApiKeyInput {
  @Field(() => ID, { description: "The API key's id." })
  readonly apiKeyId!: string;

  @Field(() => Int, {
    defaultValue: OVERLAP_SECONDS_DEFAULT,
    description:
      "For how many seconds the old key can still be used, 0 to 2592000 (30 days); 0 ends it at once.",
  })
  readonly overlapSeconds!: number;

  @Field(() => DateTime, {
    nullable: true,
    description:
      "From when on the new key cannot be used; when this is absent, the old key's expiry, if it has one.",
  })
  readonly expiresAt?: string | null;
}

@ObjectType({ simpleResolvers: true, description: "The result of rollApiKey." })
export class RollApiKeyPayload {
  @Field(() => ApiKey, { description: "The new API key." })
  readonly apiKey!: store.ApiKey;

  @Field(() => String, {
    nullable: true,
    description: `The new key's text, which is sent with requests. ${SHOWN_FOR_A_DAY}`,
  })
  readonly secret!: string | null;

  @Field(() => ApiKey, {
    nullable: true,
    description:
      "The old API key, which now expires. Replays show it until the idempotency key's record has expired.",
  })
  readonly oldApiKey!: store.ApiKey | null;

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
export class RollApiKeyMutation {
  @Mutation(() => RollApiKeyPayload, {
    description:
      "Replaces an API key by a new one that may do the same, and lets the old one live on for a while. A key cannot roll one that may do more than itself, and a key that was itself made by rolling can be rolled when its predecessor has ended.",
  })
  async rollApiKey(
    @Arg("input", () => RollApiKeyInput, { description: "The API key to roll." })
    input: RollApiKeyInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<RollApiKeyPayload> {
    const apiKeyId = checkId("input.apiKeyId", "apiKey", input.apiKeyId);
    const outcome = await rollApiKey(context.app, {
      audit: auditOf(context, "rollApiKey", { details: { rolledFrom: apiKeyId } }),
      minter: callerOf(context),
      key: checkIdempotencyKey(idempotencyKey),
      apiKeyId,
      overlapSeconds: checkOverlap(input.overlapSeconds),
      expiresAt: input.expiresAt ?? null,
    });
    const { result: apiKey, oldApiKey, secret } = outcome;
    return { apiKey, oldApiKey, secret, idempotency: idempotencyOf(outcome) };
  }
}
