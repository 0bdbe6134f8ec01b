import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from "node:crypto";
import { deriveKey } from "./secrets";

/**
 * Makes cursors opaque that would show positions of ours. The same cursor is always sealed as the same text, so that
 * clients may compare them: the initialisation vector is a MAC of the text, which on opening also proves that we made
 * it. What is not ours is returned as it came: earlier cursors were not sealed, and lists refuse the rest.
 */
export interface CursorSeal {
  readonly seal: (cursor: string) => string;
  readonly open: (sealed: string) => string;
}

const PREFIX = "c1_";
const CIPHER = "aes-256-ctr";
const IV_BYTES = 16;

interface Keys {
  readonly mac: Buffer;
  readonly cipher: Buffer;
}

/** The newest key seals, all of them open. */
export function createCursorSeal(masters: readonly Buffer[]): CursorSeal {
  const keys = masters.map((master) => ({
    mac: deriveKey(master, "cursor/mac"),
    cipher: deriveKey(master, "cursor/cipher"),
  }));
  const [newest] = keys;
  if (!newest) throw new Error("createCursorSeal: at least one key is needed");
  return {
    seal: (cursor) => {
      const text = Buffer.from(cursor);
      const iv = ivOf(newest, text);
      const cipher = createCipheriv(CIPHER, newest.cipher, iv);
      const sealed = Buffer.concat([iv, cipher.update(text), cipher.final()]);
      return PREFIX + sealed.toString("base64url");
    },
    open: (sealed) => {
      if (!sealed.startsWith(PREFIX)) return sealed;
      const bytes = Buffer.from(sealed.slice(PREFIX.length), "base64url");
      if (bytes.length <= IV_BYTES) return sealed;
      for (const one of keys) {
        const text = decipher(one, bytes);
        if (timingSafeEqual(ivOf(one, text), bytes.subarray(0, IV_BYTES))) return text.toString();
      }
      return sealed;
    },
  };
}

function ivOf({ mac }: Keys, text: Buffer): Buffer {
  return createHmac("sha256", mac).update(text).digest().subarray(0, IV_BYTES);
}

function decipher({ cipher }: Keys, bytes: Buffer): Buffer {
  const stream = createDecipheriv(CIPHER, cipher, bytes.subarray(0, IV_BYTES));
  return Buffer.concat([stream.update(bytes.subarray(IV_BYTES)), stream.final()]);
}
