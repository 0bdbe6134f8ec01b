import { Counter, Registry } from "prom-client";

/** What the process counted, in Prometheus' format. No ids in labels: every label is from a closed list. */
export const registry = new Registry();

type Lists = Readonly<Record<string, readonly string[]>>;

/** A counter whose labels have known values. */
export interface Counted<Labels extends Lists> {
  inc(labels: { readonly [Name in keyof Labels]: Labels[Name][number] }, count?: number): void;
  readonly get: Counter["get"];
  readonly remove: (labels: Readonly<Record<string, string>>) => void;
}

/**
 * A counter that is there from the start, at zero, under every combination of its labels' values: of a series that
 * begins with its first failure, Prometheus sees no increase.
 */
export function counted<const Labels extends Lists>(described: {
  readonly name: string;
  readonly help: string;
  readonly labels: Labels;
}): Counted<Labels> {
  const { name, help, labels } = described;
  const counter = new Counter({
    name,
    help,
    labelNames: Object.keys(labels),
    registers: [registry],
  });
  startAtZero(counter, labels);
  return counter;
}

/** The same for a counter some of whose labels' values are known only later, such as the processors' names. */
export function startAtZero(counter: Pick<Counter, "inc">, labels: Lists): void {
  for (const values of combinations(Object.entries(labels))) counter.inc(values, 0);
}

function combinations(
  lists: readonly (readonly [string, readonly string[]])[],
): Record<string, string>[] {
  const [first, ...rest] = lists;
  if (!first) return [{}];
  const [name, values] = first;
  return values.flatMap((value) =>
    combinations(rest).map((other) => ({ [name]: value, ...other })),
  );
}
