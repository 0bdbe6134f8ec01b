import { randomUUID } from "node:crypto";
import type { Installation } from "../installation";
import type { Created } from "../load/requests";
import { confirmPaymentIntents } from "../../../src/payments/confirm-payment-intent";
import { createPaymentIntents } from "../../../src/payments/create-payment-intent";

const SET_SIZE = 500;
const FINGERPRINT = "00".repeat(32);

/** Payments that were created and not confirmed, by the product's own statement, in large sets. */
export async function seedPayments(installation: Installation, count: number): Promise<Created[]> {
  const { db, merchants } = installation;
  const created: Created[] = [];
  while (created.length < count) {
    const size = Math.min(SET_SIZE, count - created.length);
    const commands = Array.from({ length: size }, (_, index) => {
      const merchant = (created.length + index) % merchants.length;
      return { merchant, key: randomUUID(), merchantId: merchants[merchant]?.id ?? "" };
    });
    const results = await createPaymentIntents(
      db,
      commands.map(({ merchantId, key }) => ({ ...PAYMENT, merchantId, key })),
    );
    results.forEach((result, index) => {
      if (result instanceof Error) throw result;
      const { key = "", merchant = 0 } = commands[index] ?? {};
      created.push({ id: result.result.id, key, merchant });
    });
  }
  return created;
}

const PAYMENT = {
  actor: "key_bench",
  fingerprint: FINGERPRINT,
  amount: 2_599,
  currency: "USD",
  captureMethod: "AUTOMATIC",
  paymentMethod: "pm_card_visa",
  description: null,
  customer: null,
  merchantReference: "order-2026-0001",
  uniqueReference: false,
  metadata: { cart: "a1b2c3" },
} as const;

export async function confirmSeeded(
  installation: Installation,
  payments: readonly Created[],
): Promise<void> {
  const { db, merchants } = installation;
  for (let start = 0; start < payments.length; start += SET_SIZE) {
    const results = await confirmPaymentIntents(
      db,
      payments.slice(start, start + SET_SIZE).map(({ id, merchant }) => ({
        merchantId: merchants[merchant]?.id ?? "",
        actor: "key_bench",
        key: `confirm-${id}`,
        fingerprint: FINGERPRINT,
        paymentIntentId: id,
        paymentMethod: null,
        returnUrl: null,
        processor: "sandbox",
      })),
    );
    for (const result of results) if (result instanceof Error) throw result;
  }
}

/** Tables whose statistics are of their start make bad plans, and nobody runs so without autovacuum having been there. */
export async function settleTables({ db }: Installation): Promise<void> {
  await db.raw("vacuum analyze");
  await db.raw("checkpoint");
}
