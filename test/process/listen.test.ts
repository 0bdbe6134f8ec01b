import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { httpUrl, listenHttp } from "../../src/process/listen";
import { ConfigError } from "../../src/process/settings";

const servers: Server[] = [];

afterEach(async () => {
  await Promise.all(
    servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))),
  );
});

function listen(port: number, portFallback: boolean, host = "127.0.0.1"): Promise<number> {
  const server = createServer();
  servers.push(server);
  return listenHttp(server, { host, port, setting: "PORT", portFallback });
}

test("two that want the same usual port at the same moment both get one of their own", async () => {
  const first = await listen(0, false);
  const ports = await Promise.all([first, first, first].map((port) => listen(port, true)));
  expect(new Set([first, ...ports]).size).toBe(4);
  const bound = servers.map((server) => (server.address() as AddressInfo).port);
  expect(new Set(bound)).toEqual(new Set([first, ...ports]));
});

test("a chosen port that is taken is no other port, but a mistake in the settings", async () => {
  const taken = await listen(0, false);
  const refused = await listen(taken, false).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ConfigError);
  expect((refused as Error).message).toBe(
    `PORT: port ${String(taken)} is in use by another process.`,
  );
});

test("an address of another machine is a mistake in the settings", async () => {
  const refused = await listen(0, true, "192.0.2.1").catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ConfigError);
  expect((refused as Error).message).toContain("HOST: 192.0.2.1");
});

test("what listens everywhere is reached at the loopback address", () => {
  expect(httpUrl("0.0.0.0", 1)).toBe("http://127.0.0.1:1");
  expect(httpUrl("::", 1)).toBe("http://[::1]:1");
  expect(httpUrl("10.0.0.1", 1)).toBe("http://10.0.0.1:1");
});
