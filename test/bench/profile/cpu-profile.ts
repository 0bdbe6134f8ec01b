import { readFileSync } from "node:fs";

/** What V8 writes: nodes of the call tree, and which of them was running at each sample. Microseconds. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
  }[];
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface Window {
  /** Milliseconds of the machine's monotonic clock, which all processes share. */
  readonly fromMs: number;
  readonly untilMs: number;
}

/** performance.now() of this process on the clock of all processes. */
export function monotonicMs(atMs: number): number {
  return atMs + Number(process.hrtime.bigint()) / 1e6 - performance.now();
}

export interface Share {
  readonly name: string;
  /** Of the time in which the process did anything, 0 to 1. */
  readonly share: number;
}

export interface ProfileSummary {
  /** How much of the window the process was busy, 0 to 1. */
  readonly busy: number;
  readonly packages: readonly Share[];
  readonly functions: readonly Share[];
}

/** Where a process spent its own time: by package and by function, the greatest first. */
export function summarizeProfile(file: string, window: Window): ProfileSummary {
  const profile = JSON.parse(readFileSync(file, "utf8")) as CpuProfile;
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const packages = new Map<string, number>();
  const functions = new Map<string, number>();
  let [busy, all, at] = [0, 0, profile.startTime];
  profile.samples.forEach((id, index) => {
    const delta = profile.timeDeltas[index] ?? 0;
    at += delta;
    if (at / 1_000 < window.fromMs || at / 1_000 > window.untilMs) return;
    all += delta;
    const frame = frames.get(id);
    if (!frame || frame.functionName === "(idle)") return;
    busy += delta;
    const owner = packageOf(frame.url, frame.functionName);
    add(packages, owner, delta);
    add(functions, `${frame.functionName || "(anonymous)"}  ${place(frame)}`, delta);
  });
  return { busy: busy / all, packages: shares(packages, busy), functions: shares(functions, busy) };
}

function add(sums: Map<string, number>, name: string, value: number): void {
  sums.set(name, (sums.get(name) ?? 0) + value);
}

function shares(sums: ReadonlyMap<string, number>, whole: number): Share[] {
  return [...sums]
    .map(([name, sum]) => ({ name, share: sum / whole }))
    .sort((a, b) => b.share - a.share);
}

const PACKAGE = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/;
const OURS = /\/(?:dist\/)?((?:src|schema|workers)\/[^?]*?)\.(?:js|ts)$/;

function packageOf(url: string, functionName: string): string {
  if (url.startsWith("node:")) return url;
  const found = PACKAGE.exec(url)?.[1];
  if (found !== undefined) return found;
  if (OURS.test(url)) return "oncepay";
  // What has no file is V8 itself or a system call: (garbage collector), writev and the like.
  return functionName || "(native)";
}

function place({ url, lineNumber }: { url: string; lineNumber: number }): string {
  const ours = OURS.exec(url)?.[1];
  const short = ours ?? url.replace(/^.*node_modules\//, "");
  return short === "" ? "" : `${short}:${String(lineNumber + 1)}`;
}

export function describeProfile(summary: ProfileSummary): string {
  const lines = (title: string, list: readonly Share[], count: number): string[] => [
    title,
    ...list
      .slice(0, count)
      .map(({ name, share }) => `${(share * 100).toFixed(1).padStart(6)} %  ${name}`),
    "",
  ];
  return [
    `busy ${(summary.busy * 100).toFixed(0)} % of the time; of that, by own time:`,
    "",
    ...lines("packages", summary.packages, 25),
    ...lines("functions", summary.functions, 40),
  ].join("\n");
}
