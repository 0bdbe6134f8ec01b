import type { Db } from "../db/db";
import { canonicalJson } from "../idempotency/fingerprint";
import { type Evidence, type Proposal, findProposals } from "./evidence-store";

/*
 * Guarantees, where two operators have to say the same (ONCEPAY_FOUR_EYES): what one says is kept as a proposal and
 * settles nothing; what it says last counts. Only when another, with a key that was not made with the first one's,
 * says the same about what happened, is it settled. The caller holds the lock on the attempt, so of two at once one
 * proposes and the other one agrees.
 */

export interface Operator {
  /** The tenant that the operators' keys belong to. */
  readonly holder: string;
  /** The key's id, and the first of the keys that minted each other: keys that one person could have made. */
  readonly actor: string;
  readonly origin: string;
}

export type Opinion =
  | { readonly agreed: true }
  /** The operator's own proposal, if this is what it has said already. */
  | { readonly agreed: false; readonly standing: Evidence | undefined };

/** What becomes of it when an operator says that this is the outcome. */
export async function weigh(
  db: Db,
  attempt: { readonly merchantId: string; readonly id: string },
  said: { readonly operator: Operator; readonly outcome: object },
): Promise<Opinion> {
  const { operator, outcome } = said;
  const latest = latestOfEach(await findProposals(db, attempt, operator.holder));
  const same = latest.filter(({ proposed }) => canonicalJson(proposed) === canonicalJson(outcome));
  if (same.some(({ origin }) => origin !== operator.origin)) return { agreed: true };
  return { agreed: false, standing: same.map(shown)[0] };
}

function latestOfEach(newestFirst: readonly Proposal[]): Proposal[] {
  const latest = new Map<string, Proposal>();
  for (const proposal of newestFirst) {
    if (!latest.has(proposal.origin)) latest.set(proposal.origin, proposal);
  }
  return [...latest.values()];
}

function shown({ source, outcome, effect, reason, at }: Proposal): Evidence {
  return { source, outcome, effect, reason, at };
}
