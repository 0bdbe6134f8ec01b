import { type Db, type Statement, run } from "../db/db";
import {
  IN_SQL,
  type Page,
  type PageArguments,
  type PageRequest,
  byId,
  readPage,
} from "../pagination";
import type { AccountKind } from "./accounts";

/** Reads of ledger accounts; what they hold is in balance-store.ts. */
export interface LedgerAccount {
  readonly id: string;
  readonly kind: AccountKind;
  readonly currency: string;
  readonly createdAt: string;
}

const COLUMNS = `
  a.id as "id", a.kind as "kind", a.currency as "currency", iso(a.created_at) as "createdAt"`;

const FIND: Statement = {
  name: "find_ledger_accounts",
  text: `select ${COLUMNS} from ledger_accounts a where a.merchant_id = ? and a.id = any(?)`,
};

/** The accounts with these ids, in no particular order; those that do not exist are left out. */
export async function findAccounts(
  db: Db,
  merchantId: string,
  ids: readonly string[],
): Promise<LedgerAccount[]> {
  return run<LedgerAccount>(db, FIND, [merchantId, ids]);
}

export interface AccountFilter {
  readonly kinds?: readonly AccountKind[] | null | undefined;
  readonly currencies?: readonly string[] | null | undefined;
}

/**
 * Accounts, newest first. A merchant has six in each currency that it uses, so little is read whatever is asked for,
 * and one statement can have optional filters.
 */
export async function listAccounts(
  db: Db,
  merchantId: string,
  list: { readonly filter?: AccountFilter | null | undefined; readonly page: PageArguments },
): Promise<Page<LedgerAccount>> {
  const { kinds, currencies } = list.filter ?? {};
  return readPage<LedgerAccount, string>(
    {
      ...BY_ID,
      fetch: ({ direction, from, limit }) =>
        run<LedgerAccount>(db, LISTS[direction], [
          merchantId,
          from ?? BY_ID.ends[direction],
          given(kinds),
          given(currencies),
          limit,
        ]),
    },
    list.page,
  );
}

/** An empty list filters nothing, like one that is absent. */
function given<Item>(items: readonly Item[] | null | undefined): readonly Item[] | null {
  return items && items.length > 0 ? items : null;
}

function listStatement(direction: PageRequest<string>["direction"]): Statement {
  const { beyond, order } = IN_SQL[direction];
  return {
    name: `list_ledger_accounts_${direction}`,
    text: `
      select ${COLUMNS}
      from (
        select ?::text as merchant_id, ?::text as "from",
          ?::text[] as kinds, ?::text[] as currencies
      ) q
      join ledger_accounts a on a.merchant_id = q.merchant_id and a.id ${beyond} q."from"
        and (q.kinds is null or a.kind = any(q.kinds))
        and (q.currencies is null or a.currency = any(q.currencies))
      order by a.id ${order} limit ?`,
  };
}

const LISTS = { older: listStatement("older"), newer: listStatement("newer") };
const BY_ID = byId("ledgerAccount");
