import type { AuditedWrite } from "../audit-log/record-write";
import type { Tx } from "../db/db";
import { violatedConstraint } from "../db/errors";
import { Failure } from "../failures";
import { fingerprint } from "../idempotency/fingerprint";
import { type Changer, keepChange } from "../idempotency/change-once";
import type { KeyedOperation, Outcome } from "../idempotency/keys";
import { once } from "../idempotency/once";
import { newId } from "../ids";
import { type Merchant, lockMerchant } from "../merchants/merchant-store";
import type {
  Credentials,
  ProcessorIdentity,
  ProcessorKind,
  ProcessorKinds,
  Settings,
} from "../processors/kind";
import type { SecretBox } from "../security/secrets";
import { type ProcessorAccount, hintOf, sealCredentials, webhookSecretContext } from "./account";
import { countAccounts, insertAccount } from "./account-store";
import { PROCESSOR_CHANGES, accountOperation } from "./change-account-once";
import {
  checkCredentials,
  checkMode,
  checkWebhookSecret,
  identifyAccount,
} from "./identify-account";

/*
 * Guarantees: one account for one (merchant, key), for ever, and one for each account at the processor, whoever's
 * credentials are used: an account that two merchants had would tell each what the other moved. What it is called there,
 * and whether it moves real money, is the processor's word and not the caller's. Nothing is stored unless the processor
 * has accepted the credentials; they are stored sealed, and no answer shows them.
 *
 * Cost: one call of the processor before the transaction, what `once` costs, and four round trips: the merchant's lock,
 * the count, the insert, and the row that keeps the key.
 */

export const ACCOUNTS_MAX = 200;

export interface ConnectProcessorAccount {
  readonly merchantId: string;
  readonly key: string;
  readonly processor: string;
  readonly credentials: Credentials;
  readonly webhookSecret: string | null;
  readonly settings: Settings;
  readonly audit?: AuditedWrite | undefined;
}

export interface AccountConnector extends Changer {
  readonly secrets: SecretBox;
  readonly processorKinds: ProcessorKinds;
  readonly config: { readonly processorTimeoutMs: number };
}

const NAME = "connectProcessorAccount";

export const connectAccountOperation: KeyedOperation<ProcessorAccount> = {
  ...accountOperation(NAME),
  spentKey: "processor_accounts_spent_key",
};

const TAKEN = "processor_accounts_external";

export async function connectProcessorAccount(
  { db, replays, secrets, processorKinds, config }: AccountConnector,
  { merchantId, key, audit, ...input }: ConnectProcessorAccount,
): Promise<Outcome<ProcessorAccount>> {
  const { settings, webhookSecret } = input;
  const kind = findKind(processorKinds, input.processor);
  const credentials = checkCredentials(kind, input.credentials);
  checkSettings(kind, settings);
  checkWebhookSecret(kind, webhookSecret);
  const print = fingerprint(NAME, input).toString("hex");
  let identity: ProcessorIdentity | undefined;
  const request = { merchantId, key, fingerprint: print, audit, replays };
  const connecting = once<ProcessorAccount>(db, request, {
    operation: connectAccountOperation,
    before: async () => {
      const timeoutMs = config.processorTimeoutMs;
      identity = await identifyAccount(kind, { credentials, settings, timeoutMs });
    },
    execute: async (tx) => {
      if (!identity) throw new Error("an account is connected without having been identified");
      const merchant = await lockMerchant(tx, merchantId);
      if (!merchant) throw new Error("the caller's merchant is not there");
      await checkMay(tx, merchant, identity);
      const id = newId("processorAccount");
      const result = await insertAccount(tx, {
        merchantId,
        id,
        processor: kind.name,
        ...identity,
        apiVersion: kind.apiVersion,
        settings,
        credentials: sealCredentials(secrets, id, credentials),
        credentialsHint: hintOf(credentials[kind.credentials[0]] ?? ""),
        webhookSecret:
          webhookSecret === null ? null : secrets.seal(webhookSecret, webhookSecretContext(id)),
        webhookSecretHint: webhookSecret === null ? null : hintOf(webhookSecret),
        key,
      });
      await keepChange(tx, PROCESSOR_CHANGES, {
        merchantId,
        operation: NAME,
        key,
        id,
        fingerprint: print,
      });
      return { result };
    },
    isSame: (made) => made.fingerprint === print,
  });
  return connecting.catch((error: unknown) => {
    if (violatedConstraint(error) !== TAKEN) throw error;
    throw new Failure("FORBIDDEN", "This account of the processor is connected already.");
  });
}

export function findKind(kinds: ProcessorKinds, name: string): ProcessorKind {
  const kind = kinds.get(name);
  if (kind) return kind;
  const names = [...kinds.keys()].sort().join(", ");
  throw new Failure("BAD_USER_INPUT", `Accounts can be connected of: ${names}.`, {
    field: "input.processor",
  });
}

function checkSettings(kind: ProcessorKind, settings: Settings): void {
  const hasNone = Object.keys(settings).length === 0;
  const fault = kind.faultOfSettings
    ? kind.faultOfSettings(settings)
    : hasNone
      ? undefined
      : "Accounts of this processor have no settings.";
  if (fault !== undefined) throw new Failure("BAD_USER_INPUT", fault, { field: "input.settings" });
}

async function checkMay(tx: Tx, merchant: Merchant, identity: ProcessorIdentity): Promise<void> {
  checkMode(identity, merchant.mode);
  if ((await countAccounts(tx, merchant.id, ACCOUNTS_MAX)) < ACCOUNTS_MAX) return;
  throw new Failure(
    "FORBIDDEN",
    `The merchant has as many processor accounts as it may have, which is ${String(ACCOUNTS_MAX)}.`,
    { limit: ACCOUNTS_MAX },
  );
}
