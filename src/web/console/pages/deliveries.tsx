import type { JSX } from "preact";
import type { DeliveryStatus } from "../results";
import { Link } from "../address";
import { Id, Status, Time } from "../format";
import { type Field, Filters } from "../parts/filters";
import { List, pageIn } from "../parts/list";
import type { Column } from "../parts/table";
import { usePlace } from "../place";
import { SELDOM_MS, useQuery } from "../query";
import type { Results } from "../results";

const STATUSES: readonly DeliveryStatus[] = [
  "SCHEDULED",
  "IN_FLIGHT",
  "RETRYING",
  "PAUSED",
  "SUCCEEDED",
  "DEAD",
  "DISCARDED",
];

const FIELDS: readonly Field[] = [
  { name: "status", label: "Status", options: STATUSES },
  { name: "endpoint", label: "Endpoint", hint: "we_…" },
  { name: "event", label: "Event", hint: "evt_…" },
];

type Delivery = Results["deliveries"]["webhookDeliveries"]["edges"][number]["node"];

export function useDeliveryColumns(): readonly Column<Delivery>[] {
  const { to } = usePlace();
  return [
    { name: "Created", of: ({ createdAt }) => <Time at={createdAt} /> },
    { name: "Status", of: ({ status }) => <Status of={status} /> },
    { name: "Code", numeric: true, of: ({ statusCode }) => statusCode ?? "–" },
    { name: "Tries", numeric: true, of: ({ tries }) => tries },
    {
      name: "Took",
      numeric: true,
      of: ({ durationMs }) => (durationMs === null ? "–" : `${String(durationMs)} ms`),
    },
    { name: "Next try", of: ({ nextAt }) => <Time at={nextAt} /> },
    {
      name: "Delivery",
      of: ({ id }) => (
        <Link to={to(`deliveries/${id}`)} row>
          <Id of={id} />
        </Link>
      ),
    },
  ];
}

export function Deliveries(): JSX.Element {
  const { filters } = usePlace();
  const status = filters.get("status") as DeliveryStatus | null;
  const filter = {
    statuses: status === null ? undefined : [status],
    endpointId: filters.get("endpoint") ?? undefined,
    eventId: filters.get("event") ?? undefined,
  };
  const query = useQuery("deliveries", { filter, ...pageIn(filters) }, SELDOM_MS);
  return (
    <>
      <h1>Deliveries</h1>
      <Filters path="deliveries" fields={FIELDS} />
      <List
        query={query}
        pick={({ webhookDeliveries }) => webhookDeliveries}
        caption="Deliveries, newest first"
        columns={useDeliveryColumns()}
        empty="No webhook matches. Each event makes one for every endpoint that wants its type."
      />
    </>
  );
}
