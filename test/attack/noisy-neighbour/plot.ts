import type { Phase } from "../attacks/noisy-neighbour";

const [WIDTH, ROW, LEFT, BAR] = [900, 44, 220, 600];

/** The other tenant's latency with and without each assault, and the API's memory beside it. */
export function plotNeighbours(phases: readonly Phase[]): string {
  const height = 70 + phases.length * ROW;
  const alone = phases[0]?.experience.p99 ?? 0;
  const most = Math.max(2 * alone, ...phases.map(({ experience }) => experience.p99));
  const x = (ms: number): string => ((ms / most) * BAR).toFixed(1);
  const rows = phases.map(({ name, experience: { p50, p99 }, memoryMb }, index) => {
    const top = 50 + index * ROW;
    return [
      `<text x="${LEFT - 10}" y="${top + 20}" text-anchor="end">${name}</text>`,
      `<rect x="${LEFT}" y="${top + 4}" width="${x(p99)}" height="12" fill="#c8553d"/>`,
      `<rect x="${LEFT}" y="${top + 18}" width="${x(p50)}" height="12" fill="#1b6ca8"/>`,
      `<text x="${LEFT + 6 + Number(x(p99))}" y="${top + 15}" font-size="11">p99 ${p99} ms, p50 ${p50} ms, ${memoryMb} MB</text>`,
    ].join("");
  });
  const limit = LEFT + Number(x(2 * alone));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH + 120} ${height}" font-family="sans-serif" font-size="13">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    `<text x="${LEFT}" y="24" font-weight="bold">A tenant's latency while another one attacks (line: twice the p99 without)</text>`,
    `<line x1="${limit}" x2="${limit}" y1="40" y2="${height - 10}" stroke="#999" stroke-dasharray="4"/>`,
    ...rows,
    "</svg>\n",
  ].join("\n");
}
