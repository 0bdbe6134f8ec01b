import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

/*
 * Whether an alert fires, by Prometheus' own engine: what was scraped becomes the input of `promtool test rules`, one
 * sample for each interval of a scrape. Time is metric time: a scrape is fifteen seconds later than the one before,
 * however long it really was.
 */
export const STEP_SECONDS = 15;
const RULES = path.resolve(__dirname, "../../ops/alerts.yml");
const SCRAPE_MS = 4_000;

export interface Target {
  readonly instance: string;
  readonly url: string;
}

export interface Scraper {
  /** One step further. */
  scrape(): Promise<void>;
  /** So many steps in which nothing changes. */
  repeat(steps: number): void;
  /** The names of the alerts that fire at the latest step. */
  firing(): ReadonlySet<string>;
  readonly steps: () => number;
}

const SAMPLE = /^([a-z_0-9]+)(?:\{(.*)\})? (\S+)$/;

export function createScraper(targets: readonly Target[], file: string): Scraper {
  const wanted = new Set(readFileSync(RULES, "utf8").match(/\boncepay_[a-z0-9_]+/g));
  const series = new Map<string, { instance: string; values: string[] }>();
  let steps = 0;
  const add = (instance: string, samples: ReadonlyMap<string, string>): void => {
    for (const [name, value] of samples) {
      const known = series.get(name) ?? { instance, values: new Array<string>(steps).fill("_") };
      series.set(name, known);
      known.values[steps] = value;
    }
    // What a target no longer says is stale at once, as a server sees to it.
    for (const [name, { values, instance: whose }] of series) {
      if (whose !== instance || samples.has(name)) continue;
      values[steps] = /^(_|stale)$/.test(values[steps - 1] ?? "_") ? "_" : "stale";
    }
  };
  return {
    scrape: async () => {
      const texts = await Promise.all(targets.map(({ url }) => read(url)));
      targets.forEach(({ instance }, index) => {
        add(instance, samplesOf(instance, { text: texts[index], wanted }));
      });
      steps += 1;
    },
    repeat: (more) => {
      for (const { values } of series.values()) {
        const last = values.at(-1) ?? "_";
        values.push(...new Array<string>(more).fill(last === "stale" ? "_" : last));
      }
      steps += more;
    },
    firing: () => firingOf([...series], steps, file),
    steps: () => steps,
  };
}

async function read(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(SCRAPE_MS) });
    return response.ok ? await response.text() : undefined;
  } catch {
    return undefined;
  }
}

function samplesOf(
  instance: string,
  { text, wanted }: { text: string | undefined; wanted: ReadonlySet<string> },
): ReadonlyMap<string, string> {
  const whose = `job="oncepay",instance="${instance}"`;
  const samples = new Map([[`up{${whose}}`, text === undefined ? "0" : "1"]]);
  for (const line of (text ?? "").split("\n")) {
    const [, name = "", labels = "", value = ""] = SAMPLE.exec(line) ?? [];
    if (!wanted.has(name)) continue;
    samples.set(`${name}{${whose}${labels === "" ? "" : `,${labels}`}}`, value);
  }
  return samples;
}

function firingOf(
  series: readonly (readonly [string, { readonly values: readonly string[] }])[],
  steps: number,
  file: string,
): ReadonlySet<string> {
  const test = {
    interval: `${String(STEP_SECONDS)}s`,
    input_series: series.map(([name, { values }]) => ({ series: name, values: values.join(" ") })),
    promql_expr_test: [
      {
        expr: 'count by (alertname) (ALERTS{alertstate="firing"})',
        eval_time: `${String((steps - 1) * STEP_SECONDS)}s`,
        // None; so that what there is, is complained about, by name.
        exp_samples: [],
      },
    ],
  };
  const rules = { rule_files: [RULES], evaluation_interval: test.interval, tests: [test] };
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(rules));
  const { status, stdout, stderr } = spawnSync("promtool", ["test", "rules", file], {
    encoding: "utf8",
  });
  if (status === 0) return new Set();
  const got = [...`${stdout}${stderr}`.matchAll(/\{alertname="(\w+)"\}/g)].map(([, name]) => name);
  if (got.length === 0) throw new Error(`promtool: ${stdout}${stderr}`);
  return new Set(got as string[]);
}
