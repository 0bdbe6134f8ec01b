import type { FileHandle } from "node:fs/promises";

const BLOCK = 256 * 1024;
// A line that does not end is not read into memory until it does.
const LINE_MAX = 64 * 1024;
const NEWLINE = 10;

/** The lines of a file from a byte on, each with the byte after it. Node's own readers do not say where a line ends. */
export async function* readLines(
  file: FileHandle,
  from: number,
): AsyncGenerator<{ readonly text: string; readonly end: number }, undefined> {
  const block = Buffer.allocUnsafe(BLOCK);
  let rest = Buffer.alloc(0);
  let end = from;
  for (;;) {
    const { bytesRead } = await file.read(block, 0, BLOCK, end + rest.length);
    const bytes = Buffer.concat([rest, block.subarray(0, bytesRead)]);
    let start = 0;
    for (;;) {
      const newline = bytes.indexOf(NEWLINE, start);
      if (newline < 0) break;
      end += newline + 1 - start;
      yield { text: bytes.toString("utf8", start, newline).replace(/\r$/, ""), end };
      start = newline + 1;
    }
    rest = bytes.subarray(start);
    if (rest.length > LINE_MAX) throw new Error("a line is longer than any of a settlement file");
    if (bytesRead === 0) break;
  }
  if (rest.length > 0) yield { text: rest.toString("utf8"), end: end + rest.length };
  return undefined;
}
