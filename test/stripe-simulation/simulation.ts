import Stripe from "stripe";
import {
  type Bank,
  confirmIntent,
  failIntent,
  getIntent,
  newBank,
  succeed,
  writeLine,
} from "./bank";
import { newId } from "./objects";
import type { Account } from "./routes";
import { type StripeServer, startServer } from "./server";

/**
 * A Stripe of our own, with one account in test mode, and a hand on everything that happens there. It knows what the
 * package's types say, and what Stripe promises in its documentation as far as docs/processors.md lists it; what Stripe
 * really does it cannot tell.
 */
export interface Simulation {
  readonly url: string;
  readonly server: StripeServer;
  readonly bank: Bank;
  /** Keys of the account: revoked by deleting one. */
  readonly accounts: Map<string, Account>;
  /** What moved for one of our attempts, in order: "capture 1000". */
  moved(reference: string): string[];
  /** All of it, in our words. */
  booked(): BookedMovement[];
  /** Everybody's clock but ours. */
  advance(ms: number): void;
  /** Keys alone grow older; what moves is dated by our clock. */
  ageKeys(ms: number): void;
  /** The shopper's part of a challenge. */
  authenticate(intent: string, succeeds?: boolean): void;
  /** A shopper uses the client secret once more, with another card; says whether that was possible. */
  confirmAgain(intent: string, card: string): boolean;
  /** Balance transactions that are late are made now. */
  writeLines(): void;
  /** As it is sent to the endpoint. */
  sign(
    event: Stripe.Event | string,
    secret: string,
    timestamp?: number,
  ): { rawBody: string; headers: Record<string, string> };
  close(): Promise<void>;
}

export const SECRET_KEY = "sk_test_simulation";

export async function startSimulation(): Promise<Simulation> {
  let aheadMs = 0;
  let keysAheadMs = 0;
  const now = (): number => Date.now() + aheadMs;
  const bank = newBank(now);
  const account: Account = { id: newId("acct"), livemode: false, bank };
  const accounts = new Map([[SECRET_KEY, account]]);
  const server = await startServer(accounts, () => now() + keysAheadMs);
  bank.challengeBase = server.url;
  return {
    url: server.url,
    server,
    bank,
    accounts,
    moved: (reference) => movedFor(bank, reference),
    booked: () => bookedIn(bank),
    advance: (ms) => {
      aheadMs += ms;
    },
    ageKeys: (ms) => {
      keysAheadMs += ms;
    },
    authenticate: (id, succeeds = true) => {
      const intent = getIntent(bank, id);
      if (intent.status !== "requires_action") throw new Error(`It is ${intent.status}.`);
      if (succeeds) return succeed(bank, intent, null);
      failIntent(bank, intent, {
        type: "invalid_request_error",
        code: "payment_intent_authentication_failure",
        message: "The provided PaymentMethod has failed authentication.",
      });
    },
    confirmAgain: (id, card) => {
      try {
        confirmIntent(bank, getIntent(bank, id), { payment_method: card }, null);
        return true;
      } catch {
        return false;
      }
    },
    writeLines: () => {
      const missing = [...bank.charges.values()].filter((charge) => !charge.balance_transaction);
      for (const charge of missing) writeLine(bank, charge, charge.amount_captured);
    },
    sign: (event, secret, timestamp = Math.floor(Date.now() / 1_000)) => {
      const rawBody = typeof event === "string" ? event : JSON.stringify(event);
      const signed = { payload: rawBody, secret, timestamp };
      const header = Stripe.webhooks.generateTestHeaderString(signed);
      return { rawBody, headers: { "stripe-signature": header } };
    },
    close: () => server.close(),
  };
}

const KEY = /^(?<reference>.+?):(?<purpose>create|confirm|capture|refund|void|reverse)/;

export interface BookedMovement {
  readonly id: string;
  readonly kind: "authorize" | "capture" | "refund" | "void" | "reverse" | "refund_failure";
  readonly amount: number;
  readonly currency: string;
  readonly reference: string;
  readonly at: string;
}

/** Whose it is by the key that it was asked for with; what a shopper did is the PaymentIntent's attempt's. */
function bookedIn(bank: Bank): BookedMovement[] {
  return bank.movements.map(({ intent, key, kind, amount, currency, at }, index) => {
    const { reference: named, purpose } = KEY.exec(key ?? "")?.groups ?? {};
    const whose = named ?? getIntent(bank, intent).metadata["oncepay_attempt"] ?? intent;
    const isReversal = purpose === "reverse" || (kind === "void" && named === undefined);
    return {
      id: String(index),
      kind: isReversal && kind !== "refund_failure" ? "reverse" : kind,
      amount,
      currency: currency.toUpperCase(),
      reference: whose,
      at: new Date(at).toISOString(),
    };
  });
}

function movedFor(bank: Bank, reference: string): string[] {
  const own = bookedIn(bank).filter((movement) => movement.reference === reference);
  return own.map(({ kind, amount }) => `${kind} ${String(amount)}`);
}
