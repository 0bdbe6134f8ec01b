import type { Tx } from "../db/db";
import type { Violation } from "./check";

/** What the card network says about a payout; see GET /admin/payouts. */
export interface NetworkPayout {
  readonly id: string;
  readonly status: "in_transit" | "paid" | "failed";
  /** Minor units. */
  readonly amount: number;
  readonly currency: string;
  readonly lineCount: number;
}

export const PAYOUTS_AGREE = "payouts and the network's books agree";

interface OwnPayout {
  readonly processorPayoutId: string;
  readonly status: string;
  readonly amount: string;
  readonly currency: string;
  readonly lineCount: number;
  readonly strange: string;
}

/*
 * What is for several merchants here is one payout there. What is there and not here is known when its settlement file is
 * read, and so is what has become of one since; lines that are of nobody here are breaks, and their own part of the sum.
 */
const OWN = `
  select p.processor_payout_id as "processorPayoutId", min(lower(p.status)) as "status",
    sum(p.amount)::text as "amount", min(p.currency) as "currency",
    sum(p.line_count)::int as "lineCount",
    coalesce(min(s.amount), 0)::text as "strange", coalesce(min(s.lines), 0)::int as "strangeLines"
  from payouts p
  left join lateral (
    select sum(l.amount) as amount, count(*) as lines from processor_payout_lines l
    where l.run_id = p.report_id and l.processor_payout_id = p.processor_payout_id
      and not exists (
        select from attempts a where a.id = l.reference and a.processor = p.processor)
  ) s on true
  where p.processor = 'sandbox' and p.processor_account_id is null
  group by p.processor_payout_id`;

const ORDER = ["in_transit", "paid", "failed"];

export async function comparePayouts(
  tx: Tx,
  payouts: readonly NetworkPayout[],
): Promise<Violation[]> {
  const { rows } = await tx.raw<{ rows: (OwnPayout & { readonly strangeLines: number })[] }>(OWN);
  const theirs = new Map(payouts.map((payout) => [payout.id, payout]));
  return rows.flatMap((own) => {
    const there = theirs.get(own.processorPayoutId);
    const isSame =
      there !== undefined &&
      BigInt(own.amount) + BigInt(own.strange) === BigInt(there.amount) &&
      own.lineCount + own.strangeLines === there.lineCount &&
      own.currency === there.currency &&
      ORDER.indexOf(own.status) <= ORDER.indexOf(there.status);
    if (isSame) return [];
    const detail = `${JSON.stringify(own)}; the network says: ${JSON.stringify(there ?? null)}`;
    return [{ invariant: "I9", check: PAYOUTS_AGREE, subject: own.processorPayoutId, detail }];
  });
}
