import { Arg, Ctx, Field, InputType, Mutation, ObjectType, Resolver } from "type-graphql";
import type * as accounts from "../../src/processor-accounts/account";
import { connectProcessorAccount } from "../../src/processor-accounts/connect-processor-account";
import { auditOf } from "../audit";
import { type Context, callerOf } from "../context";
import { checkIdempotencyKey, checkOptionalText, checkText } from "../input";
import { Metadata } from "../scalars";
import { Idempotency, idempotencyOf } from "../types/idempotency";
import { ProcessorAccount } from "../types/processor-account";
import { IDEMPOTENCY_KEY } from "./mutation";

export const CREDENTIALS_DESCRIPTION =
  "What the processor knows the account by, as it needs it: { secretKey: … } for the sandbox. It is stored sealed and never shown; send it as a variable.";

export const WEBHOOK_SECRET_DESCRIPTION =
  "What the processor signs the account's webhooks with, 1 to 500 characters. It is stored sealed and never shown; send it as a variable.";

@InputType({ description: "The account to connect." })
export class ConnectProcessorAccountInput {
  @Field(() => String, { description: "The name of the processor." })
  readonly processor!: string;

  @Field(() => Metadata, { description: CREDENTIALS_DESCRIPTION })
  readonly credentials!: Readonly<Record<string, string>>;

  @Field(() => String, {
    nullable: true,
    description: `${WEBHOOK_SECRET_DESCRIPTION} It can be given later, when the processor has been told the account's webhookPath.`,
  })
  readonly webhookSecret?: string | null;

  @Field(() => Metadata, {
    nullable: true,
    description: "The account's settings, where its processor has any.",
  })
  readonly settings?: Readonly<Record<string, string>> | null;
}

@ObjectType({ simpleResolvers: true, description: "The result of connectProcessorAccount." })
export class ConnectProcessorAccountPayload {
  @Field(() => ProcessorAccount, { description: "The account." })
  readonly processorAccount!: accounts.ProcessorAccount;

  @Field(() => Idempotency, { description: "Whether this request was executed or replayed." })
  readonly idempotency!: Idempotency;
}

@Resolver()
export class ConnectProcessorAccountMutation {
  @Mutation(() => ConnectProcessorAccountPayload, {
    description:
      "Connects an account at a card processor. The processor is asked whose credentials these are, and each of its accounts can be connected once.",
  })
  async connectProcessorAccount(
    @Arg("input", () => ConnectProcessorAccountInput, { description: "The account." })
    input: ConnectProcessorAccountInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) idempotencyKey: string,
    @Ctx() context: Context,
  ): Promise<ConnectProcessorAccountPayload> {
    const outcome = await connectProcessorAccount(context.app, {
      merchantId: callerOf(context).merchantId,
      audit: auditOf(context, "connectProcessorAccount"),
      key: checkIdempotencyKey(idempotencyKey),
      processor: checkText("input.processor", input.processor, { min: 1, max: 100 }),
      credentials: input.credentials,
      webhookSecret: checkOptionalText("input.webhookSecret", input.webhookSecret, {
        min: 1,
        max: 500,
      }),
      settings: input.settings ?? {},
    });
    return { processorAccount: outcome.result, idempotency: idempotencyOf(outcome) };
  }
}
