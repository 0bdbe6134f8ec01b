/** The entry of `oncepay-sdk/checkout`. */
export {
  type CheckoutErrorDetail,
  type CheckoutPayment,
  type CheckoutStateDetail,
  OncepayCheckout,
  defineCheckout,
} from "./checkout-element";
export {
  type ConfirmPayment,
  type ConfirmedPayment,
  type PayingClient,
  confirmPayment,
} from "./confirm-payment";
export { type ShopperClient, createShopperClient } from "./shopper-client";
export type { CheckoutTexts, ReplacedTexts, ScreenName, ScreenTexts } from "./texts";
export {
  type PaymentUpdate,
  type WatchPaymentOptions,
  type WatchingClient,
  hasEnded,
  watchPayment,
} from "./watch-payment";
