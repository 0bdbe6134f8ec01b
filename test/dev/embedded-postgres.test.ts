import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Client } from "pg";
import {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from "../../src/dev/postgres/embedded-postgres";
import { freePort } from "../../src/dev/free-port";
import { isRunning } from "../../src/dev/process-identity";
import { waitUntil } from "../../src/dev/wait-until";
import { PATIENCE_MS } from "../support/patience";

const isRoot = process.getuid?.() === 0;
let directory: string;
let started: EmbeddedPostgres | undefined;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "oncepay-launcher-"));
  chmodSync(directory, 0o711);
});

afterEach(async () => {
  await started?.remove();
  started = undefined;
  rmSync(directory, { recursive: true, force: true });
});

async function start(dataDir = path.join(directory, "data")): Promise<EmbeddedPostgres> {
  started = await startEmbeddedPostgres({
    dataDir,
    durable: true,
    settings: { shared_buffers: "16MB" },
  });
  return started;
}

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query({ text, rowMode: "array" })).rows.flat();
  } finally {
    await client.end();
  }
}

async function kill(pid: number): Promise<void> {
  process.kill(pid, "SIGKILL");
  await waitUntil(() => !isRunning(pid), { timeoutMs: PATIENCE_MS });
}

test("keeps what was committed before the postmaster was killed, and its port at a restart", async () => {
  const postgres = await start();
  const { port, pid } = postgres;
  await query(postgres.url, "create table kept as select 42 as answer");
  await kill(pid);
  expect(postgres.isAlive()).toBe(false);

  await postgres.restart();
  expect(postgres.port).toBe(port);
  expect(postgres.pid).not.toBe(pid);
  expect(await query(postgres.url, "select answer from kept")).toEqual([42]);
});

test("starts again in the same directory after a stop, a kill and a stale lock file", async () => {
  const first = await start();
  await query(first.url, "create table kept as select 42 as answer");
  const lockFile = path.join(first.dataDir, "postmaster.pid");
  const lines = readFileSync(lockFile, "utf8").split("\n");
  await first.stop();
  expect(existsSync(lockFile)).toBe(false);

  // A stranger was given the process id of the dead postmaster.
  const stranger = spawn("sleep", ["60"]);
  writeFileSync(lockFile, [String(stranger.pid), ...lines.slice(1)].join("\n"));
  try {
    const second = await start();
    expect(await query(second.url, "select answer from kept")).toEqual([42]);
    expect(stranger.exitCode).toBe(null);
  } finally {
    stranger.kill("SIGKILL");
    await once(stranger, "exit");
  }
});

test("adopts the server that a killed run left behind", async () => {
  const orphan = await start();
  const adopted = await start();
  expect(adopted.pid).toBe(orphan.pid);
  expect(adopted.url).toBe(orphan.url);
  await adopted.stop();
  expect(orphan.isAlive()).toBe(false);
});

test("replaces an orphan that listens on another port than the wanted one", async () => {
  const orphan = await start();
  // Below the ports that the kernel gives to connections: another test's may take one of those at any moment.
  const wanted = await freePort(20_000 + (process.pid % 10_000));
  const moved = await startEmbeddedPostgres({
    dataDir: path.join(directory, "data"),
    durable: false,
    port: wanted,
  });
  started = moved;
  expect(moved.port).toBe(wanted);
  expect(isRunning(orphan.pid)).toBe(false);
});

test("clears away an orphan that does not answer any more", async () => {
  const orphan = await start();
  const lockFile = path.join(orphan.dataDir, "postmaster.pid");
  const lines = readFileSync(lockFile, "utf8").split("\n");
  // It says it listens where nobody does.
  lines[3] = "1";
  writeFileSync(lockFile, lines.join("\n"));
  const fresh = await start();
  expect(isRunning(orphan.pid)).toBe(false);
  expect(await query(fresh.url, "select 1")).toEqual([1]);
});

test("keeps the password where only we can read it, and refuses every other", async () => {
  const postgres = await start();
  const file = path.join(directory, "data.password");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(file).uid).toBe(process.getuid?.());
  expect(postgres.url).toContain(readFileSync(file, "utf8").trim());
  const stranger = new URL(postgres.url);
  stranger.password = "postgres";
  await expect(query(stranger.href, "select 1")).rejects.toThrow("password authentication failed");
});

test("listens on the loopback address only, with checksums, in UTF-8", async () => {
  const postgres = await start();
  expect(await query(postgres.url, "show listen_addresses")).toEqual(["127.0.0.1"]);
  expect(await query(postgres.url, "show data_checksums")).toEqual(["on"]);
  expect(await query(postgres.url, "show server_encoding")).toEqual(["UTF8"]);
  expect(await query(postgres.url, "show fsync")).toEqual(["on"]);
});

test("says what Postgres said when a setting is wrong", async () => {
  const attempt = startEmbeddedPostgres({
    dataDir: path.join(directory, "data"),
    durable: false,
    settings: { no_such_setting: "1" },
  });
  await expect(attempt).rejects.toThrow(/did not start[^]*no_such_setting/);
});

const testAsRoot = isRoot ? test : test.skip;
if (!isRoot) console.info("Skipped without root: a checkout the server's account cannot enter.");

testAsRoot("puts the data elsewhere when its account cannot enter the directory", async () => {
  const closed = path.join(directory, "closed");
  mkdirSync(closed, { mode: 0o700 });
  const wanted = path.join(closed, "data");
  const first = await start(wanted);
  expect(lstatSync(wanted).isSymbolicLink()).toBe(true);
  expect(first.dataDir.startsWith(closed)).toBe(false);
  await query(first.url, "create table kept as select 42 as answer");
  await first.stop();

  const second = await start(wanted);
  expect(second.dataDir).toBe(first.dataDir);
  expect(await query(second.url, "select answer from kept")).toEqual([42]);
  await second.remove();
  started = undefined;
  expect(existsSync(path.dirname(second.dataDir))).toBe(false);
});
