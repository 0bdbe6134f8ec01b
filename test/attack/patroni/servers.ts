import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { chown, readFile, readlink, rm } from "node:fs/promises";
import path from "node:path";
import { unprivilegedAccount, asAccount } from "../../../src/dev/postgres/account";
import { waitUntil } from "../../../src/dev/wait-until";
import { listeningPort } from "../../support/listening-port";
import { onServer } from "../../support/standby";
import { waitFor } from "../../support/wait-for";
import { type TcpProxy, startTcpProxy } from "../tcp-proxy";
import { postgresPrograms } from "./programs";
import { type Tied, startTied } from "./tied";

/** Three machines with Postgres and Patroni, one etcd, and HAProxy before them, all with the files of deploy/patroni. */
export interface PatroniServers {
  readonly nodes: readonly PatroniNode[];
  readonly directory: string;
  /** HAProxy's address of whichever is the primary. */
  readonly url: string;
  /** The same database by the addresses of all three. */
  everywhere(url: string): string;
  primary(): Promise<PatroniNode>;
  /** A primary, from which all others stream, one of them synchronously where they are to. */
  whole(): Promise<void>;
  /** Changes what etcd holds for all of them. */
  configure(changes: object): Promise<void>;
  remove(): Promise<void>;
}

export interface PatroniNode {
  readonly name: string;
  readonly url: string;
  /** What its standbys hear of it, and what it hears of them. */
  readonly replication: TcpProxy;
  /** The machine is gone: Patroni, Postgres and all that it had started, at once. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

interface Place {
  readonly name: string;
  readonly directory: string;
  readonly port: number;
  readonly restPort: number;
  readonly url: string;
}

const HOST = "127.0.0.1";
const DEPLOY = path.resolve(__dirname, "../../../deploy/patroni");
const NAMES = ["a", "b", "c"];
// Limits of a hang, on a busy machine.
const WHOLE_MS = 180_000;

export async function startPatroniServers(directory: string): Promise<PatroniServers> {
  const bin = postgresPrograms();
  if (bin === undefined) throw new Error("there is no Postgres for Patroni");
  const account = unprivilegedAccount();
  const password = randomBytes(16).toString("hex");
  const running: Tied[] = [];
  const logOf = (name: string): string => path.join(directory, `${name}.log`);
  const [etcdPort, peerPort, haproxyPort] = await ports(3);
  const etcd = `http://${HOST}:${String(etcdPort)}`;
  const peer = `http://${HOST}:${String(peerPort)}`;
  mkdirSync(directory, { recursive: true });
  running.push(
    await startTied({
      words: [
        ...["etcd", "--data-dir", path.join(directory, "etcd"), "--log-level", "warn"],
        ...["--listen-client-urls", etcd, "--advertise-client-urls", etcd],
        ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer],
        ...["--initial-cluster", `default=${peer}`],
      ],
      logFile: logOf("etcd"),
    }),
  );
  const nodes: PatroniNode[] = [];
  const places: Place[] = [];
  for (const name of NAMES) {
    const [port = 0, restPort = 0] = await ports(2);
    const at = path.join(directory, `node-${name}`);
    mkdirSync(at, { mode: 0o700 });
    if (account) await chown(at, account.uid, account.gid);
    const url = `postgres://postgres:${password}@${HOST}:${String(port)}/postgres`;
    const place = { name, directory: at, port, restPort, url };
    places.push(place);
    const replication = await startTcpProxy({ host: HOST, port });
    const env = environment({ place, etcdPort, bin, password, replication });
    nodes.push(
      nodeOf(place, replication, async () => {
        const { cwd, ...options } = asAccount(account);
        const tied = await startTied({
          words: ["patroni", path.join(DEPLOY, "patroni.yml")],
          logFile: logOf(name),
          options: { ...options, cwd, env: { ...options.env, ...env } },
          after: `kill -QUIT "$(head -n 1 '${at}/postgres/postmaster.pid')"`,
        });
        running.push(tied);
        return tied;
      }),
    );
  }
  running.push(
    await startTied({
      words: ["haproxy", "-db", "-f", path.join(DEPLOY, "haproxy.cfg")],
      logFile: logOf("haproxy"),
      options: { env: { ...process.env, ...haproxyEnvironment(places, haproxyPort) } },
    }),
  );
  // One after the other, as machines are set up: the first one is the primary.
  for (const node of nodes) await node.start();
  const primary = (): Promise<PatroniNode> => primaryOf(nodes, places);
  const servers: PatroniServers = {
    nodes,
    directory,
    url: `postgres://postgres:${password}@${HOST}:${String(haproxyPort)}/postgres`,
    everywhere: (url) => {
      const hosts = places.map(({ port }) => `${HOST}:${String(port)}`).join(",");
      return `${url.replace(/@[^/]*/, `@${hosts}`)}?target_session_attrs=read-write`;
    },
    primary,
    whole: async () => {
      const isWhole = async (): Promise<boolean> => (await stateOf(await primary())).isWhole;
      await waitFor("the servers are whole", () => isWhole().catch(() => false), WHOLE_MS);
    },
    configure: (changes) => configure(places, changes),
    remove: async () => {
      for (const tied of running.splice(0)) await tied.end();
      for (const { replication } of nodes) await replication.close();
      for (const place of places) await rm(place.directory, { recursive: true, force: true });
    },
  };
  try {
    await servers.whole();
    return servers;
  } catch (error) {
    await servers.remove();
    throw error;
  }
}

function ports(count: number): Promise<number[]> {
  return Promise.all(Array.from({ length: count }, listeningPort));
}

function environment(of: {
  readonly place: Place;
  readonly etcdPort: number | undefined;
  readonly bin: string;
  readonly password: string;
  readonly replication: TcpProxy;
}): NodeJS.ProcessEnv {
  const { name, directory, port, restPort } = of.place;
  return {
    PATRONI_NAME: name,
    PATRONI_ETCD3_HOSTS: `'${HOST}:${String(of.etcdPort)}'`,
    PATRONI_RESTAPI_LISTEN: `${HOST}:${String(restPort)}`,
    PATRONI_RESTAPI_CONNECT_ADDRESS: `${HOST}:${String(restPort)}`,
    PATRONI_POSTGRESQL_LISTEN: `${HOST}:${String(port)}`,
    // Where its standbys find it: through a proxy, on which they can be made to hear nothing.
    PATRONI_POSTGRESQL_CONNECT_ADDRESS: `${HOST}:${String(of.replication.port)}`,
    PATRONI_POSTGRESQL_DATA_DIR: path.join(directory, "postgres"),
    PATRONI_POSTGRESQL_PGPASS: path.join(directory, "pgpass"),
    PATRONI_POSTGRESQL_BIN_DIR: of.bin,
    PATRONI_SUPERUSER_USERNAME: "postgres",
    PATRONI_SUPERUSER_PASSWORD: of.password,
    PATRONI_REPLICATION_USERNAME: "replicator",
    PATRONI_REPLICATION_PASSWORD: of.password,
  };
}

function haproxyEnvironment(
  places: readonly Place[],
  port: number | undefined,
): Record<string, string> {
  const servers = places.flatMap(({ name, port: at, restPort }) => [
    [`PG_${name.toUpperCase()}`, `${HOST}:${String(at)}`],
    [`PG_${name.toUpperCase()}_PATRONI`, String(restPort)],
  ]);
  return { ...Object.fromEntries(servers), PG_BIND: `${HOST}:${String(port)}` };
}

function nodeOf(place: Place, replication: TcpProxy, launch: () => Promise<Tied>): PatroniNode {
  let patroni: Tied | undefined;
  return {
    name: place.name,
    url: place.url,
    replication,
    kill: async () => {
      const postmaster = await postmasterOf(place);
      const backends = await childrenOf(postmaster);
      const all = [patroni?.pid, postmaster, ...backends];
      for (const pid of all) if (pid !== undefined && pid > 0) killNow(pid);
      await patroni?.kill();
    },
    start: async () => {
      patroni = await launch();
      await waitFor(
        `Patroni of ${place.name}`,
        async () => (await rest(place, "/health"))?.ok === true,
        WHOLE_MS,
      );
    },
  };
}

/** Only the Postgres of exactly this directory. */
async function postmasterOf({ directory }: Place): Promise<number> {
  const dataDir = path.join(directory, "postgres");
  const lock = await readFile(path.join(dataDir, "postmaster.pid"), "utf8").catch(() => "");
  const pid = Number.parseInt(lock, 10);
  const cwd = await readlink(`/proc/${String(pid)}/cwd`).catch(() => "");
  return cwd === dataDir ? pid : 0;
}

async function childrenOf(pid: number): Promise<number[]> {
  const file = `/proc/${String(pid)}/task/${String(pid)}/children`;
  const said = await readFile(file, "utf8").catch(() => "");
  return said.trim().split(" ").filter(Boolean).map(Number);
}

/** A backend may have ended just now. */
function killNow(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

async function rest(
  { restPort }: Place,
  where: string,
  init?: RequestInit,
): Promise<Response | undefined> {
  try {
    const signal = AbortSignal.timeout(5_000);
    const response = await fetch(`http://${HOST}:${String(restPort)}${where}`, { ...init, signal });
    await response.arrayBuffer();
    return response;
  } catch {
    return undefined;
  }
}

async function primaryOf(
  nodes: readonly PatroniNode[],
  places: readonly Place[],
): Promise<PatroniNode> {
  let found: PatroniNode | undefined;
  await waitUntil(
    async () => {
      const answers = await Promise.all(places.map((place) => rest(place, "/primary")));
      found = nodes[answers.findIndex((answer) => answer?.ok === true)];
      return found !== undefined;
    },
    { timeoutMs: WHOLE_MS },
  );
  if (!found) throw new Error("there is no primary");
  return found;
}

async function stateOf({ url }: PatroniNode): Promise<{ isWhole: boolean }> {
  const [row] = await onServer(
    url,
    `select count(*) filter (where state = 'streaming') = ${String(NAMES.length - 1)}
      and (current_setting('synchronous_standby_names') = '') = (count(*) filter (where sync_state = 'sync') = 0)
      as "isWhole" from pg_stat_replication`,
  );
  return row as { isWhole: boolean };
}

async function configure(places: readonly Place[], changes: object): Promise<void> {
  const init = { method: "PATCH", body: JSON.stringify(changes) };
  const answers = await Promise.all(places.map((place) => rest(place, "/config", init)));
  if (!answers.some((answer) => answer?.ok === true)) throw new Error("Patroni took no change");
}
