import { type Db, run } from "../db/db";
import { type CursorFormat, IN_SQL, type Page, type PageArguments, readPage } from "../pagination";
import type { RelayError } from "./outbox";

/*
 * Rows of the outbox that are set aside, because relays died over them: newest first, of all merchants where none is
 * named. Read by those who run the installation, from an index that holds nothing else and is empty as a rule.
 */
export interface SetAsideMessage {
  readonly id: string;
  readonly merchantId: string;
  readonly eventId: string | null;
  readonly eventType: string | null;
  readonly attemptId: string | null;
  readonly deliveryId: string | null;
  /** How many relays began with it and did not finish. */
  readonly tries: number;
  readonly lastError: RelayError;
  readonly setAsideAt: string;
  /** Null: not before a person says so. */
  readonly nextTryAt: string | null;
  readonly createdAt: string;
}

const MESSAGE_ID = /^msg_0{7,25}([1-9]\d{0,18})$/;

/** The number of a row; undefined when the id is that of none. */
export function messageNumber(id: string): string | undefined {
  return MESSAGE_ID.exec(id)?.[1];
}

const BY_ID: CursorFormat<string> = {
  write: (id) => id,
  read: (text) => (messageNumber(text) === undefined ? undefined : text),
};

export async function listSetAsideMessages(
  db: Db,
  merchantId: string | null,
  page: PageArguments,
): Promise<Page<SetAsideMessage>> {
  return readPage<SetAsideMessage, string>(
    {
      format: BY_ID,
      keyOf: ({ id }) => id,
      fetch: async ({ direction, from, limit }) => {
        const { beyond, order } = IN_SQL[direction];
        const name = ["list_set_aside_messages", merchantId && "of_one", from && "from", order];
        const of = merchantId === null ? "" : "and merchant_id = ?";
        const past = from === undefined ? "" : `and id ${beyond} ?::bigint`;
        const text = `
          select 'msg_' || lpad(o.id::text, 26, '0') as "id", o.merchant_id as "merchantId",
            o.event_id as "eventId",
            e.type as "eventType", o.attempt_id as "attemptId", o.delivery_id as "deliveryId",
            o.relay_deaths as "tries", coalesce(o.relay_error, 'RELAY_DIED') as "lastError",
            iso(coalesce(o.aside_since, o.created_at)) as "setAsideAt",
            iso(nullif(o.aside_until, 'infinity')) as "nextTryAt", iso(o.created_at) as "createdAt"
          from (
            select * from outbox where aside_until is not null ${of} ${past}
            order by id ${order} limit ?
          ) o
          left join lateral (
            select e.type from events e
            where e.merchant_id = o.merchant_id and e.id = o.event_id offset 0
          ) e on true
          order by o.id ${order}`;
        const bindings = [merchantId, from && messageNumber(from), limit].filter(
          (value) => value != null,
        );
        return run<SetAsideMessage>(db, { name: name.filter(Boolean).join("_"), text }, bindings);
      },
    },
    page,
  );
}
