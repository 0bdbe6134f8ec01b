import { randomUUID } from "node:crypto";
import type { App } from "../../src/app";
import { fingerprint } from "../../src/idempotency/fingerprint";
import type { Outcome } from "../../src/idempotency/keys";
import { type CreatedMerchant, createMerchant } from "../../src/merchants/create-merchant";
import type { CapturePaymentIntent } from "../../src/payments/capture-payment-intent";
import type { CancelPaymentIntent } from "../../src/payments/cancel-payment-intent";
import type { ConfirmPaymentIntent } from "../../src/payments/confirm-payment-intent";
import type { CreatePaymentIntent } from "../../src/payments/create-payment-intent";
import type { PaymentIntent } from "../../src/payments/payment-intent";
import { findIntents } from "../../src/payments/payment-store";
import type { RefundPaymentIntent } from "../../src/payments/refund-payment-intent";
import type { UpdatePaymentIntent } from "../../src/payments/update-payment-intent";
import type { TestApp } from "./app";

/** Commands as the edge makes them, and payments made by the public use cases. Each test has a merchant of its own. */

export async function aMerchant(t: Pick<TestApp, "db">): Promise<CreatedMerchant> {
  return createMerchant(t.db, "a merchant");
}

interface Keyed {
  readonly merchantId: string;
  readonly key: string;
  readonly fingerprint: string;
}

/** The fingerprint of what is asked, as the edge takes it: of everything but who asks and under which key. */
function keyed<Command extends Keyed>(command: Omit<Command, "fingerprint">): Command {
  const { merchantId, key, ...input } = command as unknown as Keyed;
  return {
    ...input,
    merchantId,
    key,
    fingerprint: fingerprint("test", input).toString("hex"),
  } as unknown as Command;
}

export type Given<Command> = Partial<Omit<Command, "merchantId" | "fingerprint">>;

export function createCommand(
  merchantId: string,
  given: Given<CreatePaymentIntent> = {},
): CreatePaymentIntent {
  return keyed<CreatePaymentIntent>({
    merchantId,
    actor: "test",
    key: randomUUID(),
    amount: 1_000,
    currency: "USD",
    captureMethod: "AUTOMATIC",
    paymentMethod: "pm_card_visa",
    description: null,
    customer: null,
    merchantReference: null,
    uniqueReference: false,
    metadata: {},
    ...given,
  });
}

export function confirmCommand(
  merchantId: string,
  paymentIntentId: string,
  given: Given<ConfirmPaymentIntent> = {},
): ConfirmPaymentIntent {
  return keyed<ConfirmPaymentIntent>({
    ...ofIntent(merchantId, paymentIntentId),
    paymentMethod: null,
    returnUrl: null,
    processor: "sandbox",
    ...given,
  });
}

export function captureCommand(
  merchantId: string,
  paymentIntentId: string,
  given: Given<CapturePaymentIntent> = {},
): CapturePaymentIntent {
  const command = { ...ofIntent(merchantId, paymentIntentId), amount: null, final: true, ...given };
  return keyed<CapturePaymentIntent>(command);
}

export function cancelCommand(
  merchantId: string,
  paymentIntentId: string,
  given: Given<CancelPaymentIntent> = {},
): CancelPaymentIntent {
  const command = { ...ofIntent(merchantId, paymentIntentId), reason: null, ...given };
  return keyed<CancelPaymentIntent>(command);
}

export function refundCommand(
  merchantId: string,
  paymentIntentId: string,
  given: Given<RefundPaymentIntent> = {},
): RefundPaymentIntent {
  return keyed<RefundPaymentIntent>({
    ...ofIntent(merchantId, paymentIntentId),
    amount: null,
    reason: null,
    note: null,
    metadata: {},
    mayOverdraw: true,
    ...given,
  });
}

export function updateCommand(
  merchantId: string,
  paymentIntentId: string,
  given: Given<UpdatePaymentIntent>,
): UpdatePaymentIntent {
  return keyed<UpdatePaymentIntent>({
    ...ofIntent(merchantId, paymentIntentId),
    amount: undefined,
    description: undefined,
    customer: undefined,
    metadata: undefined,
    expectedVersion: null,
    ...given,
  });
}

function ofIntent(merchantId: string, paymentIntentId: string) {
  return { merchantId, paymentIntentId, actor: "test", key: randomUUID() };
}

/** The result of a use case that must succeed. */
export function succeeded<Result>(outcome: Outcome<Result> | Error): Result {
  if (outcome instanceof Error) throw outcome;
  return outcome.result;
}

export async function create(
  app: App,
  merchantId: string,
  given: Given<CreatePaymentIntent> = {},
): Promise<PaymentIntent> {
  return succeeded(await app.createPaymentIntent(createCommand(merchantId, given)));
}

export async function anIntent(
  t: Pick<TestApp, "app">,
  merchantId: string,
  given: Given<CreatePaymentIntent> = {},
): Promise<PaymentIntent> {
  return create(t.app, merchantId, given);
}

/** Confirmed, its attempt waiting to be sent. */
export async function aConfirmedIntent(
  t: Pick<TestApp, "app">,
  merchantId: string,
  given: Given<CreatePaymentIntent> = {},
): Promise<PaymentIntent> {
  const intent = await anIntent(t, merchantId, given);
  return succeeded(await t.app.confirmPaymentIntent(confirmCommand(merchantId, intent.id)));
}

/** Confirmed, and everything that follows from it done. */
export async function aSettledIntent(
  t: Pick<TestApp, "app" | "db" | "drain">,
  merchantId: string,
  given: Given<CreatePaymentIntent> = {},
): Promise<PaymentIntent> {
  const { id } = await aConfirmedIntent(t, merchantId, given);
  await t.drain();
  return theIntent(t, merchantId, id);
}

export async function aCapturedIntent(
  t: Pick<TestApp, "app" | "db" | "drain">,
  merchantId: string,
  amount = 1_000,
): Promise<PaymentIntent> {
  const intent = await aSettledIntent(t, merchantId, { amount });
  expect(intent.status).toBe("SUCCEEDED");
  return intent;
}

export async function anAuthorizedIntent(
  t: TestApp,
  merchantId: string,
  amount = 1_000,
): Promise<PaymentIntent> {
  const intent = await aSettledIntent(t, merchantId, { amount, captureMethod: "MANUAL" });
  expect(intent.status).toBe("REQUIRES_CAPTURE");
  return intent;
}

/** The intent as it stands now. */
export async function theIntent(
  t: Pick<TestApp, "db">,
  merchantId: string,
  id: string,
): Promise<PaymentIntent> {
  const [intent] = await findIntents(t.db, merchantId, [id]);
  if (!intent) throw new Error(`there is no ${id}`);
  return intent;
}
