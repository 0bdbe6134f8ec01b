import type { ErrorClass } from "../src/webhooks/delivery";
import type { CatchUp as CatchUpName } from "../src/webhooks/enable-webhook-endpoint";
import { OPEN, enumOf } from "./enum-of";

export const WebhookErrorClass = enumOf<ErrorClass>(
  "WebhookErrorClass",
  `Of what kind the failure of a try was. ${OPEN}`,
  {
    HTTP_STATUS: "The answer's status was none of success.",
    REDIRECT: "The answer was a redirect, which is not followed.",
    TIMEOUT: "There was no answer in time.",
    CONNECTION: "There was no connection, or it was closed before an answer.",
    DNS: "The host name does not resolve.",
    TLS: "The TLS handshake failed, or the certificate is not valid.",
    BLOCKED: "The address is not on the public internet.",
    PROTOCOL: "The answer was not valid HTTP.",
    SIGNING: "The delivery could not be signed.",
  },
);

export const CatchUp = enumOf<CatchUpName>(
  "WebhookCatchUpInput",
  "What becomes of the deliveries that were held back while an endpoint was disabled. What is not delivered is DISCARDED, and can be replayed.",
  {
    ALL: "All of them are delivered.",
    FROM: "Those created at `catchUpFrom` or later are delivered.",
    NONE: "None of them is delivered.",
  },
);
