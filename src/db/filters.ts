import { type IdKind, idFloor } from "../ids";
import { IN_SQL, type PageRequest } from "../pagination";

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

/** Of a list whose ids are made in the order of time: a range of time is a range of ids, and one index serves both. */
export function idRange(
  { kind, column }: { readonly kind: IdKind; readonly column: string },
  /** ISO 8601; from `after` on, and before `before`. */
  time: { readonly after: string | null | undefined; readonly before: string | null | undefined },
  { direction, from }: PageRequest<string>,
): readonly Filter[] {
  const at = (moment: string | null | undefined): string | null | undefined =>
    moment && idFloor(kind, Date.parse(moment));
  return [
    { name: "after", text: `${column} >= ?`, value: at(time.after) },
    { name: "before", text: `${column} < ?`, value: at(time.before) },
    { name: "from", text: `${column} ${IN_SQL[direction].beyond} ?`, value: from },
  ];
}
