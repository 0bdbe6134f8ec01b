import { type Journal, bookSuspenseHold, bookSuspenseVoid } from "../../ledger/journals";
import { MOVES, type MayHaveMoved } from "../attempt";
import type { LockedAttempt } from "../attempt-store";
import type { Consequence } from "./answer";
import { factOf } from "./steps";

/*
 * Guarantees: what an attempt may have moved is held in suspense while it is UNKNOWN, and at no other time: booked and
 * voided in the commits that change its status, whoever brings them about. The database refuses anything else
 * (check_suspense in the migrations).
 *
 * Cost: one journal of one posting when an attempt becomes UNKNOWN, and one when it is so no longer. An attempt that is
 * answered at once has neither, nor one that is UNKNOWN for a moment within one commit.
 */

/** Before every other posting: what was held is void by the time at which the truth is booked. */
export function withSuspense(attempt: LockedAttempt, consequence: Consequence): Consequence {
  const [first, ...others] = consequence.changes;
  const was = attempt.status;
  const is = consequence.changes.findLast((change) => change.attempt)?.attempt?.status ?? was;
  if (!first || (was === "UNKNOWN") === (is === "UNKNOWN")) return consequence;
  const journals = is === "UNKNOWN" ? holdOf(attempt) : voidOf(attempt);
  if (journals.length === 0) return consequence;
  const changed = { ...first, journals: [...journals, ...(first.journals ?? [])] };
  return { ...consequence, changes: [changed, ...others] };
}

/** What to book when an attempt becomes UNKNOWN: nothing for an operation that moves no money. */
export function holdOf(attempt: MayHaveMoved): Journal[] {
  const moved = MOVES[attempt.operation];
  return moved ? [bookSuspenseHold(factOf(attempt), { amount: attempt.amount, moved })] : [];
}

function voidOf(attempt: MayHaveMoved): Journal[] {
  const moved = MOVES[attempt.operation];
  return moved ? [bookSuspenseVoid(factOf(attempt), { amount: attempt.amount, moved })] : [];
}
