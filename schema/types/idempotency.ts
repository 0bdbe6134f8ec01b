import { Field, ObjectType } from "type-graphql";
import type { Outcome } from "../../src/idempotency/keys";
import { IdempotencyStatus } from "../enums";
import { DateTime } from "../scalars";

@ObjectType({
  simpleResolvers: true,
  description: "What the idempotency key decided about a mutation.",
})
export class Idempotency {
  @Field(() => IdempotencyStatus, {
    description: "Whether this request was the first with its key.",
  })
  readonly status!: Outcome<unknown>["status"];

  @Field(() => DateTime, { description: "When the first request with this key was executed." })
  readonly firstSeenAt!: string;
}

export function idempotencyOf({ status, firstSeenAt }: Outcome<unknown>): Idempotency {
  return { status, firstSeenAt };
}
