import type * as processors from "../src/processors/lists";
import { OPEN, enumOf } from "./enum-of";

export const PayoutStatus = enumOf<processors.PayoutStatus>(
  "PayoutStatus",
  `The status of a payout. ${OPEN}`,
  {
    IN_TRANSIT: "The processor has sent it, and it has not arrived.",
    PAID: "It has arrived.",
    FAILED: "The bank did not take it, or sent it back: the merchant has the amount again.",
  },
);

export const PayoutLineKind = enumOf<processors.PayoutLineKind>(
  "PayoutLineKind",
  `What a line of a payout is about. ${OPEN}`,
  {
    CHARGE: "What a shopper has paid.",
    REFUND: "What a shopper has got back.",
    FEE: "What the processor keeps, of a charge or of a dispute.",
    DISPUTE: "What a shopper's bank has taken back, or has returned because the merchant has won.",
    ADJUSTMENT: "What took back another movement, for example a refund that failed.",
  },
);
