import type { Proposal, ProposedPosting } from "./break";
import { POSTED } from "./compared";

/** The postings that would make what is posted here into what moved there. */

/** Money that moved there beyond what is posted here, with the fee for it; only what is money has postings. */
export function suspense(
  kind: string,
  {
    amount,
    fee,
    corrects,
  }: { readonly amount: number; readonly fee: number; readonly corrects: string | null },
): Proposal | null {
  if (!POSTED.has(kind) || !Number.isSafeInteger(amount)) return null;
  const capture: ProposedPosting = { debit: "PROCESSOR_RECEIVABLE", credit: "SUSPENSE", amount };
  if (kind !== "capture") return turned({ corrects, postings: [capture] });
  return { corrects, postings: fee > 0 ? [capture, kept(fee)] : [capture] };
}

function kept(fee: number): ProposedPosting {
  return { debit: "PROCESSING_FEES", credit: "PROCESSOR_RECEIVABLE", amount: fee };
}

/** The same, backwards. */
export function turned<Kept extends Proposal | null>(proposal: Kept): Proposal | null {
  if (!proposal) return null;
  const postings = proposal.postings.map(({ debit, credit, amount }) => ({
    debit: credit,
    credit: debit,
    amount,
  }));
  return { ...proposal, postings };
}

/** So that what is posted as the fee becomes theirs. */
export function feeProposal(
  { journalId, fee }: { readonly journalId: string | null; readonly fee: number },
  theirs: number,
): Proposal | null {
  const proposal = { corrects: journalId, postings: [kept(Math.abs(theirs - fee))] };
  return theirs > fee ? proposal : turned(proposal);
}
