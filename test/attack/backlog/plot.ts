/** What was seen once a second while a backlog drained. */
export interface Sample {
  readonly atS: number;
  /** Rows of the outbox that wait. */
  readonly waiting: number;
  /** Webhooks that came in the second before, at the endpoint without a limit and at the one with. */
  readonly free: number;
  readonly limited: number;
}

const [WIDTH, HEIGHT, LEFT, TOP, PLOT_WIDTH, PLOT_HEIGHT] = [900, 360, 70, 50, 780, 250];

export function plotBacklog(samples: readonly Sample[], title: string): string {
  const lastS = Math.max(1, ...samples.map(({ atS }) => atS));
  const line = (name: keyof Sample, colour: string, label: string, index: number): string => {
    const most = Math.max(1, ...samples.map((sample) => sample[name]));
    const points = samples.map((sample) => {
      const x = LEFT + (sample.atS / lastS) * PLOT_WIDTH;
      const y = TOP + PLOT_HEIGHT * (1 - sample[name] / most);
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    });
    return [
      `<polyline points="${points.join(" ")}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      `<text x="${LEFT + index * 260}" y="${TOP + PLOT_HEIGHT + 45}" fill="${colour}">${label}, at most ${most.toFixed(0)}</text>`,
    ].join("");
  };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="13">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    `<text x="${LEFT}" y="28" font-weight="bold">${title}</text>`,
    `<line x1="${LEFT}" y1="${TOP + PLOT_HEIGHT}" x2="${LEFT + PLOT_WIDTH}" y2="${TOP + PLOT_HEIGHT}" stroke="#444"/>`,
    `<text x="${LEFT + PLOT_WIDTH}" y="${TOP + PLOT_HEIGHT + 18}" text-anchor="end">${lastS.toFixed(0)} s</text>`,
    line("waiting", "#444", "rows that wait", 0),
    line("free", "#1b6ca8", "webhooks a second", 1),
    line("limited", "#c8553d", "at the limited endpoint", 2),
    "</svg>\n",
  ].join("\n");
}
