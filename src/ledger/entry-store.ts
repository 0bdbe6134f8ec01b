import { type Db, type Statement, run } from "../db/db";
import {
  type CursorFormat,
  IN_SQL,
  type Page,
  type PageArguments,
  type PageRequest,
  readPage,
} from "../pagination";

/** What caused a journal; the prefix of its source's id tells. */
export type JournalSource = "ATTEMPT" | "DISPUTE" | "RECONCILIATION_BREAK";

/** One side of a posting, as the account that it stands in sees it. */
export interface LedgerEntry {
  readonly journalId: string;
  readonly line: number;
  readonly kind: string;
  readonly side: "DEBIT" | "CREDIT";
  readonly amount: number;
  readonly currency: string;
  readonly pending: boolean;
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

function entriesStatement(request: PageRequest<EntryKey>): Statement {
  const { beyond, order } = IN_SQL[request.direction];
  const from = `
        and (p.created_at, p.journal_id, p.line)
          ${beyond} (timestamptz 'epoch' + ? * interval '1 microsecond', ?, ?)`;
  return {
    name: `ledger_entries_${request.direction}${request.from ? "_from" : ""}`,
    text: `
      select p.journal_id as "journalId", p.line as "line", j.kind as "kind",
        case when p.debit_account_id = ? then 'DEBIT' else 'CREDIT' end as "side",
        p.amount as "amount", p.currency as "currency", p.pending as "pending",
        j.payment_intent_id as "paymentIntentId", j.source_id as "sourceId",
        case when j.source_id like 'att\\_%' then 'ATTEMPT'
          when j.source_id like 'dp\\_%' then 'DISPUTE'
          when j.source_id like 'brk\\_%' then 'RECONCILIATION_BREAK' end as "source",
        case when j.source_id like 'att\\_%' then j.source_id end as "attemptId",
        iso(p.created_at) as "createdAt",
        (extract(epoch from p.created_at) * 1000000)::bigint as "postedAtMicros"
      from postings p join journals j on j.merchant_id = p.merchant_id and j.id = p.journal_id
      where p.merchant_id = ? and (p.debit_account_id = ? or p.credit_account_id = ?)
        ${request.from ? from : ""}
      order by p.created_at ${order}, p.journal_id ${order}, p.line ${order} limit ?`,
  };
}

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
      fetch: (request) =>
        run<LedgerEntry>(db, entriesStatement(request), [
          accountId,
          merchantId,
          accountId,
          accountId,
          ...(request.from
            ? [request.from.postedAtMicros, request.from.journalId, request.from.line]
            : []),
          request.limit,
        ]),
    },
    list.page,
  );
}
