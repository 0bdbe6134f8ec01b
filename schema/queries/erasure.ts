import { Arg, Ctx, ID, Query, Resolver } from "type-graphql";
import type * as erasures from "../../src/erasure/erasure";
import { idKind } from "../../src/ids";
import type { Context } from "../context";
import { Erasure } from "../types/erasure";

@Resolver()
export class ErasureQueries {
  @Query(() => Erasure, {
    nullable: true,
    description: "The erasure with this id; null when the merchant has none.",
  })
  async erasure(
    @Arg("id", () => ID, { description: "The erasure's id." }) id: string,
    @Ctx() context: Context,
  ): Promise<erasures.Erasure | null> {
    if (idKind(id) !== "erasure") return null;
    return (await context.loaders().erasure.load(id)) ?? null;
  }
}
