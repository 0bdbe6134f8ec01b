import type { Db } from "../db/db";
import { transact } from "../db/transact";
import { failpoint } from "../failpoints";
import { REMEMBERED_MS } from "../idempotency/replay-cache/database-life";
import { cleanSlice } from "./clean-slice";
import { SLICE } from "./erase-customer";
import { eraseSlice, isCustomerLeft } from "./erase-slice";
import {
  type RunningErasure,
  findRunningErasures,
  finishErasure,
  lockErasure,
} from "./erasure-store";
import { othersToEnd } from "./others-to-end";

/*
 * Guarantees: an erasure that was requested is finished, whatever dies in between: each slice is a commit of its own
 * that says what it has done, and whoever comes next goes on from there. Two workers at once do no harm.
 *
 * It is finished once no process can answer with what it remembers (src/idempotency/replay-cache/database-life.ts).
 *
 * Cost: one statement when there is nothing to do.
 */

/** Taken up in turns, so that a customer with very many payments keeps nobody else waiting for long. */
const ERASURES = 20;
const SLICES = 20;
const PATIENCE_MS = 2_000;

export interface Continued {
  readonly finished: number;
  readonly left: number;
}

interface Needs {
  readonly db: Db;
  readonly config: { readonly redisUrl: string | undefined };
}

export async function continueErasures(
  { db, config }: Needs,
  slice: number = SLICE,
): Promise<Continued> {
  // Nobody remembers anything without a Redis to keep it in.
  const rememberedMs = config.redisUrl === undefined ? 0 : REMEMBERED_MS;
  const running = await findRunningErasures(db, { limit: ERASURES, rememberedMs });
  let finished = 0;
  for (const erasure of running) {
    const isClean = await cleanErasure(db, erasure, slice);
    if (isClean && (await finishErasure(db, erasure, rememberedMs))) finished += 1;
  }
  return { finished, left: running.length - finished };
}

async function cleanErasure(db: Db, erasure: RunningErasure, limit: number): Promise<boolean> {
  const erase = async (): Promise<number> => {
    const erased = await transact(db, async (tx) =>
      (await lockErasure(tx, erasure)) ? eraseSlice(tx, erasure, limit) : 0,
    );
    await failpoint("erase.after_slice");
    return erased;
  };
  if (!(await untilNone(erase)) || (await isCustomerLeft(db, erasure))) return false;
  if (!(await othersToEnd(db, PATIENCE_MS))) return false;
  const clean = async (): Promise<number> => {
    const cleaned = await cleanSlice(db, erasure, limit);
    await failpoint("erase.after_clean");
    return cleaned;
  };
  return untilNone(clean);
}

/** False when there is still more after as many slices as one turn has. */
async function untilNone(slice: () => Promise<number>): Promise<boolean> {
  for (let turn = 0; turn < SLICES; turn += 1) if ((await slice()) === 0) return true;
  return false;
}
