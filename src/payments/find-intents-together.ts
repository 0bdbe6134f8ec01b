import type { Db } from "../db/db";
import { isDatabaseAway } from "../db/errors";
import { groupCommit } from "../db/group-commit";
import type { PaymentIntent } from "./payment-intent";
import { findIntents } from "./payment-store";

/*
 * Payment intents by id for the requests of one tenant: those that come while a statement is under way for others of the
 * same tenant go together in the next one.
 *
 * Guarantees: what was committed before somebody asked is seen, because the statement begins later. Whoever asks for
 * something that fails the statement fails alone.
 *
 * Cost: one round trip for as many as ask meanwhile; alone, one that begins at once.
 */

interface AskedIntents {
  readonly merchantId: string;
  readonly ids: readonly string[];
}

type Find = (asked: AskedIntents) => Promise<readonly PaymentIntent[]>;

// Whoever wants more has a list to complete, and a statement of their own.
const IDS_MAX = 10;
const SET_SIZE_MAX = 50;
const WAITING_MAX = 10_000;
const PATIENCE_MS = 5_000;

/** By the tenant's view of the connections, for as long as that is there. */
const finds = new WeakMap<Db, Find>();

export async function findIntentsTogether(
  db: Db,
  merchantId: string,
  ids: readonly string[],
): Promise<readonly PaymentIntent[]> {
  if (ids.length > IDS_MAX) return findIntents(db, merchantId, ids);
  let find = finds.get(db);
  if (!find) finds.set(db, (find = findTogether(db)));
  return find({ merchantId, ids });
}

function findTogether(db: Db): Find {
  return groupCommit<AskedIntents, readonly PaymentIntent[]>({
    run: async (asked) => {
      const [{ merchantId } = { merchantId: "" }] = asked;
      const found = await findIntents(db, merchantId, [...new Set(asked.flatMap(({ ids }) => ids))]);
      const byId = new Map(found.map((intent) => [intent.id, intent]));
      return asked.map(({ ids }) => ids.flatMap((id) => byId.get(id) ?? []));
    },
    // Nothing is written: any two may go together.
    claims: () => [],
    tenantOf: ({ merchantId }) => merchantId,
    sizeMax: SET_SIZE_MAX,
    waitingMax: WAITING_MAX,
    patienceMs: PATIENCE_MS,
    concernsAll: isDatabaseAway,
  });
}
