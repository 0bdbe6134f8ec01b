import { fullJitter } from "../retry";
import type { Db, Tx } from "./db";
import { isRetryable } from "./errors";

const TRANSACTION_TRIES_MAX = 5;

/**
 * Runs work in a transaction and commits it; retries the whole of it, a few times and with jitter, when
 * Postgres asks for that (serialisation failure, deadlock). Only a throw rolls back.
 *
 * Knex says "committed" also of a transaction in which a statement failed and the error was swallowed:
 * Postgres answers that COMMIT with ROLLBACK. So the connection is asked first.
 */
export async function transact<T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await db.transaction(async (tx) => {
        const result = await work(tx);
        await assertNotAborted(tx);
        return result;
      });
    } catch (error) {
      if (tries >= TRANSACTION_TRIES_MAX || !isRetryable(error)) throw error;
      await new Promise((resolve) =>
        setTimeout(resolve, fullJitter({ baseMs: 10, attempt: tries, capMs: 200 })),
      );
    }
  }
}

async function assertNotAborted(tx: Tx): Promise<void> {
  const connection = (await (
    tx.client as { acquireConnection(): Promise<unknown> }
  ).acquireConnection()) as { readyForQuery: boolean; getTransactionStatus(): string };
  // A statement's error is heard a moment before what state it left the transaction in, which may come in a later
  // packet. Whatever is asked next is answered after that; what the answer is does not matter.
  if (!connection.readyForQuery) await tx.raw("select 1").catch(() => undefined);
  if (connection.getTransactionStatus() === "E") {
    throw new Error("a statement in this transaction failed and its error was swallowed");
  }
}
