import type { TimelineKind } from "../src/payments/timeline-summary";
import { OPEN, enumOf } from "./enum-of";

export const TimelineEntryKind = enumOf<TimelineKind>(
  "TimelineEntryKind",
  `What an entry in the timeline of a payment intent tells of. ${OPEN}`,
  {
    API_CALL: "A mutation was executed or refused.",
    DISPUTE: "A shopper's bank disputed what was captured, or the dispute was won or lost.",
    TRANSITION: "The payment got a new version, and perhaps another status.",
    ATTEMPT: "An attempt at a processor was queued, sent, became unknown or was settled.",
    EVIDENCE: "A look-up, a late answer or an operator said what came of an attempt.",
    PROCESSOR_WEBHOOK: "A processor's webhook said what came of an attempt.",
    LEDGER: "Money was posted to the ledger.",
    DELIVERY: "A webhook with an event of the payment was planned, tried or done with.",
    OPERATOR_ACTION:
      "An operator did something, or somebody to a delivery of the payment's events.",
  },
);
