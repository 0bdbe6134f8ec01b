import { createServer, type RequestListener, type Server } from "node:http";
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server as TcpServer,
  type Socket,
} from "node:net";
import type { Agent } from "undici";
import { postWebhook, type PostResult } from "../../src/webhooks/post-webhook";
import { createGuardedAgent } from "../../src/webhooks/url-guard";
import { PATIENCE_MS } from "../support/patience";
import { waitFor } from "../support/wait-for";

const servers: (Server | TcpServer)[] = [];
const sockets: Socket[] = [];
const rejections: unknown[] = [];
const onRejection = (reason: unknown): void => {
  rejections.push(reason);
};
let agent: Agent;

beforeAll(() => {
  process.on("unhandledRejection", onRejection);
});

beforeEach(() => {
  agent = createGuardedAgent({
    allowLoopback: true,
    connectTimeoutMs: PATIENCE_MS,
    connections: 2,
  });
});

afterEach(async () => {
  await agent.destroy();
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) {
    await new Promise((resolve) => server.close(resolve));
  }
});

afterAll(() => {
  process.off("unhandledRejection", onRejection);
  expect(rejections).toEqual([]);
});

async function listen(server: Server | TcpServer): Promise<string> {
  servers.push(server);
  server.on("connection", (socket: Socket) => {
    // That the other side closes the connection is what these tests are about.
    sockets.push(socket.on("error", () => {}));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
}

const receiver = (listener: RequestListener): Promise<string> => listen(createServer(listener));

function post(url: string, timeoutMs = PATIENCE_MS): Promise<PostResult> {
  const headers = { "webhook-id": "evt_1" };
  return postWebhook(agent, { url, headers, body: '{"a":1}', timeoutMs });
}

const anyDuration = expect.any(Number) as number;

test("delivers the very bytes with the headers of a webhook", async () => {
  const seen: unknown[] = [];
  const url = await receiver((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const { host: _host, connection: _connection, ...headers } = request.headers;
      seen.push({ method: request.method, path: request.url, headers, body });
      response.writeHead(204).end();
    });
  });
  expect(await post(url)).toEqual({
    kind: "delivered",
    statusCode: 204,
    durationMs: anyDuration,
  });
  expect(seen).toEqual([
    {
      method: "POST",
      path: "/hook",
      headers: {
        "webhook-id": "evt_1",
        "content-type": "application/json",
        "user-agent": "oncepay-webhooks/1",
        "content-length": "7",
      },
      body: '{"a":1}',
    },
  ]);
});

test("uses a connection again", async () => {
  const url = await receiver((_request, response) => response.end("ok"));
  let connections = 0;
  servers[0]?.on("connection", () => (connections += 1));
  for (let count = 0; count < 20; count += 1) {
    expect(await post(url)).toMatchObject({ kind: "delivered", responseBody: "ok" });
  }
  expect(connections).toBeLessThanOrEqual(2);
});

test("does not follow a redirect", async () => {
  let reached = 0;
  const inside = await receiver((_request, response) => {
    reached += 1;
    response.end();
  });
  const url = await receiver((_request, response) => {
    response.writeHead(302, { location: inside }).end();
  });
  expect(await post(url)).toEqual({
    kind: "refused",
    statusCode: 302,
    error: "answered 302; redirects are not followed",
    errorClass: "REDIRECT",
    durationMs: anyDuration,
  });
  expect(reached).toBe(0);
});

test("hears 410 as: no more", async () => {
  const url = await receiver((_request, response) => response.writeHead(410).end("bye"));
  expect(await post(url)).toMatchObject({
    kind: "gone",
    errorClass: "GONE",
    statusCode: 410,
    responseBody: "bye",
  });
});

test.each([
  ["429", 429, "120", 120_000],
  ["503", 503, "0", 0],
  ["500", 500, "7", 7_000],
])("hears how long to wait on %s", async (_what, statusCode, value, retryAfterMs) => {
  const url = await receiver((_request, response) => {
    response.writeHead(statusCode, { "retry-after": value }).end();
  });
  expect(await post(url)).toMatchObject({ kind: "refused", statusCode, retryAfterMs });
});

test("understands Retry-After as a date, and one that is past as now", async () => {
  let value = new Date(Date.now() + 3_600_000).toUTCString();
  const url = await receiver((_request, response) => {
    response.writeHead(429, { "retry-after": value }).end();
  });
  const { retryAfterMs = 0 } = await post(url);
  expect(retryAfterMs).toBeGreaterThan(3_600_000 - PATIENCE_MS);
  expect(retryAfterMs).toBeLessThanOrEqual(3_600_000);
  value = "Wed, 21 Oct 2015 07:28:00 GMT";
  expect(await post(url)).toMatchObject({ retryAfterMs: 0 });
});

test.each(["soon", "-5", "1e9", "99999999999", "Mon, nonsense", ""])(
  "takes no Retry-After from %j",
  async (value) => {
    const url = await receiver((_request, response) => {
      response.writeHead(429, { "retry-after": value }).end();
    });
    expect(await post(url)).toEqual({
      kind: "refused",
      statusCode: 429,
      error: "answered 429",
      errorClass: "CLIENT_ERROR",
      durationMs: anyDuration,
    });
  },
);

test("gives up on a receiver that says nothing", async () => {
  const url = await receiver(() => {});
  const result = await post(url, 300);
  expect(result).toMatchObject({ kind: "unreachable", error: "no answer within 0.3 seconds" });
});

test("gives up on headers that come one byte at a time", async () => {
  const url = await listen(
    createTcpServer((socket) => {
      socket.write("HTTP/1.1 200 OK\r\nx-slow: ");
      const drip = setInterval(() => socket.write("a"), 50);
      socket.on("close", () => {
        clearInterval(drip);
      });
    }),
  );
  const result = await post(url, 500);
  expect(result).toMatchObject({ kind: "unreachable", error: "no answer within 0.5 seconds" });
});

test("is not held by a body that comes one byte at a time; the status counts", async () => {
  const url = await receiver((_request, response) => {
    response.writeHead(200).write("a");
    const drip = setInterval(() => response.write("a"), 200);
    response.on("close", () => {
      clearInterval(drip);
    });
  });
  // Without patience of its own it would be held until long after the test's end.
  const result = await post(url, 600_000);
  expect(result).toMatchObject({ kind: "delivered", statusCode: 200 });
  expect(result.responseBody).toMatch(/^a+$/);
});

test("ends with the whole timeout when that comes before its patience with a body", async () => {
  const url = await receiver((_request, response) => response.writeHead(500).write("oh"));
  const clocks = jest.spyOn(globalThis, "setTimeout");
  const result = await post(url, 1_900);
  const waits = clocks.mock.calls.map(([, ms]) => ms ?? 0);
  clocks.mockRestore();
  expect(result).toMatchObject({ kind: "refused", statusCode: 500, responseBody: "oh" });
  expect(Math.max(...waits)).toBe(1_900);
});

test("reads only the beginning of a body without end", async () => {
  let closed = false;
  const url = await receiver((_request, response) => {
    const megabyte = Buffer.alloc(1_000_000, "x");
    response.on("close", () => (closed = true));
    const go = (): void => {
      // No faster than it is read; a turn between two, so that others get theirs.
      if (!closed) response.write(megabyte, () => setImmediate(go));
    };
    go();
  });
  const result = await post(url);
  expect(result).toMatchObject({ kind: "delivered", responseBody: "x".repeat(2_048) });
  await waitFor("the connection to be closed", () => closed);
});

test("keeps text that can be stored: no control characters, no card number, 2 kB at most", async () => {
  const bodies = [
    Buffer.from("line\n\ttab\u0000\u001b[31m\u0085 4242 4242 4242 4242\r\n"),
    Buffer.alloc(3_000, 0xff),
    Buffer.from("é".repeat(2_000)),
    Buffer.from(`${"x".repeat(2_030)} 4242424242424242 and more`),
    // 24 digits are no card number, but what is kept of them is one.
    Buffer.from(`${"x".repeat(2_031)} 424242424242424242424242`),
    Buffer.from(`you sent whsec_${"QUJD".repeat(10)}`),
    Buffer.from("\u0000\u0000"),
  ];
  const url = await receiver((_request, response) => response.end(bodies.shift()));
  const texts: (string | undefined)[] = [];
  while (bodies.length > 0) texts.push((await post(url)).responseBody);
  expect(texts).toEqual([
    "line\n\ttab[31m [card number]",
    "\ufffd".repeat(682),
    "é".repeat(1_024),
    `${"x".repeat(2_030)} [card number] and`,
    `${"x".repeat(2_031)} [card number]`,
    "you sent [secret]",
    undefined,
  ]);
});

test("reports a connection that is reset", async () => {
  const url = await listen(createTcpServer((socket) => socket.resetAndDestroy()));
  expect(await post(url)).toEqual({
    kind: "unreachable",
    error: "connection closed before an answer",
    errorClass: "CONNECTION",
    durationMs: anyDuration,
  });
});

test("counts the status when the body breaks off", async () => {
  const url = await receiver((_request, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("half", () => response.socket?.destroy());
  });
  expect(await post(url)).toMatchObject({ kind: "delivered", responseBody: "half" });
});

test("reports a wrong port", async () => {
  const url = await receiver(() => {});
  await new Promise((resolve) => servers.pop()?.close(resolve));
  expect(await post(url)).toMatchObject({ kind: "unreachable", error: "connection refused" });
  const byName = url.replace("127.0.0.1", "localhost");
  expect(await post(byName)).toMatchObject({ kind: "unreachable", error: "connection refused" });
});

test("reports what is not HTTP, has huge headers, or speaks no TLS", async () => {
  const nonsense = await listen(createTcpServer((socket) => socket.end("SSH-2.0-OpenSSH\r\n")));
  expect(await post(nonsense)).toMatchObject({ error: "the answer is not valid HTTP" });
  const huge = await listen(
    createTcpServer((socket) => socket.end(`HTTP/1.1 200 OK\r\nx: ${"a".repeat(99_999)}\r\n\r\n`)),
  );
  expect(await post(huge)).toMatchObject({ error: "the answer's headers are too large" });
  const plain = await receiver((_request, response) => response.end());
  expect(await post(plain.replace("http:", "https:"))).toMatchObject({ error: "TLS failed" });
});

test("reports a forbidden target without saying what is there", async () => {
  expect(await post("https://169.254.169.254/latest/meta-data")).toEqual({
    kind: "unreachable",
    error: "the address is not on the public internet",
    errorClass: "BLOCKED",
    durationMs: anyDuration,
  });
});

test("never throws, whatever it is given", async () => {
  expect(await post("no url")).toMatchObject({ kind: "unreachable", error: "the request failed" });
  const headers = { "bad header\n": "x" };
  const input = { url: "http://127.0.0.1:1/", headers, body: "{}" };
  expect(await postWebhook(agent, input)).toMatchObject({ kind: "unreachable" });
  await agent.destroy();
  expect(await post("http://127.0.0.1:1/")).toMatchObject({ kind: "unreachable" });
});

test("is not held by other posts that wait for the same receiver", async () => {
  let requests = 0;
  const url = await receiver(() => (requests += 1));
  // They have the two connections there are, for much longer than this test lasts.
  const held = Promise.all([post(url, 600_000), post(url, 600_000)]);
  await waitFor("both", () => requests === 2);
  const results = await Promise.all(Array.from({ length: 4 }, () => post(url, 400)));
  for (const result of results) expect(result.error).toBe("no answer within 0.4 seconds");
  expect(requests).toBe(2);
  await agent.destroy();
  expect(await held).toMatchObject([{ kind: "unreachable" }, { kind: "unreachable" }]);
});
