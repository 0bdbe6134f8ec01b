import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { provisionGrafana, targetGroups } from "../../src/dev/observers";
import { waitUntil } from "../../src/dev/wait-until";
import { ensureBuilt } from "../attack/built";
import {
  type Command,
  clearCommands,
  newDatabase,
  newDirectory,
  runCommand,
  stop,
  whenReady,
} from "../support/npm-start";

/** `npm run start:observed`, as real processes, with the Prometheus that is installed here and without any. */

const PATIENCE_MS = 120_000;
const ROOT = path.resolve(__dirname, "../..");

beforeAll(() => ensureBuilt(), 180_000);
afterAll(() => clearCommands(), 60_000);

function prometheusIsMissing(): string | undefined {
  if (spawnSync("prometheus", ["--version"]).status === 0) return undefined;
  const how = "prometheus is not on the PATH";
  if (process.env["CI"]) throw new Error(`CI needs it: ${how}.`);
  return how;
}

async function start(environment: NodeJS.ProcessEnv = {}): Promise<Command> {
  const { url } = await newDatabase();
  return runCommand("start", {
    directory: newDirectory(),
    environment: { DATABASE_URL: url, ...environment },
    args: ["--observed"],
  });
}

async function ask<Data>(url: string): Promise<Data> {
  return ((await (await fetch(url)).json()) as { data: Data }).data;
}

interface Targets {
  readonly activeTargets: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly health: string;
    readonly scrapeUrl: string;
  }[];
}

const missing = prometheusIsMissing();
const withPrometheus = missing === undefined ? test : test.skip;

withPrometheus(
  `Prometheus finds every process and all rules, follows one that comes back, and ends with them (${missing ?? "it is here"})`,
  async () => {
    const one = await start();
    const { prometheusUrl = "", processes } = await whenReady(one);
    const up = async (): Promise<string[]> => {
      const { activeTargets } = await ask<Targets>(`${prometheusUrl}/api/v1/targets?state=active`);
      const healthy = activeTargets.filter(({ health }) => health === "up");
      return healthy.map(({ labels }) => `${labels["job"] ?? ""} ${labels["instance"] ?? ""}`);
    };
    const areUp = async (): Promise<boolean> =>
      (await up()).sort().join() === "oncepay api,oncepay worker";
    expect([await waitUntil(areUp, { timeoutMs: PATIENCE_MS }), await up()]).toEqual([
      true,
      expect.anything(),
    ]);

    const { groups } = await ask<{ groups: readonly { rules: readonly { name: string }[] }[] }>(
      `${prometheusUrl}/api/v1/rules`,
    );
    const rules = readFileSync(path.join(ROOT, "ops/alerts.yml"), "utf8");
    const wanted = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
    const loaded = groups.flatMap((group) => group.rules.map(({ name }) => name));
    expect(loaded.toSorted()).toEqual(wanted.toSorted());

    // Another process at another port of its own choice, and still the same target.
    const api = processes["api"]?.pid ?? 0;
    const starts = async (): Promise<number> => {
      const expression = 'changes(oncepay_process_start_time_seconds{instance="api"}[10m])';
      const query = `${prometheusUrl}/api/v1/query?query=${encodeURIComponent(expression)}`;
      const { result } = await ask<{ result: readonly { value: [number, string] }[] }>(query);
      return Number(result[0]?.value[1] ?? 0);
    };
    process.kill(api, "SIGKILL");
    const cameBack = async (): Promise<boolean> => (await starts()) === 1 && (await areUp());
    expect(await waitUntil(cameBack, { timeoutMs: PATIENCE_MS })).toBe(true);

    await stop(one);
    await expect(fetch(prometheusUrl)).rejects.toThrow();
  },
  3 * PATIENCE_MS,
);

withPrometheus(
  "killed, it leaves no Prometheus behind",
  async () => {
    const one = await start();
    const { prometheusUrl = "" } = await whenReady(one);
    one.child.kill("SIGKILL");
    const isGone = (): Promise<boolean> =>
      fetch(prometheusUrl).then(
        () => false,
        () => true,
      );
    expect(await waitUntil(isGone, { timeoutMs: PATIENCE_MS })).toBe(true);
  },
  2 * PATIENCE_MS,
);

test(
  "where neither is installed, it says so and comes up without",
  async () => {
    const one = await start({ PATH: path.join(ROOT, "ops") });
    const state = await whenReady(one);
    expect([state.prometheusUrl, state.grafanaUrl]).toEqual([undefined, undefined]);
    expect(one.output()).toMatch(/Prometheus is not installed here.*\n.*Grafana is not installed/);
  },
  2 * PATIENCE_MS,
);

test("targets are told apart by name, and Grafana is given the dashboards as they are", () => {
  expect(targetGroups([{ name: "api", url: "http://127.0.0.1:4002" }])).toEqual([
    { targets: ["127.0.0.1:4002"], labels: { instance: "api" } },
  ]);
  const directory = mkdtempSync(path.join(tmpdir(), "oncepay-grafana-"));
  try {
    provisionGrafana(directory, "http://127.0.0.1:9090");
    const read = (file: string): unknown =>
      JSON.parse(readFileSync(path.join(directory, file), "utf8"));
    expect(read("datasources/oncepay.yaml")).toMatchObject({
      datasources: [{ type: "prometheus", url: "http://127.0.0.1:9090", isDefault: true }],
    });
    expect(read("dashboards/oncepay.yaml")).toMatchObject({
      providers: [{ type: "file", options: { path: expect.stringMatching(/ops\/dashboards$/) } }],
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
});
