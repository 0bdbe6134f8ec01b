import { createHmac, createSecretKey, type KeyObject, randomBytes } from "node:crypto";

// Webhooks are signed by Standard Webhooks 1.0.0 (https://www.standardwebhooks.com), so that
// receivers verify them with a library they may already have.
const SECRET_PREFIX = "whsec_";

type WebhookSignatureHeaders = Record<
  "webhook-id" | "webhook-timestamp" | "webhook-signature",
  string
>;

type SignWebhookInput = {
  id: string;
  timestampSeconds: number;
  /** The exact bytes that are sent. */
  body: string | Buffer;
  /** Several while a secret is being rotated: receivers accept any signature they can verify. */
  secrets: readonly string[];
};

export function newWebhookSecret(): string {
  return SECRET_PREFIX + randomBytes(32).toString("base64");
}

/** What may be shown of a secret, to tell it from another. */
export function secretHint(secret: string): string {
  return `${SECRET_PREFIX}…${secret.slice(-5)}`;
}

export function signWebhook(input: SignWebhookInput): WebhookSignatureHeaders {
  const { id, timestampSeconds, body, secrets } = input;
  // What is signed is id.timestamp.body; a dot in the id would make it ambiguous.
  if (id.includes(".")) throw new Error("signWebhook: a webhook id must not hold a dot");
  if (!Number.isSafeInteger(timestampSeconds)) {
    throw new Error("signWebhook: the timestamp must be whole seconds");
  }
  if (secrets.length === 0) throw new Error("signWebhook: at least one secret is needed");
  const head = `${id}.${timestampSeconds}.`;
  const signatures = secrets.map((secret) => {
    const mac = createHmac("sha256", keyOf(secret)).update(head).update(body);
    return `v1,${mac.digest("base64")}`;
  });
  return {
    "webhook-id": id,
    "webhook-timestamp": String(timestampSeconds),
    "webhook-signature": signatures.join(" "),
  };
}

// A worker signs for the same endpoints over and over, thousands of times a second. The bound keeps
// it from holding every secret it ever saw.
const KEYS_MAX = 1_000;
const keys = new Map<string, KeyObject>();

function keyOf(secret: string): KeyObject {
  const known = keys.get(secret);
  if (known !== undefined) return known;
  const key = createSecretKey(decodeSecret(secret));
  if (keys.size >= KEYS_MAX) {
    // A map keeps the order of insertion, so this is the oldest.
    for (const oldest of keys.keys()) {
      keys.delete(oldest);
      break;
    }
  }
  keys.set(secret, key);
  return key;
}

function decodeSecret(secret: string): Buffer {
  const encoded = secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : "";
  const bytes = /^[A-Za-z0-9+/]+={0,2}$/.test(encoded) ? Buffer.from(encoded, "base64") : undefined;
  // The specification wants 24 to 64 bytes. The message must not repeat the secret.
  if (bytes === undefined || bytes.length < 24 || bytes.length > 64) {
    throw new Error("signWebhook: a secret is not whsec_ and base64 of 24 to 64 bytes");
  }
  return bytes;
}
