import { merchantOfApiKey } from "../src/merchants/api-key";

const BEARER = /^Bearer +(\S+)$/i;
const SECRET_LENGTH_MAX = 200;

/** The key that a request was sent with, valid or not. */
export function secretIn(authorization: string | undefined): string | undefined {
  // Counting in the expression would take several times as long.
  const secret = BEARER.exec(authorization ?? "")?.[1];
  return secret !== undefined && secret.length <= SECRET_LENGTH_MAX ? secret : undefined;
}

/** What is known of a key that is not valid: the tenant that it names, and what may be shown of it. */
export interface PresentedKey {
  readonly merchantId: string;
  readonly hint: string;
}

/** Undefined when it does not look like a key of ours: then it may be anything, and nothing of it is kept. */
export function presentedKey(secret: string | undefined): PresentedKey | undefined {
  const merchantId = secret === undefined ? undefined : merchantOfApiKey(secret);
  if (secret === undefined || merchantId === undefined) return undefined;
  const prefix = secret.slice(0, secret.indexOf(merchantId.slice("mer_".length)));
  return { merchantId, hint: `${prefix}…${secret.slice(-4)}` };
}
