import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from "node:crypto";

/**
 * Secrets at rest are sealed with AES-256-GCM:
 *
 *     1 byte version | 4 bytes key id | 12 bytes nonce | 16 bytes tag | ciphertext
 *
 * The key id is derived from the key, so that it survives any reordering of the configured keys.
 * The context (a row's id, say) is authenticated with the text: a sealed value that is copied onto
 * another row does not open there. Nonces are random, which is safe for 2^32 values to a key.
 */
export type SecretBox = {
  seal(plain: string, context: string): Buffer;
  open(sealed: Buffer, context: string): string;
};

const KEY_BYTES = 32;
const VERSION = 1;
const NONCE_START = 5;
const TAG_START = 17;
const TEXT_START = 33;
const CIPHER = "aes-256-gcm";
const CIPHER_OPTIONS = { authTagLength: TEXT_START - TAG_START };

/** The first key seals; every key opens, so that a new key can be put in front of the old ones. */
export function createSecretBox(keys: readonly Buffer[]): SecretBox {
  const keysById = new Map(keys.map((key) => [keyIdOf(key), key]));
  const newest = keys[0];
  if (newest === undefined) throw new Error("createSecretBox: at least one key is needed");
  if (keys.some((key) => key.length !== KEY_BYTES)) {
    throw new Error(`createSecretBox: a key is not ${KEY_BYTES} bytes long`);
  }
  const newestHead = Buffer.concat([Buffer.of(VERSION), Buffer.from(keyIdOf(newest), "hex")]);

  const seal = (plain: string, context: string): Buffer => {
    const nonce = randomBytes(TAG_START - NONCE_START);
    const cipher = createCipheriv(CIPHER, newest, nonce, CIPHER_OPTIONS);
    cipher.setAAD(Buffer.from(context));
    const text = Buffer.concat([cipher.update(plain, "utf8"), cipher.final()]);
    return Buffer.concat([newestHead, nonce, cipher.getAuthTag(), text]);
  };

  const open = (sealed: Buffer, context: string): string => {
    if (sealed.length < TEXT_START || sealed[0] !== VERSION) {
      throw new Error("A sealed secret is damaged or of an unknown version");
    }
    const key = keysById.get(sealed.toString("hex", 1, NONCE_START));
    if (key === undefined) {
      throw new Error("A secret was sealed with a key that is not in ONCEPAY_ENCRYPTION_KEY");
    }
    const nonce = sealed.subarray(NONCE_START, TAG_START);
    const decipher = createDecipheriv(CIPHER, key, nonce, CIPHER_OPTIONS);
    decipher.setAAD(Buffer.from(context));
    decipher.setAuthTag(sealed.subarray(TAG_START, TEXT_START));
    const text = decipher.update(sealed.subarray(TEXT_START));
    try {
      return Buffer.concat([text, decipher.final()]).toString("utf8");
    } catch {
      throw new Error("A sealed secret was altered or belongs to another context");
    }
  };

  return { seal, open };
}

/** Four bytes of a one-way function of the key, in hex: enough to tell keys apart, nothing to guess from. */
export function keyIdOf(key: Buffer): string {
  const hash = createHash("sha256").update("oncepay key id\n").update(key).digest();
  return hash.toString("hex", 0, NONCE_START - 1);
}

/**
 * Reads ONCEPAY_ENCRYPTION_KEY: base64 keys of 32 bytes with commas between them, newest first.
 * Its errors say what is wrong and where, but never repeat a part of the value: they are logged.
 */
export function parseEncryptionKeys(text: string): Buffer[] {
  const keys = text.split(",").map((part, index) => {
    // Buffer.from skips whatever is not base64, so a mistyped key would become another, shorter one.
    const isKey = /^[A-Za-z0-9+/]{43}=?$/.test(part.trim());
    if (isKey) return Buffer.from(part.trim(), "base64");
    throw new Error(
      `ONCEPAY_ENCRYPTION_KEY: key ${index + 1} is not base64 of ${KEY_BYTES} bytes; ` +
        "create one with: openssl rand -base64 32",
    );
  });
  if (new Set(keys.map((key) => key.toString("hex"))).size !== keys.length) {
    throw new Error("ONCEPAY_ENCRYPTION_KEY: the same key is listed twice");
  }
  return keys;
}

/** A key for one purpose, from which neither the master key nor another purpose's can be found. */
export function deriveKey(master: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync("sha256", master, "", `oncepay/${purpose}`, KEY_BYTES));
}

/**
 * API keys are looked up by their hash. A fast hash is right here: they are random, so there is
 * nothing to guess, and a slow one would be paid on every request.
 */
export function hashApiKey(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}

export const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/**
 * Random text with the entropy of this many random bytes. Letters and digits only, so that a double click selects the
 * whole of it and it needs no escaping anywhere.
 */
export function newSecretToken(bytes = 32): string {
  const length = Math.ceil((bytes * 8) / Math.log2(BASE62.length));
  let token = "";
  while (token.length < length) {
    for (const byte of randomBytes(length)) {
      // Six bits give 0 to 63; the two values without a character are dropped, or some characters would be likelier.
      if (token.length < length) token += BASE62[byte & 63] ?? "";
    }
  }
  return token;
}
