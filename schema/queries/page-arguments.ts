import { ArgsType, Field, Int } from "type-graphql";

/** The arguments of every list, as Relay names them. */
@ArgsType()
export class PageArgs {
  @Field(() => Int, { nullable: true, description: "How many, 1 to 100; 20 when absent." })
  readonly first?: number | null;

  @Field(() => String, { nullable: true, description: "Only what comes after this cursor." })
  readonly after?: string | null;

  @Field(() => Int, { nullable: true, description: "How many, counted from the list's end." })
  readonly last?: number | null;

  @Field(() => String, { nullable: true, description: "Only what comes before this cursor." })
  readonly before?: string | null;
}
