import { randomFillSync } from "node:crypto";
import { timePart } from "../ids";

export type NetworkIdPrefix = "ch" | "cp" | "rf" | "vd" | "mov" | "tds" | "wev" | "dsp" | "pay";

const ALPHABET = Buffer.from("0123456789abcdefghjkmnpqrstvwxyz");
const RANDOM_LENGTH = 12;

// Random letters are drawn in blocks: one system call for 256 ids.
const pool = Buffer.alloc(RANDOM_LENGTH * 256);
let poolOffset = pool.length;

/** The network's own ids, time-ordered like ours but of its own making, as a real network's are. */
export function newNetworkId(prefix: NetworkIdPrefix, account = ""): string {
  if (poolOffset >= pool.length) {
    randomFillSync(pool);
    for (let index = 0; index < pool.length; index += 1) {
      pool[index] = ALPHABET[(pool[index] ?? 0) & 31] ?? 0;
    }
    poolOffset = 0;
  }
  // Taken as one piece: a string grown letter by letter keeps a chain of its parts in memory, and
  // the network keeps every id it has given out.
  const random = pool.toString("latin1", poolOffset, poolOffset + RANDOM_LENGTH);
  poolOffset += RANDOM_LENGTH;
  const beginning = account === "" ? prefix : `${prefix}_${account}`;
  return `${beginning}_${timeText(Date.now())}${random}`;
}

/** The account whose operation an id names; without a name it is the installation's. */
export function accountOfId(id: string): string {
  return /^[a-z]+_([a-z0-9]+)_/.exec(id)?.[1] ?? "";
}

/** The same in SQL; null for the installation's. */
export function accountInSql(column: string): string {
  return `substring(${column} from '^[a-z]+_([a-z0-9]+)_')`;
}

let lastMs = 0;
let lastText = "";

/** The same for all ids of a millisecond, which at thousands a second are several. */
function timeText(nowMs: number): string {
  if (nowMs !== lastMs) {
    lastMs = nowMs;
    lastText = Buffer.from(timePart(nowMs)).toString("latin1");
  }
  return lastText;
}
