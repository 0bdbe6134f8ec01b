type Cell = string | number | null | undefined;

/** Rows under their headings, in columns as wide as they must be. */
export function table(headings: readonly string[], rows: readonly (readonly Cell[])[]): string {
  if (rows.length === 0) return "There are none.\n";
  const lines = [headings, ...rows.map((row) => row.map(textOf))];
  const widths = headings.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  return lines
    .map((line) => `${line.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  ")}`.trimEnd())
    .map((line) => `${line}\n`)
    .join("");
}

function textOf(cell: Cell): string {
  return cell === null || cell === undefined || cell === "" ? "-" : String(cell);
}

/** Every field of an object, one to a line. */
export function fields(object: object): string {
  const shown = Object.entries(object).map(([name, value]): [string, string] => [
    name,
    typeof value === "object" && value !== null ? JSON.stringify(value) : textOf(value as Cell),
  ]);
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join("");
}

const BAR = 30;

export function progress(done: number, of: number): string {
  const full = of === 0 ? BAR : Math.round((BAR * done) / of);
  return `[${"#".repeat(full)}${".".repeat(BAR - full)}] ${String(done)} of ${String(of)}`;
}
