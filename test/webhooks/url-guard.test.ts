import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { request } from "undici";
import {
  BLOCKED_TARGET,
  checkWebhookUrl,
  createGuardedAgent,
  isPublicAddress,
  type ResolveAddresses,
  type ResolvedAddress,
} from "../../src/webhooks/url-guard";
import { PATIENCE_MS } from "../support/patience";
import { FORBIDDEN_HOSTS, FORBIDDEN_NAMES } from "./forbidden-hosts";

describe("at registration", () => {
  test.each([...FORBIDDEN_HOSTS, ...FORBIDDEN_NAMES])("refuses https://%s/", (host) => {
    expect(checkWebhookUrl(`https://${host}/hook`, { allowLoopback: false })).toEqual({
      ok: false,
      reason: expect.any(String) as string,
    });
  });

  test.each([
    ["http", "http://example.com/"],
    ["another scheme", "ftp://example.com/"],
    ["a file", "file:///etc/passwd"],
    ["javascript", "javascript:alert(1)"],
    ["another port", "https://example.com:5432/"],
    ["http's port", "https://example.com:80/"],
    ["a user name", "https://user@example.com/"],
    ["a password", "https://:word@example.com/"],
    ["a fragment", "https://example.com/#part"],
    ["an empty fragment", "https://example.com/#"],
    ["nothing", ""],
    ["no URL", "example.com/hook"],
    ["no host", "https:///"],
    ["a space around it", " https://example.com/"],
    ["a line break inside", "https://example.com/\r\nHost: x"],
    ["a very long one", `https://example.com/${"a".repeat(2048)}`],
  ])("refuses %s", (_what, text) => {
    expect(checkWebhookUrl(text, { allowLoopback: true }).ok).toBe(false);
  });

  test.each([
    "https://example.com",
    "https://example.com/hooks?tenant=1",
    "https://example.com:443/",
    "https://example.com:8443/",
    "https://8.8.8.8/",
    "https://[2606:4700::1111]/",
    "https://bücher.example/",
  ])("takes %s", (text) => {
    expect(checkWebhookUrl(text, { allowLoopback: false })).toEqual({
      ok: true,
      url: new URL(text),
    });
  });

  test("takes loopback in development only, over http and on any port", () => {
    for (const host of ["localhost", "hook.localhost", "127.0.0.1", "127.9.9.9", "[::1]"]) {
      const text = `http://${host}:3000/hook`;
      expect(checkWebhookUrl(text, { allowLoopback: true }).ok).toBe(true);
      expect(checkWebhookUrl(text, { allowLoopback: false }).ok).toBe(false);
    }
  });

  test("refuses everything but loopback in development too", () => {
    const taken = FORBIDDEN_HOSTS.filter(
      (host) => checkWebhookUrl(`https://${host}/`, { allowLoopback: true }).ok,
    );
    const meant = taken.map((host) => new URL(`https://${host}/`).hostname);
    expect(new Set(meant)).toEqual(new Set(["127.0.0.1", "[::1]", "[::ffff:7f00:1]"]));
  });
});

test("knows no public address with a zone, and no text that is no address", () => {
  expect(isPublicAddress("2606:4700::1111%eth0")).toBe(false);
  expect(isPublicAddress("example.com")).toBe(false);
  expect(isPublicAddress("8.8")).toBe(false);
});

describe("at connect time", () => {
  let server: Server;
  let port: number;
  let hits: number;

  beforeAll(async () => {
    server = createServer((_request, response) => {
      hits += 1;
      response.setHeader("connection", "close").end("reached");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    ({ port } = server.address() as AddressInfo);
  });

  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
  });

  beforeEach(() => {
    hits = 0;
  });

  async function reach(
    url: string,
    {
      allowLoopback = false,
      resolve,
    }: { allowLoopback?: boolean; resolve?: ResolveAddresses } = {},
  ): Promise<string> {
    const agent = createGuardedAgent({
      allowLoopback,
      connectTimeoutMs: PATIENCE_MS,
      connections: 1,
      ...(resolve && { resolve }),
    });
    try {
      const { body } = await request(url, { dispatcher: agent });
      return await body.text();
    } catch (error) {
      return String((error as NodeJS.ErrnoException).code);
    } finally {
      await agent.destroy();
    }
  }

  function leadingTo(...addresses: string[]): ResolveAddresses {
    const resolved = addresses.map((address): ResolvedAddress => ({
      address,
      family: address.includes(":") ? 6 : 4,
    }));
    return () => Promise.resolve(resolved);
  }

  test.each(FORBIDDEN_HOSTS)("refuses the address %s in a URL, before any lookup", async (host) => {
    const resolve = jest.fn(leadingTo("8.8.8.8"));
    expect(await reach(`https://${host}/`, { resolve })).toBe(BLOCKED_TARGET);
    expect(resolve).not.toHaveBeenCalled();
  });

  test.each([
    ["127.0.0.1"],
    ["::ffff:127.0.0.1"],
    ["::1"],
    ["10.1.2.3"],
    ["169.254.169.254"],
    ["64:ff9b::7f00:1"],
    ["8.8.8.8", "127.0.0.1"],
    ["8.8.8.8", "2606:4700::1111", "fd00::1"],
    ["not an address"],
  ])("refuses a name that leads to %s %s %s", async (...addresses) => {
    const resolve = leadingTo(...addresses.filter((address) => address !== undefined));
    expect(await reach("https://hooks.example.com/", { resolve })).toBe(BLOCKED_TARGET);
  });

  test("refuses http and other ports, whatever was registered", async () => {
    const resolve = leadingTo("8.8.8.8");
    expect(await reach("http://hooks.example.com/", { resolve })).toBe(BLOCKED_TARGET);
    expect(await reach("https://hooks.example.com:6379/", { resolve })).toBe(BLOCKED_TARGET);
    expect(await reach(`http://127.0.0.1:${port}/`, { resolve })).toBe(BLOCKED_TARGET);
    expect(hits).toBe(0);
  });

  test("does not let a public name lead to loopback even in development", async () => {
    const resolve = leadingTo("127.0.0.1");
    expect(await reach("https://hooks.example.com/", { resolve, allowLoopback: true })).toBe(
      BLOCKED_TARGET,
    );
  });

  test("asks anew for each connection, so that a rebound name fails", async () => {
    const answers = [["127.0.0.1"], ["10.0.0.1"], ["127.0.0.1", "169.254.169.254"]];
    const resolve: ResolveAddresses = (host) => leadingTo(...(answers.shift() ?? []))(host);
    const agent = createGuardedAgent({
      allowLoopback: true,
      connectTimeoutMs: PATIENCE_MS,
      connections: 1,
      resolve,
    });
    const post = async (): Promise<string> =>
      await (await request(`http://hook.localhost:${port}/`, { dispatcher: agent })).body.text();
    try {
      expect(await post()).toBe("reached");
      await expect(post()).rejects.toMatchObject({ code: BLOCKED_TARGET });
      await expect(post()).rejects.toMatchObject({ code: BLOCKED_TARGET });
      await expect(post()).rejects.toMatchObject({ code: "ENOTFOUND" });
    } finally {
      await agent.destroy();
    }
    expect(hits).toBe(1);
  });

  test("connects to the address that was checked and asks only once", async () => {
    // The name means nothing to any name server: only the pinned address can have been reached.
    const resolve = jest.fn(leadingTo("127.0.0.1"));
    const url = `http://no-such-name.localhost:${port}/`;
    expect(await reach(url, { allowLoopback: true, resolve })).toBe("reached");
    expect(resolve).toHaveBeenCalledTimes(1);
    expect(resolve).toHaveBeenCalledWith("no-such-name.localhost");
  });

  test("reaches loopback in development, by name and by address", async () => {
    for (const host of ["localhost", "hook.localhost", "127.0.0.1"]) {
      expect(await reach(`http://${host}:${port}/`, { allowLoopback: true })).toBe("reached");
    }
  });
});
