import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createSandboxProcessor } from "../../src/processors/sandbox/sandbox-processor";
import type { ProcessorRequest } from "../../src/processors/processor";
import { PATIENCE_MS } from "../support/patience";
import { NEVER_SENT } from "./never-sent";

const REQUEST: ProcessorRequest = {
  ...NEVER_SENT,
  reference: "att_client",
  operation: "charge",
  amountMinor: 1_000,
  currency: "USD",
  paymentMethod: "pm_card_visa",
};
const APPROVAL = JSON.stringify({ status: "succeeded", charge_id: "ch_1", amount: 1_000, fee: 59 });
const OK = `HTTP/1.1 200 OK\r\ncontent-length: ${APPROVAL.length}\r\n\r\n${APPROVAL}`;

/** A server that speaks raw bytes, so that a connection can break anywhere. */
async function listen(onRequest: (socket: Socket, requests: number) => void) {
  let requests = 0;
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", () => {
      requests += 1;
      onRequest(socket, requests);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}`,
    requests: () => requests,
    /** Connections that are open stay open. */
    refuseConnections: () => {
      server.close();
    },
    acceptConnections: () =>
      new Promise<void>((resolve) => {
        server.listen(port, "127.0.0.1", resolve);
      }),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function sendTo(baseUrl: string, timeoutMs = PATIENCE_MS) {
  const processor = createSandboxProcessor({ baseUrl, timeoutMs });
  try {
    return await processor.send(REQUEST);
  } finally {
    await processor.close();
  }
}

test("a refused connection is unsent", async () => {
  const server = await listen(() => undefined);
  await server.close();
  expect(await sendTo(server.baseUrl)).toMatchObject({
    kind: "unsent",
    reason: expect.stringContaining("ECONNREFUSED"),
  });
});

test("a name that does not exist is unsent", async () => {
  expect(await sendTo("http://network.invalid", 1_000)).toMatchObject({ kind: "unsent" });
});

test("what still waits for a free connection when its time is up is unsent, and stays so", async () => {
  // The second is handed to the connection when the first has its answer, and keeps it from the third. Its time is up a
  // moment before the third's, which must not find another connection in between.
  const server = await listen((socket, requests) => {
    if (requests === 2) server.refuseConnections();
    else socket.write(OK);
  });
  const { baseUrl } = server;
  const processor = createSandboxProcessor({ baseUrl, timeoutMs: 2_000, connections: 1 });
  const [first, second, third] = await Promise.all([
    processor.send(REQUEST),
    processor.send(REQUEST),
    processor.send(REQUEST),
  ]);
  expect(first).toMatchObject({ kind: "approved" });
  expect(second).toMatchObject({ kind: "unknown" });
  expect(third).toMatchObject({ kind: "unsent" });
  await server.acceptConnections();
  expect(await processor.send(REQUEST)).toMatchObject({ kind: "approved" });
  await processor.close();
  expect(server.requests()).toBe(3);
  await server.close();
});

test.each<[string, (socket: Socket) => void]>([
  ["closes without an answer", (socket) => socket.destroy()],
  ["resets the connection", (socket) => socket.resetAndDestroy()],
  ["ends in the middle of an answer", (socket) => socket.end(OK.slice(0, -5))],
  ["answers what is not HTTP", (socket) => socket.end("what?\r\n\r\n")],
  [
    "answers what is not JSON",
    (socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"),
  ],
  ["answers 500", (socket) => socket.end("HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n")],
  [
    "answers 502 like a proxy",
    (socket) => socket.end("HTTP/1.1 502 Bad\r\ncontent-length: 0\r\n\r\n"),
  ],
  ["answers 429", (socket) => socket.end("HTTP/1.1 429 No\r\ncontent-length: 0\r\n\r\n")],
  [
    "answers 400 without saying why",
    (socket) => socket.end("HTTP/1.1 400 No\r\ncontent-length: 0\r\n\r\n"),
  ],
  ["sends without end", (socket) => socket.write(`HTTP/1.1 200 OK\r\n\r\n${"x".repeat(300_000)}`)],
  ["never answers", () => undefined],
])("a processor that %s leaves the outcome unknown, and is asked once", async (what, onRequest) => {
  const server = await listen(onRequest);
  const timeoutMs = what === "never answers" ? 2_000 : PATIENCE_MS;
  expect(await sendTo(server.baseUrl, timeoutMs)).toMatchObject({ kind: "unknown" });
  expect(server.requests()).toBe(1);
  await server.close();
});

test("a connection that breaks when it is used again is unknown, not unsent", async () => {
  const server = await listen((socket, requests) => {
    if (requests === 1) socket.write(OK);
    else socket.resetAndDestroy();
  });
  const processor = createSandboxProcessor({ baseUrl: server.baseUrl, timeoutMs: PATIENCE_MS });
  expect(await processor.send(REQUEST)).toMatchObject({ kind: "approved" });
  expect(await processor.send(REQUEST)).toMatchObject({ kind: "unknown" });
  expect(server.requests()).toBe(2);
  await processor.close();
  await server.close();
});

test("a 404 that is not the network's own proves nothing", async () => {
  const server = await listen((socket) => {
    socket.end("HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}");
  });
  const processor = createSandboxProcessor({ baseUrl: server.baseUrl, timeoutMs: PATIENCE_MS });
  expect(await processor.lookUp(REQUEST)).toMatchObject({ kind: "unknown" });
  expect(await processor.reverse(REQUEST)).toMatchObject({ kind: "unknown" });
  await processor.close();
  await server.close();
});
