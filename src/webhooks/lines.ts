import { type Db, type Statement, run } from "../db/db";
import { setSizes } from "../observability/metrics";
import type { AddressedDelivery } from "./delivery";

/*
 * Strict order, for endpoints that ask for it: an event is sent to such an endpoint when every earlier delivery to it
 * about the same subject has ended.
 *
 * Guarantees: what is planned for an ordered endpoint stands in the line of its subject (`stands`), due at 'infinity'
 * and in no index that anything is claimed from. Here, and nowhere else, the first of a line is let go, and from then on
 * it is a delivery like any other. It is the first when nothing before it is SCHEDULED, IN_FLIGHT, RETRYING or PAUSED:
 * what has SUCCEEDED, is DEAD or DISCARDED holds up nobody. Two workers, or a worker and the relay, cannot be wrong about
 * this: events are planned in their order (delivery-store.ts), so nothing comes to stand before what is there, and what
 * has ended does not begin again. A replay is a new delivery, in no line: out of order is what it is.
 *
 * The line goes on after each that ends, in a statement after the one that records the end. A worker that dies in
 * between, and whatever else ends a delivery (a person, an endpoint that is enabled from a moment on), is made good by
 * the sweeper, which walks along the lines and lets go whatever is first.
 *
 * An outbox row that relays may have died over is relayed out of its turn: its event's successors wait for it. Not if
 * it is set aside for good: as behind a dead letter, they go on.
 *
 * Cost, of ordered endpoints only: a round trip for a batch that is planned, and one for each set that ends; two row
 * writes for a delivery instead of one until it is due. Deliveries to other endpoints are in no line.
 */

/** Everything about one subject that one endpoint gets. */
export interface SubjectLine {
  readonly merchantId: string;
  readonly endpointId: string;
  readonly subjectId: string;
}

const NOT_ENDED = "q.status in ('SCHEDULED', 'IN_FLIGHT', 'RETRYING', 'PAUSED')";

// Of an endpoint that wants no order any more, all go; as many as this at a time.
const UNORDERED_MAX = 100;

const LET_GO: Statement = {
  name: "let_first_of_lines_go",
  text: `
    with asked as materialized (
      select distinct k.* from jsonb_to_recordset(?) as k
        (merchant_id text, endpoint_id text, subject_id text)
    ), first as materialized (
      select f.merchant_id, f.id, w.paused_until > now() as held
      from asked k
      join webhook_endpoints w on w.merchant_id = k.merchant_id and w.id = k.endpoint_id
      cross join lateral (
        select q.merchant_id, q.id, q.stands, q.line_sequence from webhook_deliveries q
        where q.merchant_id = k.merchant_id and q.endpoint_id = k.endpoint_id
          and q.line_subject = k.subject_id and ${NOT_ENDED}
        order by q.line_sequence limit case when w.ordered then 1 else ${String(UNORDERED_MAX)} end
      ) f
      where f.stands and not (w.ordered and exists (
        select from outbox o
        join events e on e.merchant_id = o.merchant_id and e.id = o.event_id
        where o.merchant_id = k.merchant_id and o.relay_deaths > 0 and o.delivery_id is null
          and o.aside_until is distinct from 'infinity'
          and e.subject_id = k.subject_id and e.sequence < f.line_sequence
          and not exists (
            select from webhook_deliveries p
            where p.merchant_id = o.merchant_id and p.event_id = o.event_id
              and p.endpoint_id = k.endpoint_id and p.line_subject is not null)))
      order by f.merchant_id, f.id
    ), let_go as (
      update webhook_deliveries d
      set stands = null, updated_at = now(), next_at = case when d.status = 'SCHEDULED'
        then case when f.held then timestamptz 'infinity' else now() end end
      from first f
      where d.merchant_id = f.merchant_id and d.id = f.id and d.stands
        and d.status in ('SCHEDULED', 'PAUSED')
      returning d.merchant_id, d.id, d.endpoint_id, d.line_subject, d.next_at
    )
    select merchant_id as "merchantId", id as "id", endpoint_id as "endpointId",
      line_subject as "subjectId"
    from let_go where next_at < 'infinity' order by id`,
};

type InLine = AddressedDelivery & SubjectLine;

/** Those that can be sent now and could not before. What is paused, or held for its endpoint, is let go as well. */
export async function letFirstGo(db: Db, lines: readonly SubjectLine[]): Promise<InLine[]> {
  if (lines.length === 0) return [];
  const rows = lines.map(({ merchantId, endpointId, subjectId }) => ({
    merchant_id: merchantId,
    endpoint_id: endpointId,
    subject_id: subjectId,
  }));
  return run<InLine>(db, LET_GO, [JSON.stringify(rows)]);
}

/** The same, and what of it is in which line. */
export async function letGoByLine(
  db: Db,
  lines: readonly SubjectLine[],
): Promise<readonly AddressedDelivery[][]> {
  setSizes.observe({ operation: "letNextGo" }, lines.length);
  const gone = await letFirstGo(db, lines);
  return lines.map((line) =>
    gone.filter(
      ({ endpointId, subjectId }) => endpointId === line.endpointId && subjectId === line.subjectId,
    ),
  );
}

// Read from the index of the lines, one probe for each.
const WALK: Statement = {
  name: "walk_along_lines",
  text: `
    with recursive line as (
      (select q.merchant_id, q.endpoint_id, q.line_subject, 1 as n from webhook_deliveries q
        where q.line_subject is not null and ${NOT_ENDED}
          and (q.merchant_id, q.endpoint_id, q.line_subject) > (?, ?, ?)
        order by q.merchant_id, q.endpoint_id, q.line_subject limit 1)
      union all
      select next.merchant_id, next.endpoint_id, next.line_subject, line.n + 1
      from line cross join lateral (
        select q.merchant_id, q.endpoint_id, q.line_subject from webhook_deliveries q
        where q.line_subject is not null and ${NOT_ENDED}
          and (q.merchant_id, q.endpoint_id, q.line_subject)
            > (line.merchant_id, line.endpoint_id, line.line_subject)
        order by q.merchant_id, q.endpoint_id, q.line_subject limit 1
      ) next
      where line.n < ?
    )
    select merchant_id as "merchantId", endpoint_id as "endpointId", line_subject as "subjectId"
    from line`,
};

/** Where the walk goes on; each sweep takes some steps, and after the last line begins again. */
export interface Walk {
  after: SubjectLine;
}

const START: SubjectLine = { merchantId: "", endpointId: "", subjectId: "" };
const STEPS = 500;

export function newWalk(): Walk {
  return { after: START };
}

/** Once a sweep: what is first in some lines and has not been let go. One round trip where there are no lines. */
export async function walkAlongLines(db: Db, walk: Walk): Promise<AddressedDelivery[]> {
  const { merchantId, endpointId, subjectId } = walk.after;
  const lines = await run<SubjectLine>(db, WALK, [merchantId, endpointId, subjectId, STEPS]);
  const last = lines.at(-1);
  walk.after = last && lines.length === STEPS ? last : START;
  return letFirstGo(db, lines);
}
