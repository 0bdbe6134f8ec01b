import { type AddressInfo, type Socket, createServer } from "node:net";
import { createStripeProcessor } from "../../src/processors/stripe/stripe-processor";
import type { ProcessorRequest } from "../../src/processors/processor";
import { PATIENCE_MS } from "../support/patience";
import { NEVER_SENT } from "./never-sent";

/** What the package's requests come to over connections that break: one request each, and nothing said that is not proven. */

const REFUND: ProcessorRequest = {
  ...NEVER_SENT,
  reference: "att_client",
  operation: "refund",
  amountMinor: 1_000,
  currency: "USD",
  targetProcessorRef: "pi_client",
};

/** A server that speaks raw bytes, so that a connection can break anywhere. */
async function listen(onRequest: (socket: Socket) => void) {
  let requests = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", (data) => {
      if (!data.includes("HTTP/1.1")) return;
      requests += 1;
      onRequest(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    apiBase: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    requests: () => requests,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function sendTo(apiBase: string, timeoutMs = PATIENCE_MS) {
  const credentials = { secretKey: "sk_test_client" };
  const processor = createStripeProcessor({
    credentials,
    webhookSecrets: [],
    timeoutMs,
    apiBase,
  });
  try {
    return await processor.send(REFUND);
  } finally {
    await processor.close();
  }
}

function answer(status: string, body: string): string {
  return `HTTP/1.1 ${status}\r\ncontent-length: ${String(body.length)}\r\n\r\n${body}`;
}

function error(code: string): string {
  return JSON.stringify({ error: { type: "invalid_request_error", code, message: "No." } });
}

test("a refused connection is unsent", async () => {
  const server = await listen(() => undefined);
  await server.close();
  expect(await sendTo(server.apiBase)).toMatchObject({
    kind: "unsent",
    reason: expect.stringContaining("ECONNREFUSED"),
  });
});

test("a name that does not exist is unsent", async () => {
  expect(await sendTo("http://stripe.invalid", 1_000)).toMatchObject({ kind: "unsent" });
});

const REFUND_BODY = JSON.stringify({ object: "refund", status: "succeeded" });

test.each<[string, (socket: Socket) => void]>([
  ["resets the connection", (socket) => socket.resetAndDestroy()],
  ["closes it without an answer", (socket) => socket.destroy()],
  ["stops in the middle", (socket) => socket.end(answer("200 OK", REFUND_BODY).slice(0, -5))],
  ["shows an error page", (socket) => socket.end(answer("503 Oh", "<html>Oh</html>"))],
  ["shows a page of a proxy", (socket) => socket.end(answer("404 No", "<html>No</html>"))],
  ["asks to be asked again", (socket) => socket.end(again())],
  ["has the key in use", (socket) => socket.end(answer("409 In", error("idempotency_key_in_use")))],
  ["has a lock", (socket) => socket.end(answer("429 Too", error("lock_timeout")))],
  ["answers 500", (socket) => socket.end(answer("500 Oh", error("")))],
  ["answers no refund", (socket) => socket.end(answer("200 OK", "{}"))],
  ["never answers", () => undefined],
  ["answers a byte at a time", trickle],
])("Stripe that %s leaves the outcome unknown, and is asked once", async (what, onRequest) => {
  const server = await listen(onRequest);
  const isSlow = what.startsWith("never") || what.includes("byte");
  const outcome = await sendTo(server.apiBase, isSlow ? 2_000 : PATIENCE_MS);
  expect(outcome).toMatchObject({ kind: "unknown" });
  expect(server.requests()).toBe(1);
  await server.close();
});

/** Never silent for long: the deadline is for the whole of it. */
function trickle(socket: Socket): void {
  socket.write("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n");
  const drip = setInterval(() => {
    if (socket.destroyed) clearInterval(drip);
    else socket.write(" ");
  }, 100);
  socket.on("close", () => {
    clearInterval(drip);
  });
}

function again(): string {
  const body = error("");
  return `HTTP/1.1 503 Oh\r\nstripe-should-retry: true\r\ncontent-length: ${String(body.length)}\r\n\r\n${body}`;
}

test("an answer that is none proves nothing, whatever was asked", async () => {
  const server = await listen((socket) => socket.end(answer("200 OK", "{}")));
  const credentials = { secretKey: "sk_test_client" };
  const { apiBase } = server;
  const options = { credentials, webhookSecrets: [], timeoutMs: PATIENCE_MS, apiBase };
  const processor = createStripeProcessor(options);
  for (const operation of ["charge", "authorize", "capture", "refund", "void"] as const) {
    const request = { ...REFUND, operation, processorRef: "pi_1", paymentMethod: "pm_card_visa" };
    const outcomes = [
      await processor.lookUp(request),
      await processor.reverse(request),
      // Before a void there is a look, which sends nothing.
      ...(operation === "void" ? [] : [await processor.send(request)]),
    ];
    for (const { kind } of outcomes) expect(kind).toBe("unknown");
  }
  await processor.close();
  await server.close();
});

test.each([
  ["401 No", "api_key_expired"],
  ["403 No", "account_invalid"],
  ["429 Too", "rate_limit"],
])("what Stripe turns away with %s was not carried out", async (status, code) => {
  const server = await listen((socket) => socket.end(answer(status, error(code))));
  expect(await sendTo(server.apiBase)).toMatchObject({ kind: "unsent" });
  expect(server.requests()).toBe(1);
  await server.close();
});
