// Printed from schema/schema.graphql and documents.ts; a test fails when it is stale.
import type { PaymentIntent } from "./objects";

export interface Subscriptions {
  /** The payment intent as it is now, and then whenever it changes: always its newest state, so that a slow reader skips those in between. It completes once the payment has a final status. A stream that ends without completing (after ten minutes, when the key is revoked, when the server is replaced) is to be asked for again. It is sent as server-sent events, by the distinct connections mode of the GraphQL over SSE protocol. Requires the scope payments:read. A publishable key may ask for it as well, of the payment intent whose client secret is sent with the request. */
  readonly paymentIntentUpdated: { variables: { readonly id: string }; result: PaymentIntent };
}
