import { type KeyObject, createHmac, createSecretKey } from "node:crypto";
import { type AddressInfo, type Socket, createServer } from "node:net";
import { createMessageReader } from "./http-messages";

/** A webhook receiver: checks the signature of every delivery, takes its time, and answers 204. */
export interface Receiver {
  readonly port: number;
  /** Different deliveries with a good signature. */
  accepted(): number;
  duplicates(): number;
  close(): void;
}

export interface ReceiverOptions {
  readonly secret: string;
  readonly delayMs: number;
  /** How many deliveries it works on at a time, like a server with so many threads; others wait. */
  readonly atOnce?: number;
  readonly onDelivery?: (body: Buffer) => void;
}

const NO_CONTENT = "HTTP/1.1 204 No Content\r\n\r\n";
const UNAUTHORIZED = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n";

export async function startReceiver(options: ReceiverOptions): Promise<Receiver> {
  const key = createSecretKey(Buffer.from(options.secret.replace(/^whsec_/, ""), "base64"));
  const seen = new Set<string>();
  let duplicates = 0;
  const answer = (socket: Socket, head: string, body: Buffer): void => {
    if (!isSigned(key, head, body)) return void socket.write(UNAUTHORIZED);
    const id = headerOf(head, "webhook-id");
    if (seen.has(id)) duplicates += 1;
    seen.add(id);
    options.onDelivery?.(body);
    socket.write(NO_CONTENT);
  };
  const slowly = createSlowness(options.delayMs, options.atOnce ?? Infinity);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    socket.on(
      "data",
      createMessageReader((head, body) => {
        if (options.delayMs === 0) answer(socket, head, body);
        else slowly(() => answer(socket, head, body));
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    accepted: () => seen.size,
    duplicates: () => duplicates,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Does things a while later, a limited number of them at a time. */
function createSlowness(delayMs: number, atOnce: number): (work: () => void) => void {
  const waiting: (() => void)[] = [];
  let busy = 0;
  const begin = (work: () => void): void => {
    busy += 1;
    setTimeout(() => {
      busy -= 1;
      work();
      const next = waiting.shift();
      if (next) begin(next);
    }, delayMs);
  };
  return (work) => {
    if (busy < atOnce) begin(work);
    else waiting.push(work);
  };
}

const HEADERS = new Map<string, RegExp>(
  ["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) => [
    name,
    new RegExp(`\r\n${name}: *([^\r]*)`, "i"),
  ]),
);

function headerOf(head: string, name: string): string {
  return HEADERS.get(name)?.exec(head)?.[1] ?? "";
}

function isSigned(key: KeyObject, head: string, body: Buffer): boolean {
  const signed = `${headerOf(head, "webhook-id")}.${headerOf(head, "webhook-timestamp")}.`;
  const digest = createHmac("sha256", key).update(signed).update(body).digest("base64");
  return headerOf(head, "webhook-signature").split(" ").includes(`v1,${digest}`);
}
