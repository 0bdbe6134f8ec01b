import { setTimeout as delay } from "node:timers/promises";

/** Polls until the condition holds; false when the time is up first. */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  limits: { timeoutMs: number; everyMs?: number },
): Promise<boolean> {
  const deadline = Date.now() + limits.timeoutMs;
  for (;;) {
    if (await condition()) return true;
    if (Date.now() >= deadline) return false;
    await delay(limits.everyMs ?? 50);
  }
}
