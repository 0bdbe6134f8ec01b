import { Field, InterfaceType, ObjectType } from "type-graphql";
import type * as intents from "../../src/payments/payment-intent";
import { NextActionType } from "../enums";
import { DateTime, UrlScalar } from "../scalars";

/** Which type an action is of: intents, and the snapshots of them in events, name its kind. */
const TYPES: Readonly<Record<intents.NextAction["type"], string>> = { REDIRECT: "RedirectToUrl" };

@InterfaceType({
  description:
    "What the shopper must do before the payment can continue. New kinds of action may be added.",
  resolveType: ({ type }: intents.NextAction) => TYPES[type],
})
export abstract class NextAction {
  @Field(() => NextActionType, { description: "The kind of action that is required." })
  readonly type!: intents.NextAction["type"];

  @Field(() => DateTime, { description: "When the action expires." })
  readonly expiresAt!: string;
}

@ObjectType({
  simpleResolvers: true,
  implements: NextAction,
  description: "The shopper must authenticate with the card's issuer on another page (3-D Secure).",
})
export class RedirectToUrl {
  readonly type!: intents.NextAction["type"];
  readonly expiresAt!: string;

  @Field(() => UrlScalar, { description: "Where to send the shopper." })
  readonly redirectUrl!: string;
}
