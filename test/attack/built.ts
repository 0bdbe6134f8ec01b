import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

const BUILD = path.resolve(__dirname, "../../src/dev/build.js");

/** The programs that are attacked are those in dist. Under Jest nobody has built them; one test file does, and the others wait. */
export async function ensureBuilt(): Promise<void> {
  // Type errors are the business of `npm run check`; what is built all the same is what Jest runs as well.
  await promisify(execFile)(process.execPath, [BUILD]);
}
