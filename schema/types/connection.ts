import { type ClassType, Field, ObjectType } from "type-graphql";
import type { Page } from "../../src/pagination";

@ObjectType({
  simpleResolvers: true,
  description: "The position of a page within its list.",
})
export class PageInfo {
  @Field(() => Boolean, { description: "Whether more items follow this page." })
  readonly hasNextPage!: boolean;

  @Field(() => Boolean, { description: "Whether items precede this page." })
  readonly hasPreviousPage!: boolean;

  @Field(() => String, {
    nullable: true,
    description:
      "The cursor of the first item on the page. Pass it as `before` to read the previous page.",
  })
  readonly startCursor!: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "The cursor of the last item on the page. Pass it as `after` to read the next page.",
  })
  readonly endCursor!: string | null;
}

/** The edge and the connection of a type, as Relay wants them. */
export function connectionOf<Item extends object>(
  itemType: () => ClassType<Item>,
  name: string,
): ClassType<Page<unknown>> {
  @ObjectType(`${name}Edge`, {
    simpleResolvers: true,
    description: `One item on a page, with its cursor.`,
  })
  class Edge {
    @Field(() => String, { description: "The item's position in the list, as an opaque string." })
    readonly cursor!: string;

    @Field(() => itemType(), { description: "The item." })
    readonly node!: Item;
  }

  @ObjectType(`${name}Connection`, { simpleResolvers: true, description: `One page of a list.` })
  class Connection {
    @Field(() => [Edge], { description: "The items on the page, each with its cursor." })
    readonly edges!: Edge[];

    @Field(() => PageInfo, { description: "The page's position in the list." })
    readonly pageInfo!: PageInfo;
  }
  return Connection;
}
