import type { Knex } from "knex";
import { fullJitter } from "../retry";
import type { Db, Statement, Tx } from "./db";
import { isProvenUnstored, isRetryable, markUnstored } from "./errors";
import { inTransaction } from "./open-transaction";
import { watchOf } from "./server-watch";

const TRANSACTION_TRIES_MAX = 5;

/**
 * Runs work in a transaction and commits it; retries the whole of it, a few times and with jitter, when
 * Postgres asks for that (serialisation failure, deadlock). Only a throw rolls back.
 *
 * COMMIT succeeds also in a transaction in which a statement failed and the error was swallowed: Postgres answers it with
 * ROLLBACK. So the connection is asked first.
 *
 * Whatever fails before COMMIT is sent has stored nothing, and its error says so (mayBeStored). This is meant for use
 * cases that are one transaction: an error of a second one would deny what the first has committed.
 */
export async function transact<T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    let committing = false;
    try {
      return await followed(db, (commits) =>
        inTransaction(db, async (tx) => {
          const result = await work(tx);
          await assertNotAborted(tx);
          committing = true;
          commits();
          return result;
        }),
      );
    } catch (error) {
      if (!committing || isProvenUnstored(error)) markUnstored(error);
      if (tries >= TRANSACTION_TRIES_MAX || !isRetryable(error)) throw error;
      await new Promise((resolve) =>
        setTimeout(resolve, fullJitter({ baseMs: 10, attempt: tries, capMs: 200 })),
      );
    }
  }
}

/** While commits wait for a standby that does not answer, it is refused at once: see commits.ts. */
function followed<Result>(
  db: Db,
  work: (committing: () => void) => Promise<Result>,
): Promise<Result> {
  const watch = watchOf(db);
  return watch ? watch.commits.follow(work) : work(() => undefined);
}

async function assertNotAborted(tx: Tx): Promise<void> {
  const connection = (await (
    tx.client as { acquireConnection(): Promise<unknown> }
  ).acquireConnection()) as { readyForQuery: boolean; getTransactionStatus(): string };
  // A statement's error arrives a moment before the state in which it left the transaction, which may come in a later
  // packet. Any further query is answered after that; the answer itself does not matter.
  if (!connection.readyForQuery) await tx.raw("select 1").catch(() => undefined);
  if (connection.getTransactionStatus() === "E") {
    throw new Error("a statement in this transaction failed and its error was swallowed");
  }
}

/**
 * Runs one statement that writes and is a transaction of its own: one round trip. When it fails, the error says
 * whether anything may be stored (mayBeStored). Every call of a name must have the same text.
 */
export async function runAlone<Row>(
  db: Db,
  statement: Statement,
  bindings: readonly unknown[],
): Promise<Row[]> {
  let sent = false;
  const ask = async (commits: () => void): Promise<Row[]> => {
    const query = db
      .raw(statement.text, bindings as Knex.RawBinding[])
      .options({ name: statement.name })
      // Knex says so when there is a connection, just before it is written to.
      .on("query", () => {
        sent = true;
        commits();
      });
    return ((await query) as { rows: Row[] }).rows;
  };
  try {
    return await followed(db, ask);
  } catch (error) {
    if (!sent || isProvenUnstored(error)) markUnstored(error);
    throw error;
  }
}
