import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import { takeStartLock } from "../../src/dev/start-lock";
import { waitUntil } from "../../src/dev/wait-until";

const ROOT = path.resolve(__dirname, "../..");
const SOURCES = ["src", "schema", "workers", "migrations"];
const STAMP = path.join(ROOT, "dist/.tsbuildinfo");
const LOCK = path.join(ROOT, "node_modules/.cache/attack-build.start.lock");
const BUILD_MS = 600_000;

/** The programs that are attacked are those in dist. Under Jest nobody has built them; one test file does, and the others wait. */
export async function ensureBuilt(): Promise<void> {
  const release = await takeLock();
  try {
    if (isFresh()) return;
    // Type errors are the business of `npm run check`; what is emitted all the same is what Jest runs as well.
    const tsc = path.join(ROOT, "node_modules/typescript/bin/tsc");
    const built = spawnSync(process.execPath, [tsc, "-p", "tsconfig.build.json"], { cwd: ROOT });
    if (!existsSync(path.join(ROOT, "dist/src/server.js"))) {
      throw new Error(`the build failed:\n${built.stdout.toString()}`);
    }
  } finally {
    release();
  }
}

/** The lock of one that was killed is taken over; of one that lives it is waited for. */
async function takeLock(): Promise<() => void> {
  mkdirSync(path.dirname(LOCK), { recursive: true });
  let release: (() => void) | undefined;
  const isTaken = (): boolean => {
    try {
      release = takeStartLock(LOCK);
    } catch {
      // Somebody is building.
    }
    return release !== undefined;
  };
  await waitUntil(isTaken, { timeoutMs: BUILD_MS, everyMs: 100 });
  if (!release) throw new Error(`another build has held ${LOCK} for too long`);
  return release;
}

function isFresh(): boolean {
  if (!existsSync(STAMP)) return false;
  const builtMs = statSync(STAMP).mtimeMs;
  return SOURCES.every((name) => {
    const directory = path.join(ROOT, name);
    const files = readdirSync(directory, { recursive: true, encoding: "utf8" });
    return files.every(
      (file) => !file.endsWith(".ts") || statSync(path.join(directory, file)).mtimeMs < builtMs,
    );
  });
}
