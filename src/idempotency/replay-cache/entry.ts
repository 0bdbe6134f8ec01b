import { createHmac, timingSafeEqual } from "node:crypto";
import { createSecretBox, deriveKey } from "../../security/secrets";
import type { FinishedRecord, OperationKey } from "../keys";

/**
 * What Redis holds about a key. Whoever reads or writes that Redis learns nothing from it and can make us believe
 * nothing: the name is an HMAC, a record is sealed (AES-256-GCM) and opens under its own name only, and all keys come
 * from ONCEPAY_ENCRYPTION_KEY. An entry that is not ours is an entry that is not there.
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
  readonly sealRecord: (entryName: string, untilMs: number, record: FinishedRecord) => Buffer;
  /** Every request makes one, so it is a few microseconds cheaper: there is nothing in it to hide. */
  readonly signBusy: (entryName: string, untilMs: number) => Buffer;
  /** Undefined when it was not made by us for this name, or its time is over. */
  readonly open: (entryName: string, bytes: Buffer) => Entry | undefined;
}

/*
 *     busy:    1 byte 0 | 8 bytes until when, milliseconds | 32 bytes HMAC-SHA-256
 *     record:  as src/security/secrets.ts seals it, which begins with another byte
 */
const BUSY = 0;
const MAC_START = 9;
const BUSY_BYTES = MAC_START + 32;

/** With the newest key alone: after a rotation everything is asked of Postgres once, and then known again. */
export function createSealing(newestKey: Buffer): Sealing {
  const nameKey = deriveKey(newestKey, "replay-cache/names");
  const busyKey = deriveKey(newestKey, "replay-cache/busy");
  const box = createSecretBox([deriveKey(newestKey, "replay-cache/records")]);
  const macOf = (entryName: string, head: Buffer): Buffer =>
    createHmac("sha256", busyKey).update(entryName).update(head).digest();

  const openBusy = (entryName: string, bytes: Buffer): Entry | undefined => {
    if (bytes.length !== BUSY_BYTES) return undefined;
    const mac = macOf(entryName, bytes.subarray(0, MAC_START));
    const isOurs = timingSafeEqual(mac, bytes.subarray(MAC_START));
    return isOurs ? { untilMs: bytes.readDoubleBE(1) } : undefined;
  };
  const openRecord = (entryName: string, bytes: Buffer): Entry | undefined => {
    try {
      return JSON.parse(box.open(bytes, entryName)) as Entry;
    } catch {
      return undefined;
    }
  };

  return {
    nameOf: (life, { merchantId, operation, key }) => {
      // Only the last part may hold a line break, so no two names can be made of the same text.
      const text = [String(VERSION), life, merchantId, operation, key].join("\n");
      return PREFIX + createHmac("sha256", nameKey).update(text).digest("base64url");
    },
    sealRecord: (entryName, untilMs, record) =>
      box.seal(JSON.stringify({ untilMs, record } satisfies Entry), entryName),
    signBusy: (entryName, untilMs) => {
      const head = Buffer.alloc(MAC_START);
      head.writeUInt8(BUSY, 0);
      head.writeDoubleBE(untilMs, 1);
      return Buffer.concat([head, macOf(entryName, head)]);
    },
    open: (entryName, bytes) => {
      const entry = (bytes[0] === BUSY ? openBusy : openRecord)(entryName, bytes);
      // Redis expires entries by its own clock, and not at all those that somebody put back.
      return entry && entry.untilMs > Date.now() ? entry : undefined;
    },
  };
}
