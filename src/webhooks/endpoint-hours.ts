import { type Db, type Statement, run } from "../db/db";
import { isDatabaseAway, isLockTimeout, isRetryable } from "../db/errors";
import type { Log } from "../observability/log";
import type { EndpointKey } from "./delivery";

/*
 * How an endpoint does: tries, successes and how long they took, by the hour.
 *
 * Guarantees: figures, and no books. What a process has counted it adds to the rows every few seconds and when it stops.
 * One that is killed loses what it had not added; an answer of the database that is lost may be added twice.
 *
 * Cost: none for a try, which is counted in memory. One statement every few seconds in a process that delivers, with a
 * row for each endpoint that was tried since: so no row is written more often, however busy its endpoint is. Rows from
 * before yesterday go when their endpoint is tried next: at most some fifty are kept of each.
 */

/** Steps of how long a try took, in milliseconds: each up to a fifth longer than the one before. What took longer is in the last. */
export const TOOK_MS: readonly number[] = Array.from({ length: 57 }, (_, n) =>
  Math.round(2 ** (n / 4)),
);

export interface EndpointTry {
  readonly merchantId: string;
  readonly endpointId: string;
  readonly succeeded: boolean;
  readonly durationMs: number;
}

export interface EndpointHours {
  readonly count: (tried: EndpointTry) => void;
  /** Adds what was counted; tests need not wait for it. */
  readonly flush: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

interface Tally extends EndpointKey {
  attempts: number;
  succeeded: number;
  readonly took: number[];
}

const FLUSH_MS = 5_000;
// While the database is away, memory is bounded: endpoints beyond are not counted.
const ENDPOINTS_MAX = 10_000;

// In the order of their keys, so that processes wait for each other and never in a circle.
const ADD: Statement = {
  name: "add_to_webhook_endpoint_hours",
  text: `
    with given as materialized (
      select g.*, date_bin('1 hour', now(), timestamptz '2000-01-01 00:00:00Z') as hour
      from jsonb_to_recordset(?) as g (merchant_id text, endpoint_id text, attempts int,
        succeeded int, took int[])
      order by g.merchant_id, g.endpoint_id
    ), over as (
      delete from webhook_endpoint_hours h using given g
      where h.merchant_id = g.merchant_id and h.endpoint_id = g.endpoint_id
        and h.hour < now() - interval '2 days'
    )
    insert into webhook_endpoint_hours as h
      (merchant_id, endpoint_id, hour, attempts, succeeded, took)
    select g.merchant_id, g.endpoint_id, g.hour, g.attempts, g.succeeded, g.took from given g
    on conflict (merchant_id, endpoint_id, hour) do update
    set attempts = h.attempts + excluded.attempts, succeeded = h.succeeded + excluded.succeeded,
      took = (
        select array_agg(t.before + t.more order by t.n)
        from unnest(h.took, excluded.took) with ordinality as t (before, more, n))`,
};

export function createEndpointHours({
  db,
  log,
}: {
  readonly db: Db;
  readonly log: Log;
}): EndpointHours {
  let tallies = new Map<string, Tally>();
  let timer: NodeJS.Timeout | undefined;
  let flying: Promise<void> = Promise.resolve();

  /** Nothing is counted for one more endpoint when there are too many. */
  function tallyOf({ merchantId, id }: EndpointKey): Tally | undefined {
    const known = tallies.get(id);
    if (known || tallies.size >= ENDPOINTS_MAX) return known;
    const fresh = { merchantId, id, attempts: 0, succeeded: 0, took: TOOK_MS.map(() => 0) };
    tallies.set(id, fresh);
    return fresh;
  }

  async function add(): Promise<void> {
    const taken = [...tallies.values()];
    if (taken.length === 0) return;
    tallies = new Map();
    try {
      await run(db, ADD, [JSON.stringify(taken.map(rowOf))]);
    } catch (error) {
      log.warn({ reason: (error as Error).message }, "how endpoints do could not be written");
      // What is wrong will pass; anything else would be as wrong the next time.
      const passes = isDatabaseAway(error) || isLockTimeout(error) || isRetryable(error);
      if (passes) for (const tally of taken) addTo(tallyOf(tally), tally);
    }
  }

  const flush = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    return (flying = flying.then(add));
  };

  return {
    count: ({ merchantId, endpointId, succeeded, durationMs }) => {
      const tally = tallyOf({ merchantId, id: endpointId });
      if (!tally) return;
      const step = stepOf(durationMs);
      tally.attempts += 1;
      tally.succeeded += succeeded ? 1 : 0;
      tally.took[step] = (tally.took[step] ?? 0) + 1;
      timer ??= setTimeout(() => void flush(), FLUSH_MS).unref();
    },
    flush,
    stop: flush,
  };
}

function stepOf(durationMs: number): number {
  const step = TOOK_MS.findIndex((ms) => durationMs <= ms);
  return step === -1 ? TOOK_MS.length - 1 : step;
}

function addTo(tally: Tally | undefined, more: Tally): void {
  if (!tally) return;
  tally.attempts += more.attempts;
  tally.succeeded += more.succeeded;
  more.took.forEach((count, step) => (tally.took[step] = (tally.took[step] ?? 0) + count));
}

function rowOf({ merchantId, id, attempts, succeeded, took }: Tally): object {
  return { merchant_id: merchantId, endpoint_id: id, attempts, succeeded, took };
}
