import { type Measured, type MeasuredOperation, OPERATIONS, type Results } from "../results";

/** Throughput and p99 against the number of clients: two panels of one SVG. */
export function plot(results: Results): string | undefined {
  const lines = OPERATIONS.flatMap((name) => {
    const measured = results.operations?.[name];
    return measured && measured.length > 0 ? [{ name, measured }] : [];
  });
  if (lines.length === 0) return undefined;
  const ceiling = results.statement && {
    value: results.statement.best,
    label: `one statement (${results.statement.how})`,
  };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${String(WIDTH)} ${String(HEIGHT)}" font-family="sans-serif" font-size="13">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    panel(lines, {
      left: 70,
      title: "requests per second",
      valueOf: ({ throughput }) => throughput,
      ...(ceiling && { ceiling }),
    }),
    panel(lines, { left: 560, title: "p99, milliseconds", valueOf: ({ latency }) => latency.p99 }),
    legend(lines.map(({ name }) => name)),
    `<text x="70" y="${String(HEIGHT - 8)}" fill="#666">${escape(describe(results))}</text>`,
    "</svg>\n",
  ].join("\n");
}

const [WIDTH, HEIGHT] = [1_000, 430];
const PANEL = { top: 40, width: 400, height: 290 };
const COLORS: Readonly<Record<MeasuredOperation, string>> = {
  create: "#1b6ca8",
  confirm: "#c8553d",
  replay: "#3a7d44",
  query: "#7b5ea7",
  list: "#8a6d3b",
};

interface Line {
  readonly name: MeasuredOperation;
  readonly measured: readonly Measured[];
}

interface PanelOptions {
  readonly left: number;
  readonly title: string;
  readonly valueOf: (measured: Measured) => number;
  readonly ceiling?: { readonly value: number; readonly label: string };
}

function panel(lines: readonly Line[], options: PanelOptions): string {
  const { left, title, valueOf, ceiling } = options;
  const clients = [...new Set(lines.flatMap(({ measured }) => measured.map((one) => one.clients)))];
  clients.sort((a, b) => a - b);
  const values = lines.flatMap(({ measured }) => measured.map(valueOf));
  const ticks = niceTicks(Math.max(...values, ceiling?.value ?? 0));
  const x = xScale(clients, left);
  const y = (value: number): number => PANEL.top + PANEL.height * (1 - value / (ticks.at(-1) ?? 1));
  const bottom = PANEL.top + PANEL.height;
  return [
    `<text x="${String(left)}" y="${String(PANEL.top - 16)}" font-weight="bold">${title}</text>`,
    ...ticks.map((tick) => gridLine(left, y(tick), tick.toLocaleString("en-US"))),
    ...clients.map(
      (count) =>
        `<text x="${fixed(x(count))}" y="${String(bottom + 20)}" text-anchor="middle">${String(count)}</text>`,
    ),
    `<text x="${String(left + PANEL.width / 2)}" y="${String(bottom + 40)}" text-anchor="middle" fill="#666">clients</text>`,
    ceiling ? ceilingLine(left, y(ceiling.value), ceiling.label) : "",
    ...lines.map(({ name, measured }) => {
      const points = measured.map((one) => [x(one.clients), y(valueOf(one))] as const);
      const path = points.map(([px, py]) => `${fixed(px)},${fixed(py)}`).join(" ");
      const dots = points.map(
        ([px, py]) =>
          `<circle cx="${fixed(px)}" cy="${fixed(py)}" r="3.5" fill="${COLORS[name]}"/>`,
      );
      return `<polyline points="${path}" fill="none" stroke="${COLORS[name]}" stroke-width="2"/>${dots.join("")}`;
    }),
  ].join("\n");
}

/** Logarithmic, because what matters about clients is how many times more there are. */
function xScale(clients: readonly number[], left: number): (clients: number) => number {
  const [low, high] = [Math.log(clients[0] ?? 1), Math.log(clients.at(-1) ?? 1)];
  const inner = PANEL.width - 40;
  return (count) =>
    left + 20 + (high === low ? inner / 2 : (inner * (Math.log(count) - low)) / (high - low));
}

/** Round steps from 0 to at least the highest value. */
function niceTicks(highest: number): number[] {
  const rough = Math.max(highest, 1e-3) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  return Array.from({ length: Math.ceil(highest / step) + 1 }, (_, index) =>
    Number((index * step).toPrecision(6)),
  );
}

function gridLine(left: number, y: number, label: string): string {
  return (
    `<line x1="${String(left)}" x2="${String(left + PANEL.width)}" y1="${fixed(y)}" y2="${fixed(y)}" stroke="#ddd"/>` +
    `<text x="${String(left - 8)}" y="${fixed(y + 4)}" text-anchor="end">${label}</text>`
  );
}

function ceilingLine(left: number, y: number, label: string): string {
  return (
    `<line x1="${String(left)}" x2="${String(left + PANEL.width)}" y1="${fixed(y)}" y2="${fixed(y)}" stroke="#444" stroke-dasharray="6 4"/>` +
    `<text x="${String(left + 6)}" y="${fixed(y - 6)}" fill="#444">${escape(label)}</text>`
  );
}

function legend(names: readonly MeasuredOperation[]): string {
  return names
    .map((name, index) => {
      const x = 560 + index * 84;
      return `<circle cx="${String(x)}" cy="${String(HEIGHT - 12)}" r="5" fill="${COLORS[name]}"/><text x="${String(x + 10)}" y="${String(HEIGHT - 8)}">${name}</text>`;
    })
    .join("");
}

function describe({ machine, startedAt }: Results): string {
  return `${machine.cpu}, ${String(machine.cores)} cores, Node ${machine.node}, ${startedAt.slice(0, 10)}`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

function fixed(value: number): string {
  return value.toFixed(1);
}
