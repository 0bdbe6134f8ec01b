import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { gzipSync } from "node:zlib";
import { type TestApp, startTestApp } from "../support/app";
import { anEndpoint, makeEvents } from "../support/endpoints";
import { aMerchant } from "../support/factories";
import { startReceiver } from "../support/receiver";

/** What receivers do, for real: what becomes of a delivery, what is kept of the try, and that nothing else suffers. */

let t: TestApp;
const closing: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  t = await startTestApp({ ONCEPAY_WEBHOOK_SCHEDULE_MS: "600000,600000" });
});
afterAll(() => t.stop());
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

interface Listening {
  on(event: "connection" | "secureConnection", heard: (socket: Socket) => void): unknown;
  listen(port: number, host: string, listening: () => void): unknown;
  address(): AddressInfo | string | null;
  close(closed: () => void): unknown;
}

async function listen(server: Listening, scheme = "http"): Promise<string> {
  const sockets: Socket[] = [];
  // That the other side gives up is what these tests are about.
  server.on("connection", (socket) => sockets.push(socket.on("error", () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise<void>((resolve) => server.close(resolve));
  });
  return `${scheme}://127.0.0.1:${String((server.address() as AddressInfo).port)}/hook`;
}

type Behaviour = (response: ServerResponse, request: IncomingMessage) => void;
const http = (behave: Behaviour) => () =>
  listen(
    createServer((request, response) => {
      request.resume();
      request.on("end", () => {
        behave(response, request);
      });
    }),
  );
const tcp = (behave: (socket: Socket) => void) => () =>
  listen(
    createTcpServer((socket) => {
      socket.once("data", () => {
        behave(socket);
      });
    }),
  );

function status(code: number, headers: Record<string, string> = {}): () => Promise<string> {
  return http((response) => response.writeHead(code, headers).end("said"));
}

/** So much at a time, for as long as anybody listens. */
function trickle(socket: Socket, text: string, everyMs: number): void {
  const timer = setInterval(() => socket.write(text), everyMs);
  socket.on("close", () => {
    clearInterval(timer);
  });
}

const SECOND = 1_000;
/** A hundred megabytes in a hundred kilobytes, for whoever unpacks them. */
const BOMB = gzipSync(Buffer.alloc(100_000_000));
const RETRYING = { status: "RETRYING", tries: 1 };
const DELIVERED = { status: "SUCCEEDED", tries: 1, error: null };

type Row = readonly [
  what: string,
  begin: () => Promise<string>,
  delivery: object,
  attempt: object | undefined,
];

const ROWS: readonly Row[] = [
  ["200", status(200), { ...DELIVERED, status_code: 200, response_body: "said" }, undefined],
  ["204", status(204), { ...DELIVERED, status_code: 204, response_body: null }, undefined],
  [
    "301",
    status(301, { location: "https://elsewhere.example/" }),
    { ...RETRYING, error: "answered 301; redirects are not followed" },
    { status_code: 301, error_class: "REDIRECT" },
  ],
  [
    "400",
    status(400),
    RETRYING,
    { status_code: 400, error_class: "CLIENT_ERROR", response_body: "said" },
  ],
  ["404", status(404), RETRYING, { status_code: 404, error_class: "CLIENT_ERROR" }],
  ["410", status(410), { status: "DEAD", tries: 1 }, { status_code: 410, error_class: "GONE" }],
  ["429 with Retry-After", status(429, { "retry-after": "7200" }), RETRYING, { status_code: 429 }],
  ["500", status(500), RETRYING, { status_code: 500, error_class: "SERVER_ERROR" }],
  ["silence", http(() => undefined), RETRYING, { error_class: "TIMEOUT", status_code: null }],
  [
    "headers at one byte a second",
    tcp((socket) => {
      socket.write("HTTP/1.1 200 OK\r\nx-slow: ");
      trickle(socket, "a", SECOND);
    }),
    RETRYING,
    { error_class: "TIMEOUT", status_code: null },
  ],
  [
    "a body at one byte a second",
    tcp((socket) => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n");
      trickle(socket, "a", SECOND);
    }),
    { ...DELIVERED, status_code: 200 },
    undefined,
  ],
  [
    "a body of 10 MB",
    http((response) => response.writeHead(200).end(Buffer.alloc(10_000_000, "a"))),
    { ...DELIVERED, response_body: "a".repeat(2_048) },
    undefined,
  ],
  [
    "a failure with a body of 10 MB",
    http((response) => response.writeHead(500).end(Buffer.alloc(10_000_000, "b"))),
    RETRYING,
    { status_code: 500, response_body: "b".repeat(2_048) },
  ],
  [
    "a gzip bomb",
    http((response) => response.writeHead(200, { "content-encoding": "gzip" }).end(BOMB)),
    { ...DELIVERED, status_code: 200 },
    undefined,
  ],
  [
    "endless 1xx",
    tcp((socket) => {
      trickle(socket, "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n", 5);
    }),
    RETRYING,
    { error_class: "TIMEOUT", status_code: null },
  ],
  [
    "a reset",
    tcp((socket) => socket.resetAndDestroy()),
    { ...RETRYING, error: "connection closed before an answer" },
    { error_class: "CONNECTION" },
  ],
  [
    "nonsense",
    tcp((socket) => socket.end("SSH-2.0-OpenSSH\r\n")),
    RETRYING,
    { error_class: "PROTOCOL" },
  ],
  [
    "no TLS where there should be",
    async () => (await status(200)()).replace("http:", "https:"),
    RETRYING,
    { error_class: "TLS", error: "TLS failed" },
  ],
  [
    "a TLS handshake that fails",
    () => listen(createTlsServer({}), "https"),
    RETRYING,
    { error_class: "TLS", error: "TLS failed" },
  ],
  [
    "a name that does not resolve",
    () => Promise.resolve("https://no-such-receiver.invalid/hook"),
    { ...RETRYING, error: "the host name does not resolve" },
    { error_class: "DNS" },
  ],
];

it.each(ROWS)("%s", async (_, begin, delivery, attempt) => {
  const merchantId = (await aMerchant(t)).id;
  const url = await begin();
  // Only what never answers is not waited for.
  const isEndless =
    attempt !== undefined && "error_class" in attempt && attempt.error_class === "TIMEOUT";
  const row = isEndless ? { timeout_ms: 1_500 } : {};
  const { id } = await anEndpoint(t, merchantId, { url, row: { ...row, concurrency: 5 } });
  const well = await startReceiver();
  closing.push(() => well.close());
  const other = await anEndpoint(t, merchantId, { url: well.url });
  const memory = process.memoryUsage().rss;
  await makeEvents(t, merchantId, 3);
  await t.drain();
  const rows = await t
    .db("webhook_deliveries")
    .where({ endpoint_id: id })
    // What tells that an endpoint is disabled waits for it.
    .whereNot({ status: "PAUSED" });
  expect(rows).toMatchObject([delivery, delivery, delivery]);
  const kept = await t.db("webhook_delivery_attempts").whereIn(
    "delivery_id",
    rows.map(({ id: deliveryId }) => deliveryId as string),
  );
  expect(kept).toMatchObject(attempt ? [attempt, attempt, attempt] : []);
  expect(well.received.map((webhook) => well.verify(webhook, other.secret).type)).toContain(
    "payment_intent.created",
  );
  expect(process.memoryUsage().rss - memory).toBeLessThan(150_000_000);
});

it("waits as long as Retry-After says, but no longer than a day", async () => {
  const asked = { 7_200: 7_200, 999_999_999: 86_400 };
  for (const [seconds, waits] of Object.entries(asked)) {
    const merchantId = (await aMerchant(t)).id;
    const url = await status(429, { "retry-after": seconds })();
    await anEndpoint(t, merchantId, { url });
    await makeEvents(t, merchantId, 1);
    await t.drain();
    const [delivery] = await t.db("webhook_deliveries").where({ merchant_id: merchantId });
    const waitMs = delivery.next_at.getTime() - delivery.updated_at.getTime();
    expect(Math.round(waitMs / 1_000)).toBe(waits);
  }
});

it("disables an endpoint that answers 410, and says so", async () => {
  const merchantId = (await aMerchant(t)).id;
  const { id } = await anEndpoint(t, merchantId, { url: await status(410)() });
  await makeEvents(t, merchantId, 1);
  await t.drain();
  expect(await t.db("webhook_endpoints").where({ id })).toMatchObject([
    { status: "DISABLED", disabled_reason: "it answered 410 Gone", failures: 0 },
  ]);
  expect(await t.db("events").where({ subject_id: id })).toMatchObject([
    { type: "webhook_endpoint.disabled" },
  ]);
});
