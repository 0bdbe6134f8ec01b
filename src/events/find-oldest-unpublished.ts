import { type Db, type Statement, run } from "../db/db";

/*
 * Since when there is something that has been committed and not published yet: what the relay is behind by.
 *
 * Of all merchants it is the first row of the outbox that is not set aside. A tenant's statements cannot read the outbox;
 * of one merchant it is the oldest of the first events that are newer than the last ones in its feed. Events are relayed
 * in the order of their rows, which is that of their ids but for those that were being committed at the same time: so the
 * newest of the last hundred is looked for.
 *
 * Cost: one row of the outbox; or a hundred entries of the feed and ten events.
 */
const OF_ALL: Statement = {
  name: "oldest_unpublished",
  text: `
    select iso(o.created_at) as "since" from outbox o
    where o.aside_until is null or o.aside_until <= now() order by o.id limit 1`,
};

const OF_MERCHANT: Statement = {
  name: "oldest_unpublished_of_merchant",
  text: `
    with last as materialized (
      select coalesce(max(f.event_id), '') as event_id
      from (
        select event_id from event_feed where merchant_id = ? order by position desc limit 100
      ) f
    )
    select iso(min(e.created_at)) as "since"
    from (
      select e.created_at from events e
      where e.merchant_id = ? and e.id > (select event_id from last) order by e.id limit 10
    ) e`,
};

export async function findOldestUnpublished(
  db: Db,
  merchantId: string | null,
): Promise<string | null> {
  const [row] =
    merchantId === null
      ? await run<{ since: string | null }>(db, OF_ALL, [])
      : await run<{ since: string | null }>(db, OF_MERCHANT, [merchantId, merchantId]);
  return row?.since ?? null;
}
