import type { JSX } from "preact";
import { Link } from "../address";
import { Id, Status, Time, words } from "../format";
import { Doing } from "../parts/doing";
import { Empty, Facts, Found, Json } from "../parts/notes";
import { Table } from "../parts/table";
import { usePlace } from "../place";
import { OFTEN_MS, useQuery } from "../query";
import type { Results } from "../results";

type Delivery = NonNullable<Results["delivery"]["node"]>;

export function DeliveryPage({ id }: { id: string }): JSX.Element {
  const query = useQuery("delivery", { id }, OFTEN_MS);
  return (
    <>
      <h1>
        Delivery <Id of={id} />
      </h1>
      <Found query={query}>
        {({ node }) =>
          node ? (
            <Whole delivery={node} changed={query.reload} />
          ) : (
            <Empty>This merchant has no delivery with this id. It may be another merchant's.</Empty>
          )
        }
      </Found>
    </>
  );
}

function Whole({ delivery, changed }: { delivery: Delivery; changed: () => void }): JSX.Element {
  const { to, may } = usePlace();
  const { event, replayOf, replayedAs, endpointId } = delivery;
  const link = (path: string, id: string): JSX.Element => (
    <Link to={to(`${path}/${id}`)} row>
      <Id of={id} />
    </Link>
  );
  return (
    <>
      <p class="headline">
        <strong>{event?.type ?? "A webhook"}</strong> <Status of={delivery.status} />
      </p>
      {may("webhooks:replay") && <Actions delivery={delivery} changed={changed} />}
      <Facts
        of={[
          ["Endpoint", link("endpoints", endpointId)],
          ["Event", link("events", delivery.eventId)],
          [
            "About",
            event?.subjectId.startsWith("pi_") === true && link("payments", event.subjectId),
          ],
          ["Why it failed", delivery.error],
          ["Cause", delivery.cause && words(delivery.cause)],
          ["Last answer", delivery.statusCode],
          ["Tries", delivery.tries],
          ["Next try", delivery.nextAt && <Time at={delivery.nextAt} ago />],
          ["Created", <Time at={delivery.createdAt} ago />],
          ["Updated", <Time at={delivery.updatedAt} ago />],
          ["Replays", replayOf && link("deliveries", replayOf)],
          ["Replayed as", replayedAs && link("deliveries", replayedAs)],
          ["Discarded because", delivery.discardReason],
        ]}
      />
      <Tries delivery={delivery} />
      <h2>What is delivered</h2>
      {event ? (
        <Json of={event.data} />
      ) : (
        <Empty>This key may not read events, so what is delivered is not shown.</Empty>
      )}
    </>
  );
}

function Actions({ delivery, changed }: { delivery: Delivery; changed: () => void }): JSX.Element {
  const { id: deliveryId, status, replayedAs } = delivery;
  const isOver = status === "DEAD" || status === "DISCARDED";
  const waits = status === "RETRYING" || status === "SCHEDULED" || status === "PAUSED";
  return (
    <p class="actions">
      {isOver && replayedAs === null && (
        <Doing
          label="Replay"
          run={(act) => act("replayWebhookDelivery", { deliveryId })}
          done={changed}
        />
      )}
      {(status === "SUCCEEDED" || (isOver && replayedAs !== null)) && (
        <Doing
          label="Send it once more"
          question={{
            effect:
              "It has been delivered or replayed before. The receiver is sent the same bytes and the same id again, and acts on them twice unless it looks at the id.",
          }}
          run={(act) => act("replayWebhookDelivery", { deliveryId, force: true })}
          done={changed}
        />
      )}
      {status === "RETRYING" && (
        <Doing
          label="Try now"
          run={(act) => act("retryWebhookDeliveryNow", { deliveryId })}
          done={changed}
        />
      )}
      {(waits || status === "DEAD") && (
        <Doing
          label="Discard"
          danger
          question={{
            effect:
              "It will not be sent any more, and leaves the dead letters. It can still be replayed.",
            reason: "required",
          }}
          run={(act, reason) => act("discardWebhookDelivery", { deliveryId, reason })}
          done={changed}
        />
      )}
    </p>
  );
}

function Tries({ delivery }: { delivery: Delivery }): JSX.Element {
  const tries = (delivery.attempts ?? []).map((one) => ({ ...one, id: String(one.number) }));
  if (tries.length === 0) {
    return (
      <Empty>
        {delivery.tries === 0
          ? "It has not been tried yet."
          : "Its tries are not kept: those of a delivery that succeeds at once never are, those of others for a time."}
      </Empty>
    );
  }
  return (
    <Table
      caption="Tries, newest first"
      rows={tries}
      columns={[
        { name: "Try", numeric: true, of: ({ number }) => number },
        { name: "Began", of: ({ startedAt }) => <Time at={startedAt} /> },
        { name: "Took", numeric: true, of: ({ durationMs }) => `${String(durationMs)} ms` },
        { name: "Code", numeric: true, of: ({ statusCode }) => statusCode ?? "–" },
        { name: "Failed for", of: ({ errorClass }) => (errorClass ? words(errorClass) : "–") },
        { name: "Why", of: ({ error }) => error },
        { name: "Answer", of: ({ responseBody }) => <code>{responseBody}</code> },
      ]}
    />
  );
}
