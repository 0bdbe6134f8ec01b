import type { Outcome } from "./run-attack";

const WIDTH = 100;

/** What was promised, what was counted, and whether the promise held. */
export function table(outcomes: readonly Outcome[]): string {
  return outcomes.map(describe).join("");
}

function describe(outcome: Outcome): string {
  const { name, promise, figures, sometimes, violations, seconds, skipped } = outcome;
  const held = violations.length === 0 ? "HOLDS" : `BROKEN (${violations.length} violations)`;
  const verdict = skipped === undefined ? held : `SKIPPED: ${skipped}`;
  const lines = [
    "─".repeat(WIDTH),
    `${name.padEnd(24)}${verdict.padEnd(WIDTH - 34)}${`${seconds.toFixed(1)} s`.padStart(10)}`,
    `  ${promise}`,
    ...Object.entries(figures).map(row),
    ...Object.entries(sometimes).map(([fault, count]) => row([`injected: ${fault}`, count])),
    ...violations.map((violation) => `  ! ${violation}`),
  ];
  return `${lines.join("\n")}\n`;
}

function row([name, value]: readonly [string, number | string]): string {
  return `  ${name.padEnd(64)}${String(value).padStart(WIDTH - 66)}`;
}
