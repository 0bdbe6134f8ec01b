import { type Db, type Statement, run } from "../db/db";
import type { EndpointKey } from "./delivery";

/*
 * An endpoint's rate holds for all processes together, so it is spent in the endpoint's row: each set of deliveries
 * takes the next places in a line that is as long as the rate says. Only endpoints that have a rate are written so,
 * once for each set that is claimed.
 */
const RESERVE: Statement = {
  name: "reserve_sends",
  text: `
    update webhook_endpoints w
    set rate_spent_until = greatest(w.rate_spent_until, now())
      + ? * interval '1 second' / w.rate_limit
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
  const eachMs = 1_000 / row.rateLimit;
  const firstMs = Number(row.untilMs) - count * eachMs;
  return Array.from({ length: count }, (_, index) => firstMs + index * eachMs);
}
