import { crc32 } from "node:zlib";
import { BASE62, hashApiKey, newSecretToken } from "../security/secrets";

/**
 * An API key is `<prefix>_<mode>_<merchant>_<secret><checksum>`: the kind, whether it moves real money, the tenant that
 * it belongs to, 256 random bits. Only its SHA-256 is stored, which is enough for a random secret (nothing to guess
 * offline); it names its tenant, so that its look-up begins with the merchant like every other. The checksum protects
 * nothing: what is mistyped or made up is refused without asking the database.
 *
 * Keys of the earlier form `<prefix>_<merchant>_<secret>` remain valid.
 */
export const API_KEY_KINDS = [
  "SECRET",
  "PUBLISHABLE",
  "RESTRICTED",
  "OPERATOR",
  "PLATFORM",
] as const;
export type ApiKeyKind = (typeof API_KEY_KINDS)[number];

export type Mode = "TEST" | "LIVE";

export const SCOPES = [
  "payments:read",
  "payments:write",
  "payments:confirm",
  "events:read",
  "ledger:read",
  "webhooks:read",
  "webhooks:write",
  "webhooks:replay",
  "keys:read",
  "keys:write",
  "processors:read",
  "processors:write",
  "operations:read",
  "operations:write",
  "merchants:write",
  "customers:erase",
  "audit:read",
] as const;
export type Scope = (typeof SCOPES)[number];

export function isScope(text: string): text is Scope {
  return (SCOPES as readonly string[]).includes(text);
}

/** What nobody's tenant may do, whatever is stored with a key: it is about tenants, or an attestation to one. */
const PLATFORM_ONLY: readonly Scope[] = ["operations:write", "merchants:write"];

const READS: readonly Scope[] = ["payments:read", "events:read", "ledger:read", "webhooks:read"];
const CONNECTIONS_AND_KEYS: readonly Scope[] = [
  "webhooks:write",
  "webhooks:replay",
  "keys:read",
  "keys:write",
  "processors:read",
  "processors:write",
];

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
    ...CONNECTIONS_AND_KEYS,
    "customers:erase",
  ],
  RESTRICTED: READS,
  // Clears what went wrong, and cannot start a payment.
  OPERATOR: [...READS, ...CONNECTIONS_AND_KEYS, "operations:read", "customers:erase", "audit:read"],
  // The same for any merchant; and what a merchant may not do for itself.
  PLATFORM: [
    ...READS,
    ...CONNECTIONS_AND_KEYS,
    "operations:read",
    "customers:erase",
    "audit:read",
    ...PLATFORM_ONLY,
  ],
};

/** What a kind of key can be given at all. */
export function isPossible(kind: ApiKeyKind, scope: Scope): boolean {
  if (kind === "RESTRICTED") return !PLATFORM_ONLY.includes(scope);
  return DEFAULT_SCOPES[kind].includes(scope);
}

const PREFIXES: Readonly<Record<ApiKeyKind, string>> = {
  SECRET: "sk",
  PUBLISHABLE: "pk",
  RESTRICTED: "rk",
  OPERATOR: "ok",
  PLATFORM: "plk",
};

/** The tenant that platform operators' keys belong to: the installation itself. It can hold no payments. */
export const PLATFORM_MERCHANT_ID = `mer_${"0".repeat(26)}`;

export interface NewApiKey {
  readonly secret: string;
  readonly hash: Buffer;
  /** What may be shown later: how it begins, and its last four characters. */
  readonly hint: string;
}

export interface KeyOwner {
  readonly id: string;
  readonly mode: Mode;
}

export function newApiKey(kind: ApiKeyKind, { id, mode }: KeyOwner): NewApiKey {
  const beginning = `${PREFIXES[kind]}_${mode.toLowerCase()}`;
  const text = `${beginning}_${id.slice("mer_".length)}_${newSecretToken(32)}`;
  const secret = text + checksum(text);
  return { secret, hash: hashApiKey(secret), hint: `${beginning}_…${secret.slice(-4)}` };
}

const CHECKSUM_LENGTH = 6;

/** 32 bits, in the alphabet of the secret. */
function checksum(text: string): string {
  let rest = crc32(text);
  let written = "";
  for (let index = 0; index < CHECKSUM_LENGTH; index += 1) {
    written += BASE62[rest % BASE62.length] ?? "";
    rest = Math.floor(rest / BASE62.length);
  }
  return written;
}

const FORMAT = /^(?:sk|pk|rk|ok|plk)_(?:(test|live)_)?([0-9a-hjkmnp-tv-z]{26})_[0-9A-Za-z]{40,60}$/;

/** The tenant a key says it belongs to; undefined when it is no key of ours. */
export function merchantOfApiKey(secret: string): string | undefined {
  const [, mode, merchant] = FORMAT.exec(secret) ?? [];
  if (merchant === undefined) return undefined;
  const text = secret.slice(0, -CHECKSUM_LENGTH);
  // Keys of the earlier form name no mode, and have no checksum.
  if (mode !== undefined && secret !== text + checksum(text)) return undefined;
  return `mer_${merchant}`;
}
