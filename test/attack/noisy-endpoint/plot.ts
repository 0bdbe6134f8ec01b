/** What others wait for their webhooks, without and with the endpoints that are a nuisance. */
export interface Waited {
  readonly name: string;
  readonly p50: number;
  readonly p95: number;
  /** What p95 may be at most; absent where there is nobody to be a nuisance. */
  readonly limit?: number;
}

const [WIDTH, ROW, LEFT, BAR] = [1_000, 44, 300, 560];

export function plotWaits(waits: readonly Waited[]): string {
  const height = 70 + waits.length * ROW;
  const most = Math.max(1, ...waits.map(({ p95, limit = 0 }) => Math.max(p95, limit)));
  const x = (ms: number): string => ((ms / most) * BAR).toFixed(1);
  const rows = waits.map(({ name, p50, p95, limit }, index) => {
    const top = 50 + index * ROW;
    const at = LEFT + Number(x(limit ?? 0));
    return [
      `<text x="${LEFT - 10}" y="${top + 20}" text-anchor="end">${name}</text>`,
      `<rect x="${LEFT}" y="${top + 4}" width="${x(p95)}" height="12" fill="#c8553d"/>`,
      `<rect x="${LEFT}" y="${top + 18}" width="${x(p50)}" height="12" fill="#1b6ca8"/>`,
      limit === undefined
        ? ""
        : `<line x1="${at}" x2="${at}" y1="${top}" y2="${top + 34}" stroke="#444" stroke-dasharray="4"/>`,
      `<text x="${LEFT + 6 + Number(x(p95))}" y="${top + 15}" font-size="11">p95 ${p95} ms, p50 ${p50} ms</text>`,
    ].join("");
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="13">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    `<text x="${LEFT}" y="24" font-weight="bold">From an event to its webhook, at other endpoints (line: 1.5 times without)</text>`,
    ...rows,
    "</svg>\n",
  ].join("\n");
}
