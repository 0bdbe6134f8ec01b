import type Stripe from "stripe";
import type { ListedPayout, PayoutLinePage, PayoutPart, PayoutStatus } from "../lists";
import { fromStripeAmount } from "./currencies";
import { PAGE, RETURNED, notRead, whoseOf } from "./movements";
import { ATTEMPT, REVERSES, isoOf } from "./outcomes";

/*
 * What Stripe has sent to the account's bank: automatic payouts whose balance transactions are complete, and what each
 * consists of. Guarantees: a line of something that is certainly ours names our attempt; every other line has Stripe's
 * own name, and its net amount, so that the lines are the payout's amount. What a payout consisted of that the bank sent
 * back is paid out by the next one, and is in its lines. Of a payout that somebody asked for by hand Stripe does not say
 * what is in it: it is left out.
 *
 * Cost: a call for each hundred payouts; of one, a call for each hundred lines, and one for each line of a dispute or of
 * what was authorised first.
 */

const STATUSES: Readonly<Record<string, PayoutStatus>> = {
  pending: "IN_TRANSIT",
  in_transit: "IN_TRANSIT",
  paid: "PAID",
  failed: "FAILED",
  canceled: "FAILED",
};

// There is one a day, or a few.
const PAYOUTS_MAX = 1_000;

export async function listStripePayouts(stripe: Stripe, since: string): Promise<ListedPayout[]> {
  const payouts = await stripe.payouts
    .list({
      created: { gte: Math.floor(Date.parse(since) / 1_000) },
      limit: PAGE,
      expand: ["data.failure_balance_transaction"],
    })
    .autoPagingToArray({ limit: PAYOUTS_MAX })
    .catch(notRead);
  return payouts.flatMap((payout) => toPayout(payout) ?? []);
}

function toPayout(payout: Stripe.Payout): ListedPayout | undefined {
  const status = Object.hasOwn(STATUSES, payout.status) ? STATUSES[payout.status] : undefined;
  const amountMinor = fromStripeAmount(payout.amount, payout.currency);
  const isWhole = payout.automatic && payout.reconciliation_status === "completed";
  if (!isWhole || status === undefined || amountMinor === undefined) return undefined;
  return {
    payoutId: payout.id,
    status,
    amountMinor,
    currency: payout.currency.toUpperCase(),
    arrivesAt: isoOf(payout.arrival_date),
    changedAt: isoOf(changedAt(payout, status)),
  };
}

/** Stripe keeps no time of a change: a payout is paid on the day of its arrival. */
function changedAt(payout: Stripe.Payout, status: PayoutStatus): number {
  if (status === "IN_TRANSIT") return payout.created;
  const arrived = Math.max(payout.created, payout.arrival_date);
  const returned = payout.failure_balance_transaction;
  if (status === "PAID" || typeof returned !== "object") return arrived;
  return Math.max(arrived, returned?.created ?? 0);
}

export async function listStripePayoutLines(
  stripe: Stripe,
  { payoutId, after }: { readonly payoutId: string; readonly after: string | null },
): Promise<PayoutLinePage> {
  const page = await stripe.balanceTransactions
    .list({
      payout: payoutId,
      limit: PAGE,
      expand: ["data.source"],
      ...(after !== null && { starting_after: after }),
    })
    .catch(notRead);
  const lines: PayoutPart[] = [];
  for (const line of page.data) {
    // What sent the money is in the list of what it consists of.
    const isItself = typeof line.source === "object" && line.source?.id === payoutId;
    if (!isItself) lines.push(...(await partsOf(stripe, line)));
  }
  const last = page.data.at(-1);
  return { lines, next: page.has_more && last ? last.id : null };
}

const SENT_BACK: ReadonlySet<string> = new Set(["payout_failure", "payout_cancel"]);

async function partsOf(stripe: Stripe, line: Stripe.BalanceTransaction): Promise<PayoutPart[]> {
  const { source } = line;
  if (SENT_BACK.has(line.type) && typeof source === "object" && source?.object === "payout") {
    return allOf(stripe, source.id);
  }
  const whose = await attemptOf(stripe, line);
  const of = (kind: PayoutPart["kind"], amount: number, reference: string): PayoutPart[] => {
    // What cannot be said in our units is missing in the sum, which is a break.
    const amountMinor = fromStripeAmount(amount, line.currency) ?? 0;
    return amountMinor === 0 ? [] : [{ kind, amountMinor, reference, movementId: line.id }];
  };
  if (whose === undefined) return of("ADJUSTMENT", line.net, line.id);
  const { kind, reference } = whose;
  return [...of(kind, line.amount, reference), ...of("FEE", -line.fee, reference)];
}

async function allOf(stripe: Stripe, payoutId: string): Promise<PayoutPart[]> {
  const all: PayoutPart[] = [];
  let after: string | null = null;
  do {
    const page: PayoutLinePage = await listStripePayoutLines(stripe, { payoutId, after });
    all.push(...page.lines);
    after = page.next;
  } while (after !== null);
  return all;
}

async function attemptOf(
  stripe: Stripe,
  line: Stripe.BalanceTransaction,
): Promise<Pick<PayoutPart, "kind" | "reference"> | undefined> {
  const { source } = line;
  if (typeof source !== "object" || source === null) return undefined;
  if (source.object === "dispute") return ofDispute(stripe, source);
  if (source.object === "refund" && RETURNED.has(line.type)) {
    const { [ATTEMPT]: attempt, [REVERSES]: reversed } = source.metadata ?? {};
    const reference = attempt ?? reversed;
    return reference === undefined ? undefined : { kind: "ADJUSTMENT", reference };
  }
  const whose = await whoseOf(stripe, line);
  return whose && { kind: KINDS[whose.kind], reference: whose.reference };
}

const KINDS = {
  authorize: "ADJUSTMENT",
  capture: "CHARGE",
  refund: "REFUND",
  void: "ADJUSTMENT",
  reverse: "ADJUSTMENT",
} as const;

/** A dispute knows its PaymentIntent, and that knows whose attempt it is. */
async function ofDispute(
  stripe: Stripe,
  { payment_intent: intent }: Stripe.Dispute,
): Promise<Pick<PayoutPart, "kind" | "reference"> | undefined> {
  if (typeof intent !== "string") return undefined;
  const { metadata } = await stripe.paymentIntents.retrieve(intent);
  const reference = metadata[ATTEMPT];
  return reference === undefined ? undefined : { kind: "DISPUTE", reference };
}
