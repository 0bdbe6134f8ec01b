import { readFileSync } from "node:fs";
import { z } from "zod";
import { UsageError } from "./command";

const LINE = z.object({
  merchantId: z.string(),
  number: z.number().int(),
  checkpoint: z.string(),
});
type Line = z.infer<typeof LINE>;

/** As "oncepay checkpoints export" prints them: an object to a line. Files of several days may be put together. */
export function readCheckpoints(file: string | undefined): Line[] | undefined {
  if (file === undefined) return undefined;
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    throw new UsageError(`--checkpoints: ${file} cannot be read.`);
  }
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.map((line, index) => parseLine(line) ?? refuse(file, index + 1));
}

function parseLine(line: string): Line | undefined {
  try {
    return LINE.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

function refuse(file: string, line: number): never {
  throw new UsageError(`--checkpoints: line ${String(line)} of ${file} is no checkpoint.`);
}
