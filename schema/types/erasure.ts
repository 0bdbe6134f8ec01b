import { Field, Int, ObjectType } from "type-graphql";
import type { ErasureStatus as ErasureStatusName } from "../../src/erasure/erasure";
import { ErasureStatus } from "../enums";
import { Node } from "../node";
import { DateTime } from "../scalars";

@ObjectType({
  simpleResolvers: true,
  implements: Node,
  description: "The erasure of a customer's personal data. It does not say whose.",
})
export class Erasure {
  readonly id!: string;

  @Field(() => ErasureStatus, { description: "How far the erasure is." })
  readonly status!: ErasureStatusName;

  @Field(() => Int, { description: "How many payment intents have been erased so far." })
  readonly paymentIntents!: number;

  @Field(() => Int, {
    description:
      "How many events still show the erased values, because they were stored before events were sealed. Only the operator of the service can blank these; 0 in an installation without such events.",
  })
  readonly eventsInClear!: number;

  @Field(() => DateTime, { description: "When the erasure was requested." })
  readonly requestedAt!: string;

  @Field(() => DateTime, {
    nullable: true,
    description: "When the erasure was finished; null while it is running.",
  })
  readonly finishedAt!: string | null;
}
