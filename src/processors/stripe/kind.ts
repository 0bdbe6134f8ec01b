import type { ConnectedProcessor, ProcessorKind } from "../kind";
import type * as StripeAdapter from "./stripe-processor";
import { STRIPE_API_VERSION } from "./version";

/** Accounts at Stripe. Its address is the installation's to choose: no account can name another one. */
export function stripeKind(apiBase: string): ProcessorKind {
  return {
    name: "stripe",
    apiVersion: STRIPE_API_VERSION,
    credentials: ["secretKey"],
    connect: ({ credentials, webhookSecrets, timeoutMs }): ConnectedProcessor => {
      const { createStripeProcessor } = adapter();
      return createStripeProcessor({
        credentials: { secretKey: credentials["secretKey"] ?? "" },
        webhookSecrets,
        timeoutMs,
        apiBase,
      });
    },
  };
}

/** For the first account: the package takes a sixth of a second to load, and 22 MB, in every process that does. */
function adapter(): typeof StripeAdapter {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- Connecting waits for nothing, as import() would.
  return require("./stripe-processor") as typeof StripeAdapter;
}
