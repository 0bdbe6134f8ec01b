import type { Tx } from "../db/db";
import type { Violation } from "./check";

/** What the card network says about a dispute; see GET /admin/disputes. */
export interface NetworkDispute {
  readonly id: string;
  /** Our attempt's id: that of the charge. */
  readonly reference: string;
  readonly status: "open" | "won" | "lost";
  /** Minor units. */
  readonly amount: number;
  readonly currency: string;
  readonly fee: number;
  readonly openedAt: string;
  readonly closedAt: string | null;
}

export const DISPUTES_AGREE = "disputes and the network's books agree";

// How long the network's news may be on its way: it is sent again for some seconds, and may wait in the inbox.
const ON_ITS_WAY_MS = 60_000;

interface OwnDispute {
  readonly id: string;
  readonly processorDisputeId: string;
  readonly reference: string;
  readonly status: string;
  readonly amount: number;
  readonly currency: string;
  readonly fee: number;
}

/** Ours against the network's, as of `until`. Disputes are few: they are all read at once. */
export async function compareDisputes(
  tx: Tx,
  disputes: readonly NetworkDispute[],
  until: Date,
): Promise<Violation[]> {
  const { rows } = await tx.raw<{ rows: OwnDispute[] }>(`
    select id, processor_dispute_id as "processorDisputeId", attempt_id as "reference",
      lower(status) as "status", amount, currency, fee
    from disputes where processor = 'sandbox'`);
  const left = new Map(disputes.map((dispute) => [dispute.id, dispute]));
  const violations = rows.flatMap((own) => {
    const theirs = left.get(own.processorDisputeId);
    left.delete(own.processorDisputeId);
    return differenceOf(own, theirs, until);
  });
  return [...violations, ...[...left.values()].flatMap((theirs) => missing(theirs, until))];
}

function differenceOf(
  own: OwnDispute,
  theirs: NetworkDispute | undefined,
  until: Date,
): Violation[] {
  if (!theirs) return [violation(own.id, `${describe(own)}; the network knows of none`)];
  const isSame =
    own.reference === theirs.reference &&
    own.amount === theirs.amount &&
    own.currency === theirs.currency &&
    own.fee === theirs.fee;
  // What the network decided just now may be unheard as yet; what it has not decided cannot be known here.
  const mayDiffer = own.status === "open" && isOnItsWay(theirs.closedAt, until);
  if (isSame && (own.status === theirs.status || mayDiffer)) return [];
  return [violation(own.id, `${describe(own)}; the network says: ${describe(theirs)}`)];
}

function missing(theirs: NetworkDispute, until: Date): Violation[] {
  if (isOnItsWay(theirs.openedAt, until)) return [];
  return [violation(theirs.id, `not known here; the network says: ${describe(theirs)}`)];
}

function isOnItsWay(at: string | null, until: Date): boolean {
  return at !== null && new Date(at).getTime() > until.getTime() - ON_ITS_WAY_MS;
}

function describe(dispute: Omit<OwnDispute, "id" | "processorDisputeId">): string {
  const { status, amount, currency, fee, reference } = dispute;
  return `${status}, ${String(amount)} ${currency} and a fee of ${String(fee)}, of ${reference}`;
}

function violation(subject: string, detail: string): Violation {
  return { invariant: "I9", check: DISPUTES_AGREE, subject, detail };
}
