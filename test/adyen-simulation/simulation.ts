import { createHmac } from "node:crypto";
import { type Bank, type Notification, authorise, newBank, refuse, work } from "./bank";
import { type AdyenServer, startServer } from "./server";

/**
 * An Adyen of our own, with one merchant account in test mode, and a hand on everything that happens there. It knows what
 * the package's types say, and what Adyen promises in its documentation as far as docs/processors.md lists it; what Adyen
 * really does it cannot tell.
 */
export interface Simulation {
  readonly url: string;
  readonly server: AdyenServer;
  readonly bank: Bank;
  /** By API key: revoked by deleting one. */
  readonly banks: Map<string, Bank>;
  /** Carries out what was received. */
  work(): void;
  /** What moved for one of our attempts, in order: "capture 1000". What was received is carried out first. */
  moved(reference: string): string[];
  /** All of it, in our words. */
  booked(): BookedMovement[];
  /** Everybody's clock but ours. */
  advance(ms: number): void;
  /** The shopper's part of a challenge, by Adyen's name of the payment. */
  authenticate(psp: string, succeeds?: boolean): void;
  close(): Promise<void>;
}

export const API_KEY = "AQE_simulation_of_an_api_key";
export const MERCHANT_ACCOUNT = "ShopOfTheSimulation_ECOM";

export interface BookedMovement {
  readonly id: string;
  readonly kind: "authorize" | "capture" | "refund" | "void" | "refund_failure" | "capture_failure";
  readonly amount: number;
  readonly currency: string;
  readonly reference: string;
  readonly at: string;
}

export async function startSimulation(): Promise<Simulation> {
  let aheadMs = 0;
  const now = (): number => Date.now() + aheadMs;
  const bank = newBank(MERCHANT_ACCOUNT, now);
  const banks = new Map([[API_KEY, bank]]);
  const server = await startServer(banks, now);
  bank.redirectBase = server.url;
  const booked = (): BookedMovement[] =>
    bank.movements.map(({ kind, amount, currency, reference, at }, index) => ({
      id: String(index),
      ...{ kind, amount, currency, reference },
      at: new Date(at).toISOString(),
    }));
  return {
    ...{ url: server.url, server, bank, banks, booked },
    work: () => work(bank),
    moved: (reference) => {
      work(bank);
      const own = booked().filter((movement) => movement.reference === reference);
      return own.map(({ kind, amount }) => `${kind} ${String(amount)}`);
    },
    advance: (ms) => {
      aheadMs += ms;
    },
    authenticate: (psp, succeeds = true) => {
      const payment = bank.payments.get(psp);
      if (payment?.status !== "open") throw new Error("There is nothing to authenticate.");
      if (succeeds) authorise(bank, payment, payment.amount.value);
      else refuse(bank, payment, "11", "3D Not Authenticated");
    },
    close: () => server.close(),
  };
}

/** As they are sent to the endpoint, all in one request. */
export function signed(items: readonly Notification[], hmacKey: string): string {
  return JSON.stringify({
    live: "false",
    notificationItems: items.map((item) => ({
      NotificationRequestItem: {
        ...item,
        additionalData: { ...item.additionalData, hmacSignature: signatureOf(item, hmacKey) },
      },
    })),
  });
}

/** By the documentation, and not by the package, which the adapter uses. */
function signatureOf(item: Notification, hmacKey: string): string {
  const { pspReference, originalReference = "", merchantAccountCode, merchantReference } = item;
  const { value, currency } = item.amount;
  const fields = [pspReference, originalReference, merchantAccountCode, merchantReference];
  const text = [...fields, value, currency, item.eventCode, item.success].join(":");
  return createHmac("sha256", Buffer.from(hmacKey, "hex")).update(text).digest("base64");
}
