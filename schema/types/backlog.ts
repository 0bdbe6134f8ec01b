import { Field, ObjectType } from "type-graphql";
import { DateTime } from "../scalars";

@ObjectType({
  simpleResolvers: true,
  description:
    "How far behind the work is that comes after each commit. What is seconds old is on its way.",
})
export class Backlog {
  @Field(() => DateTime, {
    nullable: true,
    description:
      "Since when the oldest event waits to be published, to the feed and to webhooks; null when none does. For all merchants: the oldest message of the outbox; those that are set aside do not count.",
  })
  readonly oldestUnpublishedAt!: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description:
      "Since when the webhook delivery is due that has waited longest; null when none is. One that is held until its endpoint can take it counts from when it was made. Of those that are not held, the newest and some of each age are looked at: the oldest may be up to twice as old. For all merchants: those that are held do not count.",
  })
  readonly oldestDueAt!: string | null;
}
