import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { waitFor } from "../support/wait-for";

const ROOT = path.resolve(__dirname, "../..");
/** In place of the compiler, which has nothing to do with what is tested here. */
const COMPILER = `require("fs").mkdirSync("dist/src/cli", { recursive: true });
for (const name of ["server", "cli/oncepay"]) {
  require("fs").writeFileSync("dist/src/" + name + ".js", "");
}
require("fs").appendFileSync("compiled", ".");
`;
const BUNDLER = "exports.buildSync = () => undefined;";

let checkout: string;
let lock: string;
const children: ChildProcess[] = [];

function put(file: string, text: string): void {
  const target = path.join(checkout, file);
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, text);
}

beforeEach(() => {
  checkout = realpathSync(mkdtempSync(path.join(tmpdir(), "oncepay-build-")));
  lock = path.join(checkout, "node_modules/.cache/oncepay-build.lock");
  for (const name of ["schema", "workers", "migrations"]) mkdirSync(path.join(checkout, name));
  for (const name of ["tsconfig.json", "tsconfig.build.json", "package-lock.json"]) put(name, "{}");
  put("src/server.ts", "");
  put("src/cli/oncepay.ts", "");
  put("node_modules/typescript/bin/tsc", COMPILER);
  put("node_modules/esbuild/index.js", BUNDLER);
  put("node_modules/pg/package.json", "{}");
  mkdirSync(path.dirname(lock));
  mkdirSync(path.join(checkout, "src/dev"));
  for (const name of ["package.json", "src/dev/build.js"]) {
    copyFileSync(path.join(ROOT, name), path.join(checkout, name));
  }
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }
  rmSync(checkout, { recursive: true, force: true });
});

function start(...command: [string, ...string[]]) {
  const [program, ...args] = command;
  const child = spawn(program, args, { cwd: checkout, stdio: ["ignore", "ignore", "pipe"] });
  children.push(child);
  const said = { text: "" };
  child.stderr.on("data", (chunk: Buffer) => (said.text += chunk.toString()));
  return { child, said, ended: once(child, "close") as Promise<[number | null]> };
}

async function build(...before: string[]) {
  const { said, ended } = start(process.execPath, ...before, "src/dev/build.js");
  const [code] = await ended;
  return { code, said: said.text };
}

function compiled(): number {
  const file = path.join(checkout, "compiled");
  return existsSync(file) ? readFileSync(file, "utf8").length : 0;
}

test("compiles once for two that start together, and not again", async () => {
  const both = await Promise.all([build(), build()]);
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  expect((await build()).said).toBe("");
  expect(compiled()).toBe(1);
  expect(existsSync(lock)).toBe(false);
  // For npx.
  accessSync(path.join(checkout, "dist/src/cli/oncepay.js"), constants.X_OK);
});

test.each([
  ["is empty, because a disk was full", ""],
  ["has the id of a process that is gone", "999999999"],
])("takes over a lock that %s", async (_what, text) => {
  writeFileSync(lock, text);
  expect((await build()).code).toBe(0);
  expect([compiled(), existsSync(lock)]).toEqual([1, false]);
});

test("takes over a lock with its own process id, as a restarted container finds it", async () => {
  put("own-lock.js", `require("fs").writeFileSync(${JSON.stringify(lock)}, String(process.pid));`);
  expect((await build("-r", "./own-lock.js")).code).toBe(0);
  expect([compiled(), existsSync(lock)]).toEqual([1, false]);
});

test("takes over an old lock whose process id belongs to another program now", async () => {
  const { child } = start("sleep", "600");
  writeFileSync(lock, String(child.pid));
  utimesSync(lock, new Date(), new Date(Date.now() - 180_000));
  expect((await build()).code).toBe(0);
  expect(compiled()).toBe(1);
});

test("waits for a build that is running, however long it takes, and says for whom", async () => {
  const other = start(process.execPath, "-e", "setInterval(() => {}, 1000)", "build.js");
  const pid = String(other.child.pid);
  writeFileSync(lock, pid);
  utimesSync(lock, new Date(), new Date(Date.now() - 180_000));
  const { said, ended } = start(process.execPath, "src/dev/build.js");
  await waitFor("a word", () => said.text !== "");
  expect(said.text).toBe(`Waiting for another build (process ${pid}; ${lock}) ...\n`);
  expect(compiled()).toBe(0);
  other.child.kill("SIGKILL");
  expect((await ended)[0]).toBe(0);
  expect(compiled()).toBe(1);
});

test("what is built runs without the compiler, also after npm has written its lock file again", async () => {
  expect((await build()).code).toBe(0);
  rmSync(path.join(checkout, "node_modules/typescript"), { recursive: true });
  put("package-lock.json", "{}");
  expect(await build()).toEqual({ code: 0, said: "" });
  put("package-lock.json", "{ }");
  const missing =
    "TypeScript is missing, and something has to be built: run npm ci --include=dev.\n";
  expect(await build()).toEqual({ code: 78, said: missing });
  rmSync(path.join(checkout, "node_modules/pg"), { recursive: true });
  const nothing = "The packages are not installed: run npm ci first.\n";
  expect(await build()).toEqual({ code: 78, said: nothing });
});
