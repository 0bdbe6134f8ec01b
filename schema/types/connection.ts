import { type ClassType, Field, ObjectType } from "type-graphql";
import type { Page } from "../../src/pagination";

@ObjectType({
  simpleResolvers: true,
  description: "Where a page of a list lies in the whole of it.",
})
export class PageInfo {
  @Field(() => Boolean, { description: "Whether there is something after the page." })
  readonly hasNextPage!: boolean;

  @Field(() => Boolean, { description: "Whether there is something before the page." })
  readonly hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true, description: "The cursor of the page's first item." })
  readonly startCursor!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The cursor of the page's last item: pass it as `after` to go on.",
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
    description: `One item of a page, with its cursor.`,
  })
  class Edge {
    @Field(() => String, { description: "Where the item stands in the list; opaque." })
    readonly cursor!: string;

    @Field(() => itemType(), { description: "The item." })
    readonly node!: Item;
  }

  @ObjectType(`${name}Connection`, { simpleResolvers: true, description: `A page of a list.` })
  class Connection {
    @Field(() => [Edge], { description: "The page's items with their cursors." })
    readonly edges!: Edge[];

    @Field(() => PageInfo, { description: "Where the page lies in the list." })
    readonly pageInfo!: PageInfo;
  }
  return Connection;
}
