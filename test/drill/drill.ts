import { spawn } from "node:child_process";
import { appendFileSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { auditBooks } from "../../src/audit/audit-books";
import { createPlatformKey } from "../../src/merchants/create-platform-key";
import { waitUntil } from "../../src/dev/wait-until";
import { answersOk } from "../attack/child";
import type { Cluster } from "../attack/cluster";
import type { Installation, InstallationOptions } from "../attack/installation";
import { eachLimited, openShop, orders, pay } from "../attack/shop";
import { networkOf, settledWithin } from "../attack/witness";
import { STEP_SECONDS, type Scraper, type Target, createScraper } from "./alerts";
import { type Block, blocksOf, paragraphsOf } from "./runbook";

/** A state that somebody may be woken for: how it comes about, and which alert and which paragraph are about it. */
export interface Drill {
  readonly name: string;
  readonly what: string;
  readonly alert: string;
  /** Where the standard installation is not what it needs. */
  readonly options?: Partial<InstallationOptions>;
  /** What the runbook's commands mend; nothing: it ends by itself, or with what others do. */
  readonly mends: boolean;
  /** Brings it about, and waits until it is there. Returns what the runbook's variables stand for. */
  readonly breaks: (scene: Scene) => Promise<Readonly<Record<string, string>> | undefined>;
  /** What others do before the runbook says that something is to be done: the receiver comes back. */
  readonly meanwhile?: (scene: Scene) => Promise<unknown>;
  /** Where its alert waits on purpose; a minute otherwise. In metric time. */
  readonly detectedWithinSeconds?: number;
  /** Why it cannot be run on this machine. */
  readonly skip?: () => string | undefined;
  /** What has to be there before the installation is, and what its processes are told of it. */
  readonly prepare?: () => Promise<Prepared>;
  /** What must be so when it is mended, beyond that the alert is over; complains. */
  readonly ends?: (scene: Scene) => Promise<readonly string[]>;
}

interface Prepared {
  readonly env: Readonly<Record<string, string>>;
  /** Where the installation's database is, when that is what breaks; the network's books are elsewhere. */
  readonly cluster?: Cluster;
  readonly close: () => Promise<void>;
}

export interface Scene {
  readonly installation: Installation;
  readonly adminUrl: string;
  /** So many payments; settles when each has its answer. */
  readonly pay: (count: number) => Promise<unknown>;
  /** What goes on while it is broken, and must come to its end when it is mended. */
  readonly begun: Promise<unknown>[];
  /** Called when the drill is over, however it ends. */
  readonly later: (work: () => Promise<unknown>) => void;
  readonly progress: (text: string) => void;
}

export interface Outcome {
  readonly name: string;
  readonly alert: string;
  /** In metric time. */
  readonly firedAfterSeconds: number | undefined;
  readonly commands: number;
  readonly seconds: number;
  readonly violations: readonly string[];
}

export const STANDARD = { apis: 1, workers: 1 } as const;
const ROOT = path.resolve(__dirname, "../..");

/** Metric time in which an alert must fire once its state is there. */
const DETECTED_SECONDS = 60;
/** The longest window of an alert that drills are about, and some more. */
const OVER_STEPS = 64;
const WAIT_MS = 60_000;
const TICK_MS = 300;

export async function runDrill(
  drill: Drill,
  { installation, cluster }: { readonly installation: Installation; readonly cluster: Cluster },
  progress: (text: string) => void,
): Promise<Outcome> {
  const startedAt = Date.now();
  const closers: (() => Promise<unknown>)[] = [];
  const violations: string[] = [];
  let commands = 0;
  let firedAfterSeconds: number | undefined;
  const scene = sceneOf(installation, { adminUrl: cluster.serverUrl, closers, progress });
  const { apis, workers, logDirectory } = installation;
  const targets = [...apis, ...workers].map((child) => ({
    instance: child.name,
    url: child.internalUrl,
  }));
  const scraper = createScraper(targets, path.join(logDirectory, `${drill.name}.alerts.json`));
  try {
    await scene.pay(3);
    await settledWithin(installation, WAIT_MS);
    for (let step = 0; step < 3; step += 1) await scraper.scrape();
    if (scraper.firing().has(drill.alert)) violations.push("the alert fires before anything broke");
    progress("breaking it");
    const variables = (await drill.breaks(scene)) ?? {};
    firedAfterSeconds = await detected(scraper, drill);
    if (firedAfterSeconds === undefined) {
      violations.push(`${drill.alert} did not fire; ${[...scraper.firing()].join(", ")} did`);
    }
    progress(`${drill.alert} fires after ${String(firedAfterSeconds)} s of metric time`);
    const env = await environmentOf(installation, { adminUrl: cluster.serverUrl, variables });
    const run = async (kind: Block["kind"]): Promise<void> => {
      for (const block of blocksFor(drill.alert, kind)) {
        commands += 1;
        violations.push(...(await carryOut(block, { env, scene })));
      }
    };
    await run("tell");
    await drill.meanwhile?.(scene);
    await run("mend");
    progress("mended; waiting until it is over");
    await Promise.all(scene.begun);
    await settledWithin(installation, WAIT_MS);
    await waitUntil(() => areThere(targets), { timeoutMs: WAIT_MS });
    await scraper.scrape();
    scraper.repeat(OVER_STEPS);
    if (scraper.firing().has(drill.alert)) violations.push(`${drill.alert} fires still`);
    violations.push(...((await drill.ends?.(scene)) ?? []), ...(await audit(installation)));
  } finally {
    for (const close of closers.reverse()) await close().catch(() => undefined);
  }
  const seconds = (Date.now() - startedAt) / 1_000;
  return { name: drill.name, alert: drill.alert, firedAfterSeconds, commands, seconds, violations };
}

async function areThere(targets: readonly Target[]): Promise<boolean> {
  const answers = await Promise.all(targets.map(({ url }) => answersOk(`${url}/health/ready`)));
  return answers.every(Boolean);
}

/** After how much metric time it fires; undefined: not in time. */
async function detected(
  scraper: Scraper,
  { alert, detectedWithinSeconds = DETECTED_SECONDS }: Drill,
): Promise<number | undefined> {
  for (let seconds = STEP_SECONDS; seconds <= detectedWithinSeconds; seconds += STEP_SECONDS) {
    await scraper.scrape();
    if (scraper.firing().has(alert)) return seconds;
    await pause(TICK_MS);
  }
  return undefined;
}

let shops = 0;

function sceneOf(
  installation: Installation,
  given: {
    readonly adminUrl: string;
    readonly closers: (() => Promise<unknown>)[];
    readonly progress: (text: string) => void;
  },
): Scene {
  const shop = openShop(installation);
  return {
    installation,
    adminUrl: given.adminUrl,
    progress: given.progress,
    begun: [],
    later: (work) => given.closers.push(work),
    pay: (count) => {
      shops += 1;
      const wanted = orders(count, { prefix: `drill-${String(process.pid)}-${String(shops)}` });
      return eachLimited(wanted, 16, (order) => pay(shop.client(), order));
    },
  };
}

/** The paragraph that the alert leads to. */
export function blocksFor(alert: string, kind: Block["kind"]): Block[] {
  const alerts = readFileSync(path.join(ROOT, "ops/alerts.yml"), "utf8");
  const rule = alerts.split("- alert: ").find((text) => text.startsWith(`${alert}\n`)) ?? "";
  const anchor = /runbook\.md#(\S+)/.exec(rule)?.[1] ?? "";
  const paragraph = paragraphsOf(readFileSync(path.join(ROOT, "docs/runbook.md"), "utf8"));
  return blocksOf(paragraph.get(anchor) ?? "").filter((block) => block.kind === kind);
}

async function environmentOf(
  installation: Installation,
  given: { readonly adminUrl: string; readonly variables: Readonly<Record<string, string>> },
): Promise<NodeJS.ProcessEnv> {
  const { apis, workers, databaseUrl, db, graphqlUrls, merchant, logDirectory } = installation;
  const urls = [...apis, ...workers].map(({ internalUrl }) => internalUrl);
  return {
    ...installation.env,
    DATABASE_URL: databaseUrl,
    ADMIN_URL: given.adminUrl,
    DATABASE: new URL(databaseUrl).pathname.slice(1),
    ONCEPAY_URL: graphqlUrls[0],
    ONCEPAY_OPERATOR_KEY: await keyOf(db, given.variables),
    METRICS: urls.join(" "),
    MERCHANT: merchant.id,
    TMPDIR: logDirectory,
    PGCONNECT_TIMEOUT: "10",
    ...given.variables,
  };
}

/** Made before the database broke, where a drill breaks it. */
async function keyOf(
  db: Installation["db"],
  { ONCEPAY_OPERATOR_KEY }: Readonly<Record<string, string>>,
): Promise<string> {
  return ONCEPAY_OPERATOR_KEY ?? createPlatformKey(db, "on call").catch(() => "none");
}

const PROCESS = /its process: (\d+)/g;

/** Runs a block as it is printed. Complains when it fails. */
async function carryOut(
  { script }: Block,
  { env, scene }: { readonly env: NodeJS.ProcessEnv; readonly scene: Scene },
): Promise<string[]> {
  const child = spawn("sh", ["-c", script], {
    cwd: ROOT,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  }
  const code = await new Promise<number | null>((resolve) => {
    child.on("close", resolve);
  });
  const log = path.join(scene.installation.logDirectory, "commands.log");
  appendFileSync(log, `$ ${script}${said}\n`);
  for (const [, pid] of said.matchAll(PROCESS)) {
    scene.later(() => endProcess(Number(pid)));
  }
  const [first = ""] = script.split("\n");
  return code === 0
    ? []
    : [`a command of the runbook ended with ${String(code)}: ${first}; ${said}`];
}

async function endProcess(pid: number): Promise<void> {
  const isThere = (): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  if (isThere()) process.kill(pid, "SIGTERM");
  for (let waits = 0; isThere() && waits < 100; waits += 1) await pause(100);
  if (isThere()) process.kill(pid, "SIGKILL");
}

async function audit(installation: Installation): Promise<string[]> {
  const violations = await auditBooks(installation.db, {
    movements: () => networkOf(installation).movements(),
    maxAgeSeconds: WAIT_MS / 1_000,
  });
  return violations.map(({ invariant, check, subject, detail }) =>
    [invariant, check, subject, detail].join(" "),
  );
}
