import { recordCommand } from "../audit-log/record-write";
import type { Db, Tx } from "../db/db";
import { transact } from "../db/transact";
import { PLATFORM_MERCHANT_ID } from "../merchants/api-key";
import { type Part, PARTS } from "./copy-merchant";

/*
 * Takes away what a cell has of a merchant who is in another one: the copy of one who did not come after all, or what is
 * left of one who went.
 *
 * Guarantees: all of it in one transaction, and only of those whose hold says that they are elsewhere; that they are
 * there is for the caller to see to. Of one who went, the merchant's own row, its API keys and the hold stay, so that whoever
 * comes by an old map is told to come again, and not that there is no such key.
 *
 * History cannot be changed, and its triggers are passed over here in this transaction alone: what is taken away is in
 * the other cell, which was compared before this one was left.
 *
 * Cost: a statement for each table.
 */

const STAYS: ReadonlySet<string> = new Set(["merchants", "api_keys", "merchant_holds"]);

const ofMerchant = (table: string): Part => ({ table, where: "merchant_id = $1" });
const ofRuns = (table: string): Part => ({
  table,
  where: "run_id in (select id from reconciliation_runs where merchant_id = $1)",
});

/** What a cell has made for itself and is not copied. What is found by way of another table goes before that. */
const OWN: readonly Part[] = [
  ...["outbox", "audit_marks", "ledger_proofs", "clearing_items", "merchant_holds"].map(ofMerchant),
  ...["processor_lines", "processor_disputes", "processor_payout_lines", "processor_payouts"].map(
    ofRuns,
  ),
  ofMerchant("reconciliation_runs"),
];

/** All that is of a merchant. Keys that seals are signed with are not one merchant's. */
export const TAKEN: readonly Part[] = [
  ...OWN,
  ...PARTS.filter(({ table }) => table !== "signing_keys").sort(
    (one, other) => rank(one) - rank(other),
  ),
];

function rank({ table }: Part): number {
  return table === "inbox" ? 0 : 1;
}

const HOLD = `
  select moved_to is not null as "hasLeft" from merchant_holds
  where merchant_id = ? and coalesce(moved_to, comes_from) is not null for update`;

/** False where nothing is to be taken away: of one who is not there at all, or is nowhere else. */
export async function discardMerchant(db: Db, merchantId: string): Promise<boolean> {
  return transact(db, async (tx) => {
    const { rows } = await tx.raw<{ rows: { hasLeft: boolean }[] }>(HOLD, [merchantId]);
    const [hold] = rows;
    if (!hold) return false;
    await takeAway(tx, merchantId, hold.hasLeft ? STAYS : new Set());
    const details = { before: { merchant: merchantId } };
    await recordCommand(tx, {
      merchantId: PLATFORM_MERCHANT_ID,
      name: "cells discard",
      details,
    });
    return true;
  });
}

/** Also for who comes back, or comes once more: nothing of an earlier time is in the way. */
export async function takeAway(
  tx: Tx,
  merchantId: string,
  stays: ReadonlySet<string> = new Set(),
): Promise<void> {
  await tx.raw("set local statement_timeout = 0");
  await tx.raw("set local session_replication_role = replica");
  for (const { table, where } of TAKEN) {
    if (stays.has(table)) continue;
    await tx.raw(`delete from ${table} where ${where.replace("$1", "?")}`, [merchantId]);
  }
  await tx.raw("set local session_replication_role = origin");
}
