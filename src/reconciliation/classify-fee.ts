import type { LateFee } from "../payments/settle/fees";
import type { NewBreak } from "./break";
import {
  type Compared,
  type ComparedAttempt,
  type Found,
  KIND_OF,
  POSTED,
  afterCorrections,
} from "./compared";
import { feeProposal } from "./propose-correction";

/** What the processor keeps, told by the other side: whether it is what is posted, or comes late, and is posted then. */

/** Of what failed here and is taken back there: the fee that was told is posted, and the line may have another. */
export function keptFee(
  compared: Compared & { readonly attempt: ComparedAttempt },
  found: Found,
): NewBreak[] {
  const { attempt, kind, moves, fee, feeCurrency, currency } = compared;
  if (attempt.fee === null || kind !== "capture" || moves !== 1) return [];
  if (attempt.fee === fee && attempt.feeCurrency === feeCurrency) return [];
  const ours = `${String(attempt.fee)} ${attempt.feeCurrency}`;
  const detail = `a fee of ${String(fee)} ${feeCurrency} there, and of ${ours} here`;
  const isOwn = [feeCurrency, attempt.feeCurrency].every((one) => one === currency);
  const proposal = isOwn ? feeProposal({ journalId: null, fee: attempt.fee }, fee) : null;
  return [found("FEE", detail, { proposal })];
}

export function feeDifference(compared: Compared) {
  const { kind, ledger, currency, fee, feeCurrency } = compared;
  if (!ledger || !POSTED.has(kind) || lateFeeOf(compared)) return null;
  if (ledger.fee === fee && (fee === 0 || ledger.feeCurrency === feeCurrency)) return null;
  const here = ledger.feeCurrency === feeCurrency ? "" : ` ${ledger.feeCurrency}`;
  const said = `a fee of ${String(fee)} ${feeCurrency} there, and of ${String(ledger.fee)}${here} here`;
  const detail = `${said}${afterCorrections(compared)}`;
  // A correction is posted in the currency of the break, which is the payment's.
  const isOwn = feeCurrency === currency && (ledger.fee === 0 || ledger.feeCurrency === currency);
  return { detail, more: isOwn ? { proposal: feeProposal(ledger, fee) } : {} };
}

/** A fee that the processor had not told yet, of money that moved: it is posted, and is no break. */
export function lateFeeOf(compared: Compared): LateFee | undefined {
  const { attempt, reference, kind, moves, fee, feeCurrency } = compared;
  if (!attempt || attempt.fee !== null || !isFinal(compared, attempt)) return undefined;
  // What moved more than once has a line for each: this is the fee of the first.
  const isOne = attempt.status === "SUCCEEDED" ? moves > 0 : moves === 1;
  if (kind !== KIND_OF[attempt.operation] || !POSTED.has(kind)) return undefined;
  // What was given back of a fee is for a person.
  if (!isOne || fee <= 0 || compared.currency !== attempt.currency) return undefined;
  const { merchantId, paymentIntentId } = attempt;
  return { merchantId, paymentIntentId, attemptId: reference, fee, currency: feeCurrency };
}

/** It stands on both sides; or it failed here and is taken back there, for which the processor keeps its fee. */
function isFinal(
  { ledger, reverses }: Compared,
  { status, compensated, operation }: ComparedAttempt,
): boolean {
  if (status === "SUCCEEDED") return ledger !== null && reverses === 0;
  if (operation === "refund") return false;
  return (status === "DECLINED" || status === "ABANDONED") && (compensated || reverses > 0);
}
