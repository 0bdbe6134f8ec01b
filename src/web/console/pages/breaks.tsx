import type { JSX } from "preact";
import type { ReconciliationBreakKind, ReconciliationBreakStatus } from "../../../sdk/enums";
import { Link } from "../address";
import { type Break, postingsInWords, sideInWords } from "../break-words";
import { UNRESOLVED } from "../counting";
import { Id, Status, Time, words } from "../format";
import { type Field, Filters } from "../parts/filters";
import { List, pageIn } from "../parts/list";
import type { Column } from "../parts/table";
import { usePlace } from "../place";
import { SELDOM_MS, useQuery } from "../query";

const KINDS: readonly ReconciliationBreakKind[] = [
  "MISSING_HERE",
  "MISSING_THERE",
  "AMOUNT",
  "CURRENCY",
  "FEE",
  "STATE",
  "DUPLICATE",
  "TIMING",
  "IMBALANCE",
  "UNCLEARED",
];
const STATUSES: readonly ReconciliationBreakStatus[] = ["OPEN", "EXPLAINED", "RESOLVED"];

const FIELDS: readonly Field[] = [
  { name: "status", label: "Status", options: STATUSES, otherwise: "not resolved" },
  { name: "kind", label: "Kind", options: KINDS },
  { name: "subject", label: "About", hint: "att_…, pi_…, or a reference" },
];

/** Where the payments, the ledger and what a processor says it moved differ. */
export function Breaks(): JSX.Element {
  const { merchant, filters } = usePlace();
  const status = filters.get("status") as ReconciliationBreakStatus | null;
  const kind = filters.get("kind") as ReconciliationBreakKind | null;
  const filter = {
    statuses: status === null ? UNRESOLVED : [status],
    kinds: kind === null ? undefined : [kind],
    subjectId: filters.get("subject") ?? undefined,
  };
  const query = useQuery("breaks", { filter, ...pageIn(filters) }, SELDOM_MS);
  return (
    <>
      <h1>Reconciliation breaks</h1>
      {merchant === null && <p class="note">Those of all merchants, and of nobody.</p>}
      <Filters path="breaks" fields={FIELDS} />
      <List
        query={query}
        pick={({ reconciliationBreaks }) => reconciliationBreaks}
        caption="Breaks, newest first"
        columns={merchant === null ? [...COLUMNS, WHOSE] : COLUMNS}
        empty="None that matches: the books, the payments and what processors say agree."
      />
    </>
  );
}

const COLUMNS: readonly Column<Break>[] = [
  { name: "Found", of: ({ foundAt }) => <Time at={foundAt} ago /> },
  { name: "Kind", of: ({ kind }) => words(kind) },
  { name: "Status", of: ({ status }) => <Status of={status} /> },
  { name: "Difference", of: ({ id, detail }) => <Difference id={id} detail={detail} /> },
  { name: "Here", numeric: true, of: ({ ours, currency }) => sideInWords(ours, currency) },
  { name: "There", numeric: true, of: ({ theirs, currency }) => sideInWords(theirs, currency) },
  { name: "Owner", of: ({ owner }) => owner ?? "nobody" },
  {
    name: "Proposed",
    of: ({ proposal, currency }) =>
      proposal ? postingsInWords(proposal, currency) : "nothing: a person has to decide",
  },
];

const WHOSE: Column<Break> = { name: "Merchant", of: ({ merchantId }) => <Id of={merchantId} /> };

function Difference({ id, detail }: Pick<Break, "id" | "detail">): JSX.Element {
  const { to } = usePlace();
  return (
    <Link to={to(`breaks/${id}`)} row>
      {detail}
    </Link>
  );
}
