import type { Db, Tx } from "../db/db";
import { transact } from "../db/transact";
import { PLATFORM_MERCHANT_ID } from "../merchants/api-key";
import type { Log } from "../observability/log";
import type { NewBreak } from "./break";
import { insertBreaks } from "./break-store";
import { checkIntents, findMisstated, findUnheld } from "./prove-checks";
import { type ClearedWithin, addItems, closeCleared, findUncleared } from "./clearing-store";
import {
  type Unproven,
  addUp,
  endPass,
  findUnproven,
  goOn,
  lockAudit,
  markProven,
  readState,
} from "./prove-store";
import { findWaysOut } from "./way-out";

/*
 * The continuous audit of the ledger, in slices. A pass goes from merchant to merchant, and of each reads only what came
 * since the last one: postings up to the balances' horizon, before which the database accepts none any more, and events
 * up to the end of the feed, whose positions are given after the commit. What was proven stays proven, because postings,
 * journals and events cannot be changed; that nobody changed them all the same is for "oncepay verify" to say.
 *
 * Guarantees: every posting is added up once, and every intent is compared with its journals after every change. What
 * differs is logged as an error, becomes a break with its event, and is counted, in the commit that moves the mark: a
 * crash leaves none of it, and the slice is done again. One worker at a time is at it.
 *
 * Cost: of a slice at most so many postings and events as below, and their intents; of a pass two probes of an index for
 * each merchant, one row a currency, what is open in the accounts that should be empty, and the journals of each attempt
 * whose outcome is unknown. None of it grows with history.
 */

const PASS_EVERY_MS = 10_000;
const SLICE = { walked: 1_000, merchants: 20, postings: 2_000 };
const EVENTS = 2_000;

const FOUND_MAX = 100;

/** When something looks whether what is in suspense is to go elsewhere by now. */
const WAY_OUT_MS = 3_600_000;

interface Needs {
  readonly db: Db;
  readonly log: Log;
}

export interface Proven {
  /** Whether there is more to be read in this pass. */
  readonly more: boolean;
  readonly found: number;
}

const IDLE: Proven = { more: false, found: 0 };

/** One slice of a pass, when one is due or under way. */
export async function proveBooks(
  { db, log }: Needs,
  options: { readonly everyMs?: number; readonly clearedWithin?: ClearedWithin } = {},
): Promise<Proven> {
  const { everyMs = PASS_EVERY_MS, clearedWithin } = options;
  const done = await transact(db, async (tx) => {
    if (!(await lockAudit(tx))) return undefined;
    const state = await readState(tx, everyMs);
    if (!state.due) return undefined;
    const { walkedTo, slices } = await findUnproven(tx, state, SLICE);
    if (walkedTo === null) {
      const { breaks, totals } = await finish(tx, clearedWithin);
      return { breaks: await insertBreaks(tx, breaks), known: breaks, totals, more: false };
    }
    const breaks: NewBreak[] = [];
    let at = walkedTo;
    let before = state.atMerchant;
    for (const slice of slices) {
      const proven = await prove(tx, slice);
      breaks.push(...proven.breaks);
      // The rest of it is the next slice: a merchant who is busy is not left behind until the next pass.
      if (slice.until !== state.horizon || proven.hasMoreEvents) {
        at = before;
        break;
      }
      before = slice.merchantId;
    }
    const inserted = await insertBreaks(tx, breaks);
    await goOn(tx, at, inserted.length);
    return { breaks: inserted, known: breaks, totals: [], more: true };
  });
  if (!done) return IDLE;
  for (const { currency, difference } of done.totals) {
    log.error({ currency, difference }, "debits and credits differ");
  }
  for (const found of done.known) {
    const { merchantId, kind, detail: reason } = found;
    log.error({ merchantId, kind, reason }, "the books differ");
  }
  return { more: done.more, found: done.breaks.length };
}

async function prove(
  tx: Tx,
  slice: Unproven,
): Promise<{ readonly breaks: NewBreak[]; readonly hasMoreEvents: boolean }> {
  const { merchantId } = slice;
  await addUp(tx, slice);
  await addItems(tx, slice);
  const misstated = await findMisstated(tx, slice);
  const checked = await checkIntents(tx, slice, EVENTS);
  const feedPosition = checked[0]?.feedPosition ?? slice.feedPosition;
  await markProven(tx, slice, feedPosition);
  const breaks: NewBreak[] = [
    ...misstated.map(({ accountId, currency, what, shown, proven }): NewBreak => ({
      merchantId,
      kind: "IMBALANCE",
      source: "LEDGER",
      subjectId: accountId,
      currency,
      detail: `a ${what} of ${shown} is shown, and the postings add up to ${proven}`,
    })),
    ...checked.flatMap(({ id, currency, detail }): NewBreak[] =>
      id === null || currency === null || detail === null
        ? []
        : [
            {
              merchantId,
              kind: "AMOUNT",
              source: "LEDGER",
              subjectId: id,
              paymentIntentId: id,
              currency,
              detail,
            },
          ],
    ),
  ];
  // Positions have no gaps.
  return { breaks, hasMoreEvents: feedPosition - slice.feedPosition >= EVENTS };
}

async function finish(tx: Tx, within: ClearedWithin | undefined) {
  await closeCleared(tx);
  const uncleared = await findUncleared(tx, { within, limit: FOUND_MAX });
  const held = uncleared.filter(({ kind }) => kind === "SUSPENSE");
  const waysOut = await findWaysOut(tx, held);
  const unheld = await findUnheld(tx, FOUND_MAX);
  const totals = await endPass(tx);
  const breaks: NewBreak[] = [
    ...uncleared.map(({ itemId, kind, amount, openSince, ...its }): NewBreak => {
      const proposal = kind === "SUSPENSE" ? waysOut.get(itemId) : undefined;
      return {
        ...its,
        kind: "UNCLEARED",
        source: "LEDGER",
        subjectId: itemId,
        detail: `${kind} has held ${amount} ${its.currency} of it since ${openSince}`,
        ...(proposal && { proposal, dueInMs: WAY_OUT_MS }),
      };
    }),
    ...unheld.map(({ merchantId, id, currency, detail }): NewBreak => ({
      merchantId,
      kind: "AMOUNT",
      source: "LEDGER",
      subjectId: id,
      paymentIntentId: id,
      currency,
      detail,
    })),
    ...totals.map(({ currency, difference }): NewBreak => ({
      merchantId: PLATFORM_MERCHANT_ID,
      kind: "IMBALANCE",
      source: "LEDGER",
      subjectId: currency,
      currency,
      detail: `debits less credits are ${difference} ${currency}`,
    })),
  ];
  return { breaks, totals };
}
