import type { CatchUp as CatchUpName } from "../src/webhooks/enable-webhook-endpoint";
import { enumOf } from "./enums";

export const CatchUp = enumOf<CatchUpName>(
  "WebhookCatchUpInput",
  "What becomes of the deliveries that were held back while an endpoint was disabled. What is not delivered is DISCARDED, and can be replayed.",
  {
    ALL: "All of them are delivered.",
    FROM: "Those created at `catchUpFrom` or later are delivered.",
    NONE: "None of them is delivered.",
  },
);
