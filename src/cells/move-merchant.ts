import { recordCommand } from "../audit-log/record-write";
import type { Db, Tx } from "../db/db";
import { transact } from "../db/transact";
import {
  type UnderWay,
  awaitStillness,
  findHold,
  holdMerchant,
  isStill,
} from "../merchants/hold-merchant";
import { COLUMNS, PARTS, type Sum, copyPart, prepare, sumOf } from "./copy-merchant";
import { discardMerchant, takeAway } from "./discard-merchant";

/*
 * Moves a merchant from one cell to another.
 *
 * Guarantees: at no moment is anything begun for the merchant in both cells. It is held in the old one before it is read,
 * it arrives in the new one held, and is released there when the old one has been marked as left and the router sends
 * its requests to the new one. What arrives is what left, in every table, or nothing arrives: the new cell commits
 * once, after both sides were compared. Keys, cursors, secrets, ids and seals are rows, and mean there what they meant.
 *
 * Killed at any step, it leaves the merchant held where it was, or held where it goes; run again, it goes on from what
 * it finds, and copies anew unless the old cell has been left. Until then, releasing the merchant there gives the
 * move up. In the end nothing is left in the old cell but who it was and where it went (discard-merchant.ts): what is
 * erased in the new one is erased.
 *
 * Cost: what copying costs (copy-merchant.ts), twice the time that it takes to read the merchant's rows once more, and a
 * statement for each table to take them away. Its mutations are refused from the hold to the release, its reads from
 * the mark to the release.
 */

const MOVE = "cells move";
const EVERY_MS = 100;

export interface Move {
  readonly merchantId: string;
  readonly from: string;
  readonly to: string;
}

export interface Cells {
  /** As the owners of the tables. */
  readonly source: Db;
  readonly target: Db;
}

/** Told of each step when it is done. */
export type Step = "held" | "copied" | "left" | "switched" | "arrived" | "discarded";

export interface MoveOptions {
  readonly patienceMs: number;
  /** The other cell reaches the same account of the installation's own processor. */
  readonly sharesProcessor: boolean;
  /** The directory and the router. */
  readonly switchOver: () => Promise<void>;
  /** How long the old cell goes on knowing the merchant's secrets, for those whom the router sends there still. */
  readonly graceMs: number;
  readonly onStep: (step: Step) => void;
}

/** What keeps it from being moved now. */
export class NotMovable extends Error {
  override readonly name = "NotMovable";
}

export async function moveMerchant(cells: Cells, move: Move, options: MoveOptions): Promise<void> {
  await checkAlike(cells);
  if (!(await isLeft(cells.source, move))) {
    if (!options.sharesProcessor) await checkAccounts(cells.source, move);
    await checkRoom(cells.target, move);
    await hold(cells.source, move, options.patienceMs);
    options.onStep("held");
    await copy(cells, move);
    await compare(cells, move);
    options.onStep("copied");
    await leave(cells.source, move);
  }
  await bringLateNews(cells, move);
  options.onStep("left");
  await options.switchOver();
  options.onStep("switched");
  await arrive(cells.target, move);
  options.onStep("arrived");
  await new Promise((resolve) => setTimeout(resolve, options.graceMs));
  await discardMerchant(cells.source, move.merchantId);
  options.onStep("discarded");
}

async function checkAlike({ source, target }: Cells): Promise<void> {
  const tables = PARTS.map(({ table }) => table);
  const [here, there] = await Promise.all([source, target].map((db) => columnsOf(db, tables)));
  if (here !== there) {
    throw new NotMovable("The two cells' tables differ: migrate both by the same release first.");
  }
}

async function columnsOf(db: Db, tables: readonly string[]): Promise<string> {
  const { rows } = await db.raw<{ rows: { columns: string }[] }>(COLUMNS, [[...tables]]);
  return rows[0]?.columns ?? "";
}

/** What was charged at an account that the other cell does not have can be neither captured nor refunded there. */
async function checkAccounts(source: Db, { merchantId }: Move): Promise<void> {
  const own = { merchant_id: merchantId, processor_account_id: null };
  const [found] = await source("attempts").where(own).limit(1).pluck<string[]>("id");
  if (found === undefined) return;
  throw new NotMovable(
    "It has payments at the installation's own processor, which only a cell with the same account there can go on with.",
  );
}

async function isLeft(source: Db, { merchantId, to }: Move): Promise<boolean> {
  const [hold] = await source("merchant_holds")
    .where({ merchant_id: merchantId })
    .select<{ moved_to: string | null }[]>("moved_to");
  if (hold?.moved_to != null && hold.moved_to !== to) {
    throw new NotMovable(`It has left this cell for ${hold.moved_to} already.`);
  }
  return hold?.moved_to === to;
}

async function hold(source: Db, { merchantId, to }: Move, patienceMs: number): Promise<void> {
  const made = await holdMerchant(source, merchantId, `it moves to the cell ${to}`);
  if (made === undefined) throw new NotMovable(`Its cell has no merchant ${merchantId}.`);
  const left = await awaitStillness(source, merchantId, { patienceMs, everyMs: EVERY_MS });
  if (!isStill(left)) throw new NotMovable(`It is held, and still at work: ${described(left)}.`);
  const ofIt = { merchant_id: merchantId };
  const [aside] = await source("outbox").where(ofIt).limit(1).pluck<string[]>("id");
  if (aside !== undefined)
    throw new NotMovable("It has events that were set aside: release those first.");
}

function described(left: UnderWay): string {
  return Object.entries(left)
    .map(([what, count]) => `${String(count)} ${what}`)
    .join(", ");
}

/** What is there of it must be from an earlier time: one who is at work there is not written over. */
async function checkRoom(target: Db | Tx, { merchantId }: Move): Promise<void> {
  const [there] = await target("merchants").where({ id: merchantId }).pluck<string[]>("id");
  if (there === undefined || (await findHold(target, merchantId)).isElsewhere) return;
  throw new NotMovable("The other cell has rows of it that are no copy of these.");
}

async function copy({ source, target }: Cells, move: Move): Promise<void> {
  const { merchantId, from } = move;
  await source.transaction(
    async (reading) => {
      await prepare(reading);
      await target.transaction(async (writing) => {
        await prepare(writing);
        await checkRoom(writing, move);
        await takeAway(writing, merchantId);
        await writing.raw("set local session_replication_role = replica");
        await writing("merchant_holds").insert({
          merchant_id: merchantId,
          reason: `it comes from the cell ${from}`,
          comes_from: from,
        });
        for (const part of PARTS)
          await copyPart({ source: reading, target: writing }, part, merchantId);
        await assertAlike({ source: reading, target: writing }, merchantId);
        await carryOver({ source: reading, target: writing }, merchantId);
      });
    },
    { isolationLevel: "repeatable read", readOnly: true },
  );
}

/** What has a meaning in one cluster only: what its clock, its counters and its failovers say. */
async function carryOver(
  { source, target }: { readonly source: Tx; readonly target: Tx },
  merchantId: string,
): Promise<void> {
  // Nothing older may be posted there than what balances and seals have been summed up to here.
  const { rows } = await source.raw<{ rows: { before: string; timeline: number }[] }>(
    `select before::text as "before", current_timeline() as "timeline" from balance_horizon`,
  );
  const { before = "-infinity", timeline = 0 } = rows[0] ?? {};
  await target.raw("select pg_advisory_xact_lock(hashtext('oncepay.balance_horizon'))");
  await target.raw(
    "update balance_horizon set before = greatest(before, least(?::timestamptz, now()))",
    [before],
  );
  // The lines of evidence go on from where they are.
  await target.raw(
    `select setval(pg_get_serial_sequence('attempt_evidence', 'line'), greatest(
      nextval(pg_get_serial_sequence('attempt_evidence', 'line')),
      (select coalesce(max(line), 1) from attempt_evidence where merchant_id = ?)))`,
    [merchantId],
  );
  // Held and unsent there means unsent; what was in doubt there has been looked up there, or is UNKNOWN.
  await target.raw(
    `update attempts set timeline = current_timeline()
    where merchant_id = ? and status = 'QUEUED' and timeline = ?`,
    [merchantId, timeline],
  );
}

/**
 * What goes on being written about a merchant who is held, on either side: who was refused, which keys were used, which
 * deliveries wait for their endpoint, and what is only kept for a day.
 */
const GOES_ON = new Set([
  "audit_log",
  "api_keys",
  "console_sessions",
  "inbox",
  "attempts",
  "webhook_deliveries",
  "webhook_endpoints",
  "webhook_endpoint_hours",
]);

async function assertAlike(
  { source, target }: { readonly source: Db; readonly target: Db },
  merchantId: string,
  goesOn: ReadonlySet<string> = new Set(),
): Promise<void> {
  for (const part of PARTS) {
    if (goesOn.has(part.table)) continue;
    const here = await sumOf(source, part, merchantId);
    const there = await sumOf(target, part, merchantId);
    if (!isSame(here, there)) {
      throw new Error(`${part.table}: ${said(here)} here, ${said(there)} in the other cell.`);
    }
  }
}

const isSame = (here: Sum, there: Sum): boolean =>
  here.rows === there.rows && here.hash === there.hash;
const said = ({ rows, hash }: Sum): string => `${rows} rows (${hash})`;

/** Once more, of what is committed on both sides: nothing was written in between, and nothing by halves. */
async function compare({ source, target }: Cells, { merchantId }: Move): Promise<void> {
  await source.transaction(
    async (here) => {
      await prepare(here);
      await target.transaction(
        async (there) => {
          await prepare(there);
          await assertAlike({ source: here, target: there }, merchantId, GOES_ON);
        },
        { isolationLevel: "repeatable read", readOnly: true },
      );
    },
    { isolationLevel: "repeatable read", readOnly: true },
  );
}

async function leave(source: Db, { merchantId, to }: Move): Promise<void> {
  await transact(source, async (tx) => {
    await tx("merchant_holds").where({ merchant_id: merchantId }).update({ moved_to: to });
    await recordCommand(tx, { merchantId, name: MOVE, details: { after: { cell: to } } });
  });
}

/** What its accounts told the old cell until that was left. */
async function bringLateNews({ source, target }: Cells, { merchantId }: Move): Promise<void> {
  // Whoever had asked before the mark has stored it by then.
  await awaitStillness(source, merchantId, { patienceMs: 60_000, everyMs: EVERY_MS });
  const inbox = PARTS.filter(({ table }) => table === "inbox");
  await source.transaction(async (reading) => {
    await target.transaction(async (writing) => {
      for (const part of inbox)
        await copyPart({ source: reading, target: writing }, part, merchantId);
    });
  });
}

async function arrive(target: Db, { merchantId, from }: Move): Promise<void> {
  await transact(target, async (tx) => {
    const arriving = { merchant_id: merchantId, comes_from: from };
    const released = await tx("merchant_holds").where(arriving).del();
    if (released === 0) return;
    await recordCommand(tx, { merchantId, name: MOVE, details: { before: { cell: from } } });
  });
}
