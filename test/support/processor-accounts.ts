import { randomBytes } from "node:crypto";
import { type TestApi, newKey } from "./api";

/** Accounts of the sandbox network: each key names one, and several keys may name the same. */
export function aSandboxKey(account: string, mode: "test" | "live" = "test"): string {
  return `sk_${mode}_${account}_${randomBytes(12).toString("hex")}`;
}

let accounts = 0;

/** The name of one that no other test of this file has. */
export function anAccountName(): string {
  accounts += 1;
  return `shop${String(accounts)}${randomBytes(3).toString("hex")}`;
}

export const ACCOUNT = `processorAccount {
  id processor mode externalAccountId status disabledReason disabledAt apiVersion settings
  credentialsHint credentialsChangedAt webhookPath webhookSecretHint previousWebhookSecretExpiresAt
  version createdAt updatedAt
}`;

function mutation(verb: string): string {
  const name = verb.charAt(0).toUpperCase() + verb.slice(1);
  return `
    mutation ($input: ${name}Input!, $key: String!) {
      ${verb}(input: $input, idempotencyKey: $key) { ${ACCOUNT} idempotency { status } }
    }`;
}

export const CONNECT_ACCOUNT = mutation("connectProcessorAccount");
export const ROTATE_CREDENTIALS = mutation("rotateProcessorCredentials");
export const ROTATE_ACCOUNT_SECRET = mutation("rotateProcessorWebhookSecret");
export const DISABLE_ACCOUNT = mutation("disableProcessorAccount");
export const ENABLE_ACCOUNT = mutation("enableProcessorAccount");

export const REPLACE_ROUTES = `
  mutation ($input: ReplaceProcessorRoutesInput!, $key: String!) {
    replaceProcessorRoutes(input: $input, idempotencyKey: $key) {
      processorRoutes { currency minAmount maxAmount captureMethod processorAccountId }
      idempotency { status }
    }
  }`;

export interface ConnectedAccount {
  readonly id: string;
  /** Its name at the network. */
  readonly name: string;
  readonly secretKey: string;
  readonly webhookSecret: string;
  readonly webhookPath: string;
}

/** An account that is connected through the API, of the merchant unless another one's key is given. */
export async function connectAccount(
  api: TestApi,
  { name = anAccountName(), key }: { readonly name?: string; readonly key?: string } = {},
): Promise<ConnectedAccount> {
  const secretKey = aSandboxKey(name);
  const webhookSecret = `hook_${randomBytes(12).toString("hex")}`;
  const input = { processor: "sandbox", credentials: { secretKey }, webhookSecret };
  const variables = { input, key: newKey() };
  const answer = await api.send({
    query: CONNECT_ACCOUNT,
    variables,
    ...(key !== undefined && { key }),
  });
  if (answer.error) throw new Error(answer.error.message);
  const { id, webhookPath } = answer.data.connectProcessorAccount.processorAccount;
  return { id: String(id), name, secretKey, webhookSecret, webhookPath: String(webhookPath) };
}
