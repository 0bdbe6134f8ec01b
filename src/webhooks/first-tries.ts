import { type Db, type Statement, run } from "../db/db";
import type { ClaimedDelivery } from "./delivery-store";
import type { DeliveryRecord } from "./record-deliveries";

/*
 * First tries of deliveries that a relay has planned and not written yet: what says that they are to be made is the
 * outbox row, which is deleted after their rows are written.
 *
 * Guarantees: a try whose outcome is known in time, and of which there is nothing to say but that it succeeded, is the
 * first version of its row. The rows of all others are written as those of claimed deliveries, and what comes of them is
 * recorded after that. A process that dies before the rows are written leaves the outbox rows: the tries are made again,
 * under the same ids and with the same bytes.
 *
 * Row writes: one for each delivery. An answer with a body is not such a try: what has to be erased when its customer is
 * must be found in a row.
 */
export interface FirstTry {
  /** Whether its outcome is written with its row; nothing: it is not known, or there is more to it. */
  offer(record: DeliveryRecord | undefined): boolean;
  /** When the row is there. */
  readonly written: Promise<void>;
}

/** A delivery that has no row yet. */
export interface PlannedDelivery extends ClaimedDelivery {
  readonly first: FirstTry;
}

export interface FirstTries {
  of(delivery: ClaimedDelivery): PlannedDelivery;
  /** Until all are known, or for so long. Offers that come later are too late. */
  close(withinMs: number): Promise<ReadonlyMap<string, DeliveryRecord>>;
  /** The rows are there, or could not be written. */
  over(error?: unknown): void;
}

export function openFirstTries(): FirstTries {
  const known = new Map<string, DeliveryRecord>();
  let open = 0;
  let isClosed = false;
  let allKnown: () => void = () => undefined;
  let resolve: () => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const written = new Promise<void>((done, failed) => {
    resolve = done;
    reject = failed;
  });
  // Nobody may be waiting for it.
  written.catch(() => undefined);
  const offer = (record: DeliveryRecord | undefined): boolean => {
    if (isClosed) return false;
    if (record) known.set(record.id, record);
    open -= 1;
    if (open === 0) allKnown();
    return record !== undefined;
  };
  return {
    of: (delivery) => {
      open += 1;
      return { ...delivery, first: { offer, written } };
    },
    close: async (withinMs) => {
      if (open > 0) {
        let timer: NodeJS.Timeout | undefined;
        await new Promise<void>((done) => {
          allKnown = done;
          timer = setTimeout(done, withinMs);
        });
        clearTimeout(timer);
      }
      isClosed = true;
      return known;
    },
    over: (error) => {
      if (error === undefined) resolve();
      else reject(error);
    },
  };
}

/** There is nothing to be said of it but that it succeeded. */
export function isPlainSuccess({ status, isKept, wasWell, responseBody }: DeliveryRecord): boolean {
  return status === "SUCCEEDED" && !isKept && wasWell && responseBody === null;
}

const INSERT: Statement = {
  name: "insert_first_tries",
  text: `
    insert into webhook_deliveries (merchant_id, id, event_id, endpoint_id, status, tries, next_at,
      status_code, duration_ms, traceparent)
    select r.merchant_id, r.id, r.event_id, r.endpoint_id, r.status, (r.status <> 'SCHEDULED')::int,
      case r.status when 'IN_FLIGHT' then now() + ? * interval '1 millisecond'
        when 'SCHEDULED' then timestamptz 'infinity' end,
      r.status_code, r.duration_ms, r.traceparent
    from jsonb_to_recordset(?) as r (merchant_id text, id text, event_id text, endpoint_id text,
      status text, status_code int, duration_ms int, traceparent text)
    order by r.merchant_id, r.id
    on conflict do nothing`,
};

export interface FirstRows {
  readonly claimed: readonly ClaimedDelivery[];
  /** Of those, what came of them so far. */
  readonly known: ReadonlyMap<string, DeliveryRecord>;
  /** There is no place for them: they are held, and were not tried. */
  readonly held: readonly ClaimedDelivery[];
  readonly leaseMs: number;
}

export async function insertFirstTries(
  db: Db,
  { claimed, known, held, leaseMs }: FirstRows,
): Promise<void> {
  const rows = [
    ...claimed.map((delivery) => toRow(delivery, known.get(delivery.id))),
    ...held.map((delivery) => ({ ...toRow(delivery, undefined), status: "SCHEDULED" })),
  ];
  await run(db, INSERT, [leaseMs, JSON.stringify(rows)]);
}

function toRow(delivery: ClaimedDelivery, record: DeliveryRecord | undefined): object {
  return {
    merchant_id: delivery.merchantId,
    id: delivery.id,
    event_id: delivery.eventId,
    endpoint_id: delivery.endpointId,
    status: record?.status ?? "IN_FLIGHT",
    status_code: record?.statusCode,
    duration_ms: record?.durationMs,
    traceparent: delivery.traceparent,
  };
}
