/** A filter of a list. Its text has one parameter, and it filters nothing where there is no value. */
interface Filter {
  readonly name: string;
  readonly text: string;
  readonly value: unknown;
}

/**
 * The parts of a statement that filters by what is given, and is named after that. There is one for each set of
 * filters: with optional filters in a single text, the planner could use no index.
 */
export function onlyGiven(filters: readonly Filter[]): {
  readonly names: readonly string[];
  readonly texts: readonly string[];
  readonly values: readonly unknown[];
} {
  const given = filters.filter(({ value }) => value !== null && value !== undefined);
  return {
    names: given.map(({ name }) => name),
    texts: given.map(({ text }) => text),
    values: given.map(({ value }) => value),
  };
}
