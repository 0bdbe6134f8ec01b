import { type Statement, type Tx, run } from "../db/db";
import { newId } from "../ids";
import { ACCOUNT_KINDS } from "./accounts";
import type { Journal } from "./journals";

// Returns those of which all accounts were committed before: what this transaction itself inserts may yet be rolled back.
const ENSURE_ACCOUNTS: Statement = {
  name: "ensure_ledger_accounts",
  text: `
    with account as materialized (
      select * from jsonb_to_recordset(?) as a (merchant_id text, id text, kind text, currency text)
    ), inserted as (
      insert into ledger_accounts (merchant_id, id, kind, currency)
      select merchant_id, id, kind, currency from account order by merchant_id, kind, currency
      on conflict (merchant_id, kind, currency) do nothing
    )
    select l.merchant_id as "merchantId", l.currency as "currency"
    from account a
    join ledger_accounts l on l.merchant_id = a.merchant_id and l.kind = a.kind
      and l.currency = a.currency
    where l.created_at <> now()
    group by l.merchant_id, l.currency having count(*) = ${String(ACCOUNT_KINDS.length)}`,
};

const INSERT_JOURNALS: Statement = {
  name: "insert_journals",
  text: `
    with line as materialized (
      select * from jsonb_to_recordset(?) as l (merchant_id text, journal_id text, kind text,
        payment_intent_id text, source_id text, currency text, line int, debit text, credit text,
        amount bigint, pending boolean, corrects text)
    ), journal as (
      insert into journals (merchant_id, id, kind, payment_intent_id, source_id,
        corrects_journal_id)
      select merchant_id, journal_id, kind, payment_intent_id, source_id, corrects
      from line where line = 1
      order by merchant_id, source_id, kind
    )
    insert into postings (merchant_id, journal_id, line, debit_account_id, credit_account_id,
      amount, currency, pending)
    select l.merchant_id, l.journal_id, l.line, d.id, c.id, l.amount, l.currency, l.pending
    from line l
    join ledger_accounts d on d.merchant_id = l.merchant_id and d.kind = l.debit
      and d.currency = l.currency
    join ledger_accounts c on c.merchant_id = l.merchant_id and c.kind = l.credit
      and c.currency = l.currency
    returning line`,
};

// Merchants and currencies whose accounts are there, committed. Accounts are never removed, so this never goes stale.
const accountsKnown = new Set<string>();
const ACCOUNTS_KNOWN_MAX = 100_000;

/** For each merchant and currency that may have none yet. */
function missingAccounts(journals: readonly Journal[]): object[] {
  const missing = new Map<string, Journal>();
  for (const journal of journals) {
    const name = `${journal.merchantId} ${journal.currency}`;
    if (!accountsKnown.has(name)) missing.set(name, journal);
  }
  return [...missing.values()].flatMap(({ merchantId, currency }) =>
    ACCOUNT_KINDS.map((kind) => ({
      merchant_id: merchantId,
      id: newId("ledgerAccount"),
      kind,
      currency,
    })),
  );
}

async function insertAccounts(tx: Tx, rows: readonly object[]): Promise<void> {
  const committed = await run<Pick<Journal, "merchantId" | "currency">>(tx, ENSURE_ACCOUNTS, [
    JSON.stringify(rows),
  ]);
  if (accountsKnown.size > ACCOUNTS_KNOWN_MAX) accountsKnown.clear();
  for (const { merchantId, currency } of committed) accountsKnown.add(`${merchantId} ${currency}`);
}

/**
 * Books journals, all of them or none. A journal of one kind is booked once for its source: a second one
 * is a unique violation that rolls the whole transaction back, because getting this far twice means that an earlier
 * guard has failed.
 */
export async function insertJournals(tx: Tx, journals: readonly Journal[]): Promise<void> {
  const lines = journals.flatMap(({ id, merchantId, paymentIntentId, sourceId, ...rest }) =>
    rest.postings.map((posting, index) => ({
      merchant_id: merchantId,
      journal_id: id,
      kind: rest.kind,
      payment_intent_id: paymentIntentId,
      source_id: sourceId,
      currency: rest.currency,
      corrects: rest.corrects,
      line: index + 1,
      ...posting,
    })),
  );
  if (lines.length === 0) return;
  const accounts = missingAccounts(journals);
  if (accounts.length > 0) await insertAccounts(tx, accounts);
  const inserted = await run(tx, INSERT_JOURNALS, [JSON.stringify(lines)]);
  if (inserted.length !== lines.length) {
    accountsKnown.clear();
    throw new Error("a posting names a ledger account that is not there");
  }
}
