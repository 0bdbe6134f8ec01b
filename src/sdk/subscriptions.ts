// Printed from schema/schema.graphql and documents.ts; a test fails when it is stale.
import type { PaymentIntent } from "./objects";

export interface Subscriptions {
  /** The payment intent as it is now, and then after every change. */
  readonly paymentIntentUpdated: { variables: { readonly id: string }; result: PaymentIntent };
}
