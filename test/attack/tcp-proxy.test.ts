import { type AddressInfo, type Server, createServer } from "node:net";
import { Client } from "pg";
import { type TestDatabase, createEmptyDatabase } from "../support/database";
import { PATIENCE_MS } from "../support/patience";
import { waitFor } from "../support/wait-for";
import { type TcpProxy, isBegunAnswer, isWholePostgresAnswer, startTcpProxy } from "./tcp-proxy";

let echo: Server;
let requests: number;
let proxy: TcpProxy;

beforeAll(async () => {
  echo = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", () => {
      requests += 1;
    });
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
});

beforeEach(async () => {
  requests = 0;
  proxy = await startTcpProxy({ host: "127.0.0.1", port: (echo.address() as AddressInfo).port });
});

afterEach(() => proxy.close());

afterAll(() => {
  echo.close();
});

/** Silence is waited for only where it is expected: an answer may take its time. */
async function say(text: string, timeoutMs = PATIENCE_MS): Promise<string> {
  const { connect } = await import("node:net");
  return new Promise((resolve) => {
    const socket = connect(proxy.port, "127.0.0.1", () => socket.write(text));
    const end = (result: string): void => {
      resolve(result);
      socket.destroy();
    };
    socket.setTimeout(timeoutMs, () => end("silence"));
    socket.once("data", (bytes) => end(bytes.toString()));
    socket.once("error", () => end("broken"));
    socket.once("close", () => end("broken"));
  });
}

test("passes bytes on, in both directions", async () => {
  expect(await say("hello")).toBe("hello");
});

test("refuses, and takes connections again", async () => {
  proxy.refuse(true);
  expect(await say("hello")).toBe("broken");
  proxy.refuse(false);
  expect(await say("hello")).toBe("hello");
});

test("is a black hole in one direction while the other one works", async () => {
  proxy.hang(["toClient"]);
  expect(await say("hello", 300)).toBe("silence");
  await waitFor("the request", () => requests === 1);
  proxy.hang(["toServer"]);
  expect(await say("hello", 300)).toBe("silence");
  expect(requests).toBe(1);
});

test("delays answers", async () => {
  proxy.delay("toClient", 100);
  const startedAt = performance.now();
  expect(await say("hello")).toBe("hello");
  expect(performance.now() - startedAt).toBeGreaterThan(90);
});

test("loses the answers that match, as often as it is told, after the server did its work", async () => {
  proxy.loseAnswers({
    matches: (text) => text.startsWith("lose"),
    isWhole: isBegunAnswer,
    timesMax: 1,
  });
  expect(await say("keep")).toBe("keep");
  expect(await say("lose it")).toBe("broken");
  expect(requests).toBe(2);
  expect(await say("lose it")).toBe("lose it");
  expect(proxy.lost()).toBe(1);
});

describe("in front of Postgres", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createEmptyDatabase();
  });
  afterAll(() => database.drop());

  test("loses COMMIT's answer, and the row is there", async () => {
    const { hostname: host, port } = new URL(database.url);
    const wire = await startTcpProxy({ host, port: Number(port) });
    wire.loseAnswers({
      matches: (text) => /commit/i.test(text),
      isWhole: isWholePostgresAnswer,
      timesMax: 1,
    });
    const url = new URL(database.url);
    url.port = String(wire.port);
    const client = new Client({ connectionString: url.href });
    client.on("error", () => undefined);
    await client.connect();
    await client.query("create table t (n int)");
    await client.query("begin");
    await client.query("insert into t values (1)");
    await expect(client.query("commit")).rejects.toThrow("Connection terminated");
    const witness = new Client({ connectionString: database.url });
    await witness.connect();
    expect((await witness.query("select n from t")).rows).toEqual([{ n: 1 }]);
    await witness.end();
    await wire.close();
  });
});
