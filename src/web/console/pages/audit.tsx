import type { JSX } from "preact";
import type { AuditAction } from "../results";
import { Link } from "../address";
import { Id, Status, Time, words } from "../format";
import { type Field, Filters, momentIn } from "../parts/filters";
import { List, pageIn } from "../parts/list";
import { Json } from "../parts/notes";
import type { Column } from "../parts/table";
import { usePlace } from "../place";
import { SELDOM_MS, useQuery } from "../query";
import type { Results } from "../results";

const ACTIONS: readonly AuditAction[] = [
  "WRITE",
  "READ",
  "COMMAND",
  "API_KEY_USED",
  "ACCESS_REFUSED",
  "AUTHENTICATION_REFUSED",
];

const FIELDS: readonly Field[] = [
  { name: "action", label: "What", options: ACTIONS },
  { name: "actor", label: "By key", hint: "key_…" },
  { name: "subject", label: "About", hint: "pi_…, whd_…" },
  { name: "since", label: "Since", type: "datetime-local" },
  { name: "until", label: "Before", type: "datetime-local" },
];

type Entry = Results["audit"]["auditLog"]["edges"][number]["node"];

export function Audit(): JSX.Element {
  const { filters } = usePlace();
  const filter = {
    action: (filters.get("action") as AuditAction | null) ?? undefined,
    actorId: filters.get("actor") ?? undefined,
    subjectId: filters.get("subject") ?? undefined,
    recordedAfter: momentIn(filters, "since"),
    recordedBefore: momentIn(filters, "until"),
  };
  const query = useQuery("audit", { filter, ...pageIn(filters) }, SELDOM_MS);
  return (
    <>
      <h1>Audit</h1>
      <Filters path="audit" fields={FIELDS} />
      <List
        query={query}
        pick={({ auditLog }) => auditLog}
        caption="Who did what, newest first"
        columns={useColumns()}
        empty="Nothing that matches is on record."
      />
    </>
  );
}

function useColumns(): readonly Column<Entry>[] {
  const { to } = usePlace();
  return [
    { name: "When", of: ({ at }) => <Time at={at} /> },
    { name: "What", of: (entry) => <What entry={entry} /> },
    { name: "Outcome", of: (entry) => <Outcome entry={entry} /> },
    { name: "By", of: (entry) => <Who entry={entry} /> },
    {
      name: "About",
      of: ({ subjectId }) =>
        subjectId !== null && (
          <Link to={to("audit", { subject: subjectId })}>
            <Id of={subjectId} />
          </Link>
        ),
    },
    {
      name: "More",
      of: (entry) => (
        <details>
          <summary data-row>more</summary>
          <Json of={entry} />
        </details>
      ),
    },
  ];
}

function What({ entry }: { entry: Entry }): JSX.Element {
  const { action, operation, count } = entry;
  return (
    <>
      {operation ?? words(action)} <small class="quiet">{words(action)}</small>
      {count > 1 && <small> × {count.toLocaleString("en")}</small>}
    </>
  );
}

function Outcome({ entry }: { entry: Entry }): JSX.Element {
  return (
    <>
      <Status of={entry.outcome} />
      {entry.errorCode !== null && <small class="quiet"> {entry.errorCode}</small>}
    </>
  );
}

function Who({ entry }: { entry: Entry }): JSX.Element {
  const { to } = usePlace();
  const { actorKind, actorHint, actorId, address } = entry;
  const name = actorHint ?? words(actorKind);
  return (
    <>
      {actorId === null ? name : <Link to={to("audit", { actor: actorId })}>{name}</Link>}
      {address !== null && <small class="quiet"> {address}</small>}
    </>
  );
}
