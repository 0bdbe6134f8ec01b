import { randomInt } from "node:crypto";
import { freePort } from "../../src/dev/free-port";

/**
 * A port for a process that will listen some seconds from now, and again when it is started again. It is below those that
 * kernels give to connections: on a busy machine some connection has one of those by then.
 */
export function listeningPort(): Promise<number> {
  return freePort(randomInt(10_000, 32_000));
}
