import { createFairAdmission } from "./fair-admission";
import { tooManyWaiting } from "./rate-limits";

/*
 * Requests for much at once take hundreds of milliseconds of the process' only thread and of a database's core. Few of
 * them are executed at the same time, one of each tenant, and after each its tenant has a pause as long as it took. So
 * they never take more than half of the time, however many are asked for; whoever asks for ordinary pages, or for one
 * dear page after the other at some leisure, does not notice.
 */
export interface DearRequests {
  isDear(cost: number): boolean;
  /** Resolves when the request may begin, to what says that it is done. */
  enter(tenant: string): Promise<() => void>;
}

/** A page of 100 payments with twenty of their values costs less. */
const DEAR = 5_000;
const PLACES = 3;
const PAUSE_MAX_MS = 2_000;
const PATIENCE_MS = 10_000;
const WAITING_MAX = 400;

const TOO_MANY = tooManyWaiting(
  "dear-requests",
  "Too many requests for much at once are waiting. Ask for less, or for one thing after the other.",
);

export function createDearRequests(): DearRequests {
  const admission = createFairAdmission({
    places: PLACES,
    heldPerFree: 1 / PLACES,
    patienceMs: PATIENCE_MS,
    waitingMax: WAITING_MAX,
  });
  return {
    isDear: (cost) => cost > DEAR,
    enter: async (tenant) => {
      const leave = await Promise.resolve(admission.enter(tenant)).catch(TOO_MANY);
      const since = performance.now();
      return () => {
        setTimeout(leave, Math.min(PAUSE_MAX_MS, performance.now() - since)).unref();
      };
    },
  };
}
