import { setTimeout as pause } from "node:timers/promises";
import { createWindows } from "./windows";

/*
 * Refusing costs something, too: a client that pays no attention to Retry-After and comes back the moment it is refused
 * keeps the process busy with refusals. So once somebody has been refused often within a second, further refusals are
 * kept back for a while. A client like that waits for its answer, and so is slowed down; whoever does as Retry-After
 * says never notices.
 *
 * What is kept back is held in memory, so there is a bound to it; beyond that, refusals are sent at once.
 */
const REFUSALS_AT_ONCE = 10;
const HELD_MS = 1_000;
const HELD_MAX = 1_000;
// Of the bodies that came with them.
const HELD_BYTES_MAX = 8 * 1_024 * 1_024;

export function createHoldBack(): (
  who: string,
  request: { readonly size: number },
) => Promise<void> {
  const refusals = createWindows("refusals", 1_000);
  let held = 0;
  let heldBytes = 0;
  return async (who, { size }) => {
    const { amount } = refusals.add(who, 1);
    const bytes = Number.isFinite(size) ? size : 0;
    if (amount <= REFUSALS_AT_ONCE || held >= HELD_MAX) return;
    if (heldBytes + bytes > HELD_BYTES_MAX) return;
    held += 1;
    heldBytes += bytes;
    try {
      await pause(HELD_MS, undefined, { ref: false });
    } finally {
      held -= 1;
      heldBytes -= bytes;
    }
  };
}
