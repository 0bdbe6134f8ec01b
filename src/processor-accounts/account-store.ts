import { type Db, type Statement, type Tx, run } from "../db/db";
import type { Mode } from "../merchants/api-key";
import { IN_SQL, type Page, type PageArguments, byId, readPage } from "../pagination";
import type { Settings } from "../processors/kind";
import type { AccountStatus, ProcessorAccount } from "./account";

/** Every statement about processor accounts, but for the one that opens their secrets (sealed-account.ts). */

export const ACCOUNT_COLUMNS = `
  p.id as "id", p.processor as "processor", p.mode as "mode",
  p.external_account_id as "externalAccountId", p.status as "status",
  p.disabled_reason as "disabledReason", iso(p.disabled_at) as "disabledAt",
  p.api_version as "apiVersion", p.settings as "settings",
  p.credentials_hint as "credentialsHint", iso(p.credentials_changed_at) as "credentialsChangedAt",
  '/processors/' || p.processor || '/' || p.id || '/webhooks' as "webhookPath",
  p.webhook_secret_hint as "webhookSecretHint",
  case when p.old_webhook_secret_until > now() then iso(p.old_webhook_secret_until) end
    as "previousWebhookSecretExpiresAt",
  p.version as "version", iso(p.created_at) as "createdAt", iso(p.updated_at) as "updatedAt"`;

/** Secrets are sealed; see src/security/secrets.ts. */
export interface NewAccount {
  readonly merchantId: string;
  readonly id: string;
  readonly processor: string;
  readonly mode: Mode;
  readonly externalAccountId: string;
  readonly apiVersion: string | null;
  readonly settings: Settings;
  readonly credentials: Buffer;
  readonly credentialsHint: string;
  readonly webhookSecret: Buffer | null;
  readonly webhookSecretHint: string | null;
  readonly key: string;
}

const INSERT: Statement = {
  name: "insert_processor_account",
  text: `
    insert into processor_accounts as p (merchant_id, id, processor, mode, external_account_id,
      api_version, settings, credentials, credentials_hint, webhook_secret, webhook_secret_hint,
      idempotency_key)
    values (?, ?, ?, ?, ?, ?, ?::jsonb, ?, ?, ?, ?, ?)
    returning ${ACCOUNT_COLUMNS}`,
};

export async function insertAccount(tx: Tx, account: NewAccount): Promise<ProcessorAccount> {
  const [row] = await run<ProcessorAccount>(tx, INSERT, [
    account.merchantId,
    account.id,
    account.processor,
    account.mode,
    account.externalAccountId,
    account.apiVersion,
    JSON.stringify(account.settings),
    account.credentials,
    account.credentialsHint,
    account.webhookSecret,
    account.webhookSecretHint,
    account.key,
  ]);
  return row as ProcessorAccount;
}

const COUNT: Statement = {
  name: "count_processor_accounts",
  text: `
    select count(*) as "count"
    from (select from processor_accounts where merchant_id = ? limit ?) counted`,
};

/** Of a merchant that is locked, and no more than `max`. */
export async function countAccounts(tx: Tx, merchantId: string, max: number): Promise<number> {
  const [row] = await run<{ count: number }>(tx, COUNT, [merchantId, max]);
  return row?.count ?? 0;
}

const LOCK: Statement = {
  name: "lock_processor_account",
  text: `
    select ${ACCOUNT_COLUMNS} from processor_accounts p
    where p.merchant_id = ? and p.id = ? for update`,
};

/** As it stands until the transaction ends. */
export async function lockAccount(
  tx: Tx,
  merchantId: string,
  id: string,
): Promise<ProcessorAccount | undefined> {
  const [row] = await run<ProcessorAccount>(tx, LOCK, [merchantId, id]);
  return row;
}

const FIND: Statement = {
  name: "find_processor_accounts",
  text: `
    select ${ACCOUNT_COLUMNS} from processor_accounts p
    where p.merchant_id = ? and p.id = any(?)`,
};

export async function findAccounts(
  db: Db,
  merchantId: string,
  ids: readonly string[],
): Promise<ProcessorAccount[]> {
  return run<ProcessorAccount>(db, FIND, [merchantId, ids]);
}

const SET_CREDENTIALS: Statement = {
  name: "set_processor_credentials",
  text: `
    update processor_accounts p
    set credentials = ?, credentials_hint = ?, credentials_changed_at = now(), updated_at = now(),
      version = p.version + 1
    where p.merchant_id = ? and p.id = ? returning ${ACCOUNT_COLUMNS}`,
};

interface AccountKey {
  readonly merchantId: string;
  readonly id: string;
}

/** Of one that is locked. */
export async function setCredentials(
  tx: Tx,
  { merchantId, id }: AccountKey,
  { credentials, hint }: { readonly credentials: Buffer; readonly hint: string },
): Promise<ProcessorAccount> {
  const bindings = [credentials, hint, merchantId, id];
  const [row] = await run<ProcessorAccount>(tx, SET_CREDENTIALS, bindings);
  return row as ProcessorAccount;
}

const SET_WEBHOOK_SECRET: Statement = {
  name: "set_processor_webhook_secret",
  text: `
    update processor_accounts p
    set webhook_secret = ?, webhook_secret_hint = ?, updated_at = now(), version = p.version + 1,
      old_webhook_secret = case when o.seconds > 0 then p.webhook_secret end,
      old_webhook_secret_until = case when o.seconds > 0 and p.webhook_secret is not null
        then now() + o.seconds * interval '1 second' end
    from (select ?::int as seconds) o
    where p.merchant_id = ? and p.id = ? returning ${ACCOUNT_COLUMNS}`,
};

export interface NewWebhookSecret {
  readonly secret: Buffer;
  readonly hint: string;
  /** How long the present one is accepted as well; 0: it is destroyed at once. */
  readonly overlapSeconds: number;
}

/** Of one that is locked. */
export async function setWebhookSecret(
  tx: Tx,
  { merchantId, id }: AccountKey,
  { secret, hint, overlapSeconds }: NewWebhookSecret,
): Promise<ProcessorAccount> {
  const bindings = [secret, hint, overlapSeconds, merchantId, id];
  const [row] = await run<ProcessorAccount>(tx, SET_WEBHOOK_SECRET, bindings);
  return row as ProcessorAccount;
}

const SET_STATUS: Statement = {
  name: "set_processor_account_status",
  text: `
    update processor_accounts p
    set status = s.status, disabled_reason = ?, updated_at = now(), version = p.version + 1,
      disabled_at = case when s.status = 'DISABLED' then now() end
    from (select ?::text as status) s
    where p.merchant_id = ? and p.id = ? returning ${ACCOUNT_COLUMNS}`,
};

/** Of one that is locked. */
export async function setAccountStatus(
  tx: Tx,
  { merchantId, id }: AccountKey,
  { status, reason = null }: { readonly status: AccountStatus; readonly reason?: string | null },
): Promise<ProcessorAccount> {
  const [row] = await run<ProcessorAccount>(tx, SET_STATUS, [reason, status, merchantId, id]);
  return row as ProcessorAccount;
}

// From an index that holds the few that are being rotated.
const DESTROY: Statement = {
  name: "destroy_old_processor_secrets",
  text: `
    update processor_accounts p
    set old_webhook_secret = null, old_webhook_secret_until = null
    from (
      select merchant_id, id from processor_accounts where old_webhook_secret_until <= now()
      order by old_webhook_secret_until limit ? for update skip locked
    ) over
    where p.merchant_id = over.merchant_id and p.id = over.id returning p.id as "id"`,
};

/** Once a minute: secrets whose overlap is over. Nothing has been accepted with them since. */
export async function destroyOldProcessorSecrets(
  db: Db,
  { limit }: { readonly limit: number },
): Promise<number> {
  return (await run(db, DESTROY, [limit])).length;
}

function listStatement(direction: "older" | "newer"): Statement {
  const { beyond, order } = IN_SQL[direction];
  return {
    name: `list_processor_accounts_${direction}`,
    text: `
      select ${ACCOUNT_COLUMNS} from processor_accounts p
      where p.merchant_id = ? and p.id ${beyond} ? order by p.id ${order} limit ?`,
  };
}

const LISTS = { older: listStatement("older"), newer: listStatement("newer") };
const BY_ID = byId("processorAccount");

/** Newest first. */
export async function listAccounts(
  db: Db,
  merchantId: string,
  page: PageArguments,
): Promise<Page<ProcessorAccount>> {
  return readPage<ProcessorAccount, string>(
    {
      ...BY_ID,
      fetch: ({ direction, from, limit }) =>
        run<ProcessorAccount>(db, LISTS[direction], [
          merchantId,
          from ?? BY_ID.ends[direction],
          limit,
        ]),
    },
    page,
  );
}
