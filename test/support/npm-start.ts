import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { DevState } from "../../src/dev/dev-files";
import { waitUntil } from "../../src/dev/wait-until";
import { withClient } from "../../src/db/with-client";
import { type TestDatabase, createEmptyDatabase, testServerUrl } from "./database";

/** `npm start` and its companions as processes of their own, each in a directory and with a database of its own. */

const COMMANDS = path.resolve(__dirname, "../../dist/src/dev");

export interface Command {
  readonly directory: string;
  readonly child: ChildProcess;
  /** Its exit code. */
  readonly ended: Promise<number | null>;
  readonly output: () => string;
}

const commands: Command[] = [];
const directories: string[] = [];
const databases: TestDatabase[] = [];

/** Nobody but its owner can enter it. */
export function newDirectory(): string {
  const directory = mkdtempSync(path.join(tmpdir(), "oncepay-start-"));
  directories.push(directory);
  return directory;
}

export async function newDatabase(): Promise<TestDatabase> {
  const database = await createEmptyDatabase();
  databases.push(database);
  return database;
}

/** The environment is none but this: DATABASE_URL is what decides between a database given and the embedded one. */
export function runCommand(
  name: "start" | "reset" | "demo/main",
  { directory, environment = {}, args = [] }: CommandOptions,
): Command {
  const entry = path.join(COMMANDS, `${name}.js`);
  const child = spawn(process.execPath, [entry, "--directory", directory, ...args], {
    env: {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      LOG_LEVEL: "warn",
      ...environment,
    },
  });
  let output = "";
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  const ended = once(child, "close").then(([code]) => code as number | null);
  const command = { directory, child, ended, output: () => output };
  commands.push(command);
  return command;
}

interface CommandOptions {
  readonly directory: string;
  readonly environment?: NodeJS.ProcessEnv;
  readonly args?: readonly string[];
}

export function stateIn(directory: string): DevState | undefined {
  try {
    return JSON.parse(readFileSync(path.join(directory, "dev.json"), "utf8")) as DevState;
  } catch {
    return undefined;
  }
}

export async function whenReady({ directory, child, output }: Command): Promise<DevState> {
  await waitUntil(() => stateIn(directory) !== undefined || child.exitCode !== null, {
    timeoutMs: 120_000,
  });
  const state = stateIn(directory);
  if (!state) throw new Error(`it did not come up:\n${output()}`);
  return state;
}

export async function stop({ child, ended }: Command): Promise<void> {
  child.kill("SIGTERM");
  await ended;
}

/** Ends what runs, and removes directories and databases, those of the card networks included. */
export async function clearCommands(): Promise<void> {
  await Promise.all(commands.map(stop));
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
  for (const database of databases) {
    const sandbox = `${new URL(database.url).pathname.slice(1)}_sandbox`;
    await withClient(testServerUrl(), (client) =>
      client.query(`drop database if exists ${client.escapeIdentifier(sandbox)} with (force)`),
    );
    await database.drop();
  }
}
