import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";

const DEBIAN = "/usr/lib/postgresql";
const NEEDED = ["initdb", "postgres", "pg_ctl", "pg_basebackup", "pg_rewind"];
const VERSION_MIN = 15;
const HOW: Readonly<Record<string, readonly string[]>> = {
  patroni: ["patroni", "--version"],
  etcd: ["etcd", "--version"],
  haproxy: ["haproxy", "-v"],
};

/** Where Debian keeps a Postgres with all that Patroni calls; the embedded one has not got it. */
export function postgresPrograms(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).map(Number) : [];
  return versions
    .filter((version) => version >= VERSION_MIN)
    .sort((a, b) => b - a)
    .map((version) => path.join(DEBIAN, String(version), "bin"))
    .find((bin) => NEEDED.every((program) => existsSync(path.join(bin, program))));
}

/** Why Patroni cannot be run here; undefined where it can. */
export function patroniIsMissing(): string | undefined {
  const missing = Object.entries(HOW).flatMap(([name, [program = "", ...words]]) =>
    spawnSync(program, words).status === 0 ? [] : name,
  );
  if (postgresPrograms() === undefined) missing.push(`PostgreSQL ${String(VERSION_MIN)} or newer`);
  if (missing.length === 0) return undefined;
  return `not installed here: ${missing.join(", ")} (Debian's packages patroni, etcd-server, haproxy, postgresql)`;
}

/**
 * Within how many seconds a lost machine has to be made up for. Patroni takes no shorter time than 20 s to miss one from
 * 3.0.3 on, whatever deploy/patroni/patroni.yml says.
 */
export function promisedSeconds(): number {
  const said = spawnSync("patroni", ["--version"], { encoding: "utf8" }).stdout;
  const [major = 0, minor = 0, patch = 0] = said.match(/\d+/g)?.map(Number) ?? [];
  const isOld = major < 3 || (major === 3 && minor === 0 && patch <= 2);
  return isOld ? 10 : 30;
}
