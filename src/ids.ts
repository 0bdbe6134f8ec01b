import { randomFillSync } from "node:crypto";

/**
 * Ids are opaque, prefixed and time-ordered: a prefix, then 10 characters of milliseconds since
 * 1970 and 16 random ones (80 bits), in Crockford's base32 in lower case (the layout of ULID,
 * https://github.com/ulid/spec). Sorting them sorts by creation time, so that indexes grow at one
 * end, and a table can be partitioned by ranges of its own id (see migrations: id_floor).
 */
export const ID_PREFIXES = {
  paymentIntent: "pi",
  attempt: "att",
  capture: "cap",
  refund: "re",
  dispute: "dp",
  payout: "po",
  event: "evt",
  webhookEndpoint: "we",
  webhookDelivery: "whd",
  ledgerAccount: "acct",
  journal: "jrn",
  merchant: "mer",
  apiKey: "key",
  erasure: "era",
  auditEntry: "aud",
  processorAccount: "pac",
  replayPlan: "rpl",
  reconciliationBreak: "brk",
  reconciliationReport: "rec",
  // Only of those that are set aside: the number of a row of the outbox, with zeros before it.
  outboxMessage: "msg",
} as const;

export type IdKind = keyof typeof ID_PREFIXES;

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const RANDOM_LENGTH = 16;
const ID_BODY = /^[0-9a-hjkmnp-tv-z]{26}$/;

// Random bytes are drawn in blocks: one system call for 256 ids.
const pool = Buffer.alloc(RANDOM_LENGTH * 256);
let poolOffset = pool.length;

export function newId(kind: IdKind, atMs: number = Date.now()): string {
  if (poolOffset >= pool.length) {
    randomFillSync(pool);
    poolOffset = 0;
  }
  let random = "";
  for (let index = 0; index < RANDOM_LENGTH; index += 1) {
    random += ALPHABET[(pool[poolOffset + index] ?? 0) & 31];
  }
  poolOffset += RANDOM_LENGTH;
  return idFloor(kind, atMs) + random;
}

/** What the ids of a kind that were made at a moment or later sort after, and those made before it do not. */
export function idFloor(kind: IdKind, atMs: number): string {
  return `${ID_PREFIXES[kind]}_${timePart(atMs)}`;
}

/** The 10 characters that hold the milliseconds; ids made later sort after it. */
export function timePart(atMs: number): string {
  let rest = Math.floor(atMs);
  let text = "";
  for (let index = 0; index < 10; index += 1) {
    text = (ALPHABET[rest % 32] ?? "0") + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

/** When an id was made, milliseconds since 1970. */
export function idTime(id: string): number {
  const start = id.indexOf("_") + 1;
  let ms = 0;
  for (const character of id.slice(start, start + 10)) ms = ms * 32 + ALPHABET.indexOf(character);
  return ms;
}

export function isId(kind: IdKind, value: string): boolean {
  const prefix = `${ID_PREFIXES[kind]}_`;
  return value.startsWith(prefix) && ID_BODY.test(value.slice(prefix.length));
}

/** What kind of object an id names, or undefined when it is not one of ours. */
export function idKind(value: string): IdKind | undefined {
  const prefix = value.slice(0, value.indexOf("_"));
  for (const [kind, known] of Object.entries(ID_PREFIXES)) {
    if (known === prefix && isId(kind as IdKind, value)) return kind as IdKind;
  }
  return undefined;
}
