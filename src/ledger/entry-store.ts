import { type Db, type Statement, run } from "../db/db";
import {
  type CursorFormat,
  IN_SQL,
  type Page,
  type PageArguments,
  type PageRequest,
  readPage,
} from "../pagination";
import { NORMAL_SIDE, type Side } from "./accounts";
import { joinSideSums } from "./side-sums";

/** What caused a journal; the prefix of its source's id tells. */
export type JournalSource = "ATTEMPT" | "DISPUTE" | "PAYOUT" | "RECONCILIATION_BREAK";

/** One side of a posting, as the account that it stands in sees it. */
export interface LedgerEntry {
  readonly journalId: string;
  readonly line: number;
  readonly kind: string;
  readonly side: "DEBIT" | "CREDIT";
  readonly amount: number;
  readonly currency: string;
  readonly pending: boolean;
  /** What the account held when it was posted, on its normal side; a hold does not change it. */
  readonly balanceAfter: bigint;
  /** Null for what is not about one payment. */
  readonly paymentIntentId: string | null;
  readonly source: JournalSource;
  /** The id of what caused the journal. */
  readonly sourceId: string;
  /** The source, when it is an attempt. */
  readonly attemptId: string | null;
  readonly createdAt: string;
  /** The same time as Postgres stores it, in microseconds since 1970: what entries are sorted by. */
  readonly postedAtMicros: number;
}

type EntryRow = Omit<LedgerEntry, "balanceAfter"> & { readonly balanceAfter: string };

interface EntryKey {
  readonly postedAtMicros: number;
  readonly journalId: string;
  readonly line: number;
}

const entryCursor: CursorFormat<EntryKey> = {
  write: ({ postedAtMicros, journalId, line }) =>
    `${String(postedAtMicros)} ${journalId} ${String(line)}`,
  read: (text) => {
    // Sixteen digits are the years from 2001 to 2286.
    const match = /^([1-9]\d{15}) (jrn_[0-9a-z]{26}) (\d{1,4})$/.exec(text);
    if (!match?.[1] || !match[2]) return undefined;
    return { postedAtMicros: Number(match[1]), journalId: match[2], line: Number(match[3]) };
  },
};

/*
 * A page is the nearest entries of each side of the account, merged; each side is read by its own index. What the account
 * held after the page's first entry is its newest snapshot from before that one, and the entries since: a thousand, and
 * what came since the sweeper last looked. From there on the page's own entries are added.
 */
function entriesStatement(request: PageRequest<EntryKey>): Statement {
  const { beyond, order } = IN_SQL[request.direction];
  const from = request.from
    ? `and (p.created_at, p.journal_id, p.line)
            ${beyond} (timestamptz 'epoch' + ? * interval '1 microsecond', ?, ?)`
    : "";
  const nearest = `order by p.created_at ${order}, p.journal_id ${order}, p.line ${order} limit ?`;
  const side = (name: Side) => `
        (select p.*, '${SIDES[name]}' as side from postings p
        where p.${name}_account_id = ? and p.merchant_id = ? ${from}
        ${nearest})`;
  return {
    name: `ledger_entries_${request.direction}${request.from ? "_from" : ""}`,
    text: `
      with page as materialized (
        select p.* from (${side("debit")}
        union all ${side("credit")}) p ${nearest}
      ), first as materialized (
        select a.merchant_id, a.id, p.created_at, p.journal_id, p.line,
          case a.kind ${SIGNS} end as sign
        from page p
        join ledger_accounts a on a.merchant_id = p.merchant_id
          and a.id = case p.side when 'DEBIT' then p.debit_account_id else p.credit_account_id end
        order by p.created_at, p.journal_id, p.line limit 1
      ), snapshot as materialized (
        select f.*, coalesce(s.before, '-infinity') as since,
          coalesce(s.debits - s.credits, 0) as balance
        from first f
        left join lateral (
          select * from balance_snapshots s
          where s.merchant_id = f.merchant_id and s.account_id = f.id and s.before <= f.created_at
          order by s.before desc limit 1) s on true
      ), before as materialized (
        select f.sign, f.balance + debit.posted - credit.posted as balance
        from snapshot f
        ${joinSideSums({ of: "f", within: BEFORE_PAGE })}
      )
      select p.journal_id as "journalId", p.line as "line", j.kind as "kind", p.side as "side",
        p.amount as "amount", p.currency as "currency", p.pending as "pending",
        (b.sign * (b.balance + sum(case when p.pending then 0 when p.side = 'DEBIT' then p.amount
          else -p.amount end) over (order by p.created_at, p.journal_id, p.line)))::text
          as "balanceAfter",
        j.payment_intent_id as "paymentIntentId", j.source_id as "sourceId",
        case when j.source_id like 'att\\_%' then 'ATTEMPT'
          when j.source_id like 'dp\\_%' then 'DISPUTE'
          when j.source_id like 'po\\_%' then 'PAYOUT'
          when j.source_id like 'brk\\_%' then 'RECONCILIATION_BREAK' end as "source",
        case when j.source_id like 'att\\_%' then j.source_id end as "attemptId",
        iso(p.created_at) as "createdAt",
        (extract(epoch from p.created_at) * 1000000)::bigint as "postedAtMicros"
      from page p cross join before b
      join journals j on j.merchant_id = p.merchant_id and j.id = p.journal_id
      order by p.created_at ${order}, p.journal_id ${order}, p.line ${order}`,
  };
}

// From the snapshot up to where the page begins.
const BEFORE_PAGE = `p.created_at >= f.since
          and (p.created_at, p.journal_id, p.line) < (f.created_at, f.journal_id, f.line)`;

const SIDES: Readonly<Record<Side, LedgerEntry["side"]>> = { debit: "DEBIT", credit: "CREDIT" };

const SIGNS = Object.entries(NORMAL_SIDE)
  .map(([kind, side]) => `when '${kind}' then ${side === "debit" ? "1" : "-1"}`)
  .join(" ");

/** An account's entries, newest first. */
export async function listEntries(
  db: Db,
  merchantId: string,
  list: { readonly accountId: string; readonly page: PageArguments },
): Promise<Page<LedgerEntry>> {
  const { accountId } = list;
  return readPage<LedgerEntry, EntryKey>(
    {
      format: entryCursor,
      keyOf: (entry) => entry,
      fetch: async (request) => {
        const { from, limit } = request;
        const key = from ? [from.postedAtMicros, from.journalId, from.line] : [];
        const side = [accountId, merchantId, ...key, limit];
        const rows = await run<EntryRow>(db, entriesStatement(request), [...side, ...side, limit]);
        return rows.map((row) => ({ ...row, balanceAfter: BigInt(row.balanceAfter) }));
      },
    },
    list.page,
  );
}
