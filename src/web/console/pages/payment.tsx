import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { CancellationReasonInput } from "../../../sdk/enums";
import type { Action } from "../action";
import { Link } from "../address";
import { ask } from "../api";
import { Id, Status, Time, decimal, money, words } from "../format";
import { Doing } from "../parts/doing";
import { Empty, Facts, Found, Json } from "../parts/notes";
import { Table } from "../parts/table";
import { usePlace } from "../place";
import { OFTEN_MS, readCounted, useQuery, useReading } from "../query";
import type { Results } from "../results";
import { subjectDocument } from "../subject";

type Payment = NonNullable<Results["payment"]["paymentIntent"]>;
type Timeline = NonNullable<NonNullable<Results["timeline"]["paymentIntent"]>["timeline"]>;
type Entry = Timeline["edges"][number]["node"];

export function PaymentPage({ id }: { id: string }): JSX.Element {
  const query = useQuery("payment", { id }, OFTEN_MS);
  return (
    <>
      <h1>
        Payment <Id of={id} />
      </h1>
      <Found query={query}>
        {({ paymentIntent }) =>
          paymentIntent ? (
            <Whole payment={paymentIntent} changed={query.reload} />
          ) : (
            <Empty>This merchant has no payment with this id. It may be another merchant's.</Empty>
          )
        }
      </Found>
    </>
  );
}

function Whole({ payment, changed }: { payment: Payment; changed: () => void }): JSX.Element {
  const { currency } = payment;
  const amount = (minor: number): string | null => (minor === 0 ? null : money(minor, currency));
  const error = payment.lastPaymentError;
  return (
    <>
      <p class="headline">
        <strong>{money(payment.amount, currency)}</strong> <Status of={payment.status} />
      </p>
      <Actions payment={payment} changed={changed} />
      <Facts
        of={[
          ["Authorised", amount(payment.amountAuthorized)],
          ["Can be captured", amount(payment.amountCapturable)],
          ["Captured", amount(payment.amountCaptured)],
          ["Refunded", amount(payment.amountRefunded)],
          ["Can be refunded", amount(payment.amountRefundable)],
          ["Disputed", amount(payment.amountDisputed)],
          ["Last decline", error && `${error.message} (${error.declineCode ?? error.code})`],
          ["Reference", payment.merchantReference],
          ["Customer", payment.customer],
          ["Description", payment.description],
          ["Payment method", payment.paymentMethod],
          ["Capture", words(payment.captureMethod)],
          [
            "Hold expires",
            payment.authorizationExpiresAt && <Time at={payment.authorizationExpiresAt} ago />,
          ],
          ["Canceled because", payment.cancellationReason && words(payment.cancellationReason)],
          ["Created", <Time at={payment.createdAt} ago />],
          ["Updated", <Time at={payment.updatedAt} ago />],
          ["Version", payment.version],
        ]}
      />
      <Attempts payment={payment} />
      <Refunds payment={payment} />
      <TimelineOf id={payment.id} version={payment.version} />
    </>
  );
}

const REASONS: readonly CancellationReasonInput[] = [
  "REQUESTED_BY_CUSTOMER",
  "ABANDONED",
  "DUPLICATE",
  "FRAUDULENT",
];

function Why({
  reason,
  choose,
}: {
  reason: CancellationReasonInput;
  choose: (reason: CancellationReasonInput) => void;
}): JSX.Element {
  return (
    <label>
      Reason
      <select
        onChange={({ currentTarget }) => {
          choose(currentTarget.value as CancellationReasonInput);
        }}
      >
        {REASONS.map((one) => (
          <option key={one} value={one} selected={one === reason}>
            {words(one)}
          </option>
        ))}
      </select>
    </label>
  );
}

function Actions({ payment, changed }: { payment: Payment; changed: () => void }): JSX.Element {
  const [why, setWhy] = useState<CancellationReasonInput>("REQUESTED_BY_CUSTOMER");
  const { id: paymentIntentId, currency } = payment;
  const allowed = payment.allowedActions ?? [];
  const may = (action: string): boolean =>
    allowed.some((one) => one.action === action && one.allowed);
  const capturable = money(payment.amountCapturable, currency);
  const refundable = money(payment.amountRefundable, currency);
  return (
    <p class="actions">
      {may("CAPTURE") && (
        <Doing
          label="Capture"
          question={{
            effect: `The shopper's card is charged ${capturable}, all that is held. The rest of the hold is released.`,
            typed: decimal(payment.amountCapturable, currency),
          }}
          run={(act) =>
            act("capturePaymentIntent", { paymentIntentId, amount: payment.amountCapturable })
          }
          done={changed}
        />
      )}
      {may("REFUND") && (
        <Doing
          label="Refund"
          danger
          question={{
            effect: `${refundable}, all that can still be refunded, goes back to the shopper.`,
            reason: "optional",
            typed: decimal(payment.amountRefundable, currency),
          }}
          run={(act, reason) => refund(act, payment, reason)}
          done={changed}
        />
      )}
      {may("CANCEL") && (
        <Doing
          label="Cancel the payment"
          danger
          question={{
            effect:
              "The payment can not be paid any more. What is held on the card is released. This can not be undone.",
            fields: <Why reason={why} choose={setWhy} />,
          }}
          run={(act) => act("cancelPaymentIntent", { paymentIntentId, reason: why })}
          done={changed}
        />
      )}
    </p>
  );
}

/** The amount that was shown and typed, whatever has been refunded since. */
function refund(act: Action["run"], payment: Payment, note: string): Promise<unknown> {
  const input = { paymentIntentId: payment.id, amount: payment.amountRefundable };
  return act("refundPaymentIntent", note === "" ? input : { ...input, note });
}

function Attempts({ payment }: { payment: Payment }): JSX.Element | null {
  const attempts = payment.attempts?.edges.map(({ node }) => node) ?? [];
  if (attempts.length === 0) return null;
  return (
    <Table
      caption="Attempts"
      rows={attempts}
      columns={[
        { name: "Queued", of: ({ createdAt }) => <Time at={createdAt} /> },
        { name: "Operation", of: ({ operation }) => words(operation) },
        { name: "Status", of: ({ status }) => <Status of={status} /> },
        { name: "Amount", numeric: true, of: (one) => money(one.amount, one.currency) },
        { name: "Answer", of: ({ code, declineCode }) => declineCode ?? code },
        { name: "Attempt", of: ({ id }) => <Id of={id} /> },
      ]}
    />
  );
}

function Refunds({ payment }: { payment: Payment }): JSX.Element | null {
  const refunds = payment.refunds?.edges.map(({ node }) => node) ?? [];
  if (refunds.length === 0) return null;
  return (
    <Table
      caption="Refunds"
      rows={refunds}
      columns={[
        { name: "Created", of: ({ createdAt }) => <Time at={createdAt} /> },
        { name: "Status", of: ({ status }) => <Status of={status} /> },
        { name: "Amount", numeric: true, of: (one) => money(one.amount, one.currency) },
        { name: "Reason", of: ({ reason }) => (reason === null ? "–" : words(reason)) },
        { name: "Refund", of: ({ id }) => <Id of={id} /> },
      ]}
    />
  );
}

/** What happened, in sentences, the oldest first. */
function TimelineOf({ id, version }: { id: string; version: number }): JSX.Element {
  const { acting: merchant } = usePlace();
  const query = useReading(
    (by, signal) =>
      readCounted(async (after): Promise<Timeline> => {
        const { paymentIntent } = await ask("timeline", { id, after }, { merchant, by, signal });
        const none = { edges: [], pageInfo: { hasNextPage: false, endCursor: null } };
        return paymentIntent?.timeline ?? none;
      }),
    { about: JSON.stringify(["timeline", merchant, id]), everyMs: OFTEN_MS },
  );
  return (
    <section aria-label="Timeline" data-version={version}>
      <h2>Timeline</h2>
      <Found query={query}>
        {({ items }) => (
          <ol class="timeline">
            {items.map((entry) => (
              <Told
                key={`${entry.at} ${entry.kind} ${entry.subjectId} ${entry.summary}`}
                entry={entry}
              />
            ))}
          </ol>
        )}
      </Found>
    </section>
  );
}

function Told({ entry }: { entry: Entry }): JSX.Element {
  const { to } = usePlace();
  const [isOpen, setOpen] = useState(false);
  const { at, kind, summary, subjectId, actor } = entry;
  const delivery = kind === "DELIVERY" && subjectId.startsWith("whd_");
  return (
    <li class={kind.toLowerCase()}>
      <Time at={at} /> <span class="kind">{words(kind)}</span>
      <details
        onToggle={(event) => {
          setOpen(event.currentTarget.open);
        }}
      >
        <summary data-row>{summary}</summary>
        {isOpen && <Behind entry={entry} />}
      </details>
      <span class="quiet">
        {actor !== null && (
          <>
            by <Id of={actor} />{" "}
          </>
        )}
        {delivery && <Link to={to(`deliveries/${subjectId}`)}>the delivery</Link>}
      </span>
    </li>
  );
}

/** The entry as the API has it, and what it is about. */
function Behind({ entry }: { entry: Entry }): JSX.Element {
  const document = subjectDocument(entry.subjectId);
  if (document === undefined) return <Json of={entry} />;
  return <Subject entry={entry} document={document} />;
}

function Subject({
  entry,
  document,
}: {
  entry: Entry;
  document: NonNullable<ReturnType<typeof subjectDocument>>;
}): JSX.Element {
  const query = useQuery(document, { id: entry.subjectId });
  return <Found query={query}>{({ node }) => <Json of={{ ...entry, subject: node }} />}</Found>;
}
