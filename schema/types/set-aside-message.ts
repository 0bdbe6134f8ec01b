import { Field, ID, Int, ObjectType } from "type-graphql";
import type * as messages from "../../src/events/list-set-aside-messages";
import { DateTime, EventTypeScalar } from "../scalars";
import { RelayError } from "../webhook-enums";
import { connectionOf } from "./connection";

@ObjectType({
  simpleResolvers: true,
  description:
    "Something committed that has yet to be announced, and that relays died over: it is passed over, so that everything else is announced.",
})
export class SetAsideMessage {
  @Field(() => ID, {
    description: "What releaseSetAsideMessages calls it by; `node` does not find it.",
  })
  readonly id!: string;

  @Field(() => ID, { description: "The id of the merchant that it belongs to." })
  readonly merchantId!: string;

  @Field(() => ID, {
    nullable: true,
    description: "The id of the event that is announced; null when it is something else.",
  })
  readonly eventId!: string | null;

  @Field(() => EventTypeScalar, { nullable: true, description: "The type of the event." })
  readonly eventType!: string | null;

  @Field(() => ID, {
    nullable: true,
    description: "The id of the attempt that is to be sent to a processor, where there is one.",
  })
  readonly attemptId!: string | null;

  @Field(() => ID, {
    nullable: true,
    description: "The id of the webhook delivery that was created on its own, where there is one.",
  })
  readonly deliveryId!: string | null;

  @Field(() => Int, { description: "How many relays began with it and did not finish." })
  readonly tries!: number;

  @Field(() => RelayError, { description: "How the last attempt to relay it ended." })
  readonly lastError!: messages.SetAsideMessage["lastError"];

  @Field(() => DateTime, { description: "Since when it is set aside." })
  readonly setAsideAt!: string;

  @Field(() => DateTime, {
    nullable: true,
    description: "When it is attempted again; null when it is not until somebody releases it.",
  })
  readonly nextTryAt!: string | null;

  @Field(() => DateTime, { description: "When it was committed." })
  readonly createdAt!: string;
}

export const SetAsideMessageConnection = connectionOf(() => SetAsideMessage, "SetAsideMessage");
