import type { JSX } from "preact";

const WIDTH = 240;
const HEIGHT = 40;

/** A bar for each value; the number of the highest one gives the scale. */
export function Sparkline({
  values,
  label,
}: {
  values: readonly number[];
  label: string;
}): JSX.Element {
  const highest = Math.max(1, ...values);
  const width = WIDTH / values.length;
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${String(WIDTH)} ${String(HEIGHT)}`}
      role="img"
      aria-label={`${label}; at most ${String(highest)} in one`}
    >
      {values.map((value, index) => {
        const height = value === 0 ? 1 : Math.max(2, (value / highest) * HEIGHT);
        return (
          <rect
            key={index}
            x={index * width}
            y={HEIGHT - height}
            width={Math.max(1, width - 1)}
            height={height}
          />
        );
      })}
    </svg>
  );
}
