import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, type Socket, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { waitUntil } from "../../../src/dev/wait-until";
import { answersOk } from "../child";

/** What stands between callers and the APIs: one address, behind it whichever of them are ready. */
export interface Balancer {
  /** What it is, for the report. */
  readonly kind: string;
  /** Whether callers are led to this one now. */
  leadsTo(url: string): Promise<boolean>;
  stop(): Promise<void>;
}

export interface BalancerOptions {
  readonly port: number;
  /** All that will ever be behind it; those that are not there yet are down. */
  readonly apis: readonly string[];
  readonly directory: string;
}

const HOST = "127.0.0.1";
const SHIPPED = path.resolve(__dirname, "../../../deploy/compose/haproxy.cfg");
const START_MS = 60_000;

export function hasHaproxy(): boolean {
  return spawnSync("haproxy", ["-v"]).status === 0;
}

/** HAProxy with the configuration that we ship, but for the addresses. */
export async function startHaproxy(options: BalancerOptions): Promise<Balancer> {
  const { apis, directory, port } = options;
  // Beside the logs, which are read as files.
  const own = mkdtempSync(path.join(tmpdir(), "oncepay-haproxy-"));
  const socket = path.join(own, "socket");
  const file = path.join(directory, "haproxy.cfg");
  writeFileSync(file, shippedWith({ apis, port, socket }));
  const log = openSync(path.join(directory, "haproxy.log"), "a");
  const child = spawn("haproxy", ["-db", "-f", file], { stdio: ["ignore", log, log] });
  closeSync(log);
  const killed = (): void => {
    child.kill("SIGKILL");
    rmSync(own, { recursive: true, force: true });
  };
  process.once("exit", killed);
  const stats = (): Promise<string> => ask(socket, "show stat\n").catch(() => "");
  const started = await waitUntil(
    async () => child.exitCode !== null || (await stats()).includes("apis"),
    { timeoutMs: START_MS },
  );
  if (!started || child.exitCode !== null) throw new Error(`HAProxy did not start; see ${file}`);
  return {
    kind: "HAProxy, as deploy/compose configures it",
    leadsTo: async (url) => {
      const line = (await stats())
        .split("\n")
        .find((one) => one.startsWith(`apis,${nameOf(url)},`));
      return line?.split(",")[STATUS_COLUMN]?.startsWith("UP") === true;
    },
    stop: async () => {
      await end(child);
      process.removeListener("exit", killed);
      killed();
    },
  };
}

const STATUS_COLUMN = 17;

function nameOf(url: string): string {
  return `api-${new URL(url).port}`;
}

function shippedWith(given: { apis: readonly string[]; port: number; socket: string }): string {
  const servers = given.apis.map((url) => `  server ${nameOf(url)} ${new URL(url).host}`);
  const [head = "", tail = ""] = readFileSync(SHIPPED, "utf8")
    // Names that Docker gives out; here there are addresses.
    .replace(/\n(# .*\n)*resolvers [\s\S]*$/, "\n")
    .replace(/ init-addr \S+ resolvers \S+/, "")
    // As many as a shell of anybody's may open.
    .replace(/maxconn \d+/, "maxconn 400")
    .replace(/bind \S+/, `bind ${HOST}:${String(given.port)}`)
    .replace(/^global$/m, `global\n  stats socket ${given.socket} mode 600 level admin`)
    .split(/^ {2}server .*\n(?: {2}server .*\n)*/m);
  return `${head}${servers.join("\n")}\n${tail}`;
}

async function ask(socketPath: string, question: string): Promise<string> {
  const socket = connect(socketPath);
  socket.end(question);
  let answer = "";
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  await exited;
}

const LOOK_MS = 200;

/**
 * Where there is no HAProxy: connections go in turn to those whose last look at /health/ready was good. One that is refused
 * goes to the next; what has reached an API is the caller's to repeat.
 */
export async function startOwnBalancer(options: BalancerOptions): Promise<Balancer> {
  const ready = new Set<string>();
  const open = new Set<Socket>();
  let isStopped = false;
  const looking = options.apis.map(async (url) => {
    while (!isStopped) {
      if (await answersOk(`${url}/health/ready`)) ready.add(url);
      else ready.delete(url);
      await pause(LOOK_MS);
    }
  });
  let turn = 0;
  const server = createServer({ allowHalfOpen: true }, (client) => {
    turn += 1;
    const list = [...ready];
    lead(client, [...list.slice(turn % list.length), ...list.slice(0, turn % list.length)], open);
  });
  server.listen(options.port, HOST);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  if (port !== options.port) throw new Error(`${String(options.port)} was not to be had`);
  return {
    kind: "the attack's own balancer",
    leadsTo: (url) => Promise.resolve(ready.has(url)),
    stop: async () => {
      isStopped = true;
      for (const socket of open) socket.destroy();
      await Promise.all([...looking, new Promise((resolve) => server.close(resolve))]);
    },
  };
}

function lead(client: Socket, [url, ...others]: readonly string[], open: Set<Socket>): void {
  client.on("error", () => client.destroy());
  if (url === undefined) return void client.destroy();
  const { hostname, port } = new URL(url);
  const api = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  const refused = (): void => {
    lead(client, others, open);
  };
  api.once("error", refused);
  api.once("connect", () => {
    api.removeListener("error", refused);
    if (client.destroyed) return void api.destroy();
    for (const [one, other] of [
      [client, api],
      [api, client],
    ] as const) {
      open.add(one);
      one.on("error", () => other.destroy());
      one.once("close", () => {
        open.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
}
