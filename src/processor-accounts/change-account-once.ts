import type { AuditedWrite } from "../audit-log/record-write";
import { type Db, type Statement, type Tx, run } from "../db/db";
import { type StoredFailure, notFound } from "../failures";
import { fingerprint } from "../idempotency/fingerprint";
import type { KeyedOperation, Made, Outcome } from "../idempotency/keys";
import { once } from "../idempotency/once";
import type { ReplayCache } from "../idempotency/replay-cache/replay-cache";
import type { ProcessorAccount } from "./account";
import { ACCOUNT_COLUMNS, lockAccount } from "./account-store";

/*
 * The path of every change of an account that exists.
 *
 * Guarantees: the account is locked before anything is decided about it, so of two changes at the same time the second
 * sees what the first did. A change keeps its key for ever. What is kept of secrets under a key is their part in the
 * SHA-256 of the request: they are random, so there is nothing to guess.
 *
 * Cost: what `once` costs, and three round trips: the lock, the change, and the row that keeps the key.
 */

export interface AccountCommand {
  readonly merchantId: string;
  readonly key: string;
  readonly processorAccountId: string;
  readonly audit?: AuditedWrite | undefined;
}

export interface AccountChanger {
  readonly db: Db;
  readonly replays: ReplayCache;
}

export interface AccountChange {
  readonly operation: KeyedOperation<ProcessorAccount>;
  /** What is asked for, beside the account's id. */
  readonly input: Readonly<Record<string, unknown>>;
  readonly before?: () => Promise<void>;
  readonly change: (
    tx: Tx,
    account: ProcessorAccount,
  ) => Promise<{ readonly failure: StoredFailure } | { readonly result: ProcessorAccount }>;
}

const FIND_BY_KEY: Statement = {
  name: "find_processor_account_change",
  text: `
    select ${ACCOUNT_COLUMNS}, encode(c.fingerprint, 'hex') as "fingerprint",
      iso(c.created_at) as "firstSeenAt"
    from processor_changes c
    join processor_accounts p on p.merchant_id = c.merchant_id and p.id = c.account_id
    where c.merchant_id = ? and c.operation = ? and c.idempotency_key = ?`,
};

const INSERT: Statement = {
  name: "insert_processor_change",
  text: `
    insert into processor_changes
      (merchant_id, operation, idempotency_key, account_id, fingerprint)
    values (?, ?, ?, ?, decode(?, 'hex'))`,
};

interface KeptChange {
  readonly merchantId: string;
  readonly operation: string;
  readonly key: string;
  /** Null: it is about all of the merchant's. */
  readonly accountId: string | null;
  readonly fingerprint: string;
}

export async function keepChange(tx: Tx, change: KeptChange): Promise<void> {
  const { merchantId, operation, key, accountId, fingerprint: print } = change;
  await run(tx, INSERT, [merchantId, operation, key, accountId, print]);
}

/** The account that was changed under a key, as it stands now. */
async function findChange(
  db: Db,
  name: { readonly merchantId: string; readonly operation: string; readonly key: string },
): Promise<Made<ProcessorAccount, never> | undefined> {
  type Row = ProcessorAccount & { readonly fingerprint: string; readonly firstSeenAt: string };
  const [row] = await run<Row>(db, FIND_BY_KEY, [name.merchantId, name.operation, name.key]);
  if (!row) return undefined;
  const { fingerprint: print, firstSeenAt, ...result } = row;
  return { firstSeenAt, result, fingerprint: print };
}

export function accountOperation(name: string): KeyedOperation<ProcessorAccount> {
  return {
    name,
    findMade: (db, merchantId, key) => findChange(db, { merchantId, operation: name, key }),
    spentKey: CHANGES_SPENT_KEY,
  };
}

export const CHANGES_SPENT_KEY = "processor_changes_spent_key";

export async function changeAccountOnce(
  { db, replays }: AccountChanger,
  command: AccountCommand,
  { operation, input, before, change }: AccountChange,
): Promise<Outcome<ProcessorAccount>> {
  const { merchantId, key, processorAccountId: id, audit } = command;
  const print = fingerprint(operation.name, { processorAccountId: id, ...input }).toString("hex");
  return once<ProcessorAccount>(
    db,
    { merchantId, key, fingerprint: print, audit, replays },
    {
      operation,
      ...(before && { before }),
      execute: async (tx) => {
        const account = await lockAccount(tx, merchantId, id);
        if (!account) return { failure: notFound("processor account", id) };
        const changed = await change(tx, account);
        if ("failure" in changed) return changed;
        const { name } = operation;
        const kept = { merchantId, operation: name, key, accountId: id, fingerprint: print };
        await keepChange(tx, kept);
        return { ...changed, audited: changesOf(account, changed.result) };
      },
      isSame: (made) => made.fingerprint === print,
    },
  );
}

/** What the audit log says: secrets by their ends. */
function changesOf(before: ProcessorAccount, after: ProcessorAccount) {
  const said = ({ status, credentialsHint, webhookSecretHint }: ProcessorAccount) => ({
    status,
    credentials: credentialsHint,
    webhookSecret: webhookSecretHint,
  });
  return { before: said(before), after: said(after) };
}
