import { type Db, type Statement, run } from "../db/db";
import { notHeld } from "../merchants/not-held";
import type { AddressedDelivery } from "./delivery";
import { type ClaimedDelivery, SELECT_CLAIMED } from "./delivery-store";
import { letFirstGo } from "./lines";

/*
 * One delivery for each event and each endpoint that wants it. The id is made of both, so that an event planned
 * twice (its relay died) has its deliveries once; those that can go out are returned, to be published again. What
 * cannot is held from the start, or paused: it needs no job. For an endpoint that is ordered it stands in a line
 * (lines.ts), of which the first is let go by another round trip.
 *
 * As many as the caller has room for are not written: it begins with them, and writes them with what has come of them
 * by then (first-tries.ts). Only of endpoints that are well, have no rate of their own and are not ordered, of merchants
 * who are not held, and what has no row: what was planned before may be on its way. That is asked as a scalar, because the
 * planner may answer an EXISTS by reading the whole table.
 */
const PLAN: Statement = {
  name: "plan_deliveries",
  text: `
    with planned as materialized (
      select e.merchant_id, 'whd_' || substr(e.id, 5, 10) || substr(md5(e.id || w.id), 1, 16) as id,
        e.id as event_id, w.id as endpoint_id, w.status = 'ENABLED' as wanted,
        w.paused_until > now() as held,
        case when w.ordered and e.sequence is not null then e.subject_id end as subject_id,
        e.sequence, m.traceparent,
        w.status = 'ENABLED' and w.breaker = 'CLOSED' and w.rate_limit is null and not w.ordered
          and row_number() over () <= ?::int and ${notHeld("m.merchant_id")} as goes
      from jsonb_to_recordset(?) as m (merchant_id text, event_id text, traceparent text)
      join webhook_endpoints w on w.merchant_id = m.merchant_id and w.status <> 'DELETED'
      join events e on e.merchant_id = m.merchant_id and e.id = m.event_id
      where (cardinality(w.event_types) = 0 or e.type = any(w.event_types))
        and w.ordered = any(?)
    ), claimed as materialized (
      select p.merchant_id, p.id, p.event_id, p.endpoint_id, 1 as tries, 0 as tries_early,
        p.traceparent
      from planned p
      where p.goes and (select 1 from webhook_deliveries d
        where d.merchant_id = p.merchant_id and d.id = p.id) is null
    ), inserted as (
      insert into webhook_deliveries (merchant_id, id, event_id, endpoint_id, status, next_at,
        line_subject, line_sequence, stands, traceparent)
      select p.merchant_id, p.id, p.event_id, p.endpoint_id,
        case when p.wanted then 'SCHEDULED' else 'PAUSED' end,
        case when not p.wanted then null when p.held or p.subject_id is not null
          then timestamptz 'infinity' else now() end,
        p.subject_id, case when p.subject_id is not null then p.sequence end,
        case when p.subject_id is not null then true end, p.traceparent
      from planned p where not p.goes order by p.merchant_id, p.id
      on conflict do nothing
    )
    ${SELECT_CLAIMED}
    union all
    select p.merchant_id, p.id, null, p.endpoint_id, null, null, null, null, null, null, null,
      null, null, null, null, null, null, null, null, null, p.subject_id, null, null, null
    from planned p
    where (p.wanted and p.held is not true or p.subject_id is not null)
      and not exists (
        select from claimed c where c.merchant_id = p.merchant_id and c.id = p.id)`,
};

/** For which endpoints. */
const WANTED = { all: [false, true], unordered: [false], ordered: [true] } as const;

interface PlannedEvent {
  readonly merchantId: string;
  readonly eventId: string;
  /** Carried on by its deliveries. */
  readonly traceparent?: string | null;
}

interface Planned {
  /** Those that can be sent. */
  readonly toSend: readonly AddressedDelivery[];
  /** The caller's, to be posted and written by it. */
  readonly claimed: readonly ClaimedDelivery[];
}

/** For endpoints that are ordered, events must be planned in their order. */
export async function planDeliveries(
  db: Db,
  events: readonly PlannedEvent[],
  { wanted = "all", room = 0 }: PlanOptions = {},
): Promise<Planned> {
  if (events.length === 0) return { toSend: [], claimed: [] };
  const rows = events.map(({ merchantId, eventId, traceparent }) => ({
    merchant_id: merchantId,
    event_id: eventId,
    traceparent,
  }));
  const planned = await run<PlannedRow>(db, PLAN, [room, JSON.stringify(rows), WANTED[wanted]]);
  const claimed = planned.filter(isClaimed);
  const others = planned.filter((row) => !isClaimed(row)).sort(byId);
  const free = others.filter((row) => !isInLine(row));
  const toSend = [...free.map(address), ...(await letFirstGo(db, others.filter(isInLine)))];
  return { toSend, claimed };
}

interface PlanOptions {
  readonly wanted?: keyof typeof WANTED;
  /** How many the caller can begin with; what is more is left to whoever claims it. */
  readonly room?: number | undefined;
}

/** Of what is not claimed, all but the keys is null. */
type PlannedRow = ClaimedDelivery | UnclaimedRow;
type UnclaimedRow = AddressedDelivery & {
  readonly eventId: null;
  readonly subjectId: string | null;
};
type InLine = UnclaimedRow & { readonly subjectId: string };

function isClaimed(row: PlannedRow): row is ClaimedDelivery {
  return row.eventId !== null;
}

function isInLine(row: UnclaimedRow): row is InLine {
  return row.subjectId !== null;
}

function byId({ id: one }: UnclaimedRow, { id: other }: UnclaimedRow): number {
  return one < other ? -1 : 1;
}

function address({ merchantId, id, endpointId }: UnclaimedRow): AddressedDelivery {
  return { merchantId, id, endpointId };
}
