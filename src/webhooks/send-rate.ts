import { type Db, type Statement, run } from "../db/db";
import type { EndpointKey } from "./delivery";

/*
 * An endpoint's rate is what it gets at most within any second, whenever that begins. It holds for all processes
 * together, so it is spent in the endpoint's row: each set of deliveries takes the next places in a line that is as long
 * as the rate says. Only endpoints that have a rate are written so, once for each set that is claimed.
 *
 * A process that is late for its places would send those and the next ones within a second. So it also counts what it has
 * sent itself, and makes up for no more than a moment's delay. And a "second" is a tenth longer than that here, because
 * what was sent apart may arrive closer together.
 */
const SECOND_MS = 1_100;

const RESERVE: Statement = {
  name: "reserve_sends",
  text: `
    update webhook_endpoints w
    set rate_spent_until = greatest(w.rate_spent_until, now())
      + ? * interval '${String(SECOND_MS)} milliseconds' / w.rate_limit
    where w.merchant_id = ? and w.id = ? and w.rate_limit is not null
    returning extract(epoch from w.rate_spent_until - now()) * 1000 as "untilMs",
      w.rate_limit as "rateLimit"`,
};

/** When each of so many deliveries may go out, milliseconds from now; undefined when it has no rate any more. */
export async function reserveSends(
  db: Db,
  { merchantId, id }: EndpointKey,
  count: number,
): Promise<number[] | undefined> {
  const bindings = [count, merchantId, id];
  const [row] = await run<{ untilMs: string; rateLimit: number }>(db, RESERVE, bindings);
  if (!row) return undefined;
  const eachMs = SECOND_MS / row.rateLimit;
  const firstMs = Number(row.untilMs) - count * eachMs;
  return Array.from({ length: count }, (_, index) => firstMs + index * eachMs);
}

/** What is made up for of a process's own delays: enough for timers, which are late by a millisecond or two each. */
const LATE_MS = 50;

/** Up to when this process has used up an endpoint's rate, milliseconds of performance.now(). */
export interface Sends {
  spentUntilMs: number;
}

/** Before this moment the next one would be one too many. */
export function nextSendFromMs({ spentUntilMs }: Sends): number {
  return spentUntilMs - LATE_MS;
}

export function noteSend(
  sends: Sends,
  { rateLimit, nowMs }: { rateLimit: number; nowMs: number },
): void {
  sends.spentUntilMs = Math.max(sends.spentUntilMs, nowMs) + SECOND_MS / rateLimit;
}
