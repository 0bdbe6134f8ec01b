import { type Statement, type Tx, run } from "../db/db";
import { ID_PREFIXES, idTime, timePart } from "../ids";
import { BLANKED_LEAF, type SealedTable, bindNames, hashOf, leavesByName, tableOf } from "./leaves";
import { splitLeaves } from "./merkle";

/*
 * Which row is wrong, where a tree of what is stored now is not the tree that was sealed. Rows that are not where they
 * should be are looked for by their keys, so that one which was altered is told from one that is gone.
 */

export interface Difference {
  readonly table: SealedTable | "event_feed";
  /** An id, or what a row is numbered by: `pi_…:3`, `jrn_…:1`. */
  readonly row: string;
  readonly detail: string;
}

export interface Compared {
  /** In the order of the tree; what was put in comes last. */
  readonly differences: readonly Difference[];
  /** How many rows went with a month of theirs that was dropped. */
  readonly dropped: number;
}

/** Months that were asked about, and whether they were dropped. */
export type Months = Map<string, boolean>;

interface Leaves {
  readonly leaves: Buffer;
  readonly names: string;
}

export async function compareRows(
  tx: Tx,
  merchantId: string,
  { sealed, now, months }: { readonly sealed: Leaves; readonly now: Leaves; months: Months },
): Promise<Compared> {
  const was = hashesByName(sealed);
  const is = hashesByName(now);
  const away = [...was.keys()].filter((name) => !is.has(name));
  const elsewhere = await hashesOf(tx, merchantId, away);
  const suspects = [...was].filter(([name, hash]) => is.has(name) && is.get(name) !== hash);
  const blanked = await blankedHashesOf(
    tx,
    merchantId,
    suspects.map(([name]) => name),
  );
  const differences: Difference[] = [];
  let dropped = 0;
  for (const [name, hash] of was) {
    const found = is.get(name) ?? elsewhere.get(name);
    if (found === undefined && (await isDropped(tx, name, months))) dropped += 1;
    else {
      const isHere = is.has(name);
      differences.push(...judge(name, { hash, found, isHere, blanked: blanked.get(name) }));
    }
  }
  for (const name of is.keys()) {
    if (!was.has(name)) {
      differences.push({ table: tableOf(name), row: name, detail: "was put in after it" });
    }
  }
  if (differences.length === 0 && dropped === 0 && sealed.names !== now.names) {
    const [row = ""] = [...was.keys()].filter((name, at) => [...is.keys()][at] !== name);
    const table = tableOf(row) === "events" ? "event_feed" : tableOf(row);
    differences.push({ table, row, detail: "has another place in the order" });
  }
  return { differences, dropped };
}

interface Judged {
  readonly hash: string;
  readonly found: string | undefined;
  readonly isHere: boolean;
  readonly blanked: string | undefined;
}

function judge(name: string, { hash, found, isHere, blanked }: Judged): Difference[] {
  const table = tableOf(name);
  if (found === undefined) return [{ table, row: name, detail: "is missing" }];
  if (found === hash) {
    // The row is as it was, and what it hangs on is not: a transition on its event, a journal on its first posting.
    if (isHere || table !== "events") return [];
    return [{ table: "event_feed", row: name, detail: "is not at its place in the feed" }];
  }
  return blanked === hash ? [] : [{ table, row: name, detail: "is not what it was" }];
}

function hashesByName({ leaves, names }: Leaves): Map<string, string> {
  const hashes = splitLeaves(leaves);
  const lines = names === "" ? [] : names.split("\n");
  return new Map(lines.map((name, index) => [name, hashes[index]?.toString("hex") ?? ""]));
}

const HASHES: Statement = {
  name: "hashes_of_sealed_rows",
  text: leavesByName((leaf) => `encode(${hashOf(leaf)}, 'hex') as "hash"`),
};

async function hashesOf(
  tx: Tx,
  merchantId: string,
  names: readonly string[],
): Promise<Map<string, string>> {
  if (names.length === 0) return new Map();
  const rows = await run<{ name: string; hash: string }>(tx, HASHES, bindNames(merchantId, names));
  return new Map(rows.map(({ name, hash }) => [name, hash]));
}

const BLANKED_HASHES: Statement = {
  name: "hashes_of_blanked_events",
  text: `
    select e.id as "name", encode(${hashOf(BLANKED_LEAF)}, 'hex') as "hash"
    from unnest(?::text[]) named (id)
    cross join lateral (
      select * from events e where e.merchant_id = ? and e.id = named.id and e.personal is null
      offset 0) e`,
};

/** As they were sealed when they still said something of a person in the clear. */
async function blankedHashesOf(
  tx: Tx,
  merchantId: string,
  names: readonly string[],
): Promise<Map<string, string>> {
  const events = names.filter((name) => tableOf(name) === "events");
  if (events.length === 0) return new Map();
  const bindings = [events, merchantId];
  const rows = await run<{ name: string; hash: string }>(tx, BLANKED_HASHES, bindings);
  return new Map(rows.map(({ name, hash }) => [name, hash]));
}

const PARTITIONED = {
  events: { prefix: ID_PREFIXES.event, column: "id" },
  transitions: { prefix: ID_PREFIXES.paymentIntent, column: "payment_intent_id" },
} as const;

/*
 * Whoever runs this may drop whole months of history. A row went with its month when that is before the oldest partition
 * there is, and nothing of it is left.
 */
async function isDropped(tx: Tx, name: string, months: Months): Promise<boolean> {
  const table = tableOf(name);
  if (table !== "events" && table !== "transitions") return false;
  const at = new Date(idTime(name));
  if (Number.isNaN(at.getTime())) return false;
  const { prefix, column } = PARTITIONED[table];
  const floorOf = (months: number): string =>
    `${prefix}_${timePart(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + months))}`;
  const month = `${table}_${at.toISOString().slice(0, 7).replace("-", "_")}`;
  const known = months.get(month);
  if (known !== undefined) return known;
  const [row] = await run<{ dropped: boolean }>(
    tx,
    {
      name: `is_month_of_${table}_dropped`,
      text: `
        select not exists (
            select from pg_inherits i join pg_class c on c.oid = i.inhrelid
            where i.inhparent = '${table}'::regclass and c.relname ~ '_\\d{4}_\\d{2}$'
              and c.relname <= ?)
          and not exists (
            select from ${table} where ${column} >= ? and ${column} < ?) as "dropped"`,
    },
    [month, floorOf(0), floorOf(1)],
  );
  const dropped = row?.dropped === true;
  months.set(month, dropped);
  return dropped;
}
