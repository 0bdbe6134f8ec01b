import { createHash } from "node:crypto";

/*
 * Merkle trees as in RFC 6962: a node is SHA-256 of a one byte and its two children, and a tree whose leaves are no power
 * of two has a complete left side. Built level by level, where the last of an odd number goes up as it is: the same tree.
 */

export const HASH_BYTES = 32;
const NODE = Buffer.of(1);

function nodeOf(left: Buffer, right: Buffer): Buffer {
  return createHash("sha256").update(NODE).update(left).update(right).digest();
}

/** From the leaves' hashes up to the root. */
function levelsOf(leaves: readonly Buffer[]): Buffer[][] {
  let level = [...leaves];
  const levels = [level];
  while (level.length > 1) {
    const next: Buffer[] = [];
    for (let index = 0; index < level.length; index += 2) {
      const [left, right] = level.slice(index, index + 2);
      if (left) next.push(right ? nodeOf(left, right) : left);
    }
    level = next;
    levels.push(level);
  }
  return levels;
}

export function splitLeaves(leaves: Buffer): Buffer[] {
  const count = Math.floor(leaves.length / HASH_BYTES);
  return Array.from({ length: count }, (_, index) =>
    leaves.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES),
  );
}

export function rootOf(leaves: readonly Buffer[]): Buffer {
  return levelsOf(leaves).at(-1)?.[0] ?? createHash("sha256").digest();
}

/** For each of the leaves asked for: the nodes that lead from it to the root, from below. */
export function pathsOf(leaves: readonly Buffer[], indexes: readonly number[]): Buffer[][] {
  const levels = levelsOf(leaves).slice(0, -1);
  return indexes.map((index) =>
    levels.flatMap((level, height) => level[Math.floor(index / 2 ** height) ^ 1] ?? []),
  );
}
