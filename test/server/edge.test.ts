import { randomBytes } from "node:crypto";
import { type Socket, connect } from "node:net";
import { readConfig } from "../../src/config";
import { type TestApi, send, startTestApi } from "../support/api";
import { testSettings } from "../support/app";
import { waitFor } from "../support/wait-for";

/* What strangers see of a process that runs as production does. */

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({
    ONCEPAY_INTROSPECTION: "keys",
    ONCEPAY_GRAPHIQL: "false",
    ONCEPAY_ADDRESS_CONNECTIONS_MAX: "8",
  });
});
afterAll(() => api.stop());

const HTML = { accept: "text/html" };
const INTROSPECT = "{ __schema { queryType { name } } }";

test("production shows the schema to keys alone, serves no GraphiQL, and says so in one place", () => {
  const settings = testSettings("postgres://user@host/name", "http://127.0.0.1:1", {});
  const random = { ONCEPAY_ENCRYPTION_KEY: randomBytes(32).toString("base64") };
  const production = readConfig({ ...settings, ...random, NODE_ENV: "production" });
  expect(production).toMatchObject({ introspection: "keys", graphiql: false });
  expect(readConfig(settings)).toMatchObject({ introspection: "public", graphiql: true });
  // The earlier spelling.
  const off = readConfig({ ...settings, ONCEPAY_INTROSPECTION: "false" });
  expect(off).toMatchObject({ introspection: "off", graphiql: false });
});

test("introspection is for keys, and a publishable one is everybody's", async () => {
  expect((await api.send({ query: INTROSPECT })).data.__schema.queryType.name).toBe("Query");
  const { publishableKey } = api.merchant;
  const shopper = await api.send({ query: INTROSPECT, key: publishableKey });
  expect(shopper.error?.extensions.code).toBe("FORBIDDEN");
  const inFragment = `{ ...A } fragment A on Query { b: __type(name: "Query") { name } }`;
  const hidden = await api.send({ query: inFragment, key: publishableKey });
  expect(hidden.error?.extensions.code).toBe("FORBIDDEN");
  for (const query of [INTROSPECT, "{ merchan { id } }", "{", "{ __typename }"]) {
    const stranger = await api.send({ query, key: null });
    expect(stranger.error?.extensions.code).toBe("UNAUTHENTICATED");
  }
  const misspelt = "{ merchan { id } }";
  expect((await api.send({ query: misspelt })).error?.message).toContain("Did you mean");
  const guess = await api.send({ query: misspelt, key: publishableKey });
  expect(guess.error?.message).not.toContain("Did you mean");
});

test("no page is served, and a browser learns no more than anybody", async () => {
  const page = await fetch(`${api.server.url}/graphql`, { headers: HTML });
  expect(page.status).toBe(400);
  expect(page.headers.get("content-type")).toContain("application/json");
  expect((await fetch(`${api.server.url}/`, { headers: HTML })).status).toBe(404);
  const asset = await fetch(`${api.server.url}/graphiql/assets/graphiql.js`);
  expect(asset.status).toBe(404);
  expect(await asset.json()).toEqual({ error: "There is nothing here." });
});

test("every answer tells browsers to guess, keep and frame nothing", async () => {
  const { url } = api.server;
  const answers = await Promise.all([
    fetch(`${url}/nowhere`),
    fetch(`${url}/health/live`),
    fetch(`${url}/graphql`, { method: "DELETE" }),
    fetch(`${url}/graphql`, { method: "POST", body: "{" }),
    fetch(`${url}/processors/nobody/webhooks`, { method: "POST", body: "{}" }),
  ]);
  const { headers } = await send(url, {
    query: "{ merchant { id } }",
    key: api.merchant.secretKey,
  });
  for (const shown of [headers, ...answers.map((answer) => answer.headers)]) {
    expect(shown.get("x-content-type-options")).toBe("nosniff");
    expect(shown.get("cache-control")).toBe("no-store");
    expect(shown.get("x-frame-options")).toBe("DENY");
    expect(shown.get("referrer-policy")).toBe("no-referrer");
    expect(shown.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(shown.get("server") ?? shown.get("x-powered-by")).toBeNull();
  }
});

test("one address gets so many connections, and gets them back when it closes some", async () => {
  const { hostname, port } = new URL(api.server.url);
  const sockets: { socket: Socket; isOpen: boolean }[] = [];
  // From an address of its own, so that what other tests keep open does not count.
  const open = (): void => {
    const socket = connect({ host: hostname, port: Number(port), localAddress: "127.0.0.9" });
    const one = { socket, isOpen: true };
    socket.on("error", () => undefined);
    socket.on("close", () => (one.isOpen = false));
    sockets.push(one);
  };
  const isOpen = (): number => sockets.filter((one) => one.isOpen).length;
  try {
    for (let count = 0; count < 20; count += 1) open();
    await waitFor("those beyond the cap to be closed", () => isOpen() === 8);
    // Others are served meanwhile.
    expect((await fetch(`${api.server.url}/health/live`)).status).toBe(200);
    sockets.find((one) => one.isOpen)?.socket.destroy();
    await waitFor("one to be gone", () => isOpen() === 7);
    await waitFor("another to take its place", async () => {
      open();
      await new Promise((resolve) => sockets.at(-1)?.socket.once("connect", resolve));
      const answer = await alive(sockets.at(-1)?.socket);
      return answer.startsWith("HTTP/1.1 200");
    });
  } finally {
    for (const { socket } of sockets) socket.destroy();
  }
});

/** What it answers; nothing when it closes the connection. */
function alive(socket: Socket | undefined): Promise<string> {
  return new Promise((resolve) => {
    socket?.once("data", (chunk) => {
      resolve(chunk.toString());
    });
    socket?.once("close", () => {
      resolve("");
    });
    socket?.write("GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n");
  });
}
