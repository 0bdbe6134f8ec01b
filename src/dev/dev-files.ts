import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { commandLine, isRunning } from "./process-identity";
import { newDevelopmentSecret } from "../security/development-secrets";
import { waitUntil } from "./wait-until";

/** What `npm start` keeps in `.oncepay`, which is ours alone: it holds keys and passwords. */
export interface DevFiles {
  directory: string;
  dataDir: string;
  lock: string;
  secrets: string;
  seedState: string;
  state: string;
}

const CHECKOUT = path.resolve(__dirname, "../../..");

/** What every command about an installation on this machine takes. */
export const COMMON_OPTIONS = {
  help: { type: "boolean", short: "h", default: false },
  directory: { type: "string" },
} as const;

/** Where that installation is kept; none given means the one of this checkout. */
export function devDirectory(given: string | undefined): string {
  return path.resolve(given ?? path.join(CHECKOUT, ".oncepay"));
}

export interface DevSecrets {
  ONCEPAY_ENCRYPTION_KEY: string;
  ONCEPAY_SANDBOX_WEBHOOK_SECRET: string;
}

/** Written when everything is ready, for programs that want to use the running system. */
export interface DevState {
  graphqlUrl: string;
  secretKey: string;
  publishableKey: string;
  operatorKey: string;
  platformKey: string;
  sandboxUrl: string;
  databaseUrl: string;
  webhookReceiverUrl: string;
  /** Where the embedded Postgres keeps its data; absent with a Postgres of the user's own. */
  dataDir?: string;
  /** Where they are, with --observed and where they are installed. */
  prometheusUrl?: string;
  grafanaUrl?: string;
  pids: Record<string, number>;
  /**
   * Where to reach each child, and the name it then gives: anybody else who answers there does not belong to this
   * start.
   */
  processes: Record<string, { pid: number; url: string; instance: string }>;
}

export function devFilesIn(directory: string): DevFiles {
  return {
    directory,
    dataDir: path.join(directory, "postgres"),
    lock: path.join(directory, "start.lock"),
    secrets: path.join(directory, "secrets.json"),
    seedState: path.join(directory, "seed.json"),
    state: path.join(directory, "dev.json"),
  };
}

export function openDevFiles(directory: string): DevFiles {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  chmodSync(directory, 0o700);
  return devFilesIn(directory);
}

/** Made once and kept: what is sealed with the encryption key cannot be read with another. */
export function keptSecrets(file: string): DevSecrets {
  const kept = readJson(file) as Partial<DevSecrets> | undefined;
  const secrets: DevSecrets = {
    ONCEPAY_ENCRYPTION_KEY:
      kept?.ONCEPAY_ENCRYPTION_KEY ?? newDevelopmentSecret().toString("base64"),
    ONCEPAY_SANDBOX_WEBHOOK_SECRET:
      kept?.ONCEPAY_SANDBOX_WEBHOOK_SECRET ?? `whsec_${newDevelopmentSecret().toString("base64")}`,
  };
  writePrivateJson(file, secrets);
  // A variable that is set to nothing counts as not set.
  return {
    ONCEPAY_ENCRYPTION_KEY: process.env["ONCEPAY_ENCRYPTION_KEY"] || secrets.ONCEPAY_ENCRYPTION_KEY,
    ONCEPAY_SANDBOX_WEBHOOK_SECRET:
      process.env["ONCEPAY_SANDBOX_WEBHOOK_SECRET"] || secrets.ONCEPAY_SANDBOX_WEBHOOK_SECRET,
  };
}

/** Renamed into place: a reader never sees half a file, and a crash never leaves one. */
export function writePrivateJson(file: string, value: unknown): void {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, file);
}

export function forgetState(file: string): void {
  rmSync(file, { force: true });
}

/**
 * The children of a supervisor that was killed notice it and end within seconds. They are waited for,
 * because they hold the usual ports; one that hangs is killed, if it surely is one of ours.
 */
export async function clearLeftovers(stateFile: string, dist: string): Promise<void> {
  const state = readJson(stateFile) as Partial<DevState> | undefined;
  forgetState(stateFile);
  const isOurs = (pid: number): boolean =>
    isRunning(pid) && (commandLine(pid) ?? "").includes(` ${dist}${path.sep}`);
  const left = Object.values(state?.pids ?? {}).filter(isOurs);
  await waitUntil(() => !left.some(isOurs), { timeoutMs: 6_000 });
  for (const pid of left.filter(isOurs)) process.kill(pid, "SIGKILL");
  await waitUntil(() => !left.some(isOurs), { timeoutMs: 5_000 });
}

export function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Error(`${file} is damaged. Remove its directory to start from scratch.`);
  }
}
