import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { open, readFile, rename } from "node:fs/promises";
import path from "node:path";
import type { MapEntry } from "./directory";

/*
 * Guarantees: the file is the old map or the new one, whole, whenever the router reads it. The router is told of each
 * new map until it has taken one: beside the file stands the hash of the map that was loaded last, so that whoever is
 * killed between the two, or cannot reload, is made up for by the next run.
 */

export interface WrittenMap {
  readonly entries: number;
  readonly changed: boolean;
  readonly reloaded: boolean;
}

export async function writeMap(
  entries: readonly MapEntry[],
  { file, reload }: { readonly file: string; readonly reload: string | undefined },
): Promise<WrittenMap> {
  const text = entries.map(({ name, cell }) => `${name} ${cell}\n`).join("");
  const changed = (await readIfThere(file)) !== text;
  if (changed) await replace(file, text);
  const loaded = `${file}.loaded`;
  const hash = createHash("sha256").update(text).digest("hex");
  const reloaded = reload !== undefined && (await readIfThere(loaded)) !== hash;
  if (reloaded) {
    await run(reload);
    await replace(loaded, hash);
  }
  return { entries: entries.length, changed, reloaded };
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function replace(file: string, text: string): Promise<void> {
  const beside = path.join(path.dirname(file), `.${path.basename(file)}.new`);
  const handle = await open(beside, "w", 0o644);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(beside, file);
}

async function run(command: string): Promise<void> {
  const child = spawn(command, { shell: true, stdio: ["ignore", "ignore", "inherit"] });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) {
    throw new Error(`The map is written, and the router has not taken it: "${command}" failed.`);
  }
}
