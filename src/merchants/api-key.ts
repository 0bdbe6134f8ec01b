import { hashApiKey, newSecretToken } from "../security/secrets";

/**
 * An API key is `<prefix>_<merchant>_<secret>`: the kind, the tenant it belongs to, 256 random bits.
 * Only its SHA-256 is stored, which is enough for a random secret (nothing to guess offline); it names
 * its tenant, so that its look-up begins with the merchant like every other.
 */
export const API_KEY_KINDS = ["SECRET", "PUBLISHABLE", "RESTRICTED", "OPERATOR"] as const;
export type ApiKeyKind = (typeof API_KEY_KINDS)[number];

export const SCOPES = [
  "payments:read",
  "payments:write",
  "payments:confirm",
  "events:read",
  "ledger:read",
  "webhooks:read",
  "webhooks:write",
  "webhooks:replay",
  "keys:write",
  "operations:read",
  "operations:write",
  "merchants:write",
  "audit:read",
] as const;
export type Scope = (typeof SCOPES)[number];

const READS: readonly Scope[] = ["payments:read", "events:read", "ledger:read", "webhooks:read"];

/**
 * What each kind of key may do. A restricted key has the scopes it was created with: read scopes unless told otherwise.
 */
export const DEFAULT_SCOPES: Readonly<Record<ApiKeyKind, readonly Scope[]>> = {
  // A browser holds it: one intent, whose client secret it must know as well.
  PUBLISHABLE: ["payments:confirm"],
  SECRET: [
    ...READS,
    "payments:write",
    "payments:confirm",
    "webhooks:write",
    "webhooks:replay",
    "keys:write",
  ],
  RESTRICTED: READS,
  // Clears what went wrong, and cannot start a payment.
  OPERATOR: [
    ...READS,
    "webhooks:write",
    "webhooks:replay",
    "keys:write",
    "operations:read",
    "operations:write",
    "merchants:write",
    "audit:read",
  ],
};

const PREFIXES: Readonly<Record<ApiKeyKind, string>> = {
  SECRET: "sk",
  PUBLISHABLE: "pk",
  RESTRICTED: "rk",
  OPERATOR: "ok",
};

export interface NewApiKey {
  readonly secret: string;
  readonly hash: Buffer;
  /** What may be shown later: the kind and the last four characters. */
  readonly hint: string;
}

export function newApiKey(kind: ApiKeyKind, merchantId: string): NewApiKey {
  const secret = `${PREFIXES[kind]}_${merchantId.slice("mer_".length)}_${newSecretToken(32)}`;
  return { secret, hash: hashApiKey(secret), hint: `${PREFIXES[kind]}_…${secret.slice(-4)}` };
}

const FORMAT = /^(?:sk|pk|rk|ok)_([0-9a-hjkmnp-tv-z]{26})_[0-9A-Za-z]{40,60}$/;

/** The tenant a key says it belongs to; undefined when it is no key of ours. */
export function merchantOfApiKey(secret: string): string | undefined {
  const match = FORMAT.exec(secret);
  return match?.[1] === undefined ? undefined : `mer_${match[1]}`;
}
