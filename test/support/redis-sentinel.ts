import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { freePort } from "../../src/dev/free-port";
import { createRunDirectory } from "../setup/test-run";
import { waitFor } from "./wait-for";

/** A primary with two replicas, and three sentinels that promote one of them when the primary is gone. */
export interface TestSentinels {
  readonly url: string;
  /** The primary is killed and loses everything; it comes back later, empty, as a replica. */
  wipePrimary(): Promise<{
    readonly keys: number;
    promoted(): Promise<void>;
    comeBack(): Promise<void>;
  }>;
  stop(): Promise<void>;
}

interface Server {
  readonly port: number;
  readonly directory: string;
  readonly words: readonly string[];
  process: ChildProcess;
}

const NAME = "oncepay";
// For tests: an operator takes longer, so that a moment of silence is no failover.
const DOWN_AFTER_MS = 1_500;

export async function startSentinels(): Promise<TestSentinels> {
  const directory = createRunDirectory();
  const servers: Server[] = [];
  const sentinels: Server[] = [];
  for (let n = 0; n < 3; n += 1) {
    const [first] = servers;
    const replicaOf = first ? ["--replicaof", `127.0.0.1 ${String(first.port)}`] : [];
    servers.push(await startServer(path.join(directory, `server-${String(n)}`), replicaOf));
  }
  await waitFor("the replicas follow", () => roleOf(servers[0]?.port ?? 0).replicas === 2);
  for (let n = 0; n < 3; n += 1) {
    const at = path.join(directory, `sentinel-${String(n)}`);
    mkdirSync(at);
    const file = path.join(at, "sentinel.conf");
    writeFileSync(file, sentinelConfig(servers[0]?.port ?? 0));
    sentinels.push(await startServer(at, [], file));
  }
  await waitFor("the sentinels know each other", () =>
    sentinels.every(({ port }) => {
      const said = cli(port, "sentinel", "master", NAME);
      return /num-other-sentinels\n2/.test(said) && /num-slaves\n2/.test(said);
    }),
  );
  const primary = (): Server | undefined => {
    const [, port] = cli(
      sentinels[0]?.port ?? 0,
      "sentinel",
      "get-master-addr-by-name",
      NAME,
    ).split("\n");
    return servers.find((server) => server.port === Number(port));
  };
  const hosts = sentinels.map(({ port }) => `127.0.0.1:${String(port)}`).join(",");
  return {
    url: `redis+sentinel://${hosts}/${NAME}`,
    wipePrimary: async () => {
      const gone = primary();
      if (!gone) throw new Error("the sentinels know no primary");
      const keys = Number(cli(gone.port, "dbsize"));
      await kill(gone);
      return {
        keys,
        promoted: async () => {
          await waitFor("another primary", () => {
            const now = primary();
            return now !== undefined && now !== gone && roleOf(now.port).role === "master";
          });
        },
        comeBack: async () => {
          gone.process = launch(gone.words);
          await waitFor("it follows the new primary", () => roleOf(gone.port).isLinked);
        },
      };
    },
    stop: async () => {
      await Promise.all([...sentinels, ...servers].map(kill));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function sentinelConfig(primaryPort: number): string {
  return `sentinel monitor ${NAME} 127.0.0.1 ${String(primaryPort)} 2
sentinel down-after-milliseconds ${NAME} ${String(DOWN_AFTER_MS)}
sentinel failover-timeout ${NAME} 10000
sentinel parallel-syncs ${NAME} 1
`;
}

/** A sentinel is the same program with a file that it writes to. */
async function startServer(
  directory: string,
  more: readonly string[],
  sentinelFile?: string,
): Promise<Server> {
  mkdirSync(directory, { recursive: true });
  const port = await freePort();
  const place = ["--port", String(port), "--bind", "127.0.0.1", "--dir", directory];
  const words =
    sentinelFile === undefined
      ? ["redis-server", ...place, "--save", "", "--appendonly", "no", ...more]
      : ["redis-server", sentinelFile, "--sentinel", ...place];
  const server = { port, directory, words, process: launch(words) };
  await waitFor("the server answers", () => cli(port, "ping") === "PONG");
  return server;
}

// The shell kills the server when its standard input closes, and so also when this process is killed.
const TIED_TO_US = '"$@" & server=$!; read -r _; kill -9 "$server"; wait "$server"';

function launch(words: readonly string[]): ChildProcess {
  const shell = spawn("sh", ["-c", TIED_TO_US, "sh", ...words], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  shell.stdin.on("error", () => undefined);
  return shell;
}

async function kill({ process }: Server): Promise<void> {
  if (process.exitCode !== null) return;
  const exited = once(process, "exit");
  process.stdin?.end();
  await exited;
}

function roleOf(port: number): { role: string; replicas: number; isLinked: boolean } {
  const said = cli(port, "info", "replication");
  const value = (name: string): string => new RegExp(`^${name}:(\\S+)`, "m").exec(said)?.[1] ?? "";
  return {
    role: value("role"),
    replicas: Number(value("connected_slaves")),
    isLinked: value("role") === "slave" && value("master_link_status") === "up",
  };
}

function cli(port: number, ...words: readonly string[]): string {
  const at = ["-h", "127.0.0.1", "-p", String(port)];
  return spawnSync("redis-cli", [...at, ...words], { encoding: "utf8" }).stdout.trim();
}
