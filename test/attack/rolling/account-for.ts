import type { Movement } from "../../../src/audit/compare-movements";
import type { Load, Phase } from "./load";

/* What came of a load, against the network's books and in words. */

/** Each order has an amount of its own, by which the network's books know it. */
export function askew(
  { done }: Pick<Load, "done">,
  movements: readonly Movement[],
): readonly string[] {
  const undone = new Set(
    movements.filter(({ kind }) => kind === "reverse").map(({ reference }) => reference),
  );
  const count = (of: string, wanted: number): number =>
    movements.filter(
      ({ kind, amount, reference }) => kind === of && amount === wanted && !undone.has(reference),
    ).length;
  return done.flatMap(({ order, wish, captured, refunded }) => {
    const found = [count("capture", order.amount), refunded > 0 ? count("refund", refunded) : 0];
    const wanted = [captured ? 1 : 0, refunded > 0 ? 1 : 0];
    return String(found) === String(wanted) ? [] : [`${wish} ${order.id}: ${String(found)}`];
  });
}

export function describe({ calls, retries, errors, seconds }: Phase): string {
  const counted = [
    `${String(calls)} calls`,
    `${String(retries)} retries`,
    `${String(errors.length)} errors`,
  ];
  return `${counted.join(", ")}, ${seconds.toFixed(1).padStart(5)} s`;
}

/** Why callers had to ask again, over all phases. */
export function reasons(phases: readonly Phase[]): string {
  const counts: Record<string, number> = {};
  for (const [code, count] of phases.flatMap(({ codes }) => Object.entries(codes))) {
    counts[code] = (counts[code] ?? 0) + count;
  }
  return (
    Object.entries(counts)
      .map(([code, count]) => `${code} ${String(count)}`)
      .join(", ") || "none"
  );
}
