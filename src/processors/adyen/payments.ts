import type { PaymentRequest } from "@adyen/api-library/lib/src/typings/checkout/paymentRequest";
import type { PaymentResponse } from "@adyen/api-library/lib/src/typings/checkout/paymentResponse";
import { redact } from "../../security/sensitive";
import type { Declined, ProcessorRequest, SendOutcome } from "../processor";
import type { Adyen } from "./adyen";
import { called, rejected, unknown, withoutAnswer } from "./call";
import { type AdyenAmount, fromAdyenAmount, toAdyenAmount } from "./currencies";
import { refusalOf } from "./refusals";

/*
 * Charges and authorisations: one payment for each attempt, under the attempt's id as key and as reference. Guarantees:
 * whether it is captured at once is said with each, so that no setting of the account decides it; a payment that is
 * approved for another amount than was asked for says so.
 *
 * Cost: one call.
 */

/** Adyen says no time; ours is told to the shopper. What ends the challenge is Adyen's webhook. */
const CHALLENGE_MS = 30 * 60_000;

/** `<shopperReference>/<storedPaymentMethodId>`: Adyen's tokens are a shopper's, and are nothing without one. */
const TOKEN = /^(?<shopper>[^/]{3,}(?:\/[^/]+)*)\/(?<stored>[^/]+)$/;

/** Never used: without an address of the shop a shopper is never sent anywhere. */
const NOWHERE = "https://nowhere.invalid/";

export async function sendPayment(adyen: Adyen, request: ProcessorRequest): Promise<SendOutcome> {
  const { reference, operation, paymentMethod = "", returnUrl } = request;
  const amount = toAdyenAmount(request.amountMinor, request.currency);
  if (amount === undefined) {
    return rejected("Adyen takes no such amount in this currency.", "currency_not_supported");
  }
  const { shopper, stored } = TOKEN.exec(paymentMethod)?.groups ?? {};
  if (shopper === undefined || stored === undefined) {
    return rejected("A card at Adyen is <shopperReference>/<storedPaymentMethodId>.");
  }
  const params: Typed<PaymentRequest> = {
    merchantAccount: adyen.merchantAccount,
    reference,
    amount,
    paymentMethod: { type: "scheme", storedPaymentMethodId: stored },
    shopperReference: shopper,
    shopperInteraction: "ContAuth",
    recurringProcessingModel: "CardOnFile",
    channel: "Web",
    returnUrl: returnUrl ?? NOWHERE,
    authenticationData:
      returnUrl === undefined
        ? { attemptAuthentication: "never" }
        : { threeDSRequestData: { nativeThreeDS: "disabled" } },
    ...(operation === "charge"
      ? { captureDelayHours: 0, additionalData: { manualCapture: "false" } }
      : { additionalData: { manualCapture: "true" } }),
  };
  const paid = await called(() =>
    adyen.payments.payments(params as PaymentRequest, { idempotencyKey: reference }),
  );
  if (paid.kind !== "done") return withoutAnswer(paid, request);
  return toPaymentOutcome(paid.value, request, amount);
}

/** As the package declares it, with texts in the place of its enumerations, which are values and not only types. */
export type Typed<Params> = Params extends string
  ? `${Params}`
  : Params extends number | boolean | null | undefined | Date
    ? Params
    : { readonly [Name in keyof Params]: Typed<Params[Name]> };

function toPaymentOutcome(
  response: PaymentResponse,
  request: ProcessorRequest,
  asked: AdyenAmount,
): SendOutcome {
  // Adyen repeats our reference where it says which payment this is.
  if ((response.merchantReference ?? request.reference) !== request.reference) {
    return unknown("it is another attempt's");
  }
  const code: `${PaymentResponse.ResultCodeEnum}` | undefined = response.resultCode;
  switch (code) {
    case "Authorised":
    case "PartiallyAuthorised":
      return toApproved(response, request, code === "Authorised" ? asked : undefined);
    case "Refused":
    case "Cancelled":
    case "Error":
      return toDeclined(response);
    case "RedirectShopper":
      return toChallenge(response);
    case "Pending":
    case "Received":
    case "PresentToShopper":
    case "IdentifyShopper":
    case "ChallengeShopper":
      // The last two are not the redirect that was asked for. Nothing comes of them, and Adyen's webhook says so.
      return { kind: "pending" };
    case "AuthenticationFinished":
    case "AuthenticationNotRequired":
    case "Success":
    case undefined:
      return unknown("the result of the payment is not known");
    default:
      return unknown("the result of the payment is a new one");
  }
}

function toApproved(
  { pspReference, amount }: PaymentResponse,
  { operation, currency }: ProcessorRequest,
  asked: AdyenAmount | undefined,
): SendOutcome {
  const said = amount ?? asked;
  if (said === undefined || said.currency !== currency) return unknown("the amount is not said");
  const amountMinor = fromAdyenAmount(said);
  if (amountMinor === undefined) return unknown("the amount cannot be said in our units");
  if (pspReference === undefined) return unknown("it has no name");
  // Nothing is kept of what is only held. What is kept of a charge is in the settlement.
  const feeMinor = operation === "authorize" ? 0 : null;
  return { kind: "approved", processorChargeId: pspReference, amountMinor, feeMinor };
}

function toDeclined({ refusalReason, refusalReasonCode: code }: PaymentResponse): Declined {
  const { declineCode, advice } = refusalOf(code);
  return {
    kind: "declined",
    code: "card_declined",
    declineCode,
    message: redact(refusalReason ?? "The card was declined."),
    hard: advice === "DO_NOT_TRY_AGAIN",
    adviceCode: advice,
  };
}

function toChallenge({ action }: PaymentResponse): SendOutcome {
  const { type, url, method = "GET" } = (action ?? {}) as Action;
  // A form that a shopper's browser would have to post is nothing that we can show: Adyen's webhook ends it.
  if (type !== "redirect" || url === undefined || method !== "GET") return { kind: "pending" };
  const expiresAt = new Date(Date.now() + CHALLENGE_MS).toISOString();
  return { kind: "action_required", redirectUrl: url, expiresAt };
}

interface Action {
  readonly type?: string;
  readonly url?: string;
  readonly method?: string;
}
