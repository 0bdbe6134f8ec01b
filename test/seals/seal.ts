import { takeBalanceSnapshots } from "../../src/ledger/take-balance-snapshots";
import { type SealOptions, type Sealed, sealMerchants } from "../../src/seals/seal-merchants";
import type { TestApp } from "../support/app";

/** Small trees, so that there are several. */
export const SMALL = { limit: 1_000, eventsMax: 3, postingsMax: 2 };

/** Moves the ledger's horizon up to now, instead of to a minute ago. */
export async function moveHorizon(t: Pick<TestApp, "db">): Promise<number | undefined> {
  return takeBalanceSnapshots(t.db, { limit: 1_000, marginMs: 0 });
}

/** Seals all that is committed and relayed. */
export async function sealAll(
  t: Pick<TestApp, "app" | "db" | "relayOnce">,
  options: SealOptions = SMALL,
): Promise<Sealed> {
  while ((await t.relayOnce()) > 0);
  await moveHorizon(t);
  return sealMerchants(t.app, options);
}
