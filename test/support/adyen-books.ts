import type { Simulation } from "../adyen-simulation/simulation";
import type { TestApp } from "./app";

/** The simulation's books, as the audit compares them: what failed afterwards has undone itself. */
export function booksOf(adyen: Pick<Simulation, "booked" | "work">): TestApp["movements"] {
  return (reference) => {
    adyen.work();
    return Promise.resolve(
      adyen.booked().flatMap(({ kind, ...movement }) => {
        if (reference !== undefined && movement.reference !== reference) return [];
        const isUndone = kind === "refund_failure" || kind === "capture_failure";
        return [{ ...movement, kind: isUndone ? "reverse" : kind }];
      }),
    );
  };
}
