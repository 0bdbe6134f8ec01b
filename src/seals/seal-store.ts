import { type Db, type Statement, type Tx, run } from "../db/db";
import { notHeld } from "../merchants/not-held";
import type { SealHead } from "./checkpoint";
import { LEAVES_OF_SPAN, isoOf } from "./leaves";

/** A seal as it is stored: what is signed of it, the signature, and its leaves. */
export interface Seal extends SealHead {
  readonly leaves: Buffer;
  readonly names: string;
  readonly signature: Buffer;
}

export const HEAD_COLUMNS = `
  s.merchant_id as "merchantId", s.number as "number", s.leaf_count as "leafCount",
  s.root as "root", s.previous as "previous", s.feed_position as "feedPosition",
  ${isoOf("s.postings_before")} as "postingsBefore", ${isoOf("s.sealed_at")} as "sealedAt",
  s.key_id as "keyId"`;

export const SEAL_COLUMNS = `
  ${HEAD_COLUMNS}, s.leaves as "leaves", s.names as "names", s.signature as "signature"`;

/*
 * Merchants of whom something is committed that is under no seal: in the order of their ids, from one on. Two or three
 * index probes for each merchant. A posting counts once the horizon has passed it (take-balance-snapshots.ts).
 */
const FIND_DUE: Statement = {
  name: "find_merchants_to_seal",
  text: `
    select m.id as "id"
    from balance_horizon h
    cross join merchants m
    left join lateral (
      select s.feed_position, s.postings_before from seals s where s.merchant_id = m.id
      order by s.number desc limit 1) s on true
    where m.id > ? and ${notHeld("m.id")} and (
      exists (
        select from event_feed f
        where f.merchant_id = m.id and f.position > coalesce(s.feed_position, 0))
      or exists (
        select from postings p where p.merchant_id = m.id and p.created_at < h.before
          and p.created_at >= coalesce(s.postings_before, '-infinity')))
    order by m.id limit ?`,
};

export async function findDue(
  db: Db,
  { after, limit }: { readonly after: string; readonly limit: number },
): Promise<string[]> {
  return (await run<{ id: string }>(db, FIND_DUE, [after, limit])).map(({ id }) => id);
}

// Of several workers one seals a merchant, and the others go on to the next.
const CLAIM: Statement = {
  name: "claim_merchant_to_seal",
  text: `select pg_try_advisory_xact_lock(hashtextextended('oncepay.seals ' || ?, 0)) as "claimed"`,
};

export async function claimMerchant(tx: Tx, merchantId: string): Promise<boolean> {
  const [row] = await run<{ claimed: boolean }>(tx, CLAIM, [merchantId]);
  return row?.claimed === true;
}

const AGGREGATED = `
      coalesce((select string_agg(hash, '') from leaf), '') as "leaves",
      coalesce((select string_agg(name, E'\\n') from leaf), '') as "names"`;

/*
 * What a seal covers, as it is now: from where the one before ended to where this one does.
 */
const READ_SPAN: Statement = {
  name: "read_span_of_seal",
  text: `
    with span as materialized (
      select ?::text as merchant_id, ?::bigint as after_position, ?::bigint as until_position,
        ?::timestamptz as since, ?::timestamptz as before
    ), ${LEAVES_OF_SPAN}
    select ${AGGREGATED}`,
};

/** Null for the head before the first. */
export async function readSpan(
  db: Db,
  head: SealHead,
  last: SealHead | null,
): Promise<{ leaves: Buffer; names: string }> {
  const [row] = await run<{ leaves: Buffer; names: string }>(db, READ_SPAN, [
    head.merchantId,
    last?.feedPosition ?? 0,
    head.feedPosition,
    last?.postingsBefore ?? "-infinity",
    head.postingsBefore,
  ]);
  return row ?? { leaves: Buffer.alloc(0), names: "" };
}

/** What the next seal of a merchant covers. */
export interface NextSpan {
  readonly last: SealHead | null;
  readonly feedPosition: number;
  readonly postingsBefore: string;
  readonly leaves: Buffer;
  /** One to a line. */
  readonly names: string;
  readonly sealedAt: string;
}

/*
 * At most so many events and so many postings, but all postings of one moment. Two things make it safe to go on from where
 * it ends. Whoever sees a place in the feed sees all places before it. And the horizon is seen with everything that was
 * committed before it moved, and nothing older can be committed since. See docs/decisions/positions.md.
 */
const READ_NEXT: Statement = {
  name: "read_next_span_to_seal",
  text: `
    with last as materialized (
      select q.merchant_id as asked, s.*
      from (select ?::text as merchant_id) q
      left join lateral (
        select * from seals s where s.merchant_id = q.merchant_id order by s.number desc limit 1
      ) s on true
    ), begun as materialized (
      select l.asked as merchant_id, coalesce(l.feed_position, 0) as after_position,
        coalesce(l.postings_before, '-infinity') as since, h.before as horizon
      from last l cross join balance_horizon h
    ), span as materialized (
      select b.*, coalesce((
          select max(f.position) from (
            select f.position from event_feed f
            where f.merchant_id = b.merchant_id and f.position > b.after_position
            order by f.position limit ?) f), b.after_position) as until_position,
        greatest(b.since, coalesce((
          select greatest(p.created_at, first.created_at + interval '1 microsecond')
          from (
            select p.created_at from postings p where p.merchant_id = b.merchant_id
              and p.created_at >= b.since and p.created_at < b.horizon
            order by p.created_at limit 1) first
          cross join lateral (
            select p.created_at from postings p where p.merchant_id = b.merchant_id
              and p.created_at >= b.since and p.created_at < b.horizon
            order by p.created_at offset ? limit 1) p), b.horizon)) as before
      from begun b
    ), ${LEAVES_OF_SPAN}
    select case when s.number is not null then json_build_object(
        'merchantId', s.merchant_id, 'number', s.number, 'leafCount', s.leaf_count,
        'root', encode(s.root, 'hex'), 'previous', encode(s.previous, 'hex'),
        'feedPosition', s.feed_position, 'postingsBefore', ${isoOf("s.postings_before")},
        'sealedAt', ${isoOf("s.sealed_at")}, 'keyId', s.key_id) end as "last",
      q.until_position as "feedPosition", ${isoOf("q.before")} as "postingsBefore",
      ${AGGREGATED},
      -- Later than the beginning of whatever is seen here.
      ${isoOf("clock_timestamp()")} as "sealedAt"
    from span q cross join last s`,
};

export async function readNext(
  tx: Tx,
  merchantId: string,
  { events, postings }: { readonly events: number; readonly postings: number },
): Promise<NextSpan> {
  const [row] = await run<Omit<NextSpan, "last"> & { last: LastHead | null }>(tx, READ_NEXT, [
    merchantId,
    events,
    postings,
  ]);
  if (!row) throw new Error("no horizon to seal up to");
  return { ...row, last: row.last && openHead(row.last) };
}

type LastHead = Omit<SealHead, "root" | "previous"> & { root: string; previous: string | null };

function openHead({ root, previous, ...head }: LastHead): SealHead {
  const bytes = (hex: string): Buffer => Buffer.from(hex, "hex");
  return { ...head, root: bytes(root), previous: previous === null ? null : bytes(previous) };
}

const INSERT: Statement = {
  name: "insert_seal",
  text: `
    insert into seals (merchant_id, number, feed_position, postings_before, leaf_count, leaves,
      names, root, previous, sealed_at, key_id, signature)
    values (?, ?, ?, ?::timestamptz, ?, ?, ?, ?, ?, ?::timestamptz, ?, ?)`,
};

export async function insertSeal(tx: Tx, seal: Seal): Promise<void> {
  await run(tx, INSERT, [
    seal.merchantId,
    seal.number,
    seal.feedPosition,
    seal.postingsBefore,
    seal.leafCount,
    seal.leaves,
    seal.names,
    seal.root,
    seal.previous,
    seal.sealedAt,
    seal.keyId,
    seal.signature,
  ]);
}

const FIND: Statement = {
  name: "find_seals",
  text: `
    select ${SEAL_COLUMNS} from seals s
    where s.merchant_id = ? and s.number = any(?::int[]) order by s.number`,
};

export async function findSeals(
  db: Db,
  merchantId: string,
  numbers: readonly number[],
): Promise<Seal[]> {
  return run<Seal>(db, FIND, [merchantId, numbers]);
}

const NEWEST: Statement = {
  name: "newest_seals_of_merchants",
  text: `
    select s.* from merchants m
    cross join lateral (
      select ${HEAD_COLUMNS}, s.signature as "signature"
      from seals s where s.merchant_id = m.id order by s.number desc limit 1) s
    where m.id > ? order by m.id limit ?`,
};

/** The newest of each merchant, in the order of their ids, from one on. */
export async function findNewest(
  db: Db,
  { after, limit }: { readonly after: string; readonly limit: number },
): Promise<(SealHead & Pick<Seal, "signature">)[]> {
  return run(db, NEWEST, [after, limit]);
}
