/** What is being caught up with at a rate, and how much of it is due. */
export interface Backlog {
  /** Rows beyond this one are new. */
  publishedTo: number;
  /** Published ahead of their turn. */
  readonly ahead: Set<number>;
  /** Of what is new; while it is under way. */
  publishing: Promise<number> | undefined;
  readonly startedAtMs: number;
  allowance: number;
  allowedAtMs: number;
}

const BURST_MS = 100;

// A relay that has just begun is slow, and so are the workers that it wakes: it begins with a fifth of its rate.
const GENTLY_MS = 6_000;
const AT_FIRST = 0.2;

export function allowanceOf(backlog: Backlog, fullRate: number): number {
  const nowMs = performance.now();
  const sinceStart = (nowMs - backlog.startedAtMs) / GENTLY_MS;
  const rate = fullRate * Math.min(1, AT_FIRST + (1 - AT_FIRST) * sinceStart);
  const earned = ((nowMs - backlog.allowedAtMs) / 1_000) * rate;
  const most = Math.max(1, (rate * BURST_MS * 2) / 1_000);
  backlog.allowance = Math.min(most, backlog.allowance + earned);
  backlog.allowedAtMs = nowMs;
  return Math.floor(backlog.allowance);
}
