import type { ModificationsApi } from "@adyen/api-library/lib/src/services/checkout/modificationsApi";
import type { PaymentsApi } from "@adyen/api-library/lib/src/services/checkout/paymentsApi";

/** What the parts of the adapter call with. */
export interface Adyen {
  readonly payments: Pick<PaymentsApi, "payments" | "paymentMethods">;
  readonly modifications: Pick<
    ModificationsApi,
    "captureAuthorisedPayment" | "refundCapturedPayment" | "cancelAuthorisedPaymentByPspReference"
  >;
  readonly merchantAccount: string;
  readonly capturesInParts: boolean;
}
