import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setPriority } from "node:os";
import path from "node:path";
import { Worker, isMainThread, parentPort } from "node:worker_threads";

/*
 * Endpoints that note when each webhook came, in a thread with nothing else to do: one that is busy takes what was sent
 * apart all at once, and sees more in a second than came.
 */

export interface Heard {
  /** The ids of the webhooks that came, and when, in milliseconds. */
  readonly ids: string[];
  readonly times: number[];
}

export interface Receiver {
  urlOf(name: string): string;
  heard(name: string): Promise<Heard>;
  /** How many came, by name. */
  counts(): Promise<Readonly<Record<string, number>>>;
  close(): Promise<unknown>;
}

const REGISTER = path.resolve(__dirname, "../register.js");

export async function openReceiver(): Promise<Receiver> {
  const thread = new Worker(__filename, { execArgv: ["-r", REGISTER] });
  const port = await answerOf<number>(thread);
  return {
    urlOf: (name) => `http://127.0.0.1:${String(port)}/${name}`,
    heard: (name) => {
      thread.postMessage(name);
      return answerOf(thread);
    },
    counts: () => {
      thread.postMessage(COUNTS);
      return answerOf(thread);
    },
    close: () => thread.terminate(),
  };
}

const COUNTS = "";

/** One is asked at a time. */
function answerOf<Answer>(thread: Worker): Promise<Answer> {
  return new Promise((resolve, reject) => {
    thread.once("message", resolve);
    thread.once("error", reject);
  });
}

function receive(): void {
  const heard = new Map<string, Heard>();
  const of = (name: string): Heard => {
    const known = heard.get(name) ?? { ids: [], times: [] };
    heard.set(name, known);
    return known;
  };
  const server = createServer((request, response) => {
    const { ids, times } = of(request.url?.slice(1) ?? "");
    ids.push(String(request.headers["webhook-id"]));
    times.push(performance.now());
    request.resume();
    request.on("end", () => response.writeHead(204).end());
  });
  server.listen(0, "127.0.0.1", () => {
    parentPort?.postMessage((server.address() as AddressInfo).port);
  });
  const counts = (): object =>
    Object.fromEntries([...heard].map(([name, { ids }]) => [name, ids.length]));
  parentPort?.on("message", (name: string) => {
    parentPort?.postMessage(name === COUNTS ? counts() : of(name));
  });
}

if (!isMainThread) {
  try {
    setPriority(-10);
  } catch {
    // Not everybody may; then what comes apart may be seen together on a busy machine.
  }
  receive();
}
