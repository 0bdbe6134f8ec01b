import type { RelayError as RelayErrorName } from "../src/events/outbox";
import type { ErrorClass } from "../src/webhooks/delivery";
import type { ReplayState } from "../src/webhooks/dead-letter";
import type { CatchUp as CatchUpName } from "../src/webhooks/enable-webhook-endpoint";
import type { ReplayPlanStatus as ReplayPlanStatusName } from "../src/webhooks/replay-plan";
import { OPEN, enumOf } from "./enum-of";

export const WebhookErrorClass = enumOf<ErrorClass>(
  "WebhookErrorClass",
  `Why a try of a delivery failed. ${OPEN}`,
  {
    GONE: "The endpoint answered 410 Gone.",
    REDIRECT: "The endpoint answered with a redirect; redirects are not followed.",
    CLIENT_ERROR: "The endpoint answered with a 4xx status.",
    SERVER_ERROR: "The endpoint answered with a 5xx status, or one that means nothing.",
    TIMEOUT: "The endpoint did not answer in time.",
    CONNECTION: "There was no connection, or it was closed before an answer.",
    DNS: "The host name does not resolve.",
    TLS: "The TLS handshake failed, or the certificate is not valid.",
    BLOCKED: "The address is not on the public internet.",
    PROTOCOL: "The answer is not valid HTTP, or too large.",
    SIGNING: "The delivery could not be signed.",
    OTHER: "Something else.",
  },
);

export const RelayError = enumOf<RelayErrorName>(
  "RelayError",
  `How the last attempt to relay a message ended. ${OPEN}`,
  {
    RELAY_DIED: "The relay ended, or was ended, before it had said anything.",
    DATABASE: "The database refused a statement.",
    OTHER: "Something else, which the relay's log says.",
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

export const DeadLetterReplayState = enumOf<ReplayState>(
  "DeadLetterReplayState",
  "Which dead letters to list, by whether they have been replayed.",
  {
    NOT_REPLAYED: "Those that nobody has replayed.",
    REPLAYED: "Those that have been replayed, whatever became of that.",
    ANY: "All of them.",
  },
);

export const ReplayPlanStatus = enumOf<ReplayPlanStatusName>(
  "ReplayPlanStatus",
  `The status of a replay plan. ${OPEN}`,
  {
    READY: "Nothing has been sent: what the plan counts is its dry run.",
    RUNNING: "The plan's letters are being replayed, at its rate.",
    PAUSED: "Nothing is sent until the plan is resumed.",
    FINISHED: "Every letter has been replayed or skipped.",
    CANCELED: "The letters that had not been replayed stay dead letters.",
  },
);
