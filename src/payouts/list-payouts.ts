import { type Db, type Statement, run } from "../db/db";
import { onlyGiven } from "../db/filters";
import {
  type CursorFormat,
  IN_SQL,
  type Page,
  type PageArguments,
  type PageRequest,
  byId,
  readPage,
} from "../pagination";
import type { PayoutStatus } from "../processors/lists";
import type { Payout, PayoutLine } from "./payout";

const FIND: Statement = {
  name: "find_payouts",
  text: `
    select payout_snapshot(p) as "snapshot" from payouts p
    where p.merchant_id = ? and p.id = any(?)`,
};

/** The payouts with these ids, in no particular order; those that do not exist are left out. */
export async function findPayouts(
  db: Db,
  merchantId: string,
  ids: readonly string[],
): Promise<Payout[]> {
  const rows = await run<{ snapshot: Payout }>(db, FIND, [merchantId, ids]);
  return rows.map(({ snapshot }) => snapshot);
}

export interface PayoutFilter {
  readonly statuses?: readonly PayoutStatus[] | null | undefined;
}

/** A merchant's payouts, newest first, by the primary key. There are a few for each day, so a filter needs no index. */
export async function listPayouts(
  db: Db,
  merchantId: string,
  list: { readonly filter?: PayoutFilter | null | undefined; readonly page: PageArguments },
): Promise<Page<Payout>> {
  const given = list.filter?.statuses;
  return readPage<Payout, string>(
    {
      ...byId("payout"),
      fetch: async (request) => {
        const { beyond, order } = IN_SQL[request.direction];
        const { names, texts, values } = onlyGiven([
          { name: "from", text: `p.id ${beyond} ?`, value: request.from },
          { name: "status", text: "p.status = any(?)", value: given?.length ? given : undefined },
        ]);
        const statement = {
          name: ["list_payouts", order, ...names].join("_"),
          text: `
            select payout_snapshot(p) as "snapshot" from payouts p
            where p.merchant_id = ? ${texts.map((text) => `and ${text}`).join(" ")}
            order by p.id ${order} limit ?`,
        };
        const bindings = [merchantId, ...values, request.limit];
        const rows = await run<{ snapshot: Payout }>(db, statement, bindings);
        return rows.map(({ snapshot }) => snapshot);
      },
    },
    list.page,
  );
}

const LINE_MAX = 2_147_483_647;

const lineCursor: CursorFormat<number> = {
  write: String,
  read: (text) => {
    const line = /^[1-9]\d{0,9}$/.test(text) ? Number(text) : LINE_MAX + 1;
    return line <= LINE_MAX ? line : undefined;
  },
};

// In the order in which the processor has them, so that older is further down.
const IN_ORDER = {
  older: { beyond: ">", order: "asc", end: 0 },
  newer: { beyond: "<", order: "desc", end: LINE_MAX },
} as const;

function linesStatement(direction: PageRequest<number>["direction"]): Statement {
  const { beyond, order } = IN_ORDER[direction];
  return {
    name: `list_payout_lines_${direction}`,
    text: `
      select l.line as "line", l.kind as "kind", l.amount as "amount", l.attempt_id as "attemptId",
        l.payment_intent_id as "paymentIntentId", l.movement_id as "movementId"
      from payout_lines l
      where l.merchant_id = ? and l.payout_id = ? and l.line ${beyond} ?
      order by l.line ${order} limit ?`,
  };
}

const LINES = { older: linesStatement("older"), newer: linesStatement("newer") };

/** What a payout consists of, in the processor's order. */
export async function listPayoutLines(
  db: Db,
  merchantId: string,
  list: { readonly payoutId: string; readonly page: PageArguments },
): Promise<Page<PayoutLine>> {
  return readPage<PayoutLine, number>(
    {
      format: lineCursor,
      keyOf: ({ line }) => line,
      fetch: ({ direction, from, limit }) =>
        run<PayoutLine>(db, LINES[direction], [
          merchantId,
          list.payoutId,
          from ?? IN_ORDER[direction].end,
          limit,
        ]),
    },
    list.page,
  );
}
