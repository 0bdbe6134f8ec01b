import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { freePort } from "../../src/dev/free-port";
import { createRunDirectory } from "../setup/test-run";
import { waitFor } from "./wait-for";

/** A Redis Cluster of three primaries; without replicas, what a node holds is gone with it. */
export interface TestRedisCluster {
  readonly url: string;
  /**
   * The primary that holds a key is killed, loses everything but its place in the cluster, and comes back later. With its
   * replicas, nobody takes its place meanwhile.
   */
  wipeNodeOf(key: string, options?: { readonly withReplicas: boolean }): Promise<Wiped>;
  stop(): Promise<void>;
}

export interface Wiped {
  /** How many keys the primary held. */
  readonly keys: number;
  comeBack(): Promise<void>;
}

interface Node {
  readonly port: number;
  readonly busPort: number;
  readonly directory: string;
  process: ChildProcess;
}

export async function startRedisCluster(replicas: 0 | 1 = 0): Promise<TestRedisCluster> {
  const directory = createRunDirectory();
  const nodes: Node[] = [];
  for (let n = 0; n < 3 * (1 + replicas); n += 1) {
    const at = path.join(directory, `node-${String(n)}`);
    mkdirSync(at);
    const place = { port: await freePort(), busPort: await freePort(), directory: at };
    nodes.push({ ...place, process: launch(place) });
  }
  await waitFor("the nodes answer", () => nodes.every(({ port }) => cli(port, "ping") === "PONG"));
  const addresses = nodes.map(({ port }) => `127.0.0.1:${String(port)}`);
  const share = ["--cluster-replicas", String(replicas)];
  cli(0, "--cluster", "create", ...addresses, ...share, "--cluster-yes");
  await waitFor("the cluster is whole", () => nodes.every(isWhole));
  return {
    url: `redis+cluster://${addresses.slice(0, 2).join(",")}`,
    wipeNodeOf: async (key, { withReplicas } = { withReplicas: false }) => {
      const there = nodes.filter(({ port }) => cli(port, "ping") === "PONG");
      const slot = Number(cli(there[0]?.port ?? 0, "cluster", "keyslot", key));
      const primary = there.find(({ port }) => holds(port, slot));
      if (!primary) throw new Error(`no node holds slot ${String(slot)}`);
      const id = cli(primary.port, "cluster", "myid");
      const others = there.filter(({ port }) => withReplicas && isReplicaOf(port, id));
      const keys = Number(cli(primary.port, "dbsize"));
      for (const node of [primary, ...others]) {
        await kill(node);
        for (const file of readdirSync(node.directory)) {
          if (file !== CLUSTER_FILE) rmSync(path.join(node.directory, file), { recursive: true });
        }
      }
      return {
        keys,
        comeBack: async () => {
          for (const node of [primary, ...others]) node.process = launch(node);
          await waitFor("the cluster is whole again", () => nodes.every(isWhole));
        },
      };
    },
    stop: async () => {
      await Promise.all(nodes.map(kill));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

const CLUSTER_FILE = "nodes.conf";

// The shell kills the server when its standard input closes, and so also when this process is killed.
const TIED_TO_US = '"$@" & server=$!; read -r _; kill -9 "$server"; wait "$server"';

function launch({ port, busPort, directory }: Omit<Node, "process">): ChildProcess {
  const settings = {
    ...{ port, bind: "127.0.0.1", dir: directory, save: "", appendonly: "no" },
    ...{ "cluster-enabled": "yes", "cluster-config-file": CLUSTER_FILE, "cluster-port": busPort },
    ...{ "cluster-node-timeout": 2_000, "cluster-require-full-coverage": "no" },
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const words = ["-c", TIED_TO_US, "sh", "redis-server", ...flags];
  const shell = spawn("sh", words, { stdio: ["pipe", "ignore", "ignore"] });
  shell.stdin?.on("error", () => undefined);
  return shell;
}

async function kill({ process }: Node): Promise<void> {
  const exited = once(process, "exit");
  process.stdin?.end();
  await exited;
}

function cli(port: number, ...words: readonly string[]): string {
  const at = port === 0 ? [] : ["-h", "127.0.0.1", "-p", String(port)];
  return spawnSync("redis-cli", [...at, ...words], { encoding: "utf8" }).stdout.trim();
}

const isWhole = ({ port }: Node): boolean =>
  cli(port, "cluster", "info").includes("cluster_slots_ok:16384");

/** Whether the node itself says so. */
function holds(port: number, slot: number): boolean {
  return ownWords(port)
    .slice(8)
    .some((range) => {
      const [from = NaN, to = from] = range.split("-").map(Number);
      return slot >= from && slot <= to;
    });
}

const isReplicaOf = (port: number, id: string): boolean => ownWords(port)[3] === id;

/** What a node says of itself. */
function ownWords(port: number): string[] {
  const lines = cli(port, "cluster", "nodes").split("\n");
  return lines.find((line) => line.includes("myself"))?.split(" ") ?? [];
}
