import { Arg, Ctx, Field, InputType, Mutation, ObjectType, Resolver } from "type-graphql";
import { createMerchantOnce } from "../../src/merchants/create-merchant-once";
import { type Context, callerOf } from "../context";
import { checkIdempotencyKey, checkText } from "../input";
import { Idempotency, idempotencyOf } from "../types/idempotency";
import { Merchant } from "../types/merchant";
import { IDEMPOTENCY_KEY, SHOWN_FOR_A_DAY } from "./mutation";

@InputType({ description: "The merchant to create." })
export class CreateMerchantInput {
  @Field(() => String, { description: "Its name, 1 to 200 characters." })
  readonly name!: string;
}

@ObjectType({ simpleResolvers: true, description: "What createMerchant answers." })
export class CreateMerchantPayload {
  @Field(() => Merchant, { description: "The merchant." })
  readonly merchant!: Merchant;

  @Field(() => String, { nullable: true, description: `Its backend's key. ${SHOWN_FOR_A_DAY}` })
  readonly secretKey!: string | null;

  @Field(() => String, { nullable: true, description: `Its frontend's key. ${SHOWN_FOR_A_DAY}` })
  readonly publishableKey!: string | null;

  @Field(() => String, { nullable: true, description: `Its operators' key. ${SHOWN_FOR_A_DAY}` })
  readonly operatorKey!: string | null;

  @Field(() => Idempotency, { description: "What the idempotency key decided." })
  readonly idempotency!: Idempotency;
}

@Resolver()
export class CreateMerchantMutation {
  @Mutation(() => CreateMerchantPayload, {
    description: "Creates a merchant with its first API keys. It needs the scope merchants:write.",
  })
  async createMerchant(
    @Arg("input", () => CreateMerchantInput, { description: "The merchant." })
    input: CreateMerchantInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<CreateMerchantPayload> {
    const outcome = await createMerchantOnce(context.app, {
      merchantId: callerOf(context).merchantId,
      key: checkIdempotencyKey(idempotencyKey),
      name: checkText("input.name", input.name, { min: 1, max: 200 }),
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
