/*
 * What an open stream needs at a moment, decided from its times alone. One whose reader takes nothing is not pinged: a
 * ping would wait behind what is unread.
 */

const PING_EVERY_MS = 12_000;
const UNREAD_MS = 10_000;

export interface StreamTimes {
  readonly openedAtMs: number;
  readonly pingedAtMs: number;
  /** Since when the reader has not taken what was sent. */
  readonly fullSinceMs: number | undefined;
}

export type StreamCare = "LEAVE" | "PING" | "END" | "DESTROY";

export function careFor(
  { openedAtMs, pingedAtMs, fullSinceMs }: StreamTimes,
  { nowMs, maxAgeMs }: { readonly nowMs: number; readonly maxAgeMs: number },
): StreamCare {
  if (fullSinceMs !== undefined) return nowMs - fullSinceMs > UNREAD_MS ? "DESTROY" : "LEAVE";
  if (nowMs - openedAtMs > maxAgeMs) return "END";
  return nowMs - pingedAtMs > PING_EVERY_MS ? "PING" : "LEAVE";
}
