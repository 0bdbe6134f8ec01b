import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  unlink,
  writeFile,
} from "node:fs/promises";
import path from "node:path";
import { asAccount, canEnter, unprivilegedAccount, type Account } from "./account";
import { assertPrivateDirectory, reachableTemporaryDirectory } from "./binaries";
import { isRunning } from "../process-identity";
import { isPostmasterOf, stopPostmaster } from "./postmaster";

export interface DataPlace {
  /** The real directory, links resolved: what the postmaster's command line names. */
  dataDir: string;
  account: Account | undefined;
  /** Created by us in a shared place because the account cannot reach the wanted directory. */
  holder?: string;
}

/** Decides where the data lives and who runs the server. A directory out of reach becomes a symlink. */
export async function placeDataDir(
  wanted: string,
  log: (line: string) => void,
): Promise<DataPlace> {
  const parent = path.dirname(wanted);
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const elsewhere = await followLink(wanted, log);
  if (elsewhere) return elsewhere;

  const inPlace = path.join(await realpath(parent), path.basename(wanted));
  const owner = await stat(inPlace).catch(() => undefined);
  if (process.getuid?.() === 0 && owner !== undefined && owner.uid !== 0) {
    // An earlier run made it as this user, and Postgres insists on owning its directory.
    const account = { uid: owner.uid, gid: owner.gid, name: `with id ${owner.uid}` };
    return { dataDir: inPlace, account };
  }
  const account = unprivilegedAccount();
  if (canEnter(path.dirname(inPlace), account)) return { dataDir: inPlace, account };
  return relocate(inPlace, account, log);
}

async function followLink(
  wanted: string,
  log: (line: string) => void,
): Promise<DataPlace | undefined> {
  const target = await readlink(wanted).catch(() => undefined);
  if (target === undefined) return undefined;
  const holder = path.dirname(target);
  const isThere = await stat(holder).catch(() => undefined);
  if (isThere === undefined) {
    log(`the data that was kept in ${target} is gone; starting with an empty database`);
    await unlink(wanted);
    return undefined;
  }
  await assertPrivateDirectory(holder);
  await writeFile(path.join(holder, OWNER_FILE), wanted);
  const owner = await stat(target).catch(() => undefined);
  const isRoot = process.getuid?.() === 0;
  const account =
    isRoot && owner !== undefined
      ? { uid: owner.uid, gid: owner.gid, name: `with id ${owner.uid}` }
      : unprivilegedAccount();
  return { dataDir: target, account, holder };
}

/** Below the holder, so that anybody who looks at it knows whose it is; it follows a checkout that was moved. */
const OWNER_FILE = "belongs-to";

async function relocate(
  wanted: string,
  account: Account | undefined,
  log: (line: string) => void,
): Promise<DataPlace> {
  const shared = await reachableTemporaryDirectory(account);
  await removeLeftData(wanted, log);
  // Random at the end: a name that could be known beforehand could be taken by another user.
  const holder = await mkdtemp(path.join(shared, holderPrefix(wanted)));
  await chmod(holder, 0o711);
  await writeFile(path.join(holder, OWNER_FILE), wanted);
  const dataDir = path.join(holder, "data");
  await symlink(dataDir, wanted);
  log(
    `the user ${account?.name ?? "we are"} cannot enter ${path.dirname(wanted)}; the data lives in ${dataDir}`,
  );
  return { dataDir, account, holder };
}

function holderPrefix(wanted: string): string {
  return `oncepay-${createHash("sha256").update(wanted).digest("hex").slice(0, 12)}-`;
}

/**
 * Removes data that was placed elsewhere for a directory whose link to it is gone: whoever removed `.oncepay` has thrown
 * away the password, too, and wanted to start afresh.
 */
export async function removeLeftData(wanted: string, log: (line: string) => void): Promise<void> {
  const linked = await readlink(wanted).catch(() => undefined);
  const shared = await reachableTemporaryDirectory(unprivilegedAccount()).catch(() => undefined);
  if (shared === undefined) return;
  for (const name of await readdir(shared)) {
    const holder = path.join(shared, name);
    if (!name.startsWith(holderPrefix(wanted)) || linked === path.join(holder, "data")) continue;
    const owner = await readFile(path.join(holder, OWNER_FILE), "utf8").catch(() => undefined);
    const isPrivate = await assertPrivateDirectory(holder).then(
      () => true,
      () => false,
    );
    if (owner !== wanted || !isPrivate) continue;
    const pid = await postmasterOf(path.join(holder, "data"));
    if (isPostmasterOf(pid, path.join(holder, "data"))) {
      // It may be in use by a start whose directory was removed under it.
      log(`${holder} is not removed: its Postgres, process ${pid}, still runs`);
      continue;
    }
    await removeHolder(holder);
    log(`removed ${holder}: the data of an earlier ${path.dirname(wanted)}, which is gone`);
  }
}

async function removeHolder(holder: string): Promise<void> {
  const dataDir = path.join(holder, "data");
  await stopServerOf(dataDir);
  await rm(holder, { recursive: true, force: true });
}

async function stopServerOf(dataDir: string): Promise<void> {
  // Signals nothing but a Postgres of exactly this directory.
  await stopPostmaster(await postmasterOf(dataDir), dataDir, "fast");
}

async function postmasterOf(dataDir: string): Promise<number> {
  const lock = await readFile(path.join(dataDir, "postmaster.pid"), "utf8").catch(() => "");
  return Number.parseInt(lock, 10);
}

/** Stops the server, should a killed start have left one, and removes the data, wherever it is. */
export async function removeData(wanted: string, log: (line: string) => void): Promise<void> {
  const target = await readlink(wanted).catch(() => undefined);
  if (target !== undefined) {
    const holder = path.dirname(target);
    if (path.basename(holder).startsWith("oncepay-")) {
      await removeHolder(holder);
      log(`removed ${holder}`);
    }
    await unlink(wanted);
  } else if (await isCluster(wanted)) {
    await stopServerOf(await realpath(wanted));
    await rm(wanted, { recursive: true, force: true });
    log(`removed ${wanted}`);
  }
  await removeLeftData(wanted, log);
}

/**
 * The superuser's password, kept in a file only we can read. It is written before the cluster exists, so
 * that a crash in between never leaves a cluster nobody can log in to.
 */
export async function clusterPassword(file: string, dataDir: string): Promise<string> {
  const kept = await readFile(file, "utf8").catch(() => undefined);
  if (kept) return kept.trim();
  if (await isCluster(dataDir)) {
    throw new Error(
      `${file}, which holds the password of the database in ${dataDir}, is missing. ` +
        "Put it back, or remove that directory to start with an empty database.",
    );
  }
  const password = randomBytes(24).toString("base64url");
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, `${password}\n`, { mode: 0o600 });
  await rename(draft, file);
  return password;
}

export interface NewCluster {
  place: DataPlace;
  native: string;
  password: string;
}

/** Runs initdb unless there is a cluster. Made aside and renamed: a killed initdb leaves half a cluster. */
export async function ensureCluster(cluster: NewCluster): Promise<void> {
  const { dataDir, account } = cluster.place;
  await removeAbandonedDrafts(dataDir);
  if (await isCluster(dataDir)) return;

  const draft = `${dataDir}.initdb-${process.pid}`;
  const passwordFile = `${draft}.password`;
  try {
    await mkdir(draft, { mode: 0o700 });
    await writeFile(passwordFile, `${cluster.password}\n`, { mode: 0o600 });
    if (account) {
      await chown(draft, account.uid, account.gid);
      await chown(passwordFile, account.uid, account.gid);
    }
    await runInitdb(cluster, draft, passwordFile);
    await rename(draft, dataDir);
  } finally {
    await rm(passwordFile, { force: true });
    await rm(draft, { recursive: true, force: true });
  }
}

async function runInitdb(cluster: NewCluster, draft: string, passwordFile: string): Promise<void> {
  const program = path.join(cluster.native, "bin", "initdb");
  const flags = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--data-checksums"];
  const child = spawn(
    program,
    ["-D", draft, "-U", "postgres", `--pwfile=${passwordFile}`, ...flags],
    { ...asAccount(cluster.place.account), stdio: ["ignore", "pipe", "pipe"] },
  );
  let output = "";
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) throw new Error(`initdb failed (exit code ${code}):\n${output.trim()}`);
}

/** Drafts are named after the process that makes them, so those of a dead process are rubbish. */
async function removeAbandonedDrafts(dataDir: string): Promise<void> {
  const prefix = `${path.basename(dataDir)}.initdb-`;
  const parent = path.dirname(dataDir);
  for (const name of await readdir(parent)) {
    if (!name.startsWith(prefix)) continue;
    const pid = Number.parseInt(name.slice(prefix.length), 10);
    if (isRunning(pid) && pid !== process.pid) continue;
    await rm(path.join(parent, name), { recursive: true, force: true });
  }
}

async function isCluster(dataDir: string): Promise<boolean> {
  return stat(path.join(dataDir, "PG_VERSION")).then(
    () => true,
    () => false,
  );
}
