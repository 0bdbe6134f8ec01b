import type { ProcessorKind } from "../kind";
import { createStripeProcessor } from "./stripe-processor";
import { STRIPE_API_VERSION } from "./version";

/** Accounts at Stripe. Its address is the installation's to choose: no account can name another one. */
export function stripeKind(apiBase: string): ProcessorKind {
  return {
    name: "stripe",
    apiVersion: STRIPE_API_VERSION,
    credentials: ["secretKey"],
    connect: ({ credentials, webhookSecrets, timeoutMs }) =>
      createStripeProcessor({
        credentials: { secretKey: credentials["secretKey"] ?? "" },
        webhookSecrets,
        timeoutMs,
        apiBase,
      }),
  };
}
