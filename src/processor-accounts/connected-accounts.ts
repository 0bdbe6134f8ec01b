import type { Db } from "../db/db";
import type { Log } from "../observability/log";
import { guardProcessor } from "../processors/guard";
import type { ProcessorKind, ProcessorKinds } from "../processors/kind";
import type { Processor } from "../processors/processor";
import type { SecretBox } from "../security/secrets";
import { countCalls } from "./counted-calls";
import { sameAccountOnly } from "./same-account";
import { type SealedAccount, connectSealed, findSealedAccount } from "./sealed-account";

/*
 * The accounts' processors that this process is connected to, each with a breaker and a rate of its own: one that hangs
 * is left alone, and the others go on. They are kept by account and version, so whoever knows the version that counts,
 * from the row that they have just read, gets one with the credentials of that version or of a later one.
 *
 * Cost: nothing for an account that is known at its version; otherwise a read and the opening of its secrets, once for
 * all who wait for it. So many are kept at most; one that is put out is closed when its last call is answered, for a
 * call that is cut off is an outcome that nobody knows.
 */

export interface AccountAt {
  readonly merchantId: string;
  readonly accountId: string;
  /** As it was read just now; without it, the row is asked. */
  readonly version?: number | null | undefined;
}

export interface ConnectedAccounts {
  /** Throws when there is no such account, or its secrets cannot be opened. */
  connect(account: AccountAt): Promise<Processor>;
  close(): Promise<void>;
}

interface Needs {
  readonly db: Db;
  readonly log: Log;
  readonly secrets: SecretBox;
  readonly processorKinds: ProcessorKinds;
  readonly config: { readonly processorTimeoutMs: number; readonly processorRate: number };
  readonly kept?: number;
}

interface Connected {
  readonly version: number;
  readonly processor: Processor;
  readonly retire: () => void;
}

const KEPT = 500;

const LEFT_ALONE = "a processor account is left alone: it does not answer";
const ANSWERS = "a processor account answers";

function connectNow(needs: Needs, kind: ProcessorKind, row: SealedAccount): Connected {
  const { log, config, secrets } = needs;
  const timeoutMs = config.processorTimeoutMs;
  const { processor, retire } = countCalls(connectSealed({ kind, secrets }, row, timeoutMs));
  const guarded = guardProcessor(sameAccountOnly(processor, row), {
    callsPerSecond: config.processorRate,
    onBreaker: (name, isOpen) => {
      log.warn({ processor: name, accountId: row.id }, isOpen ? LEFT_ALONE : ANSWERS);
    },
  });
  return { version: row.version, processor: guarded, retire };
}

export function openAccounts(needs: Needs): ConnectedAccounts {
  const { kept = KEPT } = needs;
  // In the order of their last use.
  const connected = new Map<string, Connected>();
  const loading = new Map<string, Promise<Connected>>();

  const keep = (accountId: string, made: Connected): void => {
    connected.get(accountId)?.retire();
    connected.delete(accountId);
    connected.set(accountId, made);
    for (const [id, oldest] of connected) {
      if (connected.size <= kept) break;
      connected.delete(id);
      oldest.retire();
    }
  };
  const load = async (account: AccountAt): Promise<Connected> => {
    const row = await findSealedAccount(needs.db, account.merchantId, account.accountId);
    const kind = row && needs.processorKinds.get(row.processor);
    if (!kind) throw new Error("an attempt's processor account is not known here");
    const known = connected.get(row.id);
    if (known && known.version >= row.version) return known;
    const made = connectNow(needs, kind, row);
    keep(row.id, made);
    return made;
  };
  const loadOnce = (account: AccountAt): Promise<Connected> => {
    const { accountId } = account;
    const pending = loading.get(accountId);
    if (pending) return pending;
    const begun = load(account).finally(() => loading.delete(accountId));
    loading.set(accountId, begun);
    return begun;
  };
  return {
    connect: async (account) => {
      const { accountId, version } = account;
      const known = connected.get(accountId);
      if (known && version != null && known.version >= version) {
        connected.delete(accountId);
        connected.set(accountId, known);
        return known.processor;
      }
      const found = await loadOnce(account);
      // Whoever was waited for may have read the row before it changed.
      const isOld = version != null && found.version < version;
      return (isOld ? await loadOnce(account) : found).processor;
    },
    close: async () => {
      await Promise.allSettled(loading.values());
      await Promise.all([...connected.values()].map(({ processor }) => processor.close()));
    },
  };
}
