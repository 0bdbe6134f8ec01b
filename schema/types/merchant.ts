import { Field, ObjectType } from "type-graphql";
import type { Mode } from "../../src/merchants/api-key";
import { MerchantMode } from "../merchant-enums";
import { Node } from "../node";
import { DateTime } from "../scalars";

@ObjectType({
  simpleResolvers: true,
  implements: Node,
  description: "A tenant. Every object belongs to one merchant and is invisible to all others.",
})
export class Merchant {
  readonly id!: string;

  @Field(() => String, { description: "The merchant's name." })
  readonly name!: string;

  @Field(() => MerchantMode, { description: "Whether its payments move real money." })
  readonly mode!: Mode;

  @Field(() => DateTime, { description: "When the merchant was created." })
  readonly createdAt!: string;
}
