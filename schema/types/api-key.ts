import { Field, ID, ObjectType } from "type-graphql";
import type * as keys from "../../src/merchants/api-key";
import type * as store from "../../src/merchants/api-key-store";
import { ApiKeyKind, ApiKeyStatus, MerchantMode } from "../merchant-enums";
import { Node } from "../node";
import { DateTime, ScopeScalar } from "../scalars";
import { connectionOf } from "./connection";

@ObjectType({
  simpleResolvers: true,
  implements: Node,
  description: "An API key, without its text, which is shown only when the key is made.",
})
export class ApiKey {
  readonly id!: string;

  @Field(() => ApiKeyKind, { description: "Who holds the key." })
  readonly kind!: keys.ApiKeyKind;

  @Field(() => String, { description: "What the key is for, in the words of whoever made it." })
  readonly name!: string;

  @Field(() => MerchantMode, {
    description: "Whether what is done with the key moves real money; the key's text says it too.",
  })
  readonly mode!: keys.Mode;

  @Field(() => [ScopeScalar], { description: "What the key permits its holder to do." })
  readonly scopes!: readonly string[];

  @Field(() => String, {
    description: "The beginning of the key's text and its last four characters.",
  })
  readonly hint!: string;

  @Field(() => [String], {
    description:
      "The addresses that the key may be used from, as CIDR ranges. An empty list means all addresses.",
  })
  readonly allowedAddresses!: readonly string[];

  @Field(() => ApiKeyStatus, { description: "Whether the key can be used." })
  readonly status!: store.ApiKeyStatus;

  @Field(() => ID, { nullable: true, description: "The id of the key that it was rolled from." })
  readonly rolledFrom!: string | null;

  @Field(() => ID, {
    nullable: true,
    description:
      "The id of the key that made it; null when it was made on the command line or together with its merchant.",
  })
  readonly createdBy!: string | null;

  @Field(() => DateTime, { description: "When the key was made." })
  readonly createdAt!: string;

  @Field(() => DateTime, { nullable: true, description: "When the key was first used." })
  readonly firstUsedAt!: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description: "When the key was last used; at most a minute behind.",
  })
  readonly lastUsedAt!: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description: "From when on the key cannot be used; null when it does not expire.",
  })
  readonly expiresAt!: string | null;

  @Field(() => DateTime, { nullable: true, description: "When the key was revoked." })
  readonly revokedAt!: string | null;
}

export const ApiKeyConnection = connectionOf(() => ApiKey, "ApiKey");
