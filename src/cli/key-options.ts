import type { Db } from "../db/db";
import type { ApiKeyKind } from "../merchants/api-key";
import { PLATFORM_MERCHANT_ID } from "../merchants/api-key";
import type { ApiKey } from "../merchants/api-key-store";
import { type Merchant, findMerchant } from "../merchants/merchant-store";
import { isId } from "../ids";
import { sensitiveIn } from "../security/sensitive";
import { type Call, UsageError } from "./command";

/** What the commands about API keys have in common: whose keys, which one, and how they are shown. */

export const OWNER_OPTIONS = {
  merchant: { type: "string" },
  platform: { type: "boolean", default: false },
} as const;

export const OWNER_HELP = `  --merchant ID     the merchant whose keys they are, or
  --platform        the installation itself: the keys of platform operators`;

type Values = Call["values"];

export function ownerId(values: Values): string {
  const { merchant, platform } = values;
  if (platform === true && merchant === undefined) return PLATFORM_MERCHANT_ID;
  if (platform !== true && typeof merchant === "string" && isId("merchant", merchant)) {
    return merchant;
  }
  throw new UsageError("Either --merchant with a merchant's id or --platform is required.");
}

export async function ownerOf(db: Db, id: string): Promise<Merchant> {
  const merchant = await findMerchant(db, id);
  if (merchant) return merchant;
  throw new UsageError(`There is no merchant ${id}.`);
}

export function keyId({ id }: Values): string {
  if (typeof id === "string" && isId("apiKey", id)) return id;
  throw new UsageError("--id is required: the API key's id, which begins with key_.");
}

const NAME_LENGTH_MAX = 200;

/** A name that people give to a merchant or a key. */
export function checkName(given: string | boolean | undefined, whose: string): string {
  const name = typeof given === "string" ? given.trim() : "";
  const length = [...name].length;
  if (length === 0) throw new UsageError(`--name is required: ${whose} name.`);
  if (length > NAME_LENGTH_MAX) {
    throw new UsageError(
      `--name has ${String(length)} characters; at most ${String(NAME_LENGTH_MAX)} are allowed.`,
    );
  }
  const found = sensitiveIn(name);
  if (found) throw new UsageError(`--name looks like a ${found}.`);
  return name;
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** `90d`, `24h`, `30m`, `0s`. */
export function readDuration(text: string, option: string): number {
  const [, count = "", unit = ""] = /^(\d{1,8})([smhd])$/.exec(text) ?? [];
  const seconds = Number(count) * (UNIT_SECONDS[unit] ?? Number.NaN);
  if (count !== "" && Number.isFinite(seconds)) return seconds;
  throw new UsageError(`${option} must be a duration such as 90d, 24h, 30m or 0s.`);
}

export const KIND_NAMES: Readonly<Record<string, ApiKeyKind>> = {
  secret: "SECRET",
  publishable: "PUBLISHABLE",
  restricted: "RESTRICTED",
  operator: "OPERATOR",
};

/** One key to a line. */
export function keyLine(key: ApiKey): string {
  const end = key.revokedAt ?? key.expiresAt;
  const parts = [
    key.id,
    key.kind.toLowerCase().padEnd(11),
    key.status.toLowerCase().padEnd(7),
    key.hint.padEnd(13),
    `used ${key.lastUsedAt ?? "never"}`,
    ...(end === null ? [] : [`${key.revokedAt ? "revoked" : "ends"} ${end}`]),
    key.name,
  ];
  return parts.join("  ");
}
