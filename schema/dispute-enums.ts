import type * as processors from "../src/processors/dispute";
import { OPEN, enumOf } from "./enum-of";

export const DisputeStatus = enumOf<processors.DisputeStatus>(
  "DisputeStatus",
  `The status of a dispute, as the merchant sees it. ${OPEN}`,
  {
    OPEN: "The amount is withheld from the merchant until the dispute is decided.",
    WON: "The dispute was decided in favour of the merchant, who has the amount again.",
    LOST: "The dispute was decided in favour of the shopper, and the amount is gone.",
  },
);

export const DisputeReason = enumOf<processors.DisputeReason>(
  "DisputeReason",
  `Why a shopper's bank disputes a payment. ${OPEN}`,
  {
    CREDIT_NOT_PROCESSED: "The shopper was promised a refund and has not received it.",
    DUPLICATE: "The shopper was charged more than once.",
    FRAUDULENT: "The shopper did not authorise the payment.",
    GENERAL: "None of the other reasons, or none that the bank gave.",
    PRODUCT_NOT_RECEIVED: "The shopper did not receive what was paid for.",
    PRODUCT_UNACCEPTABLE: "What the shopper received was defective or not as described.",
    SUBSCRIPTION_CANCELED: "The shopper was charged after canceling a subscription.",
    UNRECOGNIZED: "The shopper does not recognise the payment.",
  },
);
