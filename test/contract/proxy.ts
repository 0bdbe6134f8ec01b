import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Between the adapter and Stripe, to lose what networks lose. It reads nothing but what is asked for, and by which key. */
export interface Proxy {
  readonly url: string;
  /** For the next request that may move money. */
  readonly faults: ("lose_answer" | "lose_request" | "fail_answer")[];
  close(): Promise<void>;
}

const MOVES = /\/(confirm|capture)$|\/v1\/refunds$/;
const NOT_FORWARDED = new Set(["host", "connection", "content-length", "transfer-encoding"]);

export async function startProxy(upstream: string): Promise<Proxy> {
  const faults: Proxy["faults"] = [];
  // A failure is the answer for ever, as it is at Stripe.
  const failed = new Set<string>();
  const server = createServer((request, response) => {
    void forward(request, response).catch(() => request.socket.destroy());
  });

  async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = "GET", url = "/" } = request;
    const key = request.headers["idempotency-key"]?.toString() ?? "";
    const fault = method === "POST" && MOVES.test(url) ? faults.shift() : undefined;
    if (fault === "lose_request") return void request.socket.destroy();
    if (failed.has(key)) return fail(response);
    const headers = Object.entries(request.headers)
      .filter(([name]) => !NOT_FORWARDED.has(name))
      .map(([name, value]): [string, string] => [name, [value].flat().join(", ")]);
    const body = method === "GET" ? null : Buffer.concat(chunks);
    const answer = await fetch(new URL(url, upstream), { method, headers, body });
    const text = await answer.text();
    if (fault === "lose_answer") return void request.socket.destroy();
    if (fault === "fail_answer") {
      failed.add(key);
      return fail(response);
    }
    response.writeHead(answer.status, { "content-type": "application/json" }).end(text);
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    faults,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function fail(response: ServerResponse): void {
  const error = { type: "api_error", message: "Made up between here and Stripe." };
  response.writeHead(500, { "content-type": "application/json" }).end(JSON.stringify({ error }));
}
