import HmacValidator from "@adyen/api-library/lib/src/utils/hmacValidator";
import type { NotificationRequestItem } from "@adyen/api-library/lib/src/typings/notification/notificationRequestItem";
import { Failure } from "../../failures";
import type { Declined, ProcessorWebhook } from "../processor";
import { fromAdyenAmount } from "./currencies";
import { disputeNews } from "./disputes";
import { type Item, bodyShape } from "./item";
import { HMAC_KEY } from "./version";

/*
 * What Adyen tells of its own accord: several items in one request, each signed by itself. Guarantees: what is decided by
 * an item are its eight signed fields alone; the others (reason, event date, additional data) are shown at most. One item
 * that none of the secrets has signed, and all are refused. No time is signed: an old copy is accepted, and changes
 * nothing, because an event is the same by its pspReference, its code and whether it succeeded.
 *
 * The endpoint may hear of other merchant accounts, and of payments that are none of ours. That is acknowledged all the
 * same, or Adyen would send it for a week: it says nothing, or something of an attempt that nobody knows.
 */

export function verifyAdyenWebhook(given: {
  readonly secrets: readonly string[];
  readonly rawBody: string;
  readonly merchantAccount: string;
}): readonly ProcessorWebhook[] {
  const { secrets, rawBody, merchantAccount } = given;
  const keys = secrets.filter((secret) => HMAC_KEY.test(secret));
  const items = readItems(rawBody);
  if (items.length === 0 || !items.every((item) => isSigned(item, keys))) {
    throw new Failure("UNAUTHENTICATED", "The webhook's signature does not match.");
  }
  return items
    .filter((item) => item.merchantAccountCode === merchantAccount && isUnambiguous(item))
    .flatMap((item) => translate(item) ?? []);
}

/** What cannot be read has no signature, either. */
function readItems(rawBody: string): readonly Item[] {
  try {
    const { notificationItems } = bodyShape.parse(JSON.parse(rawBody));
    return notificationItems.map(({ NotificationRequestItem: item }) => item);
  } catch {
    throw new Failure("UNAUTHENTICATED", "The webhook has no items that are signed.");
  }
}

const validator = new HmacValidator();

type Signed = Partial<
  Omit<NotificationRequestItem, "eventCode" | "success"> & { eventCode: string; success: string }
>;

/** The signature of what is read here, and of nothing else: the package is given the signed fields alone. */
function isSigned(item: Item, keys: readonly string[]): boolean {
  const signature = item.additionalData["hmacSignature"];
  if (typeof signature !== "string" || signature === "") return false;
  const { pspReference, originalReference, merchantAccountCode, merchantReference } = item;
  const { amount, eventCode, success } = item;
  const signed: Signed = {
    ...{ pspReference, originalReference: originalReference ?? "", merchantAccountCode },
    ...{ merchantReference: merchantReference ?? "", amount, eventCode, success },
    additionalData: { hmacSignature: signature },
  };
  return keys.some((key) => validator.validateHMAC(signed as NotificationRequestItem, key));
}

/** The fields are signed with colons between them: with one in a field, another item would have the same signature. */
function isUnambiguous(item: Item): boolean {
  const { pspReference, originalReference, merchantReference, amount, eventCode } = item;
  const texts = [pspReference, originalReference, merchantReference, amount.currency, eventCode];
  return texts.every((text) => text?.includes(":") !== true);
}

type Outcome = ProcessorWebhook["outcome"];

function translate(item: Item): ProcessorWebhook | undefined {
  const { eventCode: type, pspReference, success, merchantReference: reference } = item;
  const tells = Object.hasOwn(EVENTS, type) ? EVENTS[type as EventCode] : undefined;
  const outcome = tells?.(item);
  if (!outcome || !reference) return undefined;
  return { eventId: `${type}:${pspReference}:${success}`, type, reference, outcome };
}

type EventCode = `${NotificationRequestItem.EventCodeEnum}`;

const nothing = (): undefined => undefined;

/** Every code that the package knows. What is said of others' doings, or has moved nothing, is no news. */
const EVENTS: Readonly<Record<EventCode, (item: Item) => Outcome | undefined>> = {
  AUTHORISATION: (item) =>
    isSuccess(item) ? approved(item, null) : declined("card_declined", REFUSED),
  OFFER_CLOSED: (item) =>
    isSuccess(item) ? declined("authentication_expired", "The shopper did not finish.") : undefined,
  CAPTURE: (item) => (isSuccess(item) ? captured(item) : declined("capture_refused", REFUSED)),
  CAPTURE_FAILED: (item) => failedSince(item, "capture_failed"),
  CANCELLATION: (item) =>
    isSuccess(item) ? approved(item, 0) : declined("cancel_refused", REFUSED),
  REFUND: (item) => (isSuccess(item) ? approved(item, null) : declined("refund_refused", REFUSED)),
  REFUND_FAILED: (item) => failedSince(item, "refund_failed"),
  REFUNDED_REVERSED: (item) => failedSince(item, "refund_reversed"),
  CHARGEBACK: (item) => disputeNews(item, "OPEN"),
  // Adyen has given the amount back for now: the issuer may yet ask for it again.
  CHARGEBACK_REVERSED: (item) => disputeNews(item, "OPEN"),
  ISSUER_RESPONSE_TIMEFRAME_EXPIRED: (item) => disputeNews(item, "WON"),
  PREARBITRATION_WON: (item) => disputeNews(item, "WON"),
  DISPUTE_DEFENSE_PERIOD_ENDED: (item) => disputeNews(item, "LOST"),
  SECOND_CHARGEBACK: (item) => disputeNews(item, "LOST"),
  PREARBITRATION_LOST: (item) => disputeNews(item, "LOST"),
  // The amount is still there: it is taken with CHARGEBACK.
  NOTIFICATION_OF_CHARGEBACK: nothing,
  NOTIFICATION_OF_FRAUD: nothing,
  REQUEST_FOR_INFORMATION: nothing,
  INFORMATION_SUPPLIED: nothing,
  ISSUER_COMMENTS: nothing,
  AUTHORISATION_ADJUSTMENT: nothing,
  AUTORESCUE: nothing,
  CANCEL_AUTORESCUE: nothing,
  CANCEL_OR_REFUND: nothing,
  DONATION: nothing,
  EXPIRE: nothing,
  HANDLED_EXTERNALLY: nothing,
  MANUAL_REVIEW_ACCEPT: nothing,
  MANUAL_REVIEW_REJECT: nothing,
  ORDER_CLOSED: nothing,
  ORDER_OPENED: nothing,
  PAIDOUT_REVERSED: nothing,
  PAYOUT_DECLINE: nothing,
  PAYOUT_EXPIRE: nothing,
  PAYOUT_THIRDPARTY: nothing,
  PENDING: nothing,
  POSTPONED_REFUND: nothing,
  PROCESS_RETRY: nothing,
  RECURRING_CONTRACT: nothing,
  REFUND_WITH_DATA: nothing,
  REPORT_AVAILABLE: nothing,
  TECHNICAL_CANCEL: nothing,
  VOID_PENDING_REFUND: nothing,
};

/** What merchants have to switch on for their endpoint, where it is not a part of the standard webhook. */
export const ADYEN_EVENT_CODES: readonly string[] = Object.entries(EVENTS).flatMap(
  ([code, tells]) => (tells === nothing ? [] : [code]),
);

const REFUSED = "Adyen refused it; the reason that comes with it is not signed.";

function isSuccess({ success }: Item): boolean {
  return success === "true";
}

/** What is kept of what moves is told by a report alone (settlement-details.ts). */
function approved({ pspReference, amount }: Item, feeMinor: 0 | null): Outcome {
  const amountMinor = fromAdyenAmount(amount);
  if (amountMinor === undefined) {
    return { kind: "unknown", reason: "the amount cannot be said in our units" };
  }
  return { kind: "approved", processorChargeId: pspReference, amountMinor, feeMinor };
}

/**
 * By the payment's name, which is that of what was authorised: told of a charge that Adyen has captured by itself, it is
 * what is refunded.
 */
function captured(item: Item): Outcome {
  return approved({ ...item, pspReference: item.originalReference || item.pspReference }, null);
}

function declined(code: string, message: string): Declined {
  return { kind: "declined", code, message, hard: false };
}

/** It was approved before, whether or not that has been heard yet. */
function failedSince(item: Item, code: string): Declined | undefined {
  if (!isSuccess(item)) return undefined;
  const message = "It was approved, and has failed since.";
  return { ...declined(code, message), hard: true, processorChargeId: item.pspReference };
}
