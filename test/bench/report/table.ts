import type { Row } from "./rows";

const HEADINGS = ["what", "measured", "", "ceiling", "ratio", "required", "met"];

/** With an earlier run's rows there is one more column: that run's figure, and today's change. */
export function table(rows: readonly Row[], earlier?: readonly Row[]): string {
  const lines = rows.map((row) => [...cells(row), ...(earlier ? [change(row, earlier)] : [])]);
  const headings = [...HEADINGS, ...(earlier ? ["earlier"] : [])];
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...lines.map((line) => line[column]?.length ?? 0)),
  );
  const rule = widths.map((width) => "─".repeat(width));
  return [headings, rule, ...lines]
    .map((line) => line.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join("  "))
    .map((line) => `${line.trimEnd()}\n`)
    .join("");
}

// Figures stand on the right of their column, words on the left.
const RIGHT = new Set([1, 4]);

function pad(cell: string, width: number, column: number): string {
  return RIGHT.has(column) ? cell.padStart(width) : cell.padEnd(width);
}

function cells(row: Row): string[] {
  const ceiling =
    row.ceiling === undefined
      ? ""
      : `${figure(row.ceiling, row.unit)} ${row.ceilingName ?? ""}`.trim();
  return [
    row.what,
    figure(row.value, row.unit),
    row.note ?? "",
    ceiling,
    row.ratio === undefined ? "" : row.ratio.toFixed(2),
    row.required ?? "",
    row.met === undefined ? "" : row.met ? "yes" : "NO",
  ];
}

export function figure(value: number, unit: Row["unit"]): string {
  const digits = unit === "ms" || unit === "s" ? 2 : 0;
  const text = value.toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return `${text} ${unit}`;
}

function change(row: Row, earlier: readonly Row[]): string {
  const same = earlier.find(({ what }) => what === row.what);
  if (!same) return "";
  const percent = Math.round((row.value / same.value - 1) * 100);
  return `${figure(same.value, same.unit)} (${percent >= 0 ? "+" : ""}${String(percent)} %)`;
}
