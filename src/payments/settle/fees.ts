import { type Statement, type Tx, run } from "../../db/db";
import { type Fact, type Journal, bookFee } from "../../ledger/journals";
import { insertJournals } from "../../ledger/ledger-store";
import type { Approved } from "../../processors/processor";

/*
 * What the processor keeps of a capture or a refund. In the payment's currency that of a capture is a line of its
 * journal; in another it is a journal of its own, between the merchant's accounts in that currency, because no posting
 * crosses currencies. One that is told later, by a line of the processor's list, settlement file or report, is such a
 * journal whatever its currency; so is that of money that moved for an attempt that failed, and was given back.
 *
 * Guarantees: a fee is posted once, whoever tells it how often: only an attempt without one takes one, in the commit of
 * its posting, and a journal of one kind is booked once for its source.
 */

type FeeTold = Pick<Approved, "feeMinor" | "feeCurrency">;

/** The part of the fee that is in the capture's own journal, and the journal of one that is not. */
export function feeOf(
  fact: Fact,
  { feeMinor, feeCurrency }: FeeTold,
): { readonly own: number; readonly journals: readonly Journal[] } {
  const fee = feeMinor ?? 0;
  const currency = feeCurrency ?? fact.currency;
  if (currency === fact.currency) return { own: fee, journals: [] };
  return { own: 0, journals: fee > 0 ? [bookFee({ ...fact, currency }, fee)] : [] };
}

/** What the processor keeps of money that came too late: it keeps it when the money is given back, too. */
export function keptOf(fact: Fact, { feeMinor, feeCurrency }: FeeTold): readonly Journal[] {
  const fee = feeMinor ?? 0;
  return fee > 0 ? [bookFee({ ...fact, currency: feeCurrency ?? fact.currency }, fee)] : [];
}

/** Of an attempt's fee, where it is not that of its amount. */
export function foreignOf({ feeMinor, feeCurrency }: FeeTold, { currency }: Fact): string | null {
  return feeMinor === null || feeCurrency === currency ? null : (feeCurrency ?? null);
}

export interface LateFee {
  readonly merchantId: string;
  readonly attemptId: string;
  readonly paymentIntentId: string;
  readonly fee: number;
  readonly currency: string;
}

const TAKE: Statement = {
  name: "take_late_fees",
  text: `
    update attempts a
    set fee = f.fee, fee_currency = case when f.currency <> a.currency then f.currency end
    from jsonb_to_recordset(?) as f (merchant_id text, id text, fee bigint, currency text)
    where a.merchant_id = f.merchant_id and a.id = f.id and a.fee is null
      and a.status in ('SUCCEEDED', 'DECLINED', 'ABANDONED')
      and a.operation in ('charge', 'capture', 'refund')
    returning a.id as "id"`,
};

export async function postLateFees(tx: Tx, fees: readonly LateFee[]): Promise<void> {
  if (fees.length === 0) return;
  const rows = fees.map(({ merchantId, attemptId, fee, currency }) => ({
    merchant_id: merchantId,
    id: attemptId,
    fee,
    currency,
  }));
  const taken = await run<{ id: string }>(tx, TAKE, [JSON.stringify(rows)]);
  const ids = new Set(taken.map(({ id }) => id));
  const journals = fees
    .filter(({ attemptId }) => ids.has(attemptId))
    .map(({ attemptId: sourceId, fee, ...fact }) => bookFee({ ...fact, sourceId }, fee));
  await insertJournals(tx, journals);
}
