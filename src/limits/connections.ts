import type { Server, Socket } from "node:net";
import { subscriberOf } from "./address";

// Each costs some kilobytes and a descriptor; a process has 65,536 of those where it is run as it should be.
const CONNECTIONS_MAX = 20_000;
const CONNECTIONS_PER_ADDRESS_MAX = 2_000;

/**
 * Bounds how many connections are open, all together and from one address; more are closed as soon as they are made.
 * Behind proxies the other end is the proxy, which counts for itself.
 */
export function limitConnections(
  server: Server,
  { trustProxy }: { readonly trustProxy: string | undefined },
): void {
  server.maxConnections = CONNECTIONS_MAX;
  if (trustProxy !== undefined) return;
  const open = new Map<string, number>();
  server.on("connection", (socket: Socket) => {
    const address = subscriberOf(socket.remoteAddress ?? "");
    const count = (open.get(address) ?? 0) + 1;
    open.set(address, count);
    socket.once("close", () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left > 0) open.set(address, left);
      else open.delete(address);
    });
    if (count > CONNECTIONS_PER_ADDRESS_MAX) socket.destroy();
  });
}
