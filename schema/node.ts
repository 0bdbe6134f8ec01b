import { Field, ID, InterfaceType } from "type-graphql";
import { type IdKind, idKind } from "../src/ids";

/** Every object with an id is of the type that its id's prefix says. */
const TYPES: Partial<Record<IdKind, string>> = {
  paymentIntent: "PaymentIntent",
  attempt: "Attempt",
  capture: "Capture",
  refund: "Refund",
  dispute: "Dispute",
  payout: "Payout",
  event: "Event",
  webhookEndpoint: "WebhookEndpoint",
  webhookDelivery: "WebhookDelivery",
  ledgerAccount: "LedgerAccount",
  merchant: "Merchant",
  erasure: "Erasure",
  apiKey: "ApiKey",
  replayPlan: "ReplayPlan",
  processorAccount: "ProcessorAccount",
  reconciliationBreak: "ReconciliationBreak",
};

@InterfaceType({
  description: "Any object with an id, which can be read again with `node(id:)`.",
  resolveType: (value: { readonly id: string }) => {
    const kind = idKind(value.id);
    return kind && TYPES[kind];
  },
})
export abstract class Node {
  @Field(() => ID, {
    description:
      "The object's id: an opaque string that begins with a prefix for its type and sorts by creation time.",
  })
  readonly id!: string;
}
