import { type WrittenEntry, recordWrite } from "../audit-log/record-write";
import type { Tx } from "../db/db";
import type { Break, Proposal } from "./break";
import { closeBreak, lockBreak } from "./break-store";
import { postCorrection, resolveBreakOperation } from "./resolve-break";

/*
 * What the installation does about breaks by itself, as it was configured to: each step has its entry in the audit log,
 * in the commit of its effect.
 */

/** Who resolved what nobody looked at. */
export const POLICY = "policy";

export async function recordByPolicy(
  tx: Tx,
  { merchantId, id, status }: Break,
  done: Pick<NonNullable<WrittenEntry["details"]>, "after" | "objects">,
): Promise<void> {
  await recordWrite(tx, {
    merchantId,
    action: "WRITE",
    operation: resolveBreakOperation.name,
    actor: { kind: "SYSTEM", id: null, hint: null, address: null, requestId: null },
    subjectId: id,
    details: { reason: POLICY, before: { status }, ...done },
  });
}

/**
 * The money has been given back. What the processor kept as its fee it keeps all the same: that is posted here, and named
 * by the break. False when somebody has resolved the break meanwhile.
 */
export async function closeAsReversed(
  tx: Tx,
  { merchantId, id }: Break,
  done: { readonly explanation: string; readonly objects?: number },
): Promise<boolean> {
  const found = await lockBreak(tx, merchantId, id);
  if (!found || found.status === "RESOLVED") return false;
  const kept = feeOf(found.proposal);
  const journalId = kept ? await postCorrection(tx, { ...found, proposal: kept }) : null;
  const { explanation, ...counted } = done;
  await closeBreak(tx, found, { resolution: "REVERSED", explanation, owner: POLICY, journalId });
  await recordByPolicy(tx, found, { after: { status: "RESOLVED", journalId }, ...counted });
  return true;
}

/** Of what was to be posted for money that moved, what the processor keeps when it is given back. */
function feeOf(proposal: Proposal | null): Proposal | null {
  const postings = proposal?.postings.filter(({ debit }) => debit === "PROCESSING_FEES") ?? [];
  return proposal && postings.length > 0 ? { ...proposal, postings } : null;
}
