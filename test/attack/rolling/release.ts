import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { CreatedMerchant } from "../../../src/merchants/create-merchant";
import type { createClient } from "../../../src/sdk/client";

/** A build of oncepay, of whatever commit: its programs, its commands, and the client that its callers have. */
export interface Release {
  readonly name: string;
  /** Where its programs are. */
  readonly dist: string;
  /** Brings a database up to it, as whoever upgrades does; says what it did. */
  migrate(databaseUrl: string): Promise<string>;
  createMerchant(databaseUrl: string): Promise<CreatedMerchant>;
  readonly createClient: typeof createClient;
}

const ROOT = path.resolve(__dirname, "../../..");
const LOCKFILE = "package-lock.json";
const OUTPUT_BYTES_MAX = 64_000_000;

const asking = promisify(execFile);

/** What is checked out here, as it was built. */
export function releaseOfHere(): Release {
  return releaseAt("this checkout", ROOT);
}

/**
 * Builds a commit in a directory of its own. It has the packages of this checkout, unless its lockfile is another one: then
 * it gets its own, which takes minutes and needs the registry.
 */
export async function buildRelease(ref: string, say: (text: string) => void): Promise<Release> {
  const commit = commitOf(ref);
  if (commit === undefined) throw new Error(`there is no commit ${ref} here`);
  const directory = mkdtempSync(path.join(tmpdir(), `oncepay-release-${commit.slice(0, 8)}-`));
  // Its processes need it for as long as they run.
  process.once("exit", () => {
    rmSync(directory, { recursive: true, force: true });
  });
  const archive = path.join(directory, "release.tar");
  await within(ROOT, ["git", "archive", "--format=tar", "-o", archive, commit]);
  await within(directory, ["tar", "-xf", archive]);
  const [ours, theirs] = [ROOT, directory].map((root) =>
    readFileSync(path.join(root, LOCKFILE), "utf8"),
  );
  if (ours === theirs) {
    symlinkSync(path.join(ROOT, "node_modules"), path.join(directory, "node_modules"));
  } else {
    say("its packages are other ones: installing them");
    await within(directory, ["npm", "ci", "--include=dev", "--no-audit", "--no-fund"]);
  }
  say(`building ${describe(commit)}`);
  await within(directory, [process.execPath, "src/dev/build.js"]);
  return releaseAt(describe(commit), directory);
}

function releaseAt(name: string, root: string): Release {
  const dist = path.join(root, "dist");
  const oncepay = (databaseUrl: string, ...args: string[]): Promise<string> =>
    within(root, [process.execPath, path.join(dist, "src/cli/oncepay.js"), ...args], {
      DATABASE_URL: databaseUrl,
    });
  // What is loaded is another build than the one that this file is compiled with.
  const load = createRequire(path.join(dist, "src/sdk/client.js"));
  return {
    name,
    dist,
    migrate: (databaseUrl) => oncepay(databaseUrl, "migrate"),
    createMerchant: async (databaseUrl) =>
      JSON.parse(
        await oncepay(databaseUrl, "merchants", "create", "--name", "A shop", "--json"),
      ) as CreatedMerchant,
    createClient: (options) =>
      (load("./client.js") as { createClient: typeof createClient }).createClient(options),
  };
}

/** Runs it with no more of our environment than programs need to be found; what it wrote is in the error. */
async function within(
  directory: string,
  [program = "", ...args]: readonly string[],
  settings: Readonly<Record<string, string>> = {},
): Promise<string> {
  const names = [
    "PATH",
    "HOME",
    "npm_config_registry",
    "npm_config_userconfig",
    "npm_config_cache",
  ];
  const kept = names.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  });
  const { stdout } = await asking(program, args, {
    cwd: directory,
    env: { ...Object.fromEntries(kept), ...settings },
    maxBuffer: OUTPUT_BYTES_MAX,
  });
  return stdout;
}

/** Why there is nothing here that an earlier release could be built from; undefined where there is. */
export function releaseIsMissing(from: string | undefined): string | undefined {
  if (!existsSync(path.join(ROOT, ".git"))) return "this is no git checkout: no release to build";
  const ref = from ?? previousRelease();
  const isShallow = git("rev-parse", "--is-shallow-repository") === "true";
  const why = isShallow ? " (this clone is shallow: git fetch --unshallow --tags)" : "";
  if (ref === undefined) return `the history here has no earlier release${why}`;
  return commitOf(ref) === undefined ? `there is no commit ${ref} here${why}` : undefined;
}

/**
 * The newest released tag before this commit. While nothing is released: the last commit that lacks the newest migration,
 * because without one there would be nothing to migrate.
 */
export function previousRelease(): string | undefined {
  const tag = git("describe", "--tags", "--abbrev=0", "--match", "v[0-9]*", "HEAD^");
  if (tag !== undefined) return tag;
  const added = ["-s", "-m", "--first-parent", "--diff-filter=A", "--", "migrations/2*.ts"];
  const newest = git("log", "-1", "--format=%H", ...added);
  return newest === undefined || newest === "" ? undefined : commitOf(`${newest}^`);
}

function commitOf(ref: string): string | undefined {
  return git("rev-parse", "--verify", "--quiet", "--end-of-options", `${ref}^{commit}`);
}

function describe(commit: string): string {
  return git("log", "-1", "--format=%h of %cs", commit) ?? commit;
}

/** Undefined where git says no, or is not there. */
function git(...args: string[]): string | undefined {
  const { status, stdout } = spawnSync("git", args, { cwd: ROOT, encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}
