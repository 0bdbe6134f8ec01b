import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { processIdentity } from "../../src/dev/process-identity";
import { takeStartLock } from "../../src/dev/start-lock";

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "oncepay-lock-"));
  file = path.join(directory, "start.lock");
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

test("refuses while the holder lives, and can be taken again once it is given back", () => {
  const release = takeStartLock(file);
  expect(() => takeStartLock(file)).toThrow(`already running here (process ${process.pid})`);
  release();
  expect(existsSync(file)).toBe(false);
  takeStartLock(file)();
});

test("takes over from a holder that was killed", async () => {
  const holder = spawn("sleep", ["60"]);
  const pid = holder.pid ?? 0;
  writeFileSync(file, JSON.stringify({ pid, identity: processIdentity(pid) }));
  expect(() => takeStartLock(file)).toThrow(`process ${pid}`);
  holder.kill("SIGKILL");
  await once(holder, "exit");
  takeStartLock(file);
  expect(readdirSync(directory)).toEqual(["start.lock"]);
});

test("takes over when the holder's process id belongs to another process now", () => {
  writeFileSync(file, JSON.stringify({ pid: process.pid, identity: "an earlier one" }));
  takeStartLock(file);
});

test("takes over a lock file that a full disk left empty", () => {
  writeFileSync(file, "");
  takeStartLock(file);
});
