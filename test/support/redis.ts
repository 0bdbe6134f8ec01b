import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { freePort } from "../../src/dev/free-port";
import { waitUntil } from "../../src/dev/wait-until";
import { PATIENCE_MS } from "./patience";

export interface TestRedis {
  url: string;
  port: number;
  /** As if it had lost everything. */
  flush(): Promise<void>;
  /** SIGSTOP: it is there, takes connections, and answers nothing. */
  freeze(): void;
  thaw(): void;
  /** All that it holds, as a backup would. */
  save(): Promise<Buffer>;
  stop(): Promise<void>;
}

export interface TestRedisOptions {
  /** Where one was that was stopped. */
  readonly port?: number;
  /** What it is started with. */
  readonly dump?: Buffer;
}

const START_TRIES_MAX = 5;
const DUMP = "dump.rdb";

/** Why there is none here; undefined where it is installed. CI must have it. */
export function redisIsMissing(): string | undefined {
  if (spawnSync("redis-server", ["--version"]).status === 0) return undefined;
  if (process.env["CI"]) throw new Error("CI needs redis-server, and it is not on the PATH.");
  return "redis-server is not installed here";
}

/** A private Redis, or undefined where redis-server is not installed. */
export async function startRedis(options: TestRedisOptions = {}): Promise<TestRedis | undefined> {
  if (redisIsMissing() !== undefined) return undefined;
  for (let tries = 0; tries < START_TRIES_MAX; tries += 1) {
    const redis = await tryStart(options.port ?? (await freePort()), options.dump);
    if (redis) return redis;
  }
  throw new Error(`redis-server did not start in ${START_TRIES_MAX} tries.`);
}

// The shell ends the server when its standard input closes, and so also when this process is killed. One that is frozen
// hears of its end only when it is thawed.
const TIED_TO_US =
  'directory=$1; shift; "$@" & server=$!; echo "$server"; read -r _; kill "$server"; kill -CONT "$server"; wait "$server"; rm -rf "$directory"';

async function tryStart(port: number, dump?: Buffer): Promise<TestRedis | undefined> {
  const directory = await mkdtemp(path.join(tmpdir(), "oncepay-redis-"));
  const file = path.join(directory, DUMP);
  if (dump) await writeFile(file, dump);
  const flags = ["--port", String(port), "--bind", "127.0.0.1", "--dir", directory];
  const files = ["--save", "", "--appendonly", "no", "--dbfilename", DUMP, "--logfile", "log"];
  const shell = spawn(
    "sh",
    ["-c", TIED_TO_US, "sh", directory, "redis-server", ...flags, ...files],
    { stdio: ["pipe", "pipe", "ignore"] },
  );
  shell.stdin.on("error", () => undefined);
  const exited = once(shell, "exit");
  const [told] = (await once(shell.stdout, "data")) as [Buffer];
  const pid = Number(told.toString());
  const stop = async (): Promise<void> => {
    shell.stdin.end();
    await exited;
  };
  if (await waitUntil(() => answers(port), { timeoutMs: PATIENCE_MS })) {
    return {
      url: `redis://127.0.0.1:${port}`,
      port,
      flush: () => mustBeOk(port, "FLUSHALL"),
      freeze: () => void process.kill(pid, "SIGSTOP"),
      thaw: () => void process.kill(pid, "SIGCONT"),
      save: async () => {
        await mustBeOk(port, "SAVE");
        return readFile(file);
      },
      stop,
    };
  }
  await stop();
  return undefined;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" }, () => socket.write("PING\r\n"));
    socket.setTimeout(10_000, () => socket.destroy());
    socket.once("data", (reply) => {
      resolve(reply.toString().startsWith("+PONG"));
      socket.destroy();
    });
    socket.once("error", () => resolve(false));
    socket.once("close", () => resolve(false));
  });
}

function mustBeOk(port: number, command: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1" }, () => socket.write(`${command}\r\n`));
    socket.once("error", reject);
    socket.once("data", (reply) => {
      socket.destroy();
      if (reply.toString().startsWith("+OK")) resolve();
      else reject(new Error(reply.toString()));
    });
  });
}
