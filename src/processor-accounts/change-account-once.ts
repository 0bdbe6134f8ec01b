import type { Statement } from "../db/db";
import {
  type Change,
  type ChangeCommand,
  type Changed,
  type Changer,
  type ChangesTable,
  changeOnce,
  changeOperation,
} from "../idempotency/change-once";
import type { KeyedOperation, Outcome } from "../idempotency/keys";
import type { ProcessorAccount } from "./account";
import { ACCOUNT_COLUMNS, lockAccount } from "./account-store";

/** The path of every change of an account that exists: its guarantees and cost are those of `changeOnce`. */

export interface AccountCommand extends ChangeCommand {
  readonly processorAccountId: string;
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

/** Of accounts, and of a merchant's routes to them, which are no account's. */
export const PROCESSOR_CHANGES: ChangesTable = {
  find: FIND_BY_KEY,
  insert: INSERT,
  spentKey: "processor_changes_spent_key",
};

export function accountOperation(name: string): KeyedOperation<ProcessorAccount> {
  return changeOperation<ProcessorAccount>(PROCESSOR_CHANGES, name);
}

export async function changeAccountOnce(
  needs: Changer,
  { processorAccountId: id, ...command }: AccountCommand,
  { change, ...asked }: Change<ProcessorAccount>,
): Promise<Outcome<ProcessorAccount>> {
  const account = { id, idName: "processorAccountId", object: "processor account" };
  const of = { ...account, table: PROCESSOR_CHANGES, lock: lockAccount };
  return changeOnce(needs, command, {
    ...of,
    ...asked,
    change: async (tx, before) => withAudit(before, await change(tx, before)),
  });
}

/** What the audit log says: secrets by their ends. */
function withAudit(
  before: ProcessorAccount,
  changed: Changed<ProcessorAccount>,
): Changed<ProcessorAccount> {
  if ("failure" in changed) return changed;
  const said = ({ status, credentialsHint, webhookSecretHint }: ProcessorAccount) => ({
    status,
    credentials: credentialsHint,
    webhookSecret: webhookSecretHint,
  });
  return { ...changed, audited: { before: said(before), after: said(changed.result) } };
}
