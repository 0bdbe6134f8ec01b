import type { AuditedWrite } from "../audit-log/record-write";
import { type Db, type Statement, type Tx, run } from "../db/db";
import type { SecretBox } from "../security/secrets";
import { type StoredFailure, notFound } from "../failures";
import type { Execution, OnceOutcome } from "./execution";
import { fingerprint } from "./fingerprint";
import type { KeyedOperation, Made, OperationKey } from "./keys";
import { once } from "./once";
import type { ReplayCache } from "./replay-cache/replay-cache";

/*
 * The path of every change of something that exists and has no events: a webhook endpoint, a processor account.
 *
 * Guarantees: it is locked before anything is decided about it, so of two changes at the same time the second sees what
 * the first did. A change keeps its key for ever: when the key's record has expired, a late repeat finds it in the
 * table of such changes, and changes nothing a second time. What secrets a request had is kept under its key only as a
 * part of the SHA-256 of the request: they are random, so there is nothing to guess.
 *
 * Cost: what `once` costs, and three round trips: the lock, the change, and the row that keeps the key.
 */

/** The table that keeps the keys of changes of one kind of thing. */
export interface ChangesTable {
  /** By merchant, operation and key: the thing as it stands now, with "fingerprint" (hex) and "firstSeenAt". */
  readonly find: Statement;
  /** Of merchant, operation, key, the thing's id, and fingerprint (hex). */
  readonly insert: Statement;
  /** The constraint by which a key is kept. */
  readonly spentKey: string;
}

interface KeptChange extends OperationKey {
  /** Null: it is about all that the merchant has of them. */
  readonly id: string | null;
  readonly fingerprint: string;
}

export async function keepChange(
  tx: Tx,
  { insert }: ChangesTable,
  { merchantId, operation, key, id, fingerprint: print }: KeptChange,
): Promise<void> {
  await run(tx, insert, [merchantId, operation, key, id, print]);
}

/** What was changed under a key, as it stands now, and what was asked for. */
export async function findChange<Thing extends object>(
  db: Db,
  { find }: ChangesTable,
  { merchantId, operation, key }: OperationKey,
): Promise<Made<Thing, never> | undefined> {
  type Row = Thing & { readonly fingerprint: string; readonly firstSeenAt: string };
  const [row] = await run<Row>(db, find, [merchantId, operation, key]);
  if (!row) return undefined;
  const { fingerprint: print, firstSeenAt, ...result } = row;
  return { firstSeenAt, result: result as unknown as Thing, fingerprint: print };
}

export function changeOperation<Thing extends object, Beside = undefined>(
  table: ChangesTable,
  operation: string,
): KeyedOperation<Thing, Beside> {
  return {
    name: operation,
    findMade: (db, merchantId, key) => findChange<Thing>(db, table, { merchantId, operation, key }),
    spentKey: table.spentKey,
  };
}

/** What changing something needs. */
export interface Changer {
  readonly db: Db;
  readonly replays: ReplayCache;
}

export interface ChangeCommand {
  readonly merchantId: string;
  readonly key: string;
  readonly audit?: AuditedWrite | undefined;
}

export type Changed<Thing, Beside = undefined> = Extract<
  Execution<Thing, Beside>,
  { readonly failure: StoredFailure } | { readonly result: Thing }
>;

export interface Change<Thing, Beside = undefined> {
  readonly operation: KeyedOperation<Thing, Beside>;
  /** What is asked for, beside what is to be changed. */
  readonly input: Readonly<Record<string, unknown>>;
  readonly change: (tx: Tx, thing: Thing) => Promise<Changed<Thing, Beside>>;
  /** Before the transaction, and for the first request only. */
  readonly before?: () => Promise<void>;
  /** Where something is shown once. */
  readonly secrets?: SecretBox;
}

export interface ChangedThing<Thing> {
  readonly table: ChangesTable;
  readonly id: string;
  /** Its id's name in the request. */
  readonly idName: string;
  /** What it is called. */
  readonly object: string;
  readonly lock: (tx: Tx, merchantId: string, id: string) => Promise<Thing | undefined>;
}

export async function changeOnce<Thing extends object, Beside = undefined>(
  { db, replays }: Changer,
  { merchantId, key, audit }: ChangeCommand,
  asked: ChangedThing<Thing> & Change<Thing, Beside>,
): Promise<OnceOutcome<Thing, Beside>> {
  const { table, id, idName, object, lock, operation, input, change, before, secrets } = asked;
  const print = fingerprint(operation.name, { [idName]: id, ...input }).toString("hex");
  return once<Thing, Beside>(
    db,
    { merchantId, key, fingerprint: print, audit, replays },
    {
      operation,
      execute: async (tx) => {
        const thing = await lock(tx, merchantId, id);
        if (!thing) return { failure: notFound(object, id) };
        const changed = await change(tx, thing);
        if ("failure" in changed) return changed;
        const kept = { merchantId, operation: operation.name, key, id, fingerprint: print };
        await keepChange(tx, table, kept);
        return changed;
      },
      isSame: (made) => made.fingerprint === print,
      ...(before && { before }),
      ...(secrets && { secrets }),
    },
  );
}
