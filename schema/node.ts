import { Field, ID, InterfaceType } from "type-graphql";
import { type IdKind, idKind } from "../src/ids";

/** Every object with an id is of the type that its id's prefix says. */
const TYPES: Partial<Record<IdKind, string>> = {
  paymentIntent: "PaymentIntent",
  attempt: "Attempt",
  capture: "Capture",
  refund: "Refund",
  event: "Event",
  webhookEndpoint: "WebhookEndpoint",
  webhookDelivery: "WebhookDelivery",
  ledgerAccount: "LedgerAccount",
  merchant: "Merchant",
};

@InterfaceType({
  description: "Anything with an id, which `node(id:)` finds again.",
  resolveType: (value: { readonly id: string }) => {
    const kind = idKind(value.id);
    return kind && TYPES[kind];
  },
})
export abstract class Node {
  @Field(() => ID, {
    description: "The object's id: opaque, prefixed by its kind, sorted by time.",
  })
  readonly id!: string;
}
