import type { Client } from "../client";
import type { PaymentIntent } from "../objects";
import { OncepayError } from "../oncepay-error";
import type { CallOptions } from "../settings";

/** What paying takes of a client. */
export type PayingClient = Pick<Client, "confirmPaymentIntent" | "paymentIntent">;

export interface ConfirmPayment {
  readonly paymentIntentId: string;
  /** The version of the payment that the shopper saw when deciding to pay; without it, the one that it has now. */
  readonly version?: number | undefined;
  /** The processor's token for a card, never a card number; without it, the payment's own card. */
  readonly paymentMethod?: string | undefined;
  /** Where the bank sends the shopper back to after 3-D Secure. */
  readonly returnUrl?: string | undefined;
}

export interface ConfirmedPayment {
  /** As it stood right after that; what you already know may be newer, which its `version` tells. */
  readonly paymentIntent: PaymentIntent;
  /** False: somebody else had decided before, in another tab or with another card, and this call did nothing. */
  readonly isOurs: boolean;
}

/** The payment is not what the shopper saw any more, or was confirmed in some other way at that version. */
const DECIDED = new Set(["INVALID_STATE", "IDEMPOTENCY_KEY_REUSED"]);

/**
 * Confirms a payment as the shopper saw it, once, whoever asks how often.
 *
 * The idempotency key is the payment's id and version, and is stored nowhere. So a double click, a reload and any number
 * of tabs and devices that show the same payment have the same key, and are one confirmation. A decline gives the payment
 * a higher version, and with that the next try a new key; a request from before the decline that arrives late
 * has the old one, and is a replay at most. A key that each tab makes for itself would start a second try there.
 */
export async function confirmPayment(
  client: PayingClient,
  payment: ConfirmPayment,
  options: CallOptions = {},
): Promise<ConfirmedPayment> {
  const { paymentIntentId, paymentMethod, returnUrl } = payment;
  const version = payment.version ?? (await find(client, paymentIntentId, options)).version;
  try {
    const { paymentIntent } = await client.confirmPaymentIntent(
      {
        paymentIntentId,
        ...(paymentMethod !== undefined && { paymentMethod }),
        ...(returnUrl !== undefined && { returnUrl }),
      },
      { ...options, idempotencyKey: `${paymentIntentId}.v${String(version)}` },
    );
    return { paymentIntent, isOurs: true };
  } catch (error) {
    if (!(error instanceof OncepayError) || !DECIDED.has(error.code)) throw error;
    return { paymentIntent: await find(client, paymentIntentId, options), isOurs: false };
  }
}

async function find(
  client: PayingClient,
  id: string,
  options: CallOptions,
): Promise<PaymentIntent> {
  const found = await client.paymentIntent({ id }, options);
  if (found) return found;
  throw new OncepayError(
    { code: "NOT_FOUND", message: "There is no such payment.", retryable: false },
    { tries: 1 },
  );
}
