import { spawnSync } from "node:child_process";

/** Whom Postgres runs as. Undefined means: as ourselves. */
export interface Account {
  uid: number;
  gid: number;
  name: string;
}

/** Postgres refuses to run as root, so root lends it the account of `postgres`, or else `nobody`. */
export function unprivilegedAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ["postgres", "nobody"]) {
    const uid = idOf("-u", name);
    const gid = idOf("-g", name);
    if (uid !== undefined && gid !== undefined) return { uid, gid, name };
  }
  throw new Error(
    "Postgres cannot run as root, and there is neither a user `postgres` nor a user `nobody`. " +
      "Set DATABASE_URL to a Postgres of your own.",
  );
}

/** Asks the system instead of adding up mode bits: access lists and mounts count too. */
export function canEnter(directory: string, account: Account | undefined): boolean {
  const run = spawnSync("/bin/sh", ["-c", 'cd -- "$1"', "sh", directory], asAccount(account));
  return run.status === 0;
}

/**
 * Spawn options for the account, and for a place every account can be in: a working directory it may
 * not enter would make Postgres fail. `LC_ALL=C` also keeps the messages in the language we look for.
 */
export function asAccount(account: Account | undefined): {
  cwd: string;
  env: NodeJS.ProcessEnv;
  uid?: number;
  gid?: number;
} {
  const env = { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };
  if (account === undefined) return { cwd: "/", env };
  return { cwd: "/", env, uid: account.uid, gid: account.gid };
}

function idOf(flag: "-u" | "-g", name: string): number | undefined {
  const run = spawnSync("id", [flag, name], { encoding: "utf8" });
  const id = Number.parseInt(run.stdout ?? "", 10);
  return run.status === 0 && Number.isSafeInteger(id) ? id : undefined;
}
