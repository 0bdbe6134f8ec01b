import { Field, ObjectType } from "type-graphql";
import { Node } from "../node";
import { DateTime } from "../scalars";

@ObjectType({
  simpleResolvers: true,
  implements: Node,
  description: "A tenant: everything belongs to one, and sees nothing of another.",
})
export class Merchant {
  readonly id!: string;

  @Field(() => String, { description: "Its name." })
  readonly name!: string;

  @Field(() => DateTime, { description: "When it was created." })
  readonly createdAt!: string;
}
