import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import { Pool } from "pg";
import { challengeOf } from "../../src/sdk/challenge";
import { verifyWebhook, WebhookVerificationError } from "../../src/sdk/verify-webhook";
import { applyOnce, createTables, readEffects } from "./effects";

/**
 * What a partner runs: it hears about payments by webhook and does something in its own database. A
 * webhook may come twice, late, or out of order, and this process may die at any moment; each event has its
 * effect once all the same, because the event's id and the effect are one commit.
 */

const BODY_BYTES_MAX = 1_000_000;

const counts = { received: 0, duplicates: 0, refused: 0, failed: 0 };

async function receive(
  pool: Pool,
  secret: string,
  request: IncomingMessage,
): Promise<[number, unknown]> {
  counts.received += 1;
  const body = await readBody(request);
  const event = await verifyWebhook({ secret, headers: request.headers, body });
  // It is asked once whether webhooks are wanted here.
  const challenge = challengeOf(event);
  if (challenge !== undefined) return [200, { challenge }];
  // Answered after the commit and not before: what is acknowledged will not be sent again.
  if (!(await applyOnce(pool, event))) counts.duplicates += 1;
  return [200, {}];
}

function refusalOf(error: unknown): [number, unknown] {
  if (error instanceof WebhookVerificationError) {
    counts.refused += 1;
    return [401, {}];
  }
  counts.failed += 1;
  return [500, {}];
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) throw new Error("The body is too large.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function route(
  pool: Pool,
  secret: string,
  request: IncomingMessage,
): Promise<[number, unknown]> {
  switch (`${request.method ?? ""} ${request.url ?? ""}`) {
    case "POST /webhooks":
      return receive(pool, secret, request).catch(refusalOf);
    case "GET /effects":
      return [200, { ...counts, ...(await readEffects(pool)) }];
    default:
      request.resume();
      return [404, { error: "POST /webhooks or GET /effects" }];
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set.`);
  return value;
}

async function main(): Promise<void> {
  const secret = setting("CONSUMER_WEBHOOK_SECRET");
  const pool = new Pool({ connectionString: setting("CONSUMER_DATABASE_URL"), max: 5 });
  // A connection that breaks while idle would otherwise end the process.
  pool.on("error", () => undefined);
  await createTables(pool);
  const server = createServer((request, response) => {
    route(pool, secret, request).then(
      ([status, body]) => send(response, status, body),
      (error: unknown) => send(response, 500, { error: (error as Error).message }),
    );
  });
  const port = Number(process.env["PORT"] ?? 4030);
  server.listen(port, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${port}`));
  const stop = (): void => {
    server.close(() => void pool.end());
    server.closeIdleConnections();
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  // A demo or a test that was killed cannot stop us any more; the pipe it held then closes.
  if (process.env["ONCEPAY_EXIT_WITH_PARENT"] === "1") {
    process.stdin.once("close", () => process.exit(0)).resume();
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
