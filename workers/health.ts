import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { App } from "../src/app";
import { registry } from "../src/observability/metrics";
import { isReady } from "../src/observability/ready";

/** The worker's probes and metrics, on a port of their own. */
export async function serveHealth(
  app: App,
  port: number,
): Promise<{ readonly url: string; drain(): void; close(): Promise<void> }> {
  let draining = false;
  const answer = async (path: string): Promise<[number, string]> => {
    switch (path) {
      case "/health/live":
        return [200, "live"];
      case "/health/ready":
        return !draining && (await isReady(app.db)) ? [200, "ready"] : [503, "not ready"];
      case "/metrics":
        return [200, await registry.metrics()];
      default:
        return [404, "not found"];
    }
  };
  const server = createServer((request, response) => {
    answer(request.url ?? "/")
      .catch((): [number, string] => [500, "failed"])
      .then(([status, text]) => {
        response
          .writeHead(status, { "content-type": "text/plain; version=0.0.4" })
          .end(`${text}\n`);
      })
      .catch(() => undefined);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, app.config.host, resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${app.config.host}:${String(bound)}`,
    drain: () => {
      draining = true;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
