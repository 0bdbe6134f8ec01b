import { type StoredFailure, wrongState } from "../failures";
import type { Credentials, Settings } from "../processors/kind";
import type { Mode } from "../merchants/api-key";
import type { SecretBox } from "../security/secrets";

/*
 * A merchant's account at a card processor. What it is, its name at the processor and its mode, is what the processor
 * itself said of the credentials, and never changes: new credentials must be the same account's. DISABLED, it gets no
 * new payments; what it has begun is finished there, looked up, captured, refunded and canceled.
 */
export const ACCOUNT_STATUSES = ["ACTIVE", "DISABLED"] as const;
export type AccountStatus = (typeof ACCOUNT_STATUSES)[number];

/** As it may be shown: of its secrets only how they end. Moments are ISO 8601. */
export interface ProcessorAccount {
  readonly id: string;
  readonly processor: string;
  readonly mode: Mode;
  readonly externalAccountId: string;
  readonly status: AccountStatus;
  readonly disabledReason: string | null;
  readonly disabledAt: string | null;
  readonly apiVersion: string | null;
  readonly settings: Settings;
  readonly credentialsHint: string;
  readonly credentialsChangedAt: string;
  /** Where the processor is to send its webhooks, on the API's address. */
  readonly webhookPath: string;
  readonly webhookSecretHint: string | null;
  /** Until when the processor may sign with the secret before; null when it may not. */
  readonly previousWebhookSecretExpiresAt: string | null;
  /** One more with each change. */
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

const HINT_LENGTH = 4;

/** The end of a secret, to tell one from another; nothing of one that is short. */
export function hintOf(secret: string): string {
  return secret.length < 4 * HINT_LENGTH ? "…" : `…${secret.slice(-HINT_LENGTH)}`;
}

type Box = Pick<SecretBox, "seal" | "open">;

/** Sealed with the account's id, so that they open in no other row, and no secret opens as another. */
export const credentialsContext = (id: string): string => `${id} credentials`;
export const webhookSecretContext = (id: string): string => `${id} webhook secret`;

export function sealCredentials(box: Box, id: string, credentials: Credentials): Buffer {
  return box.seal(JSON.stringify(credentials), credentialsContext(id));
}

export function openCredentials(box: Box, id: string, sealed: Buffer): Credentials {
  return JSON.parse(box.open(sealed, credentialsContext(id))) as Credentials;
}

const ALLOWED: Readonly<Record<AccountStatus, readonly string[]>> = {
  ACTIVE: ["ROTATE_CREDENTIALS", "ROTATE_WEBHOOK_SECRET", "DISABLE"],
  DISABLED: ["ROTATE_CREDENTIALS", "ROTATE_WEBHOOK_SECRET", "ENABLE"],
};

export function refuseAccount(
  { id, status }: Pick<ProcessorAccount, "id" | "status">,
  instead: { readonly currentState: string; readonly because: string } = {
    currentState: status,
    because: status === "ACTIVE" ? "It is active." : "It is disabled.",
  },
): StoredFailure {
  return wrongState({ id, allowedActions: ALLOWED[status], ...instead });
}
