import { createHash, randomBytes } from "node:crypto";

/**
 * Secrets for development are made so that they can be told from others: their last four bytes are derived from those
 * before. A process in production refuses to start with one, because it has been in files, terminals and chats. One
 * random key in four thousand million looks like one by chance.
 */
const SECRET_BYTES = 32;
const MARK_BYTES = 4;

export function newDevelopmentSecret(): Buffer {
  const head = randomBytes(SECRET_BYTES - MARK_BYTES);
  return Buffer.concat([head, markOf(head)]);
}

function markOf(head: Buffer): Buffer {
  return createHash("sha256")
    .update("oncepay development secret\n")
    .update(head)
    .digest()
    .subarray(0, MARK_BYTES);
}

function isDevelopmentSecret(secret: Buffer): boolean {
  if (secret.length !== SECRET_BYTES) return false;
  return markOf(secret.subarray(0, -MARK_BYTES)).equals(secret.subarray(-MARK_BYTES));
}

// 32 random bytes have some 30 different values; fewer than 16 come up once in 10^15 keys.
const DIFFERENT_MIN = 16;

/** Why a secret must not protect anything real, as the end of a sentence; undefined when nothing is known against it. */
export function weaknessOf(secret: Buffer): string | undefined {
  if (isDevelopmentSecret(secret)) return 'a development key, made by "npm start"';
  if (new Set(secret).size < Math.min(DIFFERENT_MIN, secret.length / 2)) {
    return "a pattern and not random";
  }
  if (isCounted(secret)) return "a pattern and not random";
  // A passphrase that was encoded: 32 random bytes are all printable once in 10^13 keys.
  if (secret.every((byte) => byte >= 32 && byte < 127)) return "text and not random";
  return undefined;
}

/** 00 01 02 … or any other row with equal steps. */
function isCounted(secret: Buffer): boolean {
  const step = ((secret[1] ?? 0) - (secret[0] ?? 0)) & 255;
  return secret.every((byte, at) => at === 0 || ((byte - (secret[at - 1] ?? 0)) & 255) === step);
}

/** For a process in production: what is wrong with its secrets, in words that repeat none of them. */
export function weakSecrets(given: {
  readonly encryptionKeys: readonly Buffer[];
  readonly webhookSecret: string | undefined;
  readonly databaseUrl: string;
  readonly replicaUrl: string | undefined;
  readonly redisUrl: string | undefined;
}): string[] {
  const keys = given.encryptionKeys.flatMap((key, index) => {
    const weakness = weaknessOf(key);
    const advice = index === 0 ? "create one with: openssl rand -base64 32" : ROTATE;
    return weakness === undefined
      ? []
      : [`ONCEPAY_ENCRYPTION_KEY: key ${String(index + 1)} is ${weakness}; ${advice}`];
  });
  const weakness = weaknessOfWebhookSecret(given.webhookSecret ?? "");
  return [
    ...keys,
    ...(weakness === undefined ? [] : [`ONCEPAY_SANDBOX_WEBHOOK_SECRET: is ${weakness}`]),
    ...(hasKnownPassword(given.databaseUrl) ? [`DATABASE_URL: ${KNOWN_PASSWORD}`] : []),
    ...(hasKnownPassword(given.replicaUrl ?? "") ? [`ONCEPAY_REPLICA_URL: ${KNOWN_PASSWORD}`] : []),
    ...(hasKnownPassword(given.redisUrl ?? "") ? [`REDIS_URL: ${KNOWN_PASSWORD}`] : []),
  ];
}

const ROTATE = 'run "oncepay secrets rotate" with both keys, and then take it away';

const WEBHOOK_BYTES_MIN = 16;

function weaknessOfWebhookSecret(secret: string): string | undefined {
  if (secret.startsWith("whsec_")) {
    const bytes = Buffer.from(secret.slice("whsec_".length), "base64");
    return bytes.length < WEBHOOK_BYTES_MIN ? "too short to be random" : weaknessOf(bytes);
  }
  if (secret === "") return undefined;
  return /secret|password|test|example|change|develop/i.test(secret) || hasFewCharacters(secret)
    ? "a word or a pattern, and not random"
    : undefined;
}

/** 16 random hexadecimal digits have 10 different ones; fewer than 5 come up once in two million. */
function hasFewCharacters(secret: string): boolean {
  return new Set(secret).size < 5;
}

const KNOWN_PASSWORD =
  "its password is one that examples have, or the user's name; create one with: openssl rand -hex 24";

// What documentation, images and tutorials suggest, ours included.
const EXAMPLES = new Set(
  (
    "password passw0rd password1 password123 postgres postgresql oncepay secret admin root redis default changeme " +
    "change-me test testing example development dev local letmein 123456 1234 qwerty"
  ).split(" "),
);

/** Of any of the addresses in a setting. Without a password somebody else decides who may connect. */
function hasKnownPassword(addresses: string): boolean {
  const authorities = [...addresses.matchAll(/(?:\/\/|,)([^@/?#,]*)@/g)];
  const pairs = authorities.map(([, authority = ""]) => {
    const [user = "", ...password] = authority.split(":");
    return { user: decoded(user), password: decoded(password.join(":")) };
  });
  const asked = [...addresses.matchAll(/[?&]password=([^&#]*)/g)].map(([, password = ""]) => ({
    user: "",
    password: decoded(password),
  }));
  return [...pairs, ...asked].some(({ user, password }) => {
    if (password === "") return false;
    return EXAMPLES.has(password.toLowerCase()) || password.toLowerCase() === user.toLowerCase();
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
