import { type Db, type Statement, run } from "../db/db";
import { TOOK_MS } from "./endpoint-hours";

/** How an endpoint did in the hours that began within the last 24. */
export interface EndpointHealth {
  readonly since: string;
  readonly attempts: number;
  readonly succeeded: number;
  /** 95 of 100 tries took no longer, rounded up by a fifth at most; null: there were none. */
  readonly p95Ms: number | null;
}

interface Hours extends Omit<EndpointHealth, "p95Ms"> {
  readonly id: string;
  /** Of each hour. */
  readonly took: readonly (readonly number[])[];
}

// Each endpoint is probed by itself: 24 rows at most, as many as there are hours.
const FIND: Statement = {
  name: "find_webhook_endpoint_hours",
  text: `
    with day as materialized (
      select date_bin('1 hour', now() - interval '23 hours', timestamptz '2000-01-01 00:00:00Z')
        as since
    )
    select k.id as "id", iso(day.since) as "since",
      coalesce(sum(h.attempts), 0)::int as "attempts",
      coalesce(sum(h.succeeded), 0)::int as "succeeded",
      coalesce(json_agg(h.took) filter (where h.took is not null), '[]') as "took"
    from (select distinct unnest(?::text[]) as id) k
    cross join day
    left join lateral (
      select * from webhook_endpoint_hours h
      where h.merchant_id = ? and h.endpoint_id = k.id and h.hour >= day.since offset 0
    ) h on true
    group by k.id, day.since`,
};

const QUANTILE = 0.95;

/** In their order. */
export async function findEndpointHealth(
  db: Db,
  merchantId: string,
  endpointIds: readonly string[],
): Promise<(EndpointHealth | undefined)[]> {
  const rows = await run<Hours>(db, FIND, [endpointIds, merchantId]);
  const byId = new Map(
    rows.map(({ id, took, ...sums }) => [id, { ...sums, p95Ms: quantileOf(took, sums.attempts) }]),
  );
  return endpointIds.map((id) => byId.get(id));
}

function quantileOf(hours: readonly (readonly number[])[], attempts: number): number | null {
  let below = 0;
  for (const [step, ms] of TOOK_MS.entries()) {
    below += hours.reduce((sum, took) => sum + (took[step] ?? 0), 0);
    if (below > 0 && below >= attempts * QUANTILE) return ms;
  }
  return null;
}
