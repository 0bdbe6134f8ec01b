import { Arg, Ctx, Field, InputType, Mutation, ObjectType, Resolver } from "type-graphql";
import type { Mode } from "../../src/merchants/api-key";
import { createMerchantOnce } from "../../src/merchants/create-merchant-once";
import { auditOf } from "../audit";
import { type Context, callerOf } from "../context";
import { checkIdempotencyKey, checkText } from "../input";
import { MerchantMode } from "../merchant-enums";
import { Idempotency, idempotencyOf } from "../types/idempotency";
import { Merchant } from "../types/merchant";
import { IDEMPOTENCY_KEY, SHOWN_FOR_A_DAY } from "./mutation";

@InputType({ description: "The merchant to create." })
export class CreateMerchantInput {
  @Field(() => String, { description: "The merchant's name, 1 to 200 characters." })
  readonly name!: string;

  @Field(() => MerchantMode, {
    defaultValue: "TEST",
    description: "Whether its payments will move real money. It cannot be changed later.",
  })
  readonly mode!: Mode;
}

@ObjectType({ simpleResolvers: true, description: "The result of createMerchant." })
export class CreateMerchantPayload {
  @Field(() => Merchant, { description: "The merchant." })
  readonly merchant!: Merchant;

  @Field(() => String, {
    nullable: true,
    description: `The API key for the merchant's backend. ${SHOWN_FOR_A_DAY}`,
  })
  readonly secretKey!: string | null;

  @Field(() => String, {
    nullable: true,
    description: `The API key for the merchant's frontend. ${SHOWN_FOR_A_DAY}`,
  })
  readonly publishableKey!: string | null;

  @Field(() => String, {
    nullable: true,
    description: `The API key for the merchant's operators. ${SHOWN_FOR_A_DAY}`,
  })
  readonly operatorKey!: string | null;

  @Field(() => Idempotency, { description: "Whether this request was executed or replayed." })
  readonly idempotency!: Idempotency;
}

@Resolver()
export class CreateMerchantMutation {
  @Mutation(() => CreateMerchantPayload, {
    description:
      "Creates a merchant together with its first API keys. For platform operators only.",
  })
  async createMerchant(
    @Arg("input", () => CreateMerchantInput, { description: "The merchant." })
    input: CreateMerchantInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<CreateMerchantPayload> {
    // It makes another tenant.
    const needs = { db: context.systemDb, secrets: context.app.secrets };
    const outcome = await createMerchantOnce(needs, {
      merchantId: callerOf(context).merchantId,
      audit: auditOf(context, "createMerchant"),
      key: checkIdempotencyKey(idempotencyKey),
      name: checkText("input.name", input.name, { min: 1, max: 200 }),
      mode: input.mode,
    });
    const { keys } = outcome;
    return {
      merchant: outcome.result,
      secretKey: keys?.secretKey ?? null,
      publishableKey: keys?.publishableKey ?? null,
      operatorKey: keys?.operatorKey ?? null,
      idempotency: idempotencyOf(outcome),
    };
  }
}
