import { Arg, Ctx, Field, InputType, Mutation, ObjectType, Resolver } from "type-graphql";
import { ADDRESS_RANGES_MAX, normalRange } from "../../src/merchants/addresses";
import type * as keys from "../../src/merchants/api-key";
import type * as store from "../../src/merchants/api-key-store";
import { createApiKey } from "../../src/merchants/create-api-key";
import { auditOf } from "../audit";
import { type Context, callerOf } from "../context";
import { badInput, checkIdempotencyKey, checkText } from "../input";
import { ApiKeyKind } from "../merchant-enums";
import { DateTime, ScopeScalar } from "../scalars";
import { ApiKey } from "../types/api-key";
import { Idempotency, idempotencyOf } from "../types/idempotency";
import { IDEMPOTENCY_KEY, SHOWN_FOR_A_DAY } from "./mutation";

@InputType({ description: "The API key to create." })
export class CreateApiKeyInput {
  @Field(() => ApiKeyKind, { description: "Who will hold the key." })
  readonly kind!: keys.ApiKeyKind;

  @Field(() => String, { description: "What the key is for, 1 to 200 characters." })
  readonly name!: string;

  @Field(() => [ScopeScalar], {
    nullable: true,
    description:
      "What a restricted key permits its holder to do; read scopes when absent. The other kinds have fixed scopes.",
  })
  readonly scopes?: keys.Scope[] | null;

  @Field(() => DateTime, {
    nullable: true,
    description: "From when on the key cannot be used; it does not expire when this is absent.",
  })
  readonly expiresAt?: string | null;

  @Field(() => [String], {
    nullable: true,
    description:
      "The IPv4 and IPv6 addresses that the key may be used from, also as CIDR ranges such as 203.0.113.0/24, at most 50. All addresses when this is absent or empty.",
  })
  readonly allowedAddresses?: string[] | null;
}

@ObjectType({ simpleResolvers: true, description: "The result of createApiKey." })
export class CreateApiKeyPayload {
  @Field(() => ApiKey, { description: "The API key." })
  readonly apiKey!: store.ApiKey;

  @Field(() => String, {
    nullable: true,
    description: `The key's text, which is sent with requests. ${SHOWN_FOR_A_DAY}`,
  })
  readonly secret!: string | null;

  @Field(() => Idempotency, { description: "Whether this request was executed or replayed." })
  readonly idempotency!: Idempotency;
}

/** In one order and once each: which addresses they are is what counts. */
function checkAddresses(given: readonly string[] | null | undefined): string[] {
  if (!given) return [];
  if (given.length > ADDRESS_RANGES_MAX) {
    throw badInput(
      "input.allowedAddresses",
      `At most ${String(ADDRESS_RANGES_MAX)} ranges may be given.`,
    );
  }
  const ranges = given.map((text, index) => {
    const range = normalRange(text);
    if (range !== undefined) return range;
    throw badInput(
      `input.allowedAddresses.${String(index)}`,
      "This must be an IP address or a CIDR range such as 203.0.113.0/24.",
    );
  });
  return [...new Set(ranges)].sort();
}

@Resolver()
export class CreateApiKeyMutation {
  @Mutation(() => CreateApiKeyPayload, {
    description:
      "Creates an API key. A key can give another one only what it has itself: no further scope, no later expiry, no other address.",
  })
  async createApiKey(
    @Arg("input", () => CreateApiKeyInput, { description: "The API key." })
    input: CreateApiKeyInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<CreateApiKeyPayload> {
    const scopes = input.scopes ? [...new Set(input.scopes)].sort() : null;
    const outcome = await createApiKey(context.app, {
      audit: auditOf(context, "createApiKey", {
        details: { keyKind: input.kind, ...(scopes && { scopes }) },
      }),
      minter: callerOf(context),
      key: checkIdempotencyKey(idempotencyKey),
      kind: input.kind,
      name: checkText("input.name", input.name, { min: 1, max: 200 }),
      scopes,
      expiresAt: input.expiresAt ?? null,
      allowedAddresses: checkAddresses(input.allowedAddresses),
    });
    return {
      apiKey: outcome.result,
      secret: outcome.secret,
      idempotency: idempotencyOf(outcome),
    };
  }
}
