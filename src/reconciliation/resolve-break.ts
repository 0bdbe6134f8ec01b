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

/*
 * Guarantees: a break is explained as often as somebody knows more about it, and resolved once. What is approved is the
 * correction that was proposed when the break was found, and nothing else: it is posted in the same commit, as a journal
 * of its own that names the one it corrects. Nothing that was posted is changed. Who did it, and why, is in the audit
 * log, in that commit.
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
  const isGivenBack = found.kind === "DUPLICATE" && (await findReversing(tx, found)) !== null;
  const allowed = allowedActions(found, isGivenBack);
  if (!allowed.includes(action)) {
    const { status: currentState } = found;
    const because = whyNot(found, isGivenBack);
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

/** In the order in which they are declared. What is being given back must not be posted as if it stood. */
export function allowedActions(
  { status, proposal }: Pick<Break, "status" | "proposal">,
  isGivenBack = false,
) {
  if (status === "RESOLVED") return [];
  const canPost = proposal !== null && !isGivenBack;
  return BREAK_ACTIONS.filter((action) => action !== "APPROVE_CORRECTION" || canPost);
}

function whyNot({ status, proposal }: Break, isGivenBack: boolean): string {
  if (status === "RESOLVED") return "It has been resolved.";
  if (proposal !== null && isGivenBack) return "What moved more than once is being given back.";
  return "There is no proposal to approve.";
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
