import { Field, Int, ObjectType } from "type-graphql";
import type { Outcome } from "../../src/idempotency/keys";
import { IdempotencyStatus } from "../enums";
import { DateTime } from "../scalars";

@ObjectType({
  simpleResolvers: true,
  description:
    "What the idempotency key decided about a mutation. A replay answers with the original result: the objects as they stood when the operation was executed, which may be older than what the caller has seen since.",
})
export class Idempotency {
  @Field(() => IdempotencyStatus, {
    description: "Whether this request was the first with its key.",
  })
  readonly status!: Outcome<unknown>["status"];

  @Field(() => DateTime, {
    description: "When the first request with this key was executed, and so how old the answer is.",
  })
  readonly firstSeenAt!: string;

  @Field(() => Int, {
    nullable: true,
    description:
      "Which version of the payment intent the answer shows; null when it shows none. A cache that keeps objects by their ids must not let a replay overwrite what is newer: of two copies of an intent, the one with the higher `version` wins.",
  })
  readonly version!: number | null;
}

/** The shown intent says which version the answer is of. */
export function idempotencyOf(
  { status, firstSeenAt }: Outcome<unknown>,
  shown?: { readonly version: number } | null,
): Idempotency {
  return { status, firstSeenAt, version: shown?.version ?? null };
}
