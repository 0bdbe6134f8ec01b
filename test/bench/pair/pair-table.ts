import { median } from "../load/latency";
import type { PairOfRounds, Pairs, Round } from "./measure-pair";

const FIGURES: readonly { readonly name: string; readonly of: (round: Round) => number }[] = [
  { name: "throughput, 1/s", of: ({ throughput }) => throughput },
  { name: "processor time of our processes, ms", of: ({ processMs }) => processMs },
  { name: "processor time of Postgres, ms", of: ({ postgresMs }) => postgresMs },
  { name: "processor time, ms", of: ({ processMs, postgresMs }) => processMs + postgresMs },
];

/** Medians over the rounds; the ratio is the median of the rounds' ratios, with its quartiles. */
export function pairTable(pairs: Pairs): string {
  const head = row(["", "", "theirs", "ours", "ours / theirs", "quartiles"]);
  const rows = Object.entries(pairs).flatMap(([operation, rounds]) =>
    FIGURES.map(({ name, of }) => rowOf(operation, name, rounds, of)),
  );
  return [head, ...rows, ""].join("\n");
}

function rowOf(
  operation: string,
  name: string,
  rounds: readonly PairOfRounds[],
  of: (round: Round) => number,
): string {
  const ratios = rounds.map(([theirs, ours]) => of(ours) / of(theirs)).sort((a, b) => a - b);
  const quartile = (share: number): string =>
    (ratios[Math.round((ratios.length - 1) * share)] ?? NaN).toFixed(2);
  const middle = (side: 0 | 1): string => figure(median(rounds.map((pair) => of(pair[side]))));
  const ratio = median(ratios).toFixed(3);
  return row([
    operation,
    name,
    middle(0),
    middle(1),
    ratio,
    `${quartile(0.25)} … ${quartile(0.75)}`,
  ]);
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(3);
}

const WIDTHS = [8, 36, 9, 9, 14, 14];

function row(cells: readonly string[]): string {
  const [first, second, ...figures] = cells.map((cell, n) =>
    n < 2 ? cell.padEnd(WIDTHS[n] ?? 0) : cell.padStart(WIDTHS[n] ?? 0),
  );
  return [first, second, ...figures].join(" ").trimEnd();
}
