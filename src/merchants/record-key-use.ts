import { type Db, type Statement, run } from "../db/db";

/*
 * When a key was first and last used. Guarantees: at most one write a minute for each key, however many requests and
 * processes there are, by a statement of its own that no request waits for. A crash loses the last second of it, and
 * the next request a minute later writes it after all.
 *
 * Cost: a look-up in a map for each request; at most one statement a second.
 */

const NOTED_MS = 60_000;
const GATHERED_MS = 1_000;
const NOTED_MAX = 50_000;

/*
 * A key that another process is writing, or that is being rolled, is left out: waiting for it would gain nothing. The
 * seconds less than a minute are for those who noted it a moment after another process did.
 */
const WRITE: Statement = {
  name: "record_api_key_use",
  text: `
    update api_keys k
    set first_used_at = coalesce(k.first_used_at, now()), last_used_at = now()
    from (
      select a.merchant_id, a.id from api_keys a
      join unnest(?::text[], ?::text[]) as used (merchant_id, id)
        on a.merchant_id = used.merchant_id and a.id = used.id
      where a.last_used_at is null or a.last_used_at < now() - interval '55 seconds'
      for no key update of a skip locked
    ) u
    where k.merchant_id = u.merchant_id and k.id = u.id`,
};

interface UsedKey {
  /** Its own merchant, whomever it acts for. */
  readonly merchantId: string;
  readonly id: string;
}

export interface KeyUseRecorder {
  note(key: UsedKey): void;
  /** Writes what is noted. Never throws. */
  flush(): Promise<void>;
}

export function createKeyUseRecorder(db: Db, now: () => number): KeyUseRecorder {
  const noted = new Map<string, number>();
  let pending: UsedKey[] = [];
  let timer: NodeJS.Timeout | undefined;

  const flush = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    const keys = pending;
    pending = [];
    if (keys.length === 0) return;
    try {
      await run(db, WRITE, [keys.map(({ merchantId }) => merchantId), keys.map(({ id }) => id)]);
    } catch {
      // Whatever is wrong with the database, requests say so. The next use of these keys is noted again.
      for (const { id } of keys) noted.delete(id);
    }
  };

  return {
    note: (key) => {
      const atMs = now();
      if (atMs - (noted.get(key.id) ?? -Infinity) < NOTED_MS) return;
      if (noted.size >= NOTED_MAX) noted.clear();
      noted.set(key.id, atMs);
      pending.push(key);
      if (timer) return;
      timer = setTimeout(() => void flush(), GATHERED_MS);
      timer.unref();
    },
    flush,
  };
}
