import type { AuditedWrite } from "../audit-log/record-write";
import type { Db, Tx } from "../db/db";
import { wrongState } from "../failures";
import type { Execution } from "../idempotency/execution";
import { fingerprint } from "../idempotency/fingerprint";
import type { KeyedOperation, Outcome } from "../idempotency/keys";
import { once } from "../idempotency/once";
import type { ReplayCache } from "../idempotency/replay-cache/replay-cache";
import { bookCorrection } from "../ledger/journals";
import { insertJournals } from "../ledger/ledger-store";
import type { Break } from "./break";
import { closeBreak, explainBreak, findReversing, lockBreak } from "./break-store";
import { findWaysOut, suspenseOf } from "./way-out";

/*
 * Guarantees: a break is explained as often as somebody knows more about it, and resolved once. What is approved is the
 * correction that was proposed when the break was found, and nothing else, so long as it is still true: it is posted in
 * the same commit, as a journal of its own that names the one it corrects. Nothing that was posted is changed. Who did it,
 * and why, is in the audit log, in that commit.
 *
 * Cost: one read that locks, one statement that writes, and for a correction the two that post a journal.
 */
export const BREAK_ACTIONS = ["EXPLAIN", "APPROVE_CORRECTION", "DISMISS"] as const;
export type BreakAction = (typeof BREAK_ACTIONS)[number];

export interface ResolveBreak {
  /** Who acts, or is acted for. */
  readonly merchantId: string;
  /** Null: a break of any merchant. */
  readonly ofMerchantId: string | null;
  readonly key: string;
  readonly breakId: string;
  readonly action: BreakAction;
  readonly reason: string;
  /** Who sees to it. */
  readonly owner: string;
  readonly audit?: AuditedWrite | undefined;
}

export const resolveBreakOperation: KeyedOperation<Break> = { name: "resolveReconciliationBreak" };

export async function resolveBreak(
  { db, replays }: { readonly db: Db; readonly replays: ReplayCache },
  command: ResolveBreak,
): Promise<Outcome<Break>> {
  const { merchantId, key, breakId, action, reason, owner, audit } = command;
  const request = {
    merchantId,
    key,
    replays,
    fingerprint: fingerprint(resolveBreakOperation.name, {
      breakId,
      action,
      reason,
      owner,
    }).toString("hex"),
    audit,
  };
  return once<Break>(db, request, {
    operation: resolveBreakOperation,
    execute: (tx) => execute(tx, command),
  });
}

async function execute(tx: Tx, command: ResolveBreak): Promise<Execution<Break, undefined>> {
  const { breakId, ofMerchantId, action, reason: explanation, owner } = command;
  const found = await lockBreak(tx, ofMerchantId, breakId);
  if (!found) {
    return { failure: { code: "NOT_FOUND", details: { id: breakId, object: "break" } } };
  }
  const outdated = await outdatedBecause(tx, found);
  const allowed = allowedActions(found, outdated !== undefined);
  if (!allowed.includes(action)) {
    const { status: currentState } = found;
    const because =
      currentState === "RESOLVED"
        ? "It has been resolved."
        : (outdated ?? "There is no proposal to approve.");
    const details = { id: breakId, because, currentState, allowedActions: allowed };
    return { failure: wrongState(details) };
  }
  const audited = { before: { status: found.status } };
  if (action === "EXPLAIN") {
    const result = await explainBreak(tx, found, { explanation, owner });
    return { result, audited: { ...audited, after: { status: result.status } } };
  }
  const journalId = action === "APPROVE_CORRECTION" ? await postCorrection(tx, found) : null;
  const resolution = journalId === null ? "DISMISSED" : "CORRECTED";
  const result = await closeBreak(tx, found, { resolution, explanation, owner, journalId });
  if (!result) throw new Error("a break that is locked was resolved");
  return { result, audited: { ...audited, after: { status: result.status, journalId } } };
}

/** In the order in which they are declared. */
export function allowedActions(
  { status, proposal }: Pick<Break, "status" | "proposal">,
  isOutdated = false,
) {
  if (status === "RESOLVED") return [];
  const canPost = proposal !== null && !isOutdated;
  return BREAK_ACTIONS.filter((action) => action !== "APPROVE_CORRECTION" || canPost);
}

/** Why what is proposed must not be posted any more; undefined where it may be. */
async function outdatedBecause(tx: Tx, found: Break): Promise<string | undefined> {
  const { kind, merchantId, subjectId: itemId, currency, proposal } = found;
  if (proposal === null) return undefined;
  if (kind === "DUPLICATE" && (await findReversing(tx, found)) !== null) {
    return "What moved more than once is being given back.";
  }
  if (kind !== "UNCLEARED") return undefined;
  const item = { merchantId, itemId, currency, amount: String(suspenseOf(proposal)) };
  const ways = await findWaysOut(tx, [item]);
  return ways.has(itemId) ? undefined : "What is in suspense is not what it was.";
}

/** The journal's id. A break has one correction: a second one would be a unique violation. */
export async function postCorrection(tx: Tx, found: Break): Promise<string> {
  const { merchantId, id, paymentIntentId, currency, proposal } = found;
  if (!proposal) throw new Error("nothing is proposed");
  const fact = { merchantId, paymentIntentId, sourceId: id, currency };
  const journal = bookCorrection(fact, proposal);
  await insertJournals(tx, [journal]);
  return journal.id;
}
