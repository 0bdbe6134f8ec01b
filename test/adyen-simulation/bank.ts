import { randomBytes } from "node:crypto";
import type { Amount } from "@adyen/api-library/lib/src/typings/checkout/amount";
import type { PaymentRequest } from "@adyen/api-library/lib/src/typings/checkout/paymentRequest";
import type { PaymentResponse } from "@adyen/api-library/lib/src/typings/checkout/paymentResponse";
import type { NotificationRequestItem } from "@adyen/api-library/lib/src/typings/notification/notificationRequestItem";
import type { Typed } from "../../src/processors/adyen/payments";
import { CARDS, SHOPPER } from "./cards";

/*
 * What happens behind Adyen's API: payments, and modifications that are received first and carried out later (`work`). The
 * books are the witness of what moved, in Adyen's units, under the reference of whatever was asked for.
 */

export interface Movement {
  readonly kind: "authorize" | "capture" | "void" | "refund" | "refund_failure" | "capture_failure";
  readonly reference: string;
  readonly psp: string;
  /** Adyen's name of the payment that it is of. */
  readonly payment: string;
  readonly amount: number;
  readonly currency: string;
  readonly at: number;
}

/** What moved for a dispute. */
export interface DisputeStep {
  readonly code: EventCode;
  readonly psp: string;
  readonly payment: string;
  readonly amount: Amount;
  readonly at: number;
}

export interface Payment {
  readonly psp: string;
  readonly reference: string;
  readonly amount: Amount;
  readonly isManual: boolean;
  status: "authorised" | "open" | "refused";
  held: number;
  captured: number;
  refunded: number;
}

export type Modification = "capture" | "refund" | "cancel";

interface Received {
  readonly kind: Modification;
  readonly psp: string;
  readonly payment: string;
  readonly reference: string;
  readonly value: number;
}

export type EventCode = `${NotificationRequestItem.EventCodeEnum}`;
export type Notification = Typed<NotificationRequestItem>;

export interface Bank {
  readonly merchantAccount: string;
  readonly payments: Map<string, Payment>;
  readonly received: Received[];
  readonly movements: Movement[];
  readonly disputes: DisputeStep[];
  /** All that was told, in the order in which it happened. */
  readonly notifications: Notification[];
  /** Whether what is left after a capture stays held. */
  capturesInParts: boolean;
  redirectBase: string;
  now(): number;
}

export function newBank(merchantAccount: string, now: () => number): Bank {
  return {
    merchantAccount,
    payments: new Map(),
    received: [],
    movements: [],
    disputes: [],
    notifications: [],
    capturesInParts: true,
    redirectBase: "",
    now,
  };
}

/** Adyen refuses a request with this; nothing was done. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly errorCode: string,
    message: string,
  ) {
    super(message);
  }
}

const newPsp = (): string => randomBytes(8).toString("hex").toUpperCase();

interface Told {
  readonly psp: string;
  readonly reference: string;
  readonly amount: Amount;
  readonly original?: string;
  readonly reason?: string;
  readonly more?: Readonly<Record<string, string>>;
}

export function tell(bank: Bank, eventCode: EventCode, isSuccess: boolean, about: Told): void {
  bank.notifications.push({
    pspReference: about.psp,
    ...(about.original !== undefined && { originalReference: about.original }),
    merchantAccountCode: bank.merchantAccount,
    merchantReference: about.reference,
    amount: { ...about.amount },
    eventCode,
    success: isSuccess ? "true" : "false",
    eventDate: new Date(bank.now()).toISOString(),
    reason: about.reason ?? "",
    additionalData: { ...about.more },
  });
}

function book(
  bank: Bank,
  kind: Movement["kind"],
  of: {
    readonly psp: string;
    readonly payment: string;
    readonly reference: string;
    readonly amount: Amount;
  },
): void {
  const { psp, payment, reference, amount } = of;
  const { value, currency } = amount;
  bank.movements.push({ kind, psp, payment, reference, amount: value, currency, at: bank.now() });
}

export function pay(bank: Bank, request: Typed<PaymentRequest>): Typed<PaymentResponse> {
  const { amount, reference, merchantAccount, paymentMethod } = request;
  if (merchantAccount !== bank.merchantAccount) throw new Refused(403, "901", "Invalid Merchant");
  if (!Number.isSafeInteger(amount.value) || amount.value <= 0) {
    throw new Refused(422, "130", "Invalid amount specified");
  }
  const { storedPaymentMethodId: stored = "" } = paymentMethod as Readonly<Record<string, string>>;
  const card = request.shopperReference === SHOPPER ? CARDS.get(stored) : undefined;
  if (!card) throw new Refused(422, "800", "Contract not found");
  const isManual = request.additionalData?.["manualCapture"] === "true";
  if (!isManual && request.captureDelayHours !== 0) throw new Error("captured when nobody says");
  const payment: Payment = {
    ...{ psp: newPsp(), reference, amount: { ...amount }, isManual, status: "open" },
    ...{ held: 0, captured: 0, refunded: 0 },
  };
  bank.payments.set(payment.psp, payment);
  switch (card.kind) {
    case "approves":
      return authorise(bank, payment, amount.value);
    case "approves_in_part":
      return authorise(bank, payment, card.value);
    case "decides_later":
      return { resultCode: "Received", merchantReference: reference };
    case "refuses":
      return refuse(bank, payment, card.code, card.reason);
    case "challenges":
      return challenge(bank, payment, request);
  }
}

export function authorise(bank: Bank, payment: Payment, value: number): Typed<PaymentResponse> {
  const { psp, reference } = payment;
  const amount = { value, currency: payment.amount.currency };
  payment.status = "authorised";
  if (payment.isManual) payment.held = value;
  else payment.captured = value;
  const kind = payment.isManual ? "authorize" : "capture";
  book(bank, kind, { psp, payment: psp, reference, amount });
  tell(bank, "AUTHORISATION", true, { psp, reference, amount });
  const isWhole = value === payment.amount.value;
  return {
    ...{ pspReference: psp, merchantReference: reference, amount },
    resultCode: isWhole ? "Authorised" : "PartiallyAuthorised",
  };
}

export function refuse(
  bank: Bank,
  payment: Payment,
  refusalReasonCode: string,
  refusalReason: string,
): Typed<PaymentResponse> {
  const { psp, reference, amount } = payment;
  payment.status = "refused";
  tell(bank, "AUTHORISATION", false, { psp, reference, amount, reason: refusalReason });
  return {
    ...{ pspReference: psp, merchantReference: reference, resultCode: "Refused" },
    ...{ refusalReason, refusalReasonCode },
  };
}

function challenge(
  bank: Bank,
  payment: Payment,
  { authenticationData, returnUrl }: Typed<PaymentRequest>,
): Typed<PaymentResponse> {
  if (authenticationData?.attemptAuthentication === "never") {
    return refuse(bank, payment, "38", "Authentication required");
  }
  if (!URL.canParse(returnUrl)) throw new Refused(422, "14_0408", "Invalid return URL");
  const url = `${bank.redirectBase}/3ds/${payment.psp}`;
  return {
    resultCode: "RedirectShopper",
    action: { type: "redirect", method: "GET", url, paymentMethodType: "scheme" },
  };
}

/** Only written down: what becomes of it is told later. */
export function receive(bank: Bank, received: Omit<Received, "psp">): string {
  if (!bank.payments.has(received.payment)) {
    throw new Refused(422, "167", "Original pspReference required for this operation");
  }
  const psp = newPsp();
  bank.received.push({ ...received, psp });
  return psp;
}

/** Carries out what was received. */
export function work(bank: Bank): void {
  for (const received of bank.received.splice(0)) {
    const payment = bank.payments.get(received.payment);
    if (payment) DO[received.kind](bank, payment, received);
  }
}

type Do = (bank: Bank, payment: Payment, received: Received) => void;

const DO: Readonly<Record<Modification, Do>> = {
  capture: (bank, payment, received) => {
    const { value } = received;
    const isDone = payment.isManual && value > 0 && value <= payment.held;
    if (isDone) {
      payment.captured += value;
      payment.held = bank.capturesInParts ? payment.held - value : 0;
    }
    finish(bank, payment, { received, isDone, code: "CAPTURE", kind: "capture", value });
  },
  refund: (bank, payment, received) => {
    const { value } = received;
    const isDone = value > 0 && value <= payment.captured - payment.refunded;
    if (isDone) payment.refunded += value;
    finish(bank, payment, { received, isDone, code: "REFUND", kind: "refund", value });
  },
  cancel: (bank, payment, received) => {
    const value = payment.held;
    const isDone = value > 0;
    payment.held = 0;
    finish(bank, payment, { received, isDone, code: "CANCELLATION", kind: "void", value });
  },
};

function finish(
  bank: Bank,
  payment: Payment,
  done: {
    readonly received: Received;
    readonly isDone: boolean;
    readonly code: EventCode;
    readonly kind: Movement["kind"];
    readonly value: number;
  },
): void {
  const { received, isDone, code, kind, value } = done;
  const { psp, reference } = received;
  const amount = { value, currency: payment.amount.currency };
  if (isDone) book(bank, kind, { psp, payment: payment.psp, reference, amount });
  const reason = isDone ? "" : "Transaction hasn't been found in the state that it needs";
  tell(bank, code, isDone, { psp, reference, amount, original: payment.psp, reason });
}

/** What was told as done does not last. */
export function failLater(bank: Bank, code: "REFUND_FAILED" | "CAPTURE_FAILED", of: string): void {
  const kind = code === "REFUND_FAILED" ? "refund" : "capture";
  const moved = bank.movements.find((m) => m.reference === of && m.kind === kind);
  if (!moved) throw new Error(`nothing moved for ${of}`);
  const { psp, payment, reference, amount: value, currency } = moved;
  const amount = { value, currency };
  book(bank, `${kind}_failure`, { psp, payment, reference, amount });
  tell(bank, code, true, { psp, reference, amount, reason: "The account is closed" });
}

export function paymentOf(bank: Bank, reference: string): Payment {
  const payment = [...bank.payments.values()].find((made) => made.reference === reference);
  if (!payment) throw new Error(`there is no payment of ${reference}`);
  return payment;
}

/** A step of the one dispute of a payment. */
export function dispute(bank: Bank, payment: Payment, code: EventCode): void {
  const { psp, reference, amount } = payment;
  const more = { chargebackReasonCode: "10.4", defensePeriodEndsAt: "2027-01-15T08:00:00+01:00" };
  const name = `D${psp.slice(1)}`;
  bank.disputes.push({ code, psp: name, payment: psp, amount: { ...amount }, at: bank.now() });
  tell(bank, code, true, { psp: name, original: psp, reference, amount, more });
}
