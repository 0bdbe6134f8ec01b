import { spawnSync } from "node:child_process";
import { appendFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import { Client } from "pg";
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from "../../src/dev/postgres/embedded-postgres";
import { createRunDirectory } from "../setup/test-run";
import { waitFor } from "./wait-for";

/** A primary and a streaming standby of it: two servers of our own. */
export interface Replicated {
  readonly primary: EmbeddedPostgres;
  readonly standby: EmbeddedPostgres;
  /** Names both, the standby first, as whoever wrote it down long ago may have. */
  readonly url: string;
  /** The primary dies without a word. */
  killPrimary(): void;
  /** The standby has everything up to now. */
  caughtUp(): Promise<void>;
  /** From now on the standby hears nothing: what the primary commits is lost with it. */
  cutOff(): Promise<void>;
  /** The standby's machine hangs: it is connected, and answers nothing until it is thawed. */
  freeze(): Promise<void>;
  thaw(): void;
  promote(): Promise<void>;
  remove(): Promise<void>;
}

const STANDBY = "oncepay_standby";
const SMALL = { shared_buffers: "16MB", max_connections: "100" };

/** The standby begins as a copy of the stopped primary's files, so that no other program is needed. */
export async function startReplicated(options: {
  readonly synchronous: boolean;
}): Promise<Replicated> {
  const directory = createRunDirectory();
  const at = (name: string): string => path.join(directory, name);
  const primary = await startEmbeddedPostgres({
    dataDir: at("primary"),
    durable: true,
    settings: SMALL,
  });
  await primary.stop();
  for (const suffix of ["", ".password"]) {
    const { status } = spawnSync("cp", ["-a", at(`primary${suffix}`), at(`standby${suffix}`)]);
    if (status !== 0) throw new Error("the primary's files could not be copied");
  }
  await primary.restart();
  const signal = path.join(at("standby"), "standby.signal");
  spawnSync("cp", ["-a", path.join(at("standby"), "PG_VERSION"), signal]);
  // In a file, and not on its command line, so that it can be changed while the server runs.
  appendFileSync(path.join(at("standby"), "postgresql.auto.conf"), conninfo(primary.url));
  const standby = await startEmbeddedPostgres({
    dataDir: at("standby"),
    durable: true,
    settings: SMALL,
  });
  await waitFor("the standby streams", async () => {
    const rows = await onServer(primary.url, "select state from pg_stat_replication");
    return rows.some((row) => (row as { state: string }).state === "streaming");
  });
  if (options.synchronous) await setOn(primary.url, "synchronous_standby_names", STANDBY);
  const url = new URL(primary.url);
  const hosts = [standby, primary].map((server) => new URL(server.url).host).join(",");
  const frozen: number[] = [];
  return {
    primary,
    standby,
    url: primary.url.replace(url.host, hosts),
    killPrimary: () => {
      process.kill(primary.pid, "SIGKILL");
    },
    caughtUp: async () => {
      const [row] = await onServer(primary.url, "select pg_current_wal_insert_lsn()::text as lsn");
      const { lsn } = row as { lsn: string };
      await waitFor("the standby has caught up", async () => {
        const [at] = await onServer(
          standby.url,
          `select pg_last_wal_replay_lsn() >= '${lsn}' as there`,
        );
        return (at as { there: boolean }).there;
      });
    },
    cutOff: async () => {
      await setOn(standby.url, "primary_conninfo", "");
      await waitFor("nothing is received", async () => {
        return (await onServer(standby.url, "select from pg_stat_wal_receiver")).length === 0;
      });
    },
    freeze: async () => {
      const rows = await onServer(
        standby.url,
        "select pid from pg_stat_activity where pid <> pg_backend_pid()",
      );
      frozen.push(standby.pid, ...rows.map((row) => (row as { pid: number }).pid));
      for (const pid of frozen) process.kill(pid, "SIGSTOP");
    },
    thaw: () => {
      for (const pid of frozen.splice(0)) process.kill(pid, "SIGCONT");
    },
    promote: async () => {
      await onServer(standby.url, "select pg_promote()");
    },
    remove: async () => {
      await Promise.all([primary.remove(), standby.remove()]);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function conninfo(url: string): string {
  const { username, password, hostname, port } = new URL(url);
  const words = `host=${hostname} port=${port} user=${username} password=${password}`;
  return `primary_conninfo = '${words} application_name=${STANDBY}'\n`;
}

/** Changes a setting of a running server, and waits until it is in force. */
export async function setOn(url: string, name: string, value: string): Promise<void> {
  await onServer(url, `alter system set ${name} = '${value}'`);
  await onServer(url, "select pg_reload_conf()");
  await waitFor(`${name} is in force`, async () => {
    const [row] = await onServer(url, `select current_setting('${name}') as value`);
    return (row as { value: string }).value === value;
  });
}

export async function onServer(url: string, statement: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    // Whoever sets a server up waits for no standby.
    await client.query("set synchronous_commit = local");
    return (await client.query(statement)).rows as unknown[];
  } finally {
    await client.end();
  }
}
