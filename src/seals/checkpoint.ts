import { createHash } from "node:crypto";

/*
 * What is signed of a seal: everything that it says, in lines that anybody can read and build again. Its hash is what the
 * next seal of the merchant names, so whoever holds one checkpoint holds all that were before it to what they said.
 */
export interface SealHead {
  readonly merchantId: string;
  readonly number: number;
  readonly leafCount: number;
  readonly root: Buffer;
  /** Null of the first. */
  readonly previous: Buffer | null;
  readonly feedPosition: number;
  /** ISO 8601, to the microsecond, as the database says it. */
  readonly postingsBefore: string;
  readonly sealedAt: string;
  readonly keyId: string;
}

/** A newline at its end, too. */
export function checkpointOf(head: SealHead): string {
  const lines = [
    "oncepay seal v1",
    `merchant ${head.merchantId}`,
    `number ${String(head.number)}`,
    `leaves ${String(head.leafCount)}`,
    `root ${head.root.toString("hex")}`,
    `previous ${head.previous?.toString("hex") ?? "none"}`,
    `events_up_to ${String(head.feedPosition)}`,
    `postings_before ${head.postingsBefore}`,
    `sealed_at ${head.sealedAt}`,
    `key ${head.keyId}`,
  ];
  return `${lines.join("\n")}\n`;
}

export function hashOfHead(head: SealHead): Buffer {
  return createHash("sha256").update(checkpointOf(head)).digest();
}
