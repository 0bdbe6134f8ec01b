import type { Server } from "node:http";
import { subscriberOf } from "../limits/address";

export interface ConnectionCaps {
  readonly max: number;
  readonly perAddressMax: number;
}

/**
 * Connections beyond the caps are closed before a byte of them is read: a refusal in words would cost more than it
 * tells.
 */
export function capConnections(server: Server, { max, perAddressMax }: ConnectionCaps): void {
  server.maxConnections = max;
  const open = new Map<string, number>();
  server.prependListener("connection", (socket) => {
    const address = subscriberOf(socket.remoteAddress ?? "");
    const count = (open.get(address) ?? 0) + 1;
    if (count > perAddressMax) {
      socket.destroy();
      return;
    }
    open.set(address, count);
    socket.once("close", () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left > 0) open.set(address, left);
      else open.delete(address);
    });
  });
}
