import { type Db, type Statement, run } from "../db/db";
import type { ChangedIntent } from "./announce-changes";

/*
 * Across merchants, but it reads nothing except versions: what has changed is read behind its merchant's wall. One probe
 * of the primary key for each. The fence: see db/planner.ts.
 */
const FIND_CHANGED: Statement = {
  name: "find_changed_intents",
  text: `
    select w.merchant_id as "merchantId", w.id as "paymentIntentId"
    from unnest(?::text[], ?::text[], ?::int[]) as w (merchant_id, id, version)
    cross join lateral (
      select pi.version from payment_intents pi
      where pi.merchant_id = w.merchant_id and pi.id = w.id offset 0
    ) pi
    where pi.version > w.version`,
};

/** Those of these intents that are at a higher version than this. */
export async function findChanged(
  db: Db,
  known: readonly (ChangedIntent & { readonly version: number })[],
): Promise<ChangedIntent[]> {
  if (known.length === 0) return [];
  return run<ChangedIntent>(db, FIND_CHANGED, [
    known.map(({ merchantId }) => merchantId),
    known.map(({ paymentIntentId }) => paymentIntentId),
    known.map(({ version }) => version),
  ]);
}
