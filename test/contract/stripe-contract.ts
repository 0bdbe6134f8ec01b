import { conformance } from "../processors/conformance";
import { startContractBench } from "./stripe-bench";

/** Against Stripe's test mode: run by `npm run contract:stripe`, and by nothing else. */
conformance("Stripe's test mode", ["capture", "refund"], () =>
  startContractBench({
    secretKey: process.env["STRIPE_SECRET_KEY"] ?? "",
    upstream: "https://api.stripe.com",
  }),
);
