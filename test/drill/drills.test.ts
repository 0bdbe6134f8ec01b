import { readFileSync } from "node:fs";
import path from "node:path";
import { ensureBuilt } from "../attack/built";
import { clusterOfTestRun } from "../attack/cluster";
import { type Installation, startInstallation } from "../attack/installation";
import { promtoolIsMissing } from "../support/promtool";
import { DRILLS } from "./all-drills";
import { STANDARD, blocksFor, runDrill } from "./drill";
import { psqlIsMissing } from "./psql";
import { paragraphsOf } from "./runbook";

/** Where it hangs; on a quiet machine these take some seconds. */
const DRILLS_MS = 600_000;
// Not that of rows that are set aside: they are so for a minute beside other tests. `npm run drill` runs all of them.
const HERE = ["keys-reused", "no-worker", "key-leaked"];

const drills = DRILLS.filter(({ name }) => HERE.includes(name));
const missing = promtoolIsMissing() ?? psqlIsMissing();
const cluster = clusterOfTestRun();
let installation: Installation | undefined;

beforeAll(async () => {
  if (missing !== undefined) return;
  await ensureBuilt();
  installation = await startInstallation(cluster, { ...STANDARD, name: "drills", seed: 1 });
}, DRILLS_MS);

afterAll(() => installation?.stop());

for (const drill of drills) {
  const title = `${drill.name}: ${drill.what}`;
  if (missing !== undefined) {
    // The title says so wherever results are shown.
    test.skip(`${title} (${missing})`, () => undefined);
    continue;
  }
  test(
    title,
    async () => {
      if (!installation) throw new Error("there is no installation");
      const outcome = await runDrill(drill, { installation, cluster }, () => undefined);
      expect(outcome.violations).toEqual([]);
      expect(outcome.firedAfterSeconds).toBeLessThanOrEqual(drill.detectedWithinSeconds ?? 60);
      expect(outcome.commands).toBeGreaterThan(0);
    },
    DRILLS_MS,
  );
}

test("every drill has something to look at, and those that mend have something to do", () => {
  for (const { name, alert, mends } of DRILLS) {
    expect([name, blocksFor(alert, "tell").length > 0]).toEqual([name, true]);
    if (mends) expect([name, blocksFor(alert, "mend").length > 0]).toEqual([name, true]);
  }
  expect(DRILLS.filter(({ mends }) => mends).length).toBeGreaterThanOrEqual(10);
});

test("the documentation lists each", () => {
  const text = readFileSync(path.resolve(__dirname, "../../docs/running.md"), "utf8");
  const cells = text.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
  const listed = cells.filter(([, name = ""]) =>
    DRILLS.some((drill) => name === `\`${drill.name}\``),
  );
  expect(listed.map(([, name, alert, what]) => [name, alert, what])).toEqual(
    DRILLS.map(({ name, alert, what }) => [`\`${name}\``, `\`${alert}\``, what]),
  );
});

test("paragraphs are found as GitHub links to them", () => {
  const found = paragraphsOf(
    "# A page\n\n## A surge of 422\n\ntext\n\n## Its relay's end\n\nmore\n",
  );
  expect([...found.keys()]).toEqual(["a-surge-of-422", "its-relays-end"]);
});
