import { type Db, run } from "../db/db";
import { OUTBOX_CHANNEL } from "./outbox";

// A relay that is woken takes whatever is there and then pauses for about as long: more frequent wake-ups would find
// nothing new.
const INTERVAL_MS = 20;

/**
 * Tells the relays that rows were committed to the outbox, outside of any money transaction: a NOTIFY
 * takes a lock over the whole database until its commit. At most one is in flight, and at most one in
 * 20 ms, however many mutations commit. A failed one does no harm, because the relays also poll.
 */
export function createRelayWaker(db: Db): () => void {
  let wanted = false;
  let busy = false;
  const wake = (): void => {
    if (busy) {
      wanted = true;
      return;
    }
    busy = true;
    wanted = false;
    void notify(db).finally(() => {
      setTimeout(() => {
        busy = false;
        if (wanted) wake();
      }, INTERVAL_MS);
    });
  };
  return wake;
}

async function notify(db: Db): Promise<void> {
  try {
    await run(db, { name: "wake_relay", text: `select pg_notify('${OUTBOX_CHANNEL}', '')` }, []);
  } catch {
    // The database is away or the process is closing: nobody needs waking.
  }
}
