import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";

/** A server of somebody else's that ends when we do, whatever we die of. */
export interface Tied {
  readonly pid: number;
  /** SIGKILL. What it has started lives on. */
  kill(): Promise<void>;
  /** SIGKILL, and then what is to be done after it. */
  end(): Promise<void>;
}

export interface TiedPlan {
  readonly words: readonly string[];
  readonly logFile: string;
  readonly options?: { cwd?: string; env?: NodeJS.ProcessEnv; uid?: number; gid?: number };
  /** For a shell, when it is over and was not killed on purpose: Patroni leaves its Postgres behind. */
  readonly after?: string;
}

// The shell hears of our end, because its standard input closes then.
const TIED_TO_US = `after=$1; shift; "$@" & server=$!; echo "$server" >&3; read -r left; kill -9 "$server"; wait "$server"
[ "$left" = left ] || eval "$after"`;

export async function startTied({ words, logFile, options, after }: TiedPlan): Promise<Tied> {
  const log = openSync(logFile, "a");
  const shell = spawn("sh", ["-c", TIED_TO_US, "sh", after ?? ":", ...words], {
    ...options,
    stdio: ["pipe", log, log, "pipe"],
  });
  closeSync(log);
  const [input, , , told] = shell.stdio as unknown as [Writable, null, null, Readable];
  input.on("error", () => undefined);
  const [pid] = (await once(told, "data")) as [Buffer];
  const exited = once(shell, "exit");
  const finish = async (last: string): Promise<void> => {
    input.end(last);
    await exited;
  };
  return { pid: Number(pid.toString()), kill: () => finish("left\n"), end: () => finish("") };
}
