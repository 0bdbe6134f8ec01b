import { type IncomingHttpHeaders, createServer, request as send } from "node:http";
import type { AddressInfo } from "node:net";

export interface ForwardedRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

export interface Forwarder {
  readonly url: string;
  readonly forwarded: ForwardedRequest[];
  /** Where to; before it is said, nobody is there. */
  to(url: string): void;
  close(): Promise<void>;
}

/** Stands before somebody else's server and notes what it is sent. */
export async function startForwarder(): Promise<Forwarder> {
  const forwarded: ForwardedRequest[] = [];
  let target: string | undefined;
  const server = createServer((request, response) => {
    const { method, headers, url: path = "/" } = request;
    if (target === undefined) return void request.socket.destroy();
    forwarded.push({ path, headers });
    const onward = send(`${target}${path}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    forwarded,
    to: (url) => {
      target = url;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
