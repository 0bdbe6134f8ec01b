import type { JSX } from "preact";
import type { PaymentIntentStatus } from "../results";
import { Link } from "../address";
import { Id, Status, Time, decimal, money } from "../format";
import { type Field, Filters, momentIn } from "../parts/filters";
import { List, pageIn } from "../parts/list";
import type { Column } from "../parts/table";
import { usePlace } from "../place";
import { SELDOM_MS, useQuery } from "../query";
import type { Results } from "../results";

const STATUSES: readonly PaymentIntentStatus[] = [
  "REQUIRES_PAYMENT_METHOD",
  "REQUIRES_CONFIRMATION",
  "REQUIRES_ACTION",
  "PROCESSING",
  "REQUIRES_CAPTURE",
  "SUCCEEDED",
  "FAILED",
  "CANCELED",
];

const FIELDS: readonly Field[] = [
  { name: "status", label: "Status", options: STATUSES },
  { name: "reference", label: "Your reference" },
  { name: "customer", label: "Customer" },
  { name: "amount", label: "Amount, minor units", hint: "1250" },
  { name: "since", label: "Created since", type: "datetime-local" },
  { name: "until", label: "Created before", type: "datetime-local" },
];

type Payment = Results["payments"]["paymentIntents"]["edges"][number]["node"];

export function Payments(): JSX.Element {
  const { filters, to } = usePlace();
  const status = filters.get("status");
  const amount = Number(filters.get("amount") ?? "");
  const filter = {
    statuses: status === null ? undefined : [status as PaymentIntentStatus],
    merchantReference: filters.get("reference") ?? undefined,
    customer: filters.get("customer") ?? undefined,
    amount: amount > 0 ? amount : undefined,
    createdAfter: momentIn(filters, "since"),
    createdBefore: momentIn(filters, "until"),
  };
  const query = useQuery("payments", { filter, ...pageIn(filters) }, SELDOM_MS);
  const columns: readonly Column<Payment>[] = [
    { name: "Created", of: ({ createdAt }) => <Time at={createdAt} /> },
    { name: "Status", of: (payment) => <StatusOf payment={payment} /> },
    { name: "Amount", numeric: true, of: (one) => money(one.amount, one.currency) },
    { name: "Captured", numeric: true, of: (one) => part(one.amountCaptured, one.currency) },
    { name: "Refunded", numeric: true, of: (one) => part(one.amountRefunded, one.currency) },
    { name: "Reference", of: ({ merchantReference }) => merchantReference },
    {
      name: "Payment",
      of: ({ id }) => (
        <Link to={to(`payments/${id}`)} row>
          <Id of={id} />
        </Link>
      ),
    },
  ];
  const isFiltered = FIELDS.some(({ name }) => filters.has(name));
  return (
    <>
      <h1>Payments</h1>
      <Filters path="payments" fields={FIELDS} />
      <List
        query={query}
        pick={({ paymentIntents }) => paymentIntents}
        caption="Payments, newest first"
        columns={columns}
        empty={
          isFiltered
            ? "No payment matches these filters."
            : "There are no payments yet. The first one that the merchant's backend creates appears here."
        }
      />
    </>
  );
}

function part(amount: number, currency: string): string {
  return amount === 0 ? "–" : decimal(amount, currency);
}

function StatusOf({ payment }: { payment: Payment }): JSX.Element {
  const { status, lastPaymentError } = payment;
  const why = lastPaymentError?.declineCode ?? lastPaymentError?.code;
  return (
    <>
      <Status of={status} />
      {why !== undefined && <small class="quiet"> {why}</small>}
    </>
  );
}
