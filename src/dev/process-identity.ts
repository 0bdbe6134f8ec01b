import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * What tells the process that has this id now from a later one that is given the same id: its start time.
 * Undefined when there is no such process, or only a zombie.
 */
export function processIdentity(pid: number): string | undefined {
  if (!isRunning(pid)) return undefined;
  if (process.platform === "linux") {
    const stat = procStat(pid);
    return stat && `${readText("/proc/sys/kernel/random/boot_id").trim()}:${stat.startTime}`;
  }
  return ps(pid, "lstart=") || undefined;
}

/** False for a zombie: it answers `kill(pid, 0)` for as long as its parent does not collect it, which can be seconds. */
export function isRunning(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM means that it lives, and belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  if (process.platform !== "linux") return true;
  const stat = procStat(pid);
  return stat !== undefined && stat.state !== "Z" && stat.state !== "X";
}

/** The command line, or undefined when the process is gone or may not be looked at. */
export function commandLine(pid: number): string | undefined {
  if (process.platform !== "linux") return ps(pid, "command=") || undefined;
  const text = readText(`/proc/${pid}/cmdline`);
  return text === "" ? undefined : text.split("\0").join(" ").trim();
}

function procStat(pid: number): { state: string; startTime: string } | undefined {
  // The second field is the program's name in parentheses and may itself contain spaces and parentheses.
  const text = readText(`/proc/${pid}/stat`);
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, startTime] = [fields[0], fields[19]];
  return state && startTime ? { state, startTime } : undefined;
}

function ps(pid: number, column: string): string {
  const run = spawnSync("ps", ["-ww", "-o", column, "-p", String(pid)], { encoding: "utf8" });
  return run.status === 0 ? run.stdout.trim() : "";
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
