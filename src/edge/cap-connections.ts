import type { Server } from "node:http";
import { subscriberOf } from "../limits/address";
import { createTally } from "../tally";

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
  const open = createTally();
  server.prependListener("connection", (socket) => {
    const address = subscriberOf(socket.remoteAddress ?? "");
    if (open.of(address) >= perAddressMax) {
      socket.destroy();
      return;
    }
    open.add(address, 1);
    socket.once("close", () => {
      open.add(address, -1);
    });
  });
}
