import type { Simulation } from "../stripe-simulation/simulation";
import type { TestApp } from "./app";

/** The simulation's books, as the audit compares them: a refund that failed has undone itself. */
export function booksOf(stripe: Pick<Simulation, "booked">): TestApp["movements"] {
  return (reference) =>
    Promise.resolve(
      stripe.booked().flatMap(({ kind, ...movement }) => {
        if (reference !== undefined && movement.reference !== reference) return [];
        return [{ ...movement, kind: kind === "refund_failure" ? "reverse" : kind }];
      }),
    );
}
