import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { COMMANDS } from "../../src/cli/commands";
import { registry } from "../../src/observability/metrics";
import { observeProcess } from "../../src/observability/observe-process";
import { observeReplica } from "../../src/observability/observe-replica";
import { observeReplication } from "../../src/observability/observe-replication";
import { observeReconciliation } from "../../src/observability/reconciliation-gauges";
import { observeTables } from "../../src/observability/observe-tables";
import { blocksOf, paragraphsOf } from "../drill/runbook";
import { promtool, promtoolIsMissing } from "../support/promtool";

const ROOT = path.resolve(__dirname, "../..");
const read = (file: string): string => readFileSync(path.join(ROOT, file), "utf8");

const ALERTS = read("ops/alerts.yml");
const DASHBOARDS = readdirSync(path.join(ROOT, "ops/dashboards"));
const runbook = paragraphsOf(read("docs/runbook.md"));

// Their names are all that is wanted of them, so they need no database.
const nobody = { client: { pool: {} } } as never;
observeProcess(nobody);
observeTables(nobody, () => false);
observeReconciliation(nobody, () => false);
observeReplication(nobody, () => false);
observeReplica({ ageSeconds: () => 0 });
const METRICS = registry.getMetricsAsArray().map(({ name }) => name);

interface Alert {
  readonly name: string;
  readonly expr: string;
  readonly text: string;
}

const alerts = ALERTS.split(/^ {6}- alert: /m)
  .slice(1)
  .map((text): Alert => {
    const name = text.split("\n")[0] ?? "";
    const expr = /^ +expr: (?:\|\n)?([\s\S]*?)^ +(?:for|labels):/m.exec(text)?.[1] ?? "";
    return { name, expr: expr.trim(), text };
  });

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly datasource: object;
  readonly gridPos: Record<"x" | "y" | "w" | "h", number>;
  readonly targets: readonly { refId: string; expr: string; legendFormat: string }[];
}
interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly templating: { readonly list: readonly { name: string; type: string }[] };
  readonly panels: readonly Panel[];
}
const dashboards = DASHBOARDS.map(
  (file) => JSON.parse(read(`ops/dashboards/${file}`)) as Dashboard,
);
const shown = dashboards.flatMap(({ panels }) =>
  panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)),
);

/** The names of metrics in an expression, without what a histogram adds. */
function metricsIn(expr: string): string[] {
  const names = expr.match(/\boncepay_[a-z0-9_]+/g) ?? [];
  return names.map((name) =>
    METRICS.includes(name) ? name : name.replace(/_(bucket|sum|count)$/, ""),
  );
}

const legends = dashboards.flatMap(({ panels }) =>
  panels.flatMap(({ title, targets }) =>
    targets.map(({ expr, legendFormat }) => [title, expr, legendFormat] as const),
  ),
);

/** What Prometheus adds to whatever it scrapes. */
const OF_TARGETS = ["instance", "job"];
const GROUPING = /\b(?:by|on|without|ignoring) ?\(([^)]*)\)/g;
const SELECTING = /\{([^}]*)\}/g;

function labelsOf(expr: string, within: RegExp): string[] {
  return [...expr.matchAll(within)].flatMap(
    ([, inside = ""]) => inside.replace(/"[^"]*"/g, "").match(/[a-z_]+/gi) ?? [],
  );
}

function labelsOfMetricsIn(expr: string): string[] {
  const names = metricsIn(expr);
  return registry
    .getMetricsAsArray()
    .filter(({ name }) => names.includes(name))
    .flatMap((metric) => (metric as unknown as { labelNames: readonly string[] }).labelNames);
}

it("reads the rules as they are meant", () => {
  expect(alerts.length).toBeGreaterThan(20);
  expect(alerts.filter(({ expr }) => expr === "")).toEqual([]);
});

describe.each(alerts.map((alert) => [alert.name, alert] as const))("%s", (name, { expr, text }) => {
  it("is about metrics that exist", () => {
    const names = metricsIn(expr);
    if (expr.startsWith("up{")) return;
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((metric) => !METRICS.includes(metric))).toEqual([]);
  });

  it("leads to its paragraph of the runbook, which names it", () => {
    const anchor = /runbook: docs\/runbook\.md#(\S+)/.exec(text)?.[1] ?? "";
    expect(runbook.get(anchor)).toContain(`\`${name}\``);
  });

  it("says how bad it is", () => {
    expect(text).toMatch(/severity: (page|ticket)\n/);
  });

  it("has a test of what it must tell, and one of what it must not", () => {
    const tests = read("ops/alerts.test.yml").split("\n");
    expect(tests).toContain(`  - name: ${name}`);
    expect(tests).toContain(`  - name: not ${name}`);
  });
});

describe("dashboards", () => {
  it("are two, of which each has a name of its own", () => {
    expect(dashboards.map(({ uid }) => uid).sort()).toEqual([
      "oncepay-business",
      "oncepay-machine",
    ]);
  });

  it.each(shown)("%s: is about metrics that exist", (_title, expr) => {
    const names = metricsIn(expr);
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((metric) => !METRICS.includes(metric))).toEqual([]);
  });

  it.each(legends)("%s: its legend says labels that come out of %s", (_title, expr, legend) => {
    const said = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label ?? "");
    const grouped = labelsOf(expr, GROUPING);
    const there = grouped.length > 0 ? grouped : [...labelsOfMetricsIn(expr), ...OF_TARGETS];
    expect(said.filter((label) => !there.includes(label))).toEqual([]);
  });

  it.each([...shown, ...alerts.map(({ name, expr }) => [name, expr] as const)])(
    "%s: asks by labels that its metrics have",
    (_title, expr) => {
      const asked = [...labelsOf(expr, GROUPING), ...labelsOf(expr, SELECTING)];
      const there = [...labelsOfMetricsIn(expr), ...OF_TARGETS, "le"];
      expect(asked.filter((label) => !there.includes(label))).toEqual([]);
    },
  );

  it.each(dashboards)(
    "$title can be imported as it is",
    ({ schemaVersion, templating, panels }) => {
      expect(schemaVersion).toBeGreaterThan(30);
      expect(templating.list).toEqual([
        expect.objectContaining({ name: "datasource", type: "datasource" }),
      ]);
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
      const places = new Set<string>();
      for (const { datasource, gridPos, title, targets, type } of panels) {
        // The one that is chosen above the dashboard.
        expect(datasource).toEqual({ type: "prometheus", uid: "${datasource}" });
        expect(["timeseries", "stat"]).toContain(type);
        expect(title).not.toBe("");
        expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
        const { x, y, w, h } = gridPos;
        expect(x + w).toBeLessThanOrEqual(24);
        for (let place = 0; place < w * h; place += 1) {
          places.add(`${String(x + (place % w))} ${String(y + Math.floor(place / w))}`);
        }
      }
      const cells = panels.reduce((sum, { gridPos: { w, h } }) => sum + w * h, 0);
      // None lies on another.
      expect(places.size).toBe(cells);
    },
  );

  it("leave out no metric of ours", () => {
    const used = [...shown.map(([, expr]) => expr), ALERTS].flatMap(metricsIn);
    const ours = METRICS.filter((name) => !/^oncepay_(process|nodejs)_/.test(name));
    const nowhere = ours.filter((name) => !used.includes(name) && !ELSEWHERE.has(name));
    expect(nowhere).toEqual([]);
  });

  it("the documentation names each", () => {
    const text = read("docs/running.md");
    const ours = METRICS.filter((name) => !/^oncepay_(process|nodejs)_/.test(name));
    const named = (name: string): boolean =>
      text.includes(name) || new RegExp(`\`${name.slice("oncepay_".length)}[\`{]`).test(text);
    expect(ours.filter((name) => !named(name))).toEqual([]);
  });
});

/** What is for looking into something, and on no dashboard. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  "oncepay_deduplications_total",
  "oncepay_inbox_received_total",
  "oncepay_parked_inbox",
]);

describe("the runbook's commands", () => {
  const lines = [...runbook.values()]
    .flatMap((text) => blocksOf(text).map(({ script }) => script))
    .flatMap((script) => script.split("\n"))
    .filter((line) => line.startsWith("npx oncepay "));

  it.each(lines)("%s", (line) => {
    const words = line
      .replace(/"[^"]*"/g, "X")
      .split(/\s+/)
      .slice(2);
    const said = words.join(" ");
    const command = COMMANDS.find(({ name }) => said === name || said.startsWith(`${name} `));
    const options = words.filter((word) => word.startsWith("--")).map((word) => word.slice(2));
    expect(command?.name).toBeDefined();
    expect(Object.keys(command?.options ?? {})).toEqual(expect.arrayContaining(options));
  });
});

const NOT_HERE = promtoolIsMissing();
const withPromtool = NOT_HERE === undefined ? describe : describe.skip;

withPromtool(`promtool (${NOT_HERE ?? "it is here"})`, () => {
  it("understands the alerts", () => {
    expect(promtool(["check", "rules", path.join(ROOT, "ops/alerts.yml")])).toBe("");
  });

  it("finds that each fires when it must and not when it must not", () => {
    expect(promtool(["test", "rules", path.join(ROOT, "ops/alerts.test.yml")])).toBe("");
  });

  it("understands every expression of the dashboards", () => {
    const rules = shown.map(([, expr], n) => ({
      record: `panel:${String(n)}`,
      expr: expr.replaceAll("$__rate_interval", "1m"),
    }));
    const file = path.join(mkdtempSync(path.join(tmpdir(), "oncepay-panels-")), "panels.yml");
    writeFileSync(file, JSON.stringify({ groups: [{ name: "panels", rules }] }));
    const complaints = promtool(["check", "rules", file]);
    rmSync(path.dirname(file), { recursive: true });
    expect(complaints).toBe("");
  });
});
