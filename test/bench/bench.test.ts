import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { REGISTER } from "./helper";
import type { Results } from "./results";

const directory = mkdtempSync(path.join(tmpdir(), "oncepay-bench-"));
/** Where it hangs. It builds first, where nobody has. */
const BENCH_MS = 600_000;

const running = new Set<ChildProcess>();
afterAll(() => {
  // Those of a test that ran into its limit.
  for (const child of running) child.kill();
  rmSync(directory, { recursive: true, force: true });
});

function runBench(args: readonly string[]): Promise<{ code: number | null; output: string }> {
  const program = path.join(__dirname, "main.ts");
  const child = spawn(process.execPath, ["-r", REGISTER, program, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  const chunks: Buffer[] = [];
  let progress = "";
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => (progress += chunk.toString()));
  return new Promise((resolve) => {
    child.once("close", (code) => {
      running.delete(child);
      if (code !== 0) process.stderr.write(progress);
      resolve({ code, output: Buffer.concat(chunks).toString() });
    });
  });
}

// Whether the bench works, not how fast anything is: the machine that runs the tests is busy.
test(
  "measures one operation, requests at fixed rates, and a payment beside its floor, and leaves table, figures and drawing",
  async () => {
    const [json, svg] = ["bench.json", "bench.svg"].map((name) => path.join(directory, name));
    const files = ["--json", json ?? "", "--svg", svg ?? ""];
    const few = ["--seconds", "0.2", "--clients", "1,4", "--source"];
    const { code, output } = await runBench(["--only", "create,open,floor", ...few, ...files]);

    expect(code).toBe(0);
    expect(output).toMatch(/^create, 4 clients +[1-9][\d,]* \/s +p50 \d+\.\d+, p99 \d+\.\d ms /m);
    expect(output).toMatch(/^ceiling: one create statement, 1 client +[1-9][\d,]* \/s/m);
    const results = JSON.parse(readFileSync(json ?? "", "utf8")) as Results;
    expect(results.operations?.create?.map(({ clients }) => clients)).toEqual([1, 4]);
    expect(results.statement?.best).toBeGreaterThan(0);
    expect(results.http?.create).toBeGreaterThan(0);
    const { rates = [] } = results.open?.find(({ operation }) => operation === "confirm") ?? {};
    expect(rates.map(({ share }) => share)).toEqual([0.5, 0.7, 0.9]);
    for (const { latency } of rates) expect(latency.p999).toBeGreaterThanOrEqual(latency.p50);
    // Each process of the product has its part of the floor, and every payment its rows.
    const { product = {}, bare = {}, rows } = results.floor ?? {};
    expect(Object.keys(bare).sort()).toEqual(Object.keys(product).sort());
    expect(rows).toBeGreaterThanOrEqual(19);
    expect(output).toMatch(
      /^whole payment, three webhooks: processor time +\d+\.\d+ ms .* ≤ 1.8 × /m,
    );
    expect(readFileSync(svg ?? "", "utf8")).toMatch(/^<svg [\s\S]*<polyline [\s\S]*<\/svg>\n$/);
  },
  BENCH_MS,
);

test(
  "opens every page of the console over tables that were filled set by set",
  async () => {
    const json = path.join(directory, "console.json");
    const few = ["--seconds", "0.1", "--payments", "400", "--letters", "80", "--source"];
    const { code, output } = await runBench(["--only", "console", ...few, "--json", json]);
    expect(code).toBe(0);
    expect(output).toMatch(/^console, dead letters: p95 +\d+/m);
    const { console: figures } = JSON.parse(readFileSync(json, "utf8")) as Results;
    expect(figures).toMatchObject({ payments: 400, letters: 80 });
    // Every page that the console's menu has.
    const menu = readFileSync(path.join(__dirname, "../../src/web/console/pages.tsx"), "utf8");
    for (const [, page = ""] of menu.matchAll(/\bpath: "([a-z-]+)"/g)) {
      const names = figures?.pages.map((each) => each.page.replace(" ", "-")) ?? [];
      expect([page, names.some((name) => name.startsWith(page))]).toEqual([page, true]);
    }
  },
  BENCH_MS,
);

test("refuses what it does not know, before it starts anything", async () => {
  const { code, output } = await runBench(["--only", "coffee"]);
  expect({ code, output }).toEqual({ code: 2, output: "" });
});
