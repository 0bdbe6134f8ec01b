import type { Movement } from "../../../src/audit/compare-movements";
import type { Installation } from "../installation";
import { networkOf } from "../witness";

/** Charges of the network's books that nobody has taken back. */
export async function standingCharges(installation: Installation): Promise<Movement[]> {
  const movements = await networkOf(installation).movements();
  const undone = new Set(
    movements.filter(({ kind }) => kind === "reverse").map(({ reference }) => reference),
  );
  return movements.filter(({ kind, reference }) => kind === "capture" && !undone.has(reference));
}

/** How many charges there are of each amount: each order has one of its own. */
export function countByAmount(charges: readonly Movement[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { amount } of charges) counts.set(amount, (counts.get(amount) ?? 0) + 1);
  return counts;
}
