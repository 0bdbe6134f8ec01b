import { Gauge } from "prom-client";
import { registry } from "./counted";

/*
 * Gauges about the installation and not about a process. Exactly one process says them, the one whose relay is at work,
 * so that `sum` counts nothing twice. Where none is, or the database is away, they are absent, and that is an alert.
 */

export type Samples = readonly (readonly [
  labels: Readonly<Record<string, string>>,
  value: number,
])[];

export interface ReportedGauge<State> {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly string[];
  readonly samples: (state: State) => Samples;
}

/** Of a gauge with one label: its samples by the label's values. */
export function by(label: string, values: Readonly<Record<string, number>>): Samples {
  return Object.entries(values).map(([value, count]) => [{ [label]: value }, Number(count)]);
}

interface Report<State> {
  readonly look: () => Promise<State | undefined>;
  /** Whether this process is the one at the moment. */
  readonly isReporter: () => boolean;
  /** How long one look serves: the gauges of a scrape are about one state. */
  readonly rememberMs?: number;
}

const REMEMBERED_MS = 1_000;

export function reportGauges<State>(
  gauges: readonly ReportedGauge<State>[],
  { look, isReporter, rememberMs = REMEMBERED_MS }: Report<State>,
): void {
  let looked: { atMs: number; state: Promise<State | undefined> } | undefined;
  // While the database is away the scrape still answers.
  const state = async (): Promise<State | undefined> => {
    if (!isReporter()) return undefined;
    if (!looked || performance.now() - looked.atMs >= rememberMs) {
      looked = { atMs: performance.now(), state: look().catch(() => undefined) };
    }
    return looked.state;
  };
  for (const { name, help, labelNames = [], samples } of gauges) {
    registry.registerMetric(
      new Gauge({
        name,
        help,
        labelNames,
        registers: [],
        async collect() {
          const found = await state();
          const said = found === undefined ? [] : samples(found);
          this.reset();
          // One without labels begins at zero again, and is to be absent.
          if (said.length === 0 && labelNames.length === 0) this.remove();
          for (const [labels, value] of said) this.set(labels, value);
        },
      }),
    );
  }
}
