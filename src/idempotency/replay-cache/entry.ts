import { createHmac } from "node:crypto";
import { createSecretBox, deriveKey } from "../../security/secrets";
import type { FinishedRecord, OperationKey } from "../keys";

/**
 * What Redis holds about a key. Whoever reads or writes that Redis learns nothing from it and can make us believe
 * nothing: the name is an HMAC, the value is sealed (AES-256-GCM) and opens under its own name only, and both keys come
 * from ONCEPAY_ENCRYPTION_KEY. An entry that does not open is an entry that is not there.
 *
 * The version is part of the name, so processes of different versions never see each other's entries. Raise it when the
 * meaning of a record changes; fields that snapshots get later need nothing (src/events/snapshots.ts).
 */
const VERSION = 1;

const PREFIX = "oncepay:replay:";

export type Entry =
  /** Somebody is executing this key. */
  | { readonly untilMs: number; readonly record?: never }
  /** It is committed, and this is what a repeat is answered with. */
  | { readonly untilMs: number; readonly record: FinishedRecord };

export interface Sealing {
  /** The name of a key's entry during one life of the database. */
  readonly nameOf: (life: string, name: OperationKey) => string;
  readonly seal: (entryName: string, entry: Entry) => Buffer;
  /** Undefined when it was not sealed by us for this name, or its time is over. */
  readonly open: (entryName: string, sealed: Buffer) => Entry | undefined;
}

/** With the newest key alone: after a rotation everything is asked of Postgres once, and then known again. */
export function createSealing(newestKey: Buffer): Sealing {
  const nameKey = deriveKey(newestKey, "replay-cache/names");
  const box = createSecretBox([deriveKey(newestKey, "replay-cache/entries")]);
  return {
    nameOf: (life, { merchantId, operation, key }) => {
      // Only the last part may hold a line break, so no two names can be made of the same text.
      const text = [String(VERSION), life, merchantId, operation, key].join("\n");
      return PREFIX + createHmac("sha256", nameKey).update(text).digest("base64url");
    },
    seal: (entryName, entry) => box.seal(JSON.stringify(entry), entryName),
    open: (entryName, sealed) => {
      try {
        const entry = JSON.parse(box.open(sealed, entryName)) as Entry;
        // Redis expires entries by its own clock, and not at all those that somebody put back.
        return entry.untilMs > Date.now() ? entry : undefined;
      } catch {
        return undefined;
      }
    },
  };
}
