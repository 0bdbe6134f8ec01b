import { createHash } from "node:crypto";
import { type Db, type Statement, run } from "../db/db";
import { checkpointOf } from "./checkpoint";
import { BLANKED_LEAF, LEAF, NAME, tableOf } from "./leaves";
import { HASH_BYTES, pathsOf, splitLeaves } from "./merkle";
import { type Seal, findSeals } from "./seal-store";

/*
 * A receipt: what was sealed of one payment, row by row, each with the nodes that lead from it to the root of its tree, and
 * the signed checkpoints of these trees. Whoever has the public key can check it without asking anybody.
 *
 * It shows rows as they are. One that was altered after it was sealed leads to no root.
 *
 * Cost: two statements; each row of the payment by its key, and a tree of some hundred leaves for each seal, of which a
 * payment has two or three.
 */

export interface Receipt {
  readonly merchantId: string;
  readonly paymentIntentId: string;
  readonly leaves: readonly ReceiptLeaf[];
  readonly checkpoints: readonly Checkpoint[];
  /** How many rows of the payment are under no seal yet. */
  readonly unsealed: number;
  /** Whether there are more rows than one receipt holds: then it holds the first of them. */
  readonly hasMore: boolean;
}

export interface ReceiptLeaf {
  /** Which seal of the merchant's: its checkpoint has this number. */
  readonly seal: number;
  /** Its place in the tree, from 0. */
  readonly index: number;
  /** From below, in hex. */
  readonly path: readonly string[];
  readonly content: string;
}

export interface Checkpoint {
  readonly number: number;
  readonly text: string;
  /** ed25519, of the text, in base64. */
  readonly signature: string;
}

export const LEAVES_MAX = 250;
/** As many as a tree of a thousand and some leaves is high. */
export const PATH_MAX = 12;
export const SEALS_MAX = 30;
const STEPS_MAX = 60;
// A row is sealed minutes after it was written. An event that was set aside may come much later: it is not found here.
const SEALS_LOOKED_THROUGH = 64;

interface Row {
  readonly name: string;
  readonly leaf: string;
  readonly blanked: string | null;
  readonly seal: number | null;
}

const OF_EVENT = `
      left join lateral (
        select later.number
        from (
          select s.number, s.names from seals s
          where s.merchant_id = e.merchant_id and s.sealed_at >= e.created_at
          order by s.sealed_at, s.number limit ${String(SEALS_LOOKED_THROUGH)}) later
        where strpos(later.names, e.id) > 0 limit 1) seal on true`;

const READ_ROWS: Statement = {
  name: "read_rows_of_receipt",
  text: `
    select r.name as "name", r.leaf as "leaf", r.blanked as "blanked", r.seal as "seal"
    from (
      select 1 as part, t.version::text as place, 0 as line, s.*, seal.number as seal
      from (
        select * from transitions t where t.merchant_id = ? and t.payment_intent_id = ?
        order by t.version limit ?) t
      cross join lateral (
        select * from events e where e.merchant_id = t.merchant_id and e.id = t.event_id
        offset 0) e
      ${OF_EVENT}
      cross join lateral (
        select 1 as n, ${NAME.events} as name, ${LEAF.events} as leaf,
          case when e.personal is null then ${BLANKED_LEAF} end as blanked
        union all
        select 2, ${NAME.transitions}, ${LEAF.transitions}, null) s
      union all
      select 2, j.id, p.line, s.*, seal.number
      from (
        select * from journals j where j.merchant_id = ? and j.payment_intent_id = ?
        order by j.id limit ?) j
      cross join lateral (
        select * from postings p where p.merchant_id = j.merchant_id and p.journal_id = j.id
        offset 0) p
      left join lateral (
        select s.number from seals s
        where s.merchant_id = p.merchant_id and s.postings_before > p.created_at
        order by s.postings_before, s.number limit 1) seal on true
      cross join lateral (
        select 1 as n, ${NAME.journals} as name, ${LEAF.journals} as leaf, null as blanked
        where p.line = 1
        union all
        select 2, ${NAME.postings}, ${LEAF.postings}, null) s
    ) r
    order by r.part, length(r.place), r.place, r.line, r.n limit ?`,
};

/** Undefined when the merchant has no such payment. */
export async function readReceipt(
  db: Db,
  merchantId: string,
  paymentIntentId: string,
): Promise<Receipt | undefined> {
  const of = [merchantId, paymentIntentId, STEPS_MAX + 1];
  const rows = await run<Row>(db, READ_ROWS, [...of, ...of, LEAVES_MAX + 1]);
  if (rows.length === 0) return undefined;
  const shown = rows.slice(0, LEAVES_MAX);
  const numbers = [...new Set(shown.flatMap(({ seal }) => seal ?? []))].sort((a, b) => a - b);
  const seals = await findSeals(db, merchantId, numbers.slice(0, SEALS_MAX));
  const leaves = seals.flatMap((seal) =>
    leavesIn(
      seal,
      shown.filter((row) => row.seal === seal.number),
    ),
  );
  const steps = shown.filter(({ name }) => tableOf(name) === "transitions").length;
  return {
    merchantId,
    paymentIntentId,
    leaves,
    checkpoints: seals.map((seal) => ({
      number: seal.number,
      text: checkpointOf(seal),
      signature: seal.signature.toString("base64"),
    })),
    unsealed: shown.length - leaves.length,
    hasMore: rows.length > LEAVES_MAX || steps > STEPS_MAX || numbers.length > SEALS_MAX,
  };
}

function leavesIn(seal: Seal, rows: readonly Row[]): ReceiptLeaf[] {
  const places = new Map(seal.names.split("\n").map((name, index) => [name, index]));
  const placed = rows.flatMap((row) => {
    const index = places.get(row.name);
    return index === undefined ? [] : [{ row, index }];
  });
  const paths = pathsOf(
    splitLeaves(seal.leaves),
    placed.map(({ index }) => index),
  );
  return placed.map(({ row, index }, at) => ({
    seal: seal.number,
    index,
    path: (paths[at] ?? []).map((node) => node.toString("hex")),
    content: contentOf(row, seal.leaves.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES)),
  }));
}

/** As it was sealed: an event that was blanked since then has a leaf of another form. */
function contentOf({ leaf, blanked }: Row, sealed: Buffer): string {
  if (blanked === null || hashOfLeaf(leaf).equals(sealed)) return leaf;
  return hashOfLeaf(blanked).equals(sealed) ? blanked : leaf;
}

function hashOfLeaf(content: string): Buffer {
  return createHash("sha256").update(Buffer.of(0)).update(content).digest();
}
