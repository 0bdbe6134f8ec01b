import { Field, Int, ObjectType } from "type-graphql";
import type { Mode } from "../../src/merchants/api-key";
import type * as accounts from "../../src/processor-accounts/account";
import { MerchantMode, ProcessorAccountStatus } from "../merchant-enums";
import { Node } from "../node";
import { DateTime, Metadata } from "../scalars";
import { connectionOf } from "./connection";

@ObjectType({
  simpleResolvers: true,
  implements: Node,
  description:
    "A merchant's account at a card processor, without its credentials and secrets, which are never shown.",
})
export class ProcessorAccount {
  readonly id!: string;

  @Field(() => String, { description: "The name of the processor." })
  readonly processor!: string;

  @Field(() => MerchantMode, { description: "Whether what is done there moves real money." })
  readonly mode!: Mode;

  @Field(() => String, { description: "The processor's own id for the account." })
  readonly externalAccountId!: string;

  @Field(() => ProcessorAccountStatus, { description: "Whether it gets new payments." })
  readonly status!: accounts.AccountStatus;

  @Field(() => String, {
    nullable: true,
    description: "Why the account is disabled, where a reason was given.",
  })
  readonly disabledReason!: string | null;

  @Field(() => DateTime, { nullable: true, description: "When the account was disabled." })
  readonly disabledAt!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The version of the processor's API that is used; null where it has none.",
  })
  readonly apiVersion!: string | null;

  @Field(() => Metadata, { description: "The account's settings, as its processor needs them." })
  readonly settings!: Readonly<Record<string, string>>;

  @Field(() => String, { description: "The end of the credentials, to tell them from others." })
  readonly credentialsHint!: string;

  @Field(() => DateTime, { description: "Since when the account has its present credentials." })
  readonly credentialsChangedAt!: string;

  @Field(() => String, {
    description: "The path, on the API's address, that the processor is to send its webhooks to.",
  })
  readonly webhookPath!: string;

  @Field(() => String, {
    nullable: true,
    description:
      "The end of the secret that the account's webhooks are verified with; null when there is none, and all are refused.",
  })
  readonly webhookSecretHint!: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description:
      "Until when webhooks signed with the previous secret are accepted as well; null when they are not.",
  })
  readonly previousWebhookSecretExpiresAt!: string | null;

  @Field(() => Int, { description: "How often the account has changed, counted from 1." })
  readonly version!: number;

  @Field(() => DateTime, { description: "When the account was connected." })
  readonly createdAt!: string;

  @Field(() => DateTime, { description: "When the account last changed." })
  readonly updatedAt!: string;
}

export const ProcessorAccountConnection = connectionOf(() => ProcessorAccount, "ProcessorAccount");
