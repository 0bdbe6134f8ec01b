import { Field, FieldResolver, ID, Int, ObjectType, Resolver, Root } from "type-graphql";
import type * as log from "../../src/audit-log/entry";
import { idKind } from "../../src/ids";
import type { FailureCode } from "../../src/failures";
import { AuditAction, AuditActorKind, AuditOutcome } from "../audit-enums";
import { ErrorCode } from "../enums";
import { DateTime, JsonScalar } from "../scalars";
import { connectionOf } from "./connection";

@ObjectType({
  simpleResolvers: true,
  description:
    "An entry of the audit log: who did what, or was refused. It never changes. What happens often is counted together: reads and refusals within a minute, the uses of a key within a day.",
})
export class AuditEntry {
  @Field(() => ID, {
    description: "The entry's id, which sorts by the time at which it was recorded.",
  })
  readonly id!: string;

  @Field(() => AuditAction, { description: "The kind of thing that happened." })
  readonly action!: log.AuditAction;

  @Field(() => String, {
    nullable: true,
    description:
      "The mutation, the query field, the command, or `consoleSignIn` and `consoleSignOut`; null where several count together.",
  })
  readonly operation!: string | null;

  @Field(() => AuditOutcome, { description: "What became of it." })
  readonly outcome!: log.AuditOutcome;

  @Field(() => ErrorCode, { nullable: true, description: "Why it was refused." })
  readonly errorCode!: FailureCode | null;

  @Field(() => AuditActorKind, { description: "The kind of caller." })
  readonly actorKind!: log.ActorKind;

  @Field(() => ID, { nullable: true, description: "The id of the caller's API key." })
  readonly actorId!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The prefix and the last four characters of the API key that was sent.",
  })
  readonly actorHint!: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "The IP address that the request came from; the first one where several count together.",
  })
  readonly address!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The id of the request; the first one where several count together.",
  })
  readonly requestId!: string | null;

  @Field(() => ID, { nullable: true, description: "The object that it was about." })
  readonly subjectId!: string | null;

  @Field(() => String, { nullable: true, description: "The idempotency key of a write." })
  readonly idempotencyKey!: string | null;

  @Field(() => Int, { description: "How often it happened." })
  readonly count!: number;

  @Field(() => DateTime, { description: "When it happened first." })
  readonly at!: string;

  @Field(() => DateTime, { description: "When it happened last." })
  readonly lastAt!: string;

  @Field(() => JsonScalar, {
    description:
      "What else there is to say, for example the ids of the first objects that were read, or the scope that was lacking.",
  })
  readonly details!: object;
}

@Resolver(() => AuditEntry)
export class AuditEntryFields {
  @FieldResolver(() => String, {
    nullable: true,
    description: "The type of the object that it was about, for example PaymentIntent.",
  })
  subjectType(@Root() { subjectId }: log.AuditEntry): string | null {
    const kind = subjectId === null ? undefined : idKind(subjectId);
    return kind === undefined ? null : kind.charAt(0).toUpperCase() + kind.slice(1);
  }
}

export const AuditEntryConnection = connectionOf(() => AuditEntry, "AuditEntry");
