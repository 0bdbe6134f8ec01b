import { decimal, money, words } from "./format";
import type { Results } from "./results";

/** What a break says, in words. */

export type Break = Results["breaks"]["reconciliationBreaks"]["edges"][number]["node"];
type Side = NonNullable<Break["ours"]>;
type Proposal = NonNullable<Break["proposal"]>;

/** "25.00 USD, fee 1.03 USD". A side writes its currency as it likes; where it writes none, the books' counts. */
export function sideInWords(side: Side | null, currency: string): string {
  if (side === null) return "–";
  const own = side.currency?.toUpperCase() ?? currency;
  const asMoney = (minor: Side["amount"]): string =>
    minor === null ? "" : /^[A-Z]{3}$/.test(own) ? money(minor, own) : `${String(minor)} ${own}`;
  const fee = side.fee === null ? "" : `fee ${asMoney(side.fee)}`;
  return [asMoney(side.amount), fee].filter((part) => part !== "").join(", ") || "–";
}

/** What would be posted, sentence by sentence. */
export function postingsInWords({ postings }: Proposal, currency: string): string {
  return postings
    .map(
      ({ debit, credit, amount }) =>
        `${money(amount, currency)}: debit ${words(debit)}, credit ${words(credit)}`,
    )
    .join("; ");
}

/** All that a correction posts, as it is typed to confirm it. */
export function correctedInAll({ postings }: Proposal, currency: string): string {
  return decimal(
    postings.reduce((sum, { amount }) => sum + BigInt(amount), 0n),
    currency,
  );
}

/**
 * How much the two sides differ by, as it is typed to confirm that nothing is posted for it: by their amounts, or else
 * by their fees. Undefined where neither says.
 */
export function differenceOf({ ours, theirs, currency }: Break): string | undefined {
  const between = (here: Side["amount"], there: Side["amount"]): bigint => {
    const difference = BigInt(here ?? 0) - BigInt(there ?? 0);
    return difference < 0n ? -difference : difference;
  };
  const byAmount = between(ours?.amount ?? null, theirs?.amount ?? null);
  const by = byAmount === 0n ? between(ours?.fee ?? null, theirs?.fee ?? null) : byAmount;
  return by === 0n ? undefined : decimal(by, currency);
}
