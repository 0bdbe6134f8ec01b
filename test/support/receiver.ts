import { type IncomingHttpHeaders, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";

export interface ReceivedWebhook {
  readonly id: string;
  readonly timestamp: string;
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
}

export interface TestReceiver {
  readonly url: string;
  readonly received: ReceivedWebhook[];
  /** What the next requests are answered with, one after the other; then 204 again. */
  answerWith(...answers: readonly Answer[]): void;
  /** Verifies one as merchants do, with each of the official libraries; gives what it says. */
  verify(webhook: ReceivedWebhook, secret: string): { type: string; id: string; sequence: number };
  close(): Promise<void>;
}

export type Answer = number | { status: number; headers: Record<string, string> };

/** A merchant's endpoint, on this machine. */
export async function startReceiver(): Promise<TestReceiver> {
  const received: ReceivedWebhook[] = [];
  const answers: Answer[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      received.push({
        id: String(request.headers["webhook-id"]),
        timestamp: String(request.headers["webhook-timestamp"]),
        body: Buffer.concat(chunks).toString(),
        headers: request.headers,
      });
      reply(response, answers.shift() ?? 204);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}/hook`,
    received,
    answerWith: (...given) => {
      answers.push(...given);
    },
    verify: (webhook, secret) => {
      const headers = webhook.headers as Record<string, string>;
      new SvixWebhook(secret).verify(webhook.body, headers);
      return new Webhook(secret).verify(webhook.body, headers) as ReturnType<
        TestReceiver["verify"]
      >;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function reply(response: ServerResponse, answer: Answer): void {
  const { status, headers } = typeof answer === "number" ? { status: answer, headers: {} } : answer;
  response.writeHead(status, headers).end();
}
