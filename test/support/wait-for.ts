import { PATIENCE_MS } from "./patience";

/** Waits on a condition, never on time: asks again and again until it gives something, and fails at the deadline. */
export async function waitFor<T>(
  what: string,
  ask: () => T | Promise<T>,
  timeoutMs = PATIENCE_MS,
): Promise<NonNullable<Exclude<T, false>>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await ask();
    if (found) return found as NonNullable<Exclude<T, false>>;
    if (Date.now() >= deadline) throw new Error(`waited ${String(timeoutMs)} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
