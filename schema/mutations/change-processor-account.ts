import { Arg, Ctx, Field, ID, InputType, Int, Mutation, ObjectType, Resolver } from "type-graphql";
import type { Outcome } from "../../src/idempotency/keys";
import type * as accounts from "../../src/processor-accounts/account";
import type { AccountCommand } from "../../src/processor-accounts/change-account-once";
import { rotateProcessorCredentials } from "../../src/processor-accounts/rotate-processor-credentials";
import { rotateProcessorWebhookSecret } from "../../src/processor-accounts/rotate-processor-webhook-secret";
import {
  disableProcessorAccount,
  enableProcessorAccount,
} from "../../src/processor-accounts/switch-processor-account";
import {
  OVERLAP_SECONDS_DEFAULT,
  OVERLAP_SECONDS_MAX,
} from "../../src/webhooks/rotate-webhook-secret";
import { auditOf } from "../audit";
import { type Context, callerOf } from "../context";
import { badInput, checkId, checkIdempotencyKey, checkOptionalText, checkText } from "../input";
import { Metadata } from "../scalars";
import { Idempotency, idempotencyOf } from "../types/idempotency";
import { ProcessorAccount } from "../types/processor-account";
import { CREDENTIALS_DESCRIPTION, WEBHOOK_SECRET_DESCRIPTION } from "./connect-processor-account";
import { IDEMPOTENCY_KEY } from "./mutation";

/** What is done to an account that is connected. All of it changes the account, and shows it as it is then. */

@InputType({ description: "The account, and its new credentials." })
export class RotateProcessorCredentialsInput {
  @Field(() => ID, { description: "The account's id." })
  readonly processorAccountId!: string;

  @Field(() => Metadata, { description: CREDENTIALS_DESCRIPTION })
  readonly credentials!: Readonly<Record<string, string>>;
}

@InputType({ description: "The account, and the new secret of its webhooks." })
export class RotateProcessorWebhookSecretInput {
  @Field(() => ID, { description: "The account's id." })
  readonly processorAccountId!: string;

  @Field(() => String, { description: WEBHOOK_SECRET_DESCRIPTION })
  readonly webhookSecret!: string;

  @Field(() => Int, {
    defaultValue: OVERLAP_SECONDS_DEFAULT,
    description:
      "For how many seconds webhooks signed with the present secret are accepted as well, 0 to 604800 (7 days); 0 replaces it at once.",
  })
  readonly overlapSeconds!: number;
}

@InputType({ description: "The account to disable." })
export class DisableProcessorAccountInput {
  @Field(() => ID, { description: "The account's id." })
  readonly processorAccountId!: string;

  @Field(() => String, {
    nullable: true,
    description: "Why, for whoever looks at the account later: at most 500 characters.",
  })
  readonly reason?: string | null;
}

@InputType({ description: "The account to enable." })
export class EnableProcessorAccountInput {
  @Field(() => ID, { description: "The account's id." })
  readonly processorAccountId!: string;
}

@ObjectType({ simpleResolvers: true })
class ChangedAccount {
  @Field(() => ProcessorAccount, { description: "The account." })
  readonly processorAccount!: accounts.ProcessorAccount;

  @Field(() => Idempotency, { description: "Whether this request was executed or replayed." })
  readonly idempotency!: Idempotency;
}

@ObjectType({ simpleResolvers: true, description: "The result of rotateProcessorCredentials." })
export class RotateProcessorCredentialsPayload extends ChangedAccount {}

@ObjectType({ simpleResolvers: true, description: "The result of rotateProcessorWebhookSecret." })
export class RotateProcessorWebhookSecretPayload extends ChangedAccount {}

@ObjectType({ simpleResolvers: true, description: "The result of disableProcessorAccount." })
export class DisableProcessorAccountPayload extends ChangedAccount {}

@ObjectType({ simpleResolvers: true, description: "The result of enableProcessorAccount." })
export class EnableProcessorAccountPayload extends ChangedAccount {}

interface Asked {
  readonly name: string;
  readonly id: string;
  readonly key: string;
}

function commandOf(context: Context, { name, id, key }: Asked): AccountCommand {
  const processorAccountId = checkId("input.processorAccountId", "processorAccount", id);
  return {
    merchantId: callerOf(context).merchantId,
    audit: auditOf(context, name, { subjectId: processorAccountId }),
    key: checkIdempotencyKey(key),
    processorAccountId,
  };
}

function changed(outcome: Outcome<accounts.ProcessorAccount>): ChangedAccount {
  return { processorAccount: outcome.result, idempotency: idempotencyOf(outcome) };
}

function checkOverlap(seconds: number): number {
  if (seconds >= 0 && seconds <= OVERLAP_SECONDS_MAX) return seconds;
  throw badInput(
    "input.overlapSeconds",
    `This must be 0 to ${String(OVERLAP_SECONDS_MAX)} seconds.`,
  );
}

@Resolver()
export class ChangeProcessorAccountMutations {
  @Mutation(() => RotateProcessorCredentialsPayload, {
    description:
      "Gives an account new credentials, which the processor must say are the same account's. What is on its way was sent with those before: do not revoke them at once.",
  })
  async rotateProcessorCredentials(
    @Arg("input", () => RotateProcessorCredentialsInput, { description: "The account." })
    input: RotateProcessorCredentialsInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) key: string,
    @Ctx() context: Context,
  ): Promise<ChangedAccount> {
    const asked = { name: "rotateProcessorCredentials", id: input.processorAccountId, key };
    const { credentials } = input;
    return changed(
      await rotateProcessorCredentials(context.app, { ...commandOf(context, asked), credentials }),
    );
  }

  @Mutation(() => RotateProcessorWebhookSecretPayload, {
    description:
      "Gives an account another webhook secret. During the overlap webhooks signed with either are accepted. While one overlap lasts, only a rotation with an overlap of 0 is possible.",
  })
  async rotateProcessorWebhookSecret(
    @Arg("input", () => RotateProcessorWebhookSecretInput, { description: "The account." })
    input: RotateProcessorWebhookSecretInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) key: string,
    @Ctx() context: Context,
  ): Promise<ChangedAccount> {
    const asked = { name: "rotateProcessorWebhookSecret", id: input.processorAccountId, key };
    const length = { min: 1, max: 500 };
    return changed(
      await rotateProcessorWebhookSecret(context.app, {
        ...commandOf(context, asked),
        webhookSecret: checkText("input.webhookSecret", input.webhookSecret, length),
        overlapSeconds: checkOverlap(input.overlapSeconds),
      }),
    );
  }

  @Mutation(() => DisableProcessorAccountPayload, {
    description:
      "Gives an account no new payments. What it has begun is finished there: it can be captured, refunded and canceled.",
  })
  async disableProcessorAccount(
    @Arg("input", () => DisableProcessorAccountInput, { description: "The account." })
    input: DisableProcessorAccountInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) key: string,
    @Ctx() context: Context,
  ): Promise<ChangedAccount> {
    const asked = { name: "disableProcessorAccount", id: input.processorAccountId, key };
    const reason = checkOptionalText("input.reason", input.reason, { min: 1, max: 500 });
    return changed(
      await disableProcessorAccount(context.app, { ...commandOf(context, asked), reason }),
    );
  }

  @Mutation(() => EnableProcessorAccountPayload, {
    description: "Gives an account that was disabled new payments again.",
  })
  async enableProcessorAccount(
    @Arg("input", () => EnableProcessorAccountInput, { description: "The account." })
    input: EnableProcessorAccountInput,
    @Arg("idempotencyKey", () => String, IDEMPOTENCY_KEY) key: string,
    @Ctx() context: Context,
  ): Promise<ChangedAccount> {
    const asked = { name: "enableProcessorAccount", id: input.processorAccountId, key };
    return changed(await enableProcessorAccount(context.app, commandOf(context, asked)));
  }
}
