import { createBoundedMap } from "../bounded-map";
import type { Db } from "../db/db";
import { groupCommit } from "../db/group-commit";
import { Failure } from "../failures";
import { hashApiKey } from "../security/secrets";
import { merchantOfApiKey } from "./api-key";
import { type Caller, type Claim, type LiveKey, findLiveKeys } from "./caller";
import { createKeyUseRecorder } from "./record-key-use";

/*
 * Guarantees: a key is accepted only if the database said within the last 0.9 s that it is live, and never at or after
 * its expiry; so one that is revoked works for less than a second more, in every process. No message tells a process
 * about a revocation, so none can be lost.
 *
 * Cost: keys in use are asked about again in the background, all of them by one statement, at most every 0.4 s: 2.5
 * statements a second for a busy process (for each 500 keys in use), however many requests there are. Only the first
 * request with a key, or the first after almost a second's silence, waits for a round trip. LISTEN would save these
 * statements, and cost a connection for each process and a second way for when that connection is lost.
 *
 * What is not a live key is remembered, too, and malformed ones are recognised without asking. Look-ups go to the
 * database in sets, one set at a time: a flood of bad keys takes one connection, whatever its size.
 */

// Counted from when the database was asked, so it includes the time that its answer took.
const REMEMBERED_MS = 900;
const REFRESHED_MS = 400;
const REMEMBERED = 10_000;
// A key is random, so what is no key today is none tomorrow; this bounds how long an error of ours would last.
const REFUSED_MS = 60_000;
const REFUSED = 32_768;
const LOOKUP_SET_MAX = 500;
/** A request that cannot be told whose it is within this time is refused. */
const PATIENCE_MS = 2_000;
const LOOKUPS_WAITING_MAX = 20_000;

interface Known {
  readonly key: LiveKey;
  readonly askedMs: number;
  readonly validUntilMs: number;
}

/** What the database answered, and when it was asked. */
interface Answer {
  readonly known: Known | undefined;
  readonly askedMs: number;
}

export interface Authenticator {
  /** Finds the live key behind a bearer secret; undefined when there is none. */
  authenticate(secret: string, address: string): Promise<Caller | undefined>;
  /** Writes what is still to be written about the use of keys. */
  close(): Promise<void>;
}

export function createAuthenticator(
  db: Db,
  now: () => number = () => performance.now(),
): Authenticator {
  const memory = createMemory(now);
  const uses = createKeyUseRecorder(db, now);
  const ask = createLookup(db, now);
  const asking = new Map<string, Promise<Answer>>();
  let used = new Set<string>();
  let refreshAtMs = 0;

  /** Requests with one key ask together. */
  const lookUp = (secret: string, merchantId: string): Promise<Answer> => {
    const underWay = asking.get(secret);
    if (underWay) return underWay;
    const answer = ask({ merchantId, hash: hashApiKey(secret) })
      .then((found) => {
        memory.learn(secret, found.known);
        return found;
      })
      .finally(() => asking.delete(secret));
    asking.set(secret, answer);
    return answer;
  };

  const refresh = (): void => {
    const atMs = now();
    if (atMs < refreshAtMs) return;
    refreshAtMs = atMs + REFRESHED_MS;
    const secrets = used;
    used = new Set();
    for (const secret of secrets) {
      const merchantId = merchantOfApiKey(secret);
      // What was asked about a moment ago still lasts beyond the next time.
      if (merchantId === undefined || !memory.isAging(secret)) continue;
      // When the database does not answer, what is remembered runs out, and requests are told so.
      lookUp(secret, merchantId).catch(() => undefined);
    }
  };

  const findUnknown = async (secret: string): Promise<LiveKey | undefined> => {
    if (memory.isRefused(secret)) return undefined;
    const merchantId = merchantOfApiKey(secret);
    if (merchantId === undefined) return undefined;
    for (const arrivedMs = now(); ;) {
      const { known: found, askedMs } = await lookUp(secret, merchantId);
      // An answer that took long says what was true before this request came, if it was asked for by an earlier one.
      if (!found || askedMs >= arrivedMs || now() < found.validUntilMs) return found?.key;
    }
  };

  return {
    authenticate: async (secret, address) => {
      const key = memory.find(secret) ?? (await findUnknown(secret));
      if (!key) return undefined;
      used.add(secret);
      refresh();
      if (!key.allows(address)) {
        throw new Failure("FORBIDDEN", "The API key may not be used from this address.");
      }
      uses.note(key.caller);
      return key.caller;
    },
    close: () => uses.flush(),
  };
}

/** Look-ups that arrive while one is under way go together in the next. */
function createLookup(db: Db, now: () => number): (claim: Claim) => Promise<Answer> {
  return groupCommit<Claim, Answer>({
    sizeMax: LOOKUP_SET_MAX,
    waitingMax: LOOKUPS_WAITING_MAX,
    patienceMs: PATIENCE_MS,
    tenantOf: ({ merchantId }) => merchantId,
    // A claim cannot be at fault: it is a name and a hash.
    concernsAll: () => true,
    claims: () => [],
    run: async (claims) => {
      const askedMs = now();
      const keys = await findLiveKeys(db, claims);
      return keys.map((key) => {
        const lifeMs = Math.min(REMEMBERED_MS, key?.remainingMs ?? Infinity);
        return { askedMs, known: key && { key, askedMs, validUntilMs: askedMs + lifeMs } };
      });
    },
  });
}

interface Memory {
  find(secret: string): LiveKey | undefined;
  isAging(secret: string): boolean;
  isRefused(secret: string): boolean;
  learn(secret: string, known: Known | undefined): void;
}

function createMemory(now: () => number): Memory {
  const accepted = createBoundedMap<Known>(REMEMBERED);
  const refused = createBoundedMap<number>(REFUSED);
  return {
    find: (secret) => {
      const known = accepted.get(secret);
      if (known && now() < known.validUntilMs) return known.key;
      if (known) accepted.delete(secret);
      return undefined;
    },
    isAging: (secret) => {
      const known = accepted.get(secret);
      return known !== undefined && now() - known.askedMs >= REFRESHED_MS / 2;
    },
    isRefused: (secret) => {
      const untilMs = refused.get(secret);
      if (untilMs === undefined) return false;
      if (now() < untilMs) return true;
      refused.delete(secret);
      return false;
    },
    learn: (secret, known) => {
      if (known) {
        accepted.set(secret, known);
        return;
      }
      accepted.delete(secret);
      refused.set(secret, now() + REFUSED_MS);
    },
  };
}
