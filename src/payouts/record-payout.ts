import type { Tx } from "../db/db";
import { newId } from "../ids";
import {
  type Fact,
  type Journal,
  bookPayout,
  bookPayoutFailed,
  bookPayoutPaid,
} from "../ledger/journals";
import { insertJournals } from "../ledger/ledger-store";
import type { PayoutStatus } from "../processors/lists";
import { isLater } from "./payout";
import {
  type KnownPayout,
  type Share,
  type ToldPayout,
  changePayouts,
  insertPayouts,
} from "./payout-store";

/*
 * Guarantees: a payout has one row for each merchant that it is for, whoever tells of it how often, and in whatever order:
 * it is on its way, has arrived, or has failed, and goes only forward. The payout, its lines, its postings and its event
 * are one commit, which is also that of how far the file is read; a crash leaves nothing, and the payout is heard again.
 * What is heard of when it has failed already is recorded, and nothing is posted.
 *
 * Cost: three statements for all merchants of a payout, and two more where it is new. Rows: a line is copied once.
 */

/** What is new of a payout that adds up; `lockPayouts` is held. */
export async function recordPayout(tx: Tx, runId: string, told: ToldPayout): Promise<void> {
  const fresh = told.shares
    .filter(({ known }) => known === null)
    .map((share) => ({ ...share, id: newId("payout"), eventId: newId("event") }));
  const moved = told.shares.filter(isNews).map(({ merchantId, known }) => {
    return { merchantId, known, id: known.id, eventId: newId("event") };
  });
  await insertPayouts(tx, { ...told, runId }, fresh);
  await changePayouts(tx, told, moved);
  const journals = [
    ...fresh.flatMap(({ merchantId, id, amount }) =>
      bookNew(factOf(merchantId, id, told.currency), amount, told.status),
    ),
    ...moved.flatMap(({ merchantId, known }) =>
      bookMove(factOf(merchantId, known.id, known.currency), known, told.status),
    ),
  ];
  await insertJournals(tx, journals);

  function isNews(share: Share): share is Share & { readonly known: KnownPayout } {
    const { known } = share;
    return known !== null && agrees(share, told) && isLater(told.status, known.status);
  }
}

/** Whether what is told of a merchant's part is what it was when it was recorded. */
export function agrees({ known, amount }: Share, { currency }: ToldPayout): boolean {
  return known === null || (known.amount === amount && known.currency === currency);
}

function factOf(merchantId: string, id: string, currency: string): Fact {
  return { merchantId, paymentIntentId: null, sourceId: id, currency };
}

function bookNew(fact: Fact, amount: number, status: PayoutStatus): Journal[] {
  if (status === "FAILED") return [];
  const sent = bookPayout(fact, amount);
  return status === "PAID" ? [sent, bookPayoutPaid(fact, amount)] : [sent];
}

function bookMove(fact: Fact, known: KnownPayout, status: PayoutStatus): Journal[] {
  const { amount, journalId: corrects } = known;
  if (status === "PAID") return [bookPayoutPaid(fact, amount)];
  const arrived = known.status === "PAID";
  return [bookPayoutFailed(fact, { amount, arrived, corrects })];
}
