import { type Db, type Statement, run } from "../db/db";
import type { ConnectedProcessor, ProcessorKind, Settings } from "../processors/kind";
import type { Mode } from "../merchants/api-key";
import type { SecretBox } from "../security/secrets";
import { held } from "../merchants/hold-merchant";
import { isElsewhere } from "../merchants/not-held";
import { openCredentials, webhookSecretContext } from "./account";

/** An account as it is connected with: read whole, so that what it has belongs together. */
export interface SealedAccount {
  readonly merchantId: string;
  readonly id: string;
  readonly processor: string;
  readonly mode: Mode;
  readonly externalAccountId: string;
  readonly settings: Settings;
  readonly version: number;
  readonly credentials: Buffer;
  readonly webhookSecret: Buffer | null;
  /** Null once its time is over. */
  readonly oldWebhookSecret: Buffer | null;
}

const COLUMNS = `
  p.merchant_id as "merchantId", p.id as "id", p.processor as "processor", p.mode as "mode",
  p.external_account_id as "externalAccountId", p.settings as "settings",
  p.version as "version", p.credentials as "credentials", p.webhook_secret as "webhookSecret",
  case when p.old_webhook_secret_until > now() then p.old_webhook_secret end
    as "oldWebhookSecret"`;

const FIND: Statement = {
  name: "find_sealed_account",
  text: `select ${COLUMNS} from processor_accounts p where p.merchant_id = ? and p.id = ?`,
};

export async function findSealedAccount(
  db: Db,
  merchantId: string,
  id: string,
): Promise<SealedAccount | undefined> {
  const [row] = await run<SealedAccount>(db, FIND, [merchantId, id]);
  return row;
}

/* Across merchants, in this one place: a processor's webhook names the account and no merchant. */
const FIND_BY_ID: Statement = {
  name: "find_sealed_account_by_id",
  text: `
    select ${COLUMNS}, ${isElsewhere("p.merchant_id")} as "isElsewhere"
    from processor_accounts p where p.id = ? limit 2`,
};

export async function findAccountOfWebhook(
  db: Db,
  { processor, id }: { readonly processor: string; readonly id: string },
): Promise<SealedAccount | undefined> {
  type Found = SealedAccount & { readonly isElsewhere: boolean };
  const found = await run<Found>(db, FIND_BY_ID, [id]);
  const [only] = found;
  // The processor sends it again, and then it comes to the cell that applies it.
  if (only?.isElsewhere === true) throw held();
  return found.length === 1 && only?.processor === processor ? only : undefined;
}

/** Its secrets are opened for this, and are nowhere but in the memory of what is made of them. */
export function connectSealed(
  {
    kind,
    secrets,
  }: { readonly kind: ProcessorKind; readonly secrets: Pick<SecretBox, "open" | "seal"> },
  account: SealedAccount,
  timeoutMs: number,
): ConnectedProcessor {
  const { id, webhookSecret, oldWebhookSecret, settings } = account;
  const context = webhookSecretContext(id);
  const sealed = [webhookSecret, oldWebhookSecret].filter((secret) => secret !== null);
  return kind.connect({
    credentials: openCredentials(secrets, id, account.credentials),
    webhookSecrets: sealed.map((secret) => secrets.open(secret, context)),
    settings,
    timeoutMs,
  });
}
