import { existsSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";

/**
 * Removes from dist what no source file makes any more: the compiler only ever adds. Clearing all of it
 * before each build would take the ground from under a system that runs from it.
 */
const dist = path.resolve(__dirname, "../..");
const checkout = path.dirname(dist);
const OUTPUT = /(\.js|\.js\.map|\.d\.ts)$/;

for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !OUTPUT.test(entry.name)) continue;
  const output = path.join(entry.parentPath, entry.name);
  const source = path.join(checkout, path.relative(dist, output)).replace(OUTPUT, ".ts");
  if (!existsSync(source)) rmSync(output);
}
