import type { Outcome } from "../../src/idempotency/keys";
import { SEALED_HOURS } from "../../src/idempotency/once";
import type { Context } from "../context";

export const IDEMPOTENCY_KEY = {
  description:
    "Chosen by the caller for this one operation: 1 to 255 visible ASCII characters. A repeat with the same key has no second effect, and gets the original result.",
};

export const SHOWN_FOR_A_DAY = `Shown for ${String(SEALED_HOURS)} hours to the same idempotency key, and null after that.`;

/** What was committed is waiting in the outbox; a replay has put nothing there. */
export function afterCommit(context: Context, outcome: Outcome<unknown>): void {
  if (outcome.status === "EXECUTED") context.app.wakeRelay();
}
