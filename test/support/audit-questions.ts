import type { Db, Tx } from "../../src/db/db";
import { transact } from "../../src/db/transact";
import { addItems, closeCleared, findUncleared } from "../../src/reconciliation/clearing-store";
import { checkIntents } from "../../src/reconciliation/prove-checks";
import {
  type Unproven,
  addUp,
  endPass,
  findUnproven,
  goOn,
  markProven,
  readState,
} from "../../src/reconciliation/prove-store";
import { PAGE, type Question, after, now } from "./plan-questions";

interface Shop {
  /** As the system, which sees every tenant. */
  readonly db: Db;
  readonly merchantId: string;
}

/** Everything was proven, thousands of disputes are open, and none of them for long. */
export async function proveHistory(db: Db, merchantId: string): Promise<void> {
  await db.raw(`
    insert into audit_marks (merchant_id, posted_before, cleared_before, feed_position)
    select m.id, h.before, h.before, coalesce(f.position, 0)
    from merchants m cross join balance_horizon h
    left join lateral (
      select max(f.position) as position from event_feed f where f.merchant_id = m.id) f on true;
    insert into ledger_proofs (merchant_id, account_id, kind, currency)
    select merchant_id, id, kind, currency from ledger_accounts;
    insert into proven_totals (currency) values ('USD')`);
  await db.raw(
    `insert into clearing_items (merchant_id, account_id, item_id, kind, currency, amount,
       open_since)
     select a.merchant_id, a.id, 'dp_' || n, a.kind, a.currency, 7, now()
     from ledger_accounts a cross join generate_series(1, 3000) n
     where a.merchant_id = ? and a.kind in ('DISPUTES', 'PAYOUTS')`,
    [merchantId],
  );
}

// What a slice adds up is taken back: the next one is to find the same.
class Undo extends Error {}

async function undone(db: Db, ask: (tx: Tx) => Promise<unknown>): Promise<string> {
  await transact(db, async (tx) => {
    await ask(tx);
    throw new Undo();
  }).catch((error: unknown) => {
    if (!(error instanceof Undo)) throw error;
  });
  return "asked";
}

/** What the continuous audit asks, of a slice from the middle of a long history and of a pass that finds nothing new. */
export function auditQuestions(shop: () => Shop): Question[] {
  const slice = async (): Promise<Unproven> => {
    const { db, merchantId } = shop();
    const { rows } = await db.raw<{ rows: Unproven[] }>(
      `with posted as (
         select created_at, row_number() over (order by created_at, journal_id) as n
         from postings where merchant_id = ?
       )
       select ?::text as "merchantId", f.created_at::text as "postedBefore",
         f.created_at::text as "clearedBefore",
         (f.created_at + interval '1 microsecond')::text as "until",
         (select max(position) / 2 from event_feed where merchant_id = ?)::int as "feedPosition"
       from posted f where f.n = (select max(n) / 2 from posted)`,
      [merchantId, merchantId, merchantId],
    );
    if (!rows[0]) throw new Error("nothing was posted");
    return rows[0];
  };
  return [
    after("adds up a slice of postings", slice, (of) =>
      undone(shop().db, async (tx) => {
        await addUp(tx, of);
        await markProven(tx, of, of.feedPosition);
      }),
    ),
    after("adds up what is to be cleared", slice, (of) =>
      undone(shop().db, (tx) => addItems(tx, of)),
    ),
    after("compares a slice of intents", slice, (of) =>
      transact(shop().db, (tx) => checkIntents(tx, of, PAGE)),
    ),
    now("looks for merchants with something new", () =>
      transact(shop().db, async (tx) => {
        const state = await readState(tx, 0);
        const { merchantId } = shop();
        const from = { ...state, atMerchant: `${merchantId.slice(0, -1)}0` };
        return findUnproven(tx, from, { walked: PAGE, merchants: PAGE, postings: PAGE });
      }),
    ),
    now("ends a pass", () =>
      undone(shop().db, async (tx) => {
        await goOn(tx, shop().merchantId, 0);
        await closeCleared(tx);
        await findUncleared(tx, { limit: PAGE });
        await endPass(tx);
      }),
    ),
  ];
}
