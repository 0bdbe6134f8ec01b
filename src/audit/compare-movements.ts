import { type AttemptOperation, type AttemptStatus, isReversal } from "../payments/attempt";
import type { Violation } from "./check";

/** What the card network says it really moved; see GET /admin/movements. */
export interface Movement {
  readonly id: string;
  readonly kind: "authorize" | "capture" | "refund" | "void" | "reverse";
  /** Minor units. */
  readonly amount: number;
  readonly currency: string;
  /** Our attempt's id. */
  readonly reference: string;
  readonly at: string;
}

/** An attempt as far as it can be compared with the network's books. */
export interface ComparedAttempt {
  readonly id: string;
  readonly operation: AttemptOperation;
  readonly status: AttemptStatus;
  readonly sends: number;
  readonly amount: number;
  readonly currency: string;
  /** It succeeded, and was taken back later: a refund that could not be paid out. */
  readonly undone: boolean;
  /** It moved money after all and too late; giving that back is under way. */
  readonly undoing: boolean;
}

export const ONE_MOVEMENT = "an attempt has at most one movement";
export const AGREES = "attempts and the network's books agree";

const KIND_OF: Readonly<Partial<Record<AttemptOperation, Movement["kind"]>>> = {
  charge: "capture",
  authorize: "authorize",
  capture: "capture",
  refund: "refund",
  void: "void",
};

/** How often money moved under a reference, less how often that was undone. */
function standing(movements: readonly Movement[]): number {
  return movements.reduce((count, { kind }) => count + (kind === "reverse" ? -1 : 1), 0);
}

/** Movements by reference; from it each attempt takes its own, and what is left belongs to none. */
export function byReference(movements: readonly Movement[]): Map<string, Movement[]> {
  const map = new Map<string, Movement[]>();
  for (const movement of movements) {
    const known = map.get(movement.reference);
    if (known) known.push(movement);
    else map.set(movement.reference, [movement]);
  }
  return map;
}

/** What is wrong about an attempt, given what moved under its id. Pure. */
export function compareAttempt(
  attempt: ComparedAttempt,
  movements: readonly Movement[],
): Violation[] {
  const count = standing(movements);
  const detail = `${attempt.operation} ${attempt.status}, moved: ${describe(movements)}`;
  const violation = { subject: attempt.id, detail };
  if (count > 1 || count < 0) return [{ invariant: "I1", check: ONE_MOVEMENT, ...violation }];
  return mayStand(attempt, movements) ? [] : [{ invariant: "I9", check: AGREES, ...violation }];
}

function mayStand(attempt: ComparedAttempt, movements: readonly Movement[]): boolean {
  const stands = standing(movements) === 1;
  switch (attempt.status) {
    case "SUCCEEDED":
      // A reversal acts under the reference of what it reverses.
      if (isReversal(attempt.operation) || (attempt.undone && !stands)) return !stands;
      return stands && agrees(attempt, movements);
    case "DECLINED":
    case "ABANDONED":
      return !stands || attempt.undoing;
    case "QUEUED":
      return movements.length === 0 || attempt.sends > 0;
    // Under way: it may have moved or not, and no answer says so yet.
    case "SENT":
    case "UNKNOWN":
    case "REQUIRES_ACTION":
      return true;
  }
}

function agrees(attempt: ComparedAttempt, movements: readonly Movement[]): boolean {
  const [moved] = movements;
  if (moved?.currency !== attempt.currency || moved.kind !== KIND_OF[attempt.operation])
    return false;
  // A void gives back what is left of the hold, which is less than was authorised once something was captured.
  return attempt.operation === "void"
    ? moved.amount <= attempt.amount
    : moved.amount === attempt.amount;
}

/** A movement that no attempt asked for, as a correction has posted it. */
export interface AdoptedMovement {
  readonly reference: string;
  readonly amount: number;
  readonly currency: string;
}

/** Movements under references that no attempt has, and that no correction has posted: money moved for nobody. */
export function orphanedMovements(
  left: ReadonlyMap<string, readonly Movement[]>,
  adopted: readonly AdoptedMovement[],
): Violation[] {
  const known = new Map(adopted.map((one) => [one.reference, one]));
  return [...left].flatMap(([reference, movements]) =>
    standing(movements) === 0 || isAdopted(movements, known.get(reference))
      ? []
      : [
          {
            invariant: "I9",
            check: AGREES,
            subject: reference,
            detail: `no such attempt, moved: ${describe(movements)}`,
          },
        ],
  );
}

function isAdopted(movements: readonly Movement[], adopted: AdoptedMovement | undefined): boolean {
  const [moved] = movements;
  return (
    standing(movements) === 1 &&
    moved?.amount === adopted?.amount &&
    moved?.currency === adopted?.currency
  );
}

function describe(movements: readonly Movement[]): string {
  if (movements.length === 0) return "nothing";
  return movements
    .map(({ kind, amount, currency }) => `${kind} ${String(amount)} ${currency}`)
    .join(", ");
}
