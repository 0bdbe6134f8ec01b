import { readFileSync, readdirSync } from "node:fs";

/** What the operating system says of processes, from /proc; undefined where there is none. */

// USER_HZ, which is 100 on every Linux that Node runs on.
const TICKS_PER_SECOND = 100;

interface Stat {
  readonly parent: number;
  readonly seconds: number;
  /** Of its children that have ended. */
  readonly childSeconds: number;
}

function statOf(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${String(pid)}/stat`, "utf8");
    // The second field is a name in parentheses, which may hold anything.
    const fields = text
      .slice(text.lastIndexOf(")") + 2)
      .split(" ")
      .map(Number);
    const field = (number: number): number => fields[number - 3] ?? 0;
    return {
      parent: field(4),
      seconds: (field(14) + field(15)) / TICKS_PER_SECOND,
      childSeconds: (field(16) + field(17)) / TICKS_PER_SECOND,
    };
  } catch {
    return undefined;
  }
}

/** Processor time used so far, seconds. */
export function cpuSeconds(pid: number): number | undefined {
  return statOf(pid)?.seconds;
}

/** The same for a process and all its children, the ended ones too: a Postgres server. */
export function cpuSecondsOfTree(pid: number): number | undefined {
  const own = statOf(pid);
  if (!own) return undefined;
  const children = readdirSync("/proc").flatMap((name) => {
    const stat = /^\d+$/.test(name) ? statOf(Number(name)) : undefined;
    return stat?.parent === pid ? [stat.seconds + stat.childSeconds] : [];
  });
  return children.reduce((sum, seconds) => sum + seconds, own.seconds + own.childSeconds);
}

export interface Memory {
  readonly residentMb: number;
  readonly peakMb: number;
}

export function memoryOf(pid: number): Memory | undefined {
  try {
    const text = readFileSync(`/proc/${String(pid)}/status`, "utf8");
    const megabytes = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? NaN) / 1_024;
    return { residentMb: megabytes("VmRSS"), peakMb: megabytes("VmHWM") };
  } catch {
    return undefined;
  }
}
