import { Field, Int, ObjectType } from "type-graphql";
import type { Outcome } from "../../src/idempotency/keys";
import { IdempotencyStatus } from "../enums";
import { DateTime } from "../scalars";
import { noteSnapshot } from "../snapshots";

@ObjectType({
  simpleResolvers: true,
  description:
    "How the idempotency key affected this mutation. A replay returns the original result: the objects as they stood when the operation was executed, which may be older than what the caller has seen since.",
})
export class Idempotency {
  @Field(() => IdempotencyStatus, {
    description: "Whether this request was the first with its idempotency key.",
  })
  readonly status!: Outcome<unknown>["status"];

  @Field(() => DateTime, {
    description:
      "When the first request with this key was executed, which tells how old the answer is.",
  })
  readonly firstSeenAt!: string;

  @Field(() => Int, {
    nullable: true,
    description:
      "The version of the payment intent in the answer; null when there is none. A cache that stores objects by id must not let a replay overwrite newer data: of two copies of an intent, the one with the higher `version` wins.",
  })
  readonly version!: number | null;
}

/** The shown intent says which version the answer is of. What is read beside it may be of another time, above all in a replay. */
export function idempotencyOf(
  { status, firstSeenAt }: Outcome<unknown>,
  shown?: { readonly version: number } | null,
): Idempotency {
  if (shown) noteSnapshot(shown);
  return { status, firstSeenAt, version: shown?.version ?? null };
}
