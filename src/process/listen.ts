import type { AddressInfo } from "node:net";
import type { Server } from "node:http";
import { ConfigError } from "./settings";

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** The setting that the port came from: the one to change when the port cannot be bound. */
  readonly setting: string;
  /** Nobody chose this port, so another one will do. */
  readonly portFallback?: boolean;
}

const STEP = 100;
const TRIES_MAX = 10;

/**
 * Listens, and answers with the port that was bound. Looking for a free port first and binding it later would lose the
 * race against whoever looks at the same moment: so each port is tried by binding it.
 */
export async function listenOn(
  options: ListenOptions,
  listen: (port: number) => Promise<number>,
): Promise<number> {
  const { port, portFallback = false } = options;
  for (let tried = 0; ; tried += 1) {
    const isLast = tried === TRIES_MAX || port + tried * STEP > 65_535;
    try {
      // The last resort is any port that the system offers.
      return await listen(isLast ? 0 : port + tried * STEP);
    } catch (error) {
      const isTaken = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
      if (isTaken && portFallback && !isLast) continue;
      throw explain(error, options);
    }
  }
}

/** The same for a bare HTTP server. */
export function listenHttp(server: Server, options: ListenOptions): Promise<number> {
  return listenOn(
    options,
    (port) =>
      new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, options.host, () => {
          server.off("error", reject);
          resolve((server.address() as AddressInfo).port);
        });
      }),
  );
}

/** An address for clients on this machine; one that listens everywhere is reached at the loopback address, too. */
export function httpUrl(host: string, port: number): string {
  const reached = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `http://${reached.includes(":") ? `[${reached}]` : reached}:${String(port)}`;
}

function explain(error: unknown, { host, port, setting }: ListenOptions): unknown {
  switch ((error as NodeJS.ErrnoException).code ?? "") {
    case "EADDRINUSE":
      return new ConfigError(`${setting}: port ${String(port)} is in use by another process.`);
    case "EACCES":
      return new ConfigError(
        `${setting}: this user may not listen on port ${String(port)}; ports from 1024 on are free for everyone.`,
      );
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new ConfigError(`HOST: ${host} is not an address of this machine.`);
    default:
      return error;
  }
}
