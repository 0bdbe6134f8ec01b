import { newId } from "../ids";
import type { AccountKind } from "./accounts";

/** A journal groups the postings of one fact; each posting is balanced by construction. */
export interface Journal {
  readonly id: string;
  readonly merchantId: string;
  readonly kind: JournalKind;
  /** Null for what is not about one payment. */
  readonly paymentIntentId: string | null;
  /** The id of what caused it, an attempt whose answer is the fact, a dispute, a payout or a break: a journal of one kind is booked once for it. */
  readonly sourceId: string;
  readonly currency: string;
  readonly postings: readonly Posting[];
  /** Of a correction: the journal that was wrong; absent where nothing had been posted. */
  readonly corrects?: string | null;
}

export type JournalKind =
  | "authorization"
  | "capture"
  | "fee"
  | "release"
  | "expiry"
  | "refund"
  | "refund_reversal"
  | "dispute"
  | "dispute_won"
  | "dispute_lost"
  | "payout"
  | "payout_paid"
  | "payout_failed"
  | "suspense"
  | "suspense_release"
  | "suspense_hold"
  | "suspense_void"
  | "correction";

export interface Posting {
  readonly debit: AccountKind;
  readonly credit: AccountKind;
  /** Minor units, above zero. */
  readonly amount: number;
  readonly pending: boolean;
}

export interface Fact {
  readonly merchantId: string;
  readonly paymentIntentId: string | null;
  readonly sourceId: string;
  readonly currency: string;
}

function journal(fact: Fact, kind: JournalKind, postings: readonly Posting[]): Journal {
  return {
    ...fact,
    id: newId("journal"),
    kind,
    postings: postings.filter(({ amount }) => amount > 0),
  };
}

/** An authorisation holds an amount on the card: pending postings. */
export function bookAuthorization(fact: Fact, amount: number): Journal {
  const debit = "PROCESSOR_RECEIVABLE";
  return journal(fact, "authorization", [
    { debit, credit: "MERCHANT_BALANCE", amount, pending: true },
  ]);
}

/** A capture takes the money, and the processor keeps its fee in the same currency. `heldAmount` is how much of a hold it uses up. */
export function bookCapture(
  fact: Fact,
  amounts: { captured: number; fee: number; held: number },
): Journal {
  return journal(fact, "capture", [
    {
      debit: "PROCESSOR_RECEIVABLE",
      credit: "MERCHANT_BALANCE",
      amount: amounts.captured,
      pending: false,
    },
    {
      debit: "PROCESSING_FEES",
      credit: "PROCESSOR_RECEIVABLE",
      amount: amounts.fee,
      pending: false,
    },
    {
      debit: "MERCHANT_BALANCE",
      credit: "PROCESSOR_RECEIVABLE",
      amount: amounts.held,
      pending: true,
    },
  ]);
}

/** What the processor keeps of a capture in another currency, or tells later. The fact has the fee's currency. */
export function bookFee(fact: Fact, amount: number): Journal {
  const debit = "PROCESSING_FEES";
  return journal(fact, "fee", [{ debit, credit: "PROCESSOR_RECEIVABLE", amount, pending: false }]);
}

/** What is left of a hold goes back to the shopper: voided, or released by a final capture of less. */
export function bookRelease(fact: Fact, amount: number): Journal {
  const debit = "MERCHANT_BALANCE";
  return journal(fact, "release", [
    { debit, credit: "PROCESSOR_RECEIVABLE", amount, pending: true },
  ]);
}

/** What was left of a hold when it expired. */
export function bookExpiry(fact: Fact, amount: number): Journal {
  const debit = "MERCHANT_BALANCE";
  return journal(fact, "expiry", [
    { debit, credit: "PROCESSOR_RECEIVABLE", amount, pending: true },
  ]);
}

export function bookRefund(fact: Fact, amount: number): Journal {
  const debit = "MERCHANT_BALANCE";
  return journal(fact, "refund", [
    { debit, credit: "PROCESSOR_RECEIVABLE", amount, pending: false },
  ]);
}

/** A refund that the processor first accepted and then could not pay out. */
export function bookRefundReversal(fact: Fact, amount: number): Journal {
  const debit = "PROCESSOR_RECEIVABLE";
  return journal(fact, "refund_reversal", [
    { debit, credit: "MERCHANT_BALANCE", amount, pending: false },
  ]);
}

/**
 * A dispute takes its amount from the merchant until it is decided, and the processor a fee for good. The processor owes
 * the amount for as long as the merchant may win.
 */
export function bookDispute(fact: Fact, amounts: { disputed: number; fee: number }): Journal {
  return journal(fact, "dispute", [
    { debit: "MERCHANT_BALANCE", credit: "DISPUTES", amount: amounts.disputed, pending: false },
    {
      debit: "PROCESSING_FEES",
      credit: "PROCESSOR_RECEIVABLE",
      amount: amounts.fee,
      pending: false,
    },
  ]);
}

/** The merchant gets the amount back; the fee stays with the processor. */
export function bookDisputeWon(fact: Fact, amount: number): Journal {
  const debit = "DISPUTES";
  return journal(fact, "dispute_won", [
    { debit, credit: "MERCHANT_BALANCE", amount, pending: false },
  ]);
}

/** The shopper keeps the amount, and the processor owes it no more. */
export function bookDisputeLost(fact: Fact, amount: number): Journal {
  const debit = "DISPUTES";
  return journal(fact, "dispute_lost", [
    { debit, credit: "PROCESSOR_RECEIVABLE", amount, pending: false },
  ]);
}

/** The processor has sent money to the merchant's bank. Below zero, the merchant owes it, and it goes the other way. */
export function bookPayout(fact: Fact, amount: number): Journal {
  return journal(fact, "payout", [signed("MERCHANT_BALANCE", "PAYOUTS", amount)]);
}

/** It has arrived: the processor owes it no more. */
export function bookPayoutPaid(fact: Fact, amount: number): Journal {
  return journal(fact, "payout_paid", [signed("PAYOUTS", "PROCESSOR_RECEIVABLE", amount)]);
}

/** The bank did not take it, or sent it back: the merchant has it again, and the processor owes it. */
export function bookPayoutFailed(
  fact: Fact,
  payout: { readonly amount: number; readonly arrived: boolean; readonly corrects: string | null },
): Journal {
  const { amount, arrived, corrects } = payout;
  const from = arrived ? "PROCESSOR_RECEIVABLE" : "PAYOUTS";
  const booked = journal(fact, "payout_failed", [signed(from, "MERCHANT_BALANCE", amount)]);
  return { ...booked, corrects };
}

function signed(debit: AccountKind, credit: AccountKind, amount: number): Posting {
  return amount < 0
    ? { debit: credit, credit: debit, amount: -amount, pending: false }
    : { debit, credit, amount, pending: false };
}

/** Money that moved and should not have: it is ours to give back. */
export function bookSuspense(fact: Fact, amount: number): Journal {
  const debit = "PROCESSOR_RECEIVABLE";
  return journal(fact, "suspense", [{ debit, credit: "SUSPENSE", amount, pending: false }]);
}

export function bookSuspenseRelease(fact: Fact, amount: number): Journal {
  const debit = "SUSPENSE";
  return journal(fact, "suspense_release", [
    { debit, credit: "PROCESSOR_RECEIVABLE", amount, pending: false },
  ]);
}

/**
 * An attempt whose outcome is unknown may have moved its amount: held in suspense, pending, for as long as nobody knows.
 * Money that may have come in is owed to somebody, and money that may have gone out is no longer with the processor. An
 * attempt can become unknown more than once, and is held each time.
 */
export function bookSuspenseHold(fact: Fact, held: SuspenseHold): Journal {
  return journal(fact, "suspense_hold", [suspensePosting(held)]);
}

/** The outcome is known: what is true of it is posted beside this, and nothing is held any more. */
export function bookSuspenseVoid(fact: Fact, { amount, moved }: SuspenseHold): Journal {
  const back = moved === "in" ? "out" : "in";
  return journal(fact, "suspense_void", [suspensePosting({ amount, moved: back })]);
}

export interface SuspenseHold {
  readonly amount: number;
  /** Which way the money went, if it did. */
  readonly moved: "in" | "out";
}

function suspensePosting({ amount, moved }: SuspenseHold): Posting {
  return moved === "in"
    ? { debit: "PROCESSOR_RECEIVABLE", credit: "SUSPENSE", amount, pending: true }
    : { debit: "SUSPENSE", credit: "PROCESSOR_RECEIVABLE", amount, pending: true };
}

/**
 * What was booked differs from what the processor says, and somebody has approved how: new postings, which name the
 * journal that was wrong. What belongs to nobody as yet goes to suspense, never to a merchant's balance.
 */
export function bookCorrection(
  fact: Fact,
  correction: {
    readonly corrects: string | null;
    readonly postings: readonly Omit<Posting, "pending">[];
  },
): Journal {
  const postings = correction.postings.map((posting) => ({ ...posting, pending: false }));
  return { ...journal(fact, "correction", postings), corrects: correction.corrects };
}
