import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { chown, rm } from "node:fs/promises";
import path from "node:path";
import { asAccount } from "../../src/dev/postgres/account";
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from "../../src/dev/postgres/embedded-postgres";
import { createRunDirectory } from "../setup/test-run";
import { onServer } from "./standby";
import { waitFor } from "./wait-for";

/** A server that archives its WAL, backed up and restored as docs/operations.md says; its address stays the same. */
export interface ArchivedPostgres {
  readonly url: string;
  readonly directory: string;
  /** With pg_basebackup, while it works, and looked through with pg_verifybackup. */
  backUp(): Promise<void>;
  /** The server's clock. */
  now(): Promise<string>;
  /** Everything up to now is in the archive. */
  archived(): Promise<void>;
  /** The server dies, and its files with it. What is in the archive and the backup is left. */
  lose(): Promise<void>;
  /** The state at a moment, in a new server at the same address; returns after how many milliseconds it takes writes. */
  restoreTo(moment: string): Promise<number>;
  remove(): Promise<void>;
}

const NEEDED = ["initdb", "postgres", "pg_basebackup", "pg_verifybackup"];
const DEBIAN = "/usr/lib/postgresql";
const VERSION_MIN = 15;

/** Where a server is whose release has its programs for backups; the embedded one comes without them. */
function backupPrograms(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).map(Number) : [];
  return versions
    .filter((version) => version >= VERSION_MIN)
    .sort((a, b) => b - a)
    .map((version) => path.join(DEBIAN, String(version)))
    .find((native) => NEEDED.every((program) => existsSync(path.join(native, "bin", program))));
}

/** Why there is none here; undefined where it is installed. CI must have it. */
export function backupIsMissing(): string | undefined {
  if (backupPrograms() !== undefined) return undefined;
  const how = `no PostgreSQL ${String(VERSION_MIN)} or newer with pg_basebackup is in ${DEBIAN} (Debian's package is called postgresql)`;
  if (process.env["CI"]) throw new Error(`CI needs it: ${how}.`);
  return how;
}

export async function startArchivedPostgres(
  settings: Record<string, string> = {},
): Promise<ArchivedPostgres> {
  const native = backupPrograms();
  if (native === undefined) throw new Error(backupIsMissing());
  const directory = createRunDirectory();
  const at = (name: string): string => path.join(directory, name);
  const start = (name: string, port?: number): Promise<EmbeddedPostgres> =>
    startEmbeddedPostgres({
      dataDir: at(name),
      durable: true,
      native,
      ...(port !== undefined && { port }),
      settings: {
        archive_mode: "on",
        archive_command: `test ! -f ${at("archive")}/%f && cp %p ${at("archive")}/%f`,
        ...settings,
      },
    });
  // Before the server, whose account has to write there.
  for (const name of ["archive", "backup"]) mkdirSync(at(name), { mode: 0o700 });
  let server = await start("primary");
  const { uid, gid } = statSync(server.dataDir);
  for (const name of ["archive", "backup"]) await chown(at(name), uid, gid);
  const { url, port } = server;
  const program = (name: string, ...words: string[]): void => {
    const options = { ...asAccount({ uid, gid, name: "postgres" }), encoding: "utf8" as const };
    const ran = spawnSync(path.join(native, "bin", name), words, options);
    if (ran.status !== 0) throw new Error(`${name} failed: ${ran.stderr}`);
  };
  let restores = 0;
  return {
    url,
    directory,
    backUp: () => {
      program("pg_basebackup", "-d", url, "-D", at("backup"), "-X", "stream", "-c", "fast");
      program("pg_verifybackup", at("backup"));
      return Promise.resolve();
    },
    now: async () => {
      const [row] = await onServer(url, "select clock_timestamp()::text as at");
      return (row as { at: string }).at;
    },
    archived: async () => {
      const [row] = await onServer(url, "select pg_walfile_name(pg_switch_wal()) as file");
      const { file } = row as { file: string };
      await waitFor("the archive has it", () => Promise.resolve(existsSync(at(`archive/${file}`))));
    },
    lose: async () => {
      process.kill(server.pid, "SIGKILL");
      await waitFor("the server is gone", () => Promise.resolve(!server.isAlive()));
      await rm(server.dataDir, { recursive: true, force: true });
    },
    restoreTo: async (moment) => {
      const startedAt = Date.now();
      restores += 1;
      const name = `restored-${String(restores)}`;
      for (const [from, to] of [
        ["backup", name],
        ["primary.password", `${name}.password`],
      ] as const) {
        const { status } = spawnSync("cp", ["-a", at(from), at(to)]);
        if (status !== 0) throw new Error(`${from} could not be copied`);
      }
      const lines = [
        `restore_command = 'cp ${at("archive")}/%f %p'`,
        `recovery_target_time = '${moment}'`,
        `recovery_target_action = 'promote'`,
      ];
      appendFileSync(path.join(at(name), "postgresql.auto.conf"), `${lines.join("\n")}\n`);
      writeFileSync(path.join(at(name), "recovery.signal"), "");
      await chown(path.join(at(name), "recovery.signal"), uid, gid);
      server = await start(name, port);
      await waitFor("it takes writes", async () => {
        const [row] = await onServer(url, "select pg_is_in_recovery() as waits");
        return !(row as { waits: boolean }).waits;
      });
      return Date.now() - startedAt;
    },
    remove: async () => {
      await server.remove();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
