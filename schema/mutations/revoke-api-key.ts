import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from "type-graphql";
import type * as store from "../../src/merchants/api-key-store";
import { revokeApiKey } from "../../src/merchants/revoke-api-key";
import { auditOf } from "../audit";
import { type Context, callerOf } from "../context";
import { checkId, checkIdempotencyKey } from "../input";
import { ApiKey } from "../types/api-key";
import { Idempotency, idempotencyOf } from "../types/idempotency";
import { IDEMPOTENCY_KEY } from "./mutation";

@InputType({ description: "The API key to revoke." })
export class RevokeApiKeyInput {
  @Field(() => ID, { description: "The API key's id." })
  readonly apiKeyId!: string;
}

@ObjectType({ simpleResolvers: true, description: "The result of revokeApiKey." })
export class RevokeApiKeyPayload {
  @Field(() => ApiKey, { description: "The API key." })
  readonly apiKey!: store.ApiKey;

  @Field(() => Idempotency, { description: "Whether this request was executed or replayed." })
  readonly idempotency!: Idempotency;
}

@Resolver()
export class RevokeApiKeyMutation {
  @Mutation(() => RevokeApiKeyPayload, {
    description:
      "Revokes an API key for good. Within a second of the answer it is refused everywhere.",
  })
  async revokeApiKey(
    @Arg("input", () => RevokeApiKeyInput, { description: "The API key to revoke." })
    input: RevokeApiKeyInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<RevokeApiKeyPayload> {
    const outcome = await revokeApiKey(context.app, {
      caller: callerOf(context),
      audit: auditOf(context, "revokeApiKey"),
      key: checkIdempotencyKey(idempotencyKey),
      apiKeyId: checkId("input.apiKeyId", "apiKey", input.apiKeyId),
    });
    return { apiKey: outcome.result, idempotency: idempotencyOf(outcome) };
  }
}
