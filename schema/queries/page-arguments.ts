import { ArgsType, Field, Int } from "type-graphql";

/** The arguments of a list that is read in one direction only. */
@ArgsType()
export class ForwardPageArgs {
  @Field(() => Int, {
    nullable: true,
    description:
      "How many items to return from the start of the list, 1 to 100. The default is 20.",
  })
  readonly first?: number | null;

  @Field(() => String, { nullable: true, description: "Return only items after this cursor." })
  readonly after?: string | null;
}

/** The arguments of every other list, as Relay names them. */
@ArgsType()
export class PageArgs extends ForwardPageArgs {
  @Field(() => Int, {
    nullable: true,
    description: "How many items to return from the end of the list, 1 to 100.",
  })
  readonly last?: number | null;

  @Field(() => String, { nullable: true, description: "Return only items before this cursor." })
  readonly before?: string | null;
}
