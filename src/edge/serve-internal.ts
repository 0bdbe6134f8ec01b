import { createServer } from "node:http";
import { registry } from "../observability/metrics";
import type { Readiness } from "../observability/ready";
import { type ListenOptions, httpUrl, listenHttp } from "../process/listen";
import { SECURITY_HEADERS } from "./security-headers";

export interface InternalServer {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** What a process answers about itself. */
export interface Internals {
  readonly instance: string;
  readonly readiness: () => Promise<Readiness>;
}

/** Metrics, and probes that say what is missing: for those who run it, on a port that strangers do not reach. */
export async function serveInternal(
  { instance, readiness }: Internals,
  options: ListenOptions,
): Promise<InternalServer> {
  const answer = async (path: string): Promise<[number, object | string]> => {
    switch (path) {
      case "/health/live":
        return [200, { status: "live", instance }];
      case "/health/ready": {
        const ready = await readiness();
        return [ready.status === "ready" ? 200 : 503, { ...ready, instance }];
      }
      case "/metrics":
        return [200, await registry.metrics()];
      default:
        return [404, "not found\n"];
    }
  };
  const server = createServer((request, response) => {
    answer(request.url ?? "/")
      .catch((): [number, string] => [500, "failed\n"])
      .then(([status, body]) => {
        const isText = typeof body === "string";
        const type = isText ? registry.contentType : "application/json";
        response.writeHead(status, { ...SECURITY_HEADERS, "content-type": type });
        response.end(isText ? body : JSON.stringify(body));
      })
      .catch(() => undefined);
  });
  const port = await listenHttp(server, options);
  return {
    url: httpUrl(options.host, port),
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
