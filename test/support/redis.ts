import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { freePort } from "../../src/dev/free-port";
import { waitUntil } from "../../src/dev/wait-until";
import { PATIENCE_MS } from "./patience";

export interface TestRedis {
  url: string;
  /** As if it had lost everything. */
  flush(): Promise<void>;
  stop(): Promise<void>;
}

const START_TRIES_MAX = 5;

/** A private Redis, or undefined where redis-server is not installed. CI must have it. */
export async function startRedis(): Promise<TestRedis | undefined> {
  if (spawnSync("redis-server", ["--version"]).status !== 0) {
    if (process.env["CI"]) throw new Error("CI needs redis-server, and it is not on the PATH.");
    return undefined;
  }
  for (let tries = 0; tries < START_TRIES_MAX; tries += 1) {
    const redis = await tryStart(await freePort());
    if (redis) return redis;
  }
  throw new Error(`redis-server did not start in ${START_TRIES_MAX} tries.`);
}

// The shell ends the server when its standard input closes, and so also when this process is killed.
const TIED_TO_US =
  'directory=$1; shift; "$@" & server=$!; read -r _; kill "$server"; wait "$server"; rm -rf "$directory"';

async function tryStart(port: number): Promise<TestRedis | undefined> {
  const directory = await mkdtemp(path.join(tmpdir(), "oncepay-redis-"));
  const flags = ["--port", String(port), "--bind", "127.0.0.1", "--dir", directory];
  const noPersistence = ["--save", "", "--appendonly", "no"];
  const shell = spawn(
    "sh",
    ["-c", TIED_TO_US, "sh", directory, "redis-server", ...flags, ...noPersistence],
    {
      stdio: ["pipe", "ignore", "ignore"],
    },
  );
  shell.stdin.on("error", () => undefined);
  const exited = once(shell, "exit");
  const stop = async (): Promise<void> => {
    shell.stdin.end();
    await exited;
  };
  if (await waitUntil(() => answers(port), { timeoutMs: PATIENCE_MS })) {
    return { url: `redis://127.0.0.1:${port}`, flush: () => flush(port), stop };
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

function flush(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1" }, () => socket.write("FLUSHALL\r\n"));
    socket.once("error", reject);
    socket.once("data", (reply) => {
      socket.destroy();
      if (reply.toString().startsWith("+OK")) resolve();
      else reject(new Error(reply.toString()));
    });
  });
}
