import type { JSX } from "preact";
import { Link } from "../address";
import { useBooks } from "../books";
import { Id, Time, money, words } from "../format";
import { Filters, momentIn } from "../parts/filters";
import { List, pageIn } from "../parts/list";
import { Empty, Facts, Found } from "../parts/notes";
import { Table } from "../parts/table";
import { usePlace } from "../place";
import { SELDOM_MS, useQuery } from "../query";
import type { Results } from "../results";

type Balance = Results["trialBalance"]["trialBalance"];

export function Ledger(): JSX.Element {
  const { filters, to } = usePlace();
  const asOf = momentIn(filters, "at");
  const books = useBooks();
  const accounts = useQuery("accounts", { asOf, ...pageIn(filters) }, SELDOM_MS);
  return (
    <>
      <h1>Ledger</h1>
      <Found query={books}>{({ trial }) => trial && <Trial balance={trial} />}</Found>
      <h2>Accounts</h2>
      <Filters path="ledger" fields={[{ name: "at", label: "As of", type: "datetime-local" }]} />
      <List
        query={accounts}
        pick={({ ledgerAccounts }) => ledgerAccounts}
        caption={asOf === undefined ? "Balances now" : "Balances at that time"}
        columns={[
          {
            name: "Account",
            of: ({ id, kind }) => (
              <Link to={to(`ledger/${id}`)} row>
                {words(kind)}
              </Link>
            ),
          },
          { name: "Balance", numeric: true, of: (one) => money(one.balance, one.currency) },
          { name: "On hold", numeric: true, of: (one) => money(one.pendingBalance, one.currency) },
          { name: "Opened", of: ({ createdAt }) => <Time at={createdAt} /> },
          { name: "Id", of: ({ id }) => <Id of={id} /> },
        ]}
        empty="No account has been opened: the first money that moves opens those of its currency."
      />
    </>
  );
}

function Trial({ balance }: { balance: Balance }): JSX.Element {
  const rows = balance.currencies.map((totals) => ({ ...totals, id: totals.currency }));
  return (
    <>
      {rows.length === 0 ? (
        <Empty>Nothing has been posted yet, so there is nothing to balance.</Empty>
      ) : (
        <Table
          caption="Trial balance"
          rows={rows}
          columns={[
            { name: "Currency", of: ({ currency }) => currency },
            { name: "Debits", numeric: true, of: (one) => money(one.debits, one.currency) },
            { name: "Credits", numeric: true, of: (one) => money(one.credits, one.currency) },
            {
              name: "Difference",
              numeric: true,
              of: ({ difference, currency }) =>
                difference === "0" ? (
                  "none"
                ) : (
                  <strong class="bad">{money(difference, currency)}</strong>
                ),
            },
          ]}
        />
      )}
    </>
  );
}

export function AccountPage({ id }: { id: string }): JSX.Element {
  const { filters, to } = usePlace();
  const query = useQuery("account", { id, ...pageIn(filters) }, SELDOM_MS);
  return (
    <>
      <h1>
        Account <Id of={id} />
      </h1>
      <Found query={query}>
        {({ ledgerAccount: account }) =>
          account ? (
            <Facts
              of={[
                ["Kind", words(account.kind)],
                ["Balance", money(account.balance, account.currency)],
                ["On hold", money(account.pendingBalance, account.currency)],
              ]}
            />
          ) : (
            <Empty>This merchant has no ledger account with this id.</Empty>
          )
        }
      </Found>
      <List
        query={query}
        pick={({ ledgerAccount }) =>
          ledgerAccount && {
            ...ledgerAccount.entries,
            edges: ledgerAccount.entries.edges.map(({ node }) => ({
              node: { ...node, id: `${node.journalId} ${String(node.line)}` },
            })),
          }
        }
        caption="Entries, newest first"
        columns={[
          { name: "Posted", of: ({ createdAt }) => <Time at={createdAt} /> },
          { name: "For", of: ({ kind, pending }) => words(kind) + (pending ? " (on hold)" : "") },
          {
            name: "Debit",
            numeric: true,
            of: (one) => (one.side === "DEBIT" ? money(one.amount, one.currency) : ""),
          },
          {
            name: "Credit",
            numeric: true,
            of: (one) => (one.side === "CREDIT" ? money(one.amount, one.currency) : ""),
          },
          {
            name: "Payment",
            of: ({ paymentIntentId }) =>
              paymentIntentId !== null && (
                <Link to={to(`payments/${paymentIntentId}`)} row>
                  <Id of={paymentIntentId} />
                </Link>
              ),
          },
          { name: "Journal", of: ({ journalId }) => <Id of={journalId} /> },
        ]}
        empty="Nothing has been posted to it."
      />
    </>
  );
}
