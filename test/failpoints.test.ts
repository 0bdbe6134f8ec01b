import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { transpileModule, ModuleKind } from "typescript";
import {
  configureFailpoints,
  failpoint,
  FailpointError,
  FAILPOINTS,
  failpointCounts,
} from "../src/failpoints";
import { cpuMsOf } from "./support/cpu-time";

afterEach(() => {
  configureFailpoints(undefined);
});

/** Which of a hundred passes fire. */
function firingPasses(specification: string, seed?: number): number[] {
  configureFailpoints(specification, { seed });
  const fired: number[] = [];
  for (let index = 0; index < 100; index += 1) {
    try {
      void failpoint("charge.after_call");
    } catch {
      fired.push(index);
    }
  }
  return fired;
}

test("names each failpoint once and says what it is", () => {
  expect(new Set(FAILPOINTS.map(({ name }) => name)).size).toBe(FAILPOINTS.length);
  for (const { description } of FAILPOINTS) expect(description).toMatch(/^[A-Z].+\.$/);
});

test.each([undefined, "", " ; "])("does nothing when %j is configured", (specification) => {
  configureFailpoints(specification);
  for (const { name } of FAILPOINTS) expect(failpoint(name)).toBeUndefined();
  expect(failpointCounts()).toEqual({});
});

test("costs next to nothing when none is configured", async () => {
  const cpuMs = await cpuMsOf(() => {
    for (let count = 0; count < 10_000_000; count += 1) void failpoint("api.before_commit");
  });
  expect(cpuMs).toBeLessThan(3_000);
});

test("throws where it is told to and nowhere else", () => {
  configureFailpoints("charge.after_call:throw; webhook.after_post:throw@0");
  expect(() => failpoint("charge.after_call")).toThrow(FailpointError);
  expect(failpoint("charge.before_call")).toBeUndefined();
  expect(failpoint("webhook.after_post")).toBeUndefined();
  expect(failpointCounts()).toEqual({ "charge.after_call": 1 });
});

test("fires with the probability given, the same passes for the same seed", () => {
  const fired = firingPasses("charge.after_call:throw@0.2", 7);
  expect(fired.length).toBeGreaterThan(8);
  expect(fired.length).toBeLessThan(35);
  expect(firingPasses("charge.after_call:throw@0.2", 7)).toEqual(fired);
  expect(firingPasses("charge.after_call:throw@0.2", 8)).not.toEqual(fired);
  expect(firingPasses("sweeper.after:hang@.5;charge.after_call:throw@.2", 7)).toEqual(fired);
});

test("fires no more often than it may", () => {
  expect(firingPasses("charge.after_call:throw#2")).toEqual([0, 1]);
  expect(firingPasses("charge.after_call:throw@0.2#1", 7)).toHaveLength(1);
  expect(failpointCounts()).toEqual({ "charge.after_call": 1 });
});

test("delays by the time given", async () => {
  configureFailpoints("webhook.before_post:delay=60");
  const startedAt = performance.now();
  await failpoint("webhook.before_post");
  expect(performance.now() - startedAt).toBeGreaterThan(50);
});

test("hangs for ever", async () => {
  configureFailpoints("relay.after_claim:hang");
  const outcome = await Promise.race([
    failpoint("relay.after_claim"),
    new Promise((resolve) => setTimeout(resolve, 50, "still hanging")),
  ]);
  expect(outcome).toBe("still hanging");
});

test("kills its process at once, having written its name", () => {
  const folder = mkdtempSync(join(tmpdir(), "failpoints-"));
  try {
    const source = readFileSync(join(__dirname, "../src/failpoints.ts"), "utf8");
    const { outputText } = transpileModule(source, {
      compilerOptions: { module: ModuleKind.CommonJS },
    });
    writeFileSync(join(folder, "failpoints.js"), outputText);
    const script = `
      const { configureFailpoints, failpoint } = require("./failpoints.js");
      configureFailpoints("relay.after_publish:kill@1", { logFile: "log" });
      (async () => {
        await failpoint("relay.after_claim");
        console.log("before");
        await failpoint("relay.after_publish");
        console.log("after");
      })();`;
    const child = spawnSync(process.execPath, ["-e", script], { cwd: folder, encoding: "utf8" });
    expect(child).toMatchObject({ signal: "SIGKILL", stdout: "before\n", stderr: "" });
    expect(readFileSync(join(folder, "log"), "utf8")).toBe("relay.after_publish\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each([
  ["an unknown name", "relay.after_lunch:kill"],
  ["an unknown action", "relay.after_claim:explode"],
  ["no action", "relay.after_claim"],
  ["a delay without a time", "relay.after_claim:delay"],
  ["a probability above one", "relay.after_claim:kill@1.5"],
  ["a negative probability", "relay.after_claim:kill@-1"],
  ["no number of fires", "relay.after_claim:kill#"],
  ["a name given twice", "relay.after_claim:kill;relay.after_claim:throw"],
])("refuses %s, and keeps what was configured", (_what, specification) => {
  configureFailpoints("charge.after_call:throw");
  expect(() => {
    configureFailpoints(`${specification}`);
  }).toThrow(/^Failpoints: /);
});
